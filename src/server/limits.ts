/** What protects the daemon and its callers from each other. */
export interface Limits {
  /**
   * What one receive takes at the most, in bytes. The default leaves an answer below 4 MiB, which is what gRPC clients
   * accept unless told otherwise.
   */
  readonly maxReceiveBytes: number;
  /** What one message to the daemon has at the most, in bytes. */
  readonly maxRequestBytes: number;
  /** Handles of one principal in all its sessions. */
  readonly maxHandles: number;
  /** Operations of one session that wait at the same time. */
  readonly maxWaiting: number;
  /** Look-ups of one principal that run at the same time; others wait for their turn. */
  readonly maxLookups: number;
  /** Look-ups of one principal that wait for their turn. */
  readonly maxWaitingLookups: number;
  /** Connections of one principal at the same time. */
  readonly maxConnections: number;
  /** Leased sessions of one principal at the same time. */
  readonly maxSessions: number;
}

export const defaultLimits: Limits = {
  maxReceiveBytes: 4 * 1024 * 1024 - 64 * 1024,
  maxRequestBytes: 4 * 1024 * 1024,
  maxHandles: 16_384,
  maxWaiting: 4_096,
  maxLookups: 16,
  maxWaitingLookups: 4_096,
  maxConnections: 12_288,
  maxSessions: 12_288,
};
