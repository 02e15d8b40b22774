/** Limits that protect the daemon and its callers from each other. */
export interface Limits {
  /**
   * Maximum size of one receive, in bytes. The default keeps a response below 4 MiB, the default limit of gRPC clients.
   */
  readonly maxReceiveBytes: number;
  /** Maximum size of one message to the daemon, in bytes. */
  readonly maxRequestBytes: number;
  /** Messages to the daemon that have not arrived completely, of one principal, in bytes. */
  readonly maxUnfinishedBytes: number;
  /** The same of one connection. */
  readonly maxUnfinishedBytesOfConnection: number;
  /** Requests of one principal that wait to be performed, in bytes. */
  readonly maxWaitingBytes: number;
  /** Responses to one principal that it has not read, in bytes. */
  readonly maxUnreadBytes: number;
  /** Waiting requests and unread responses of all principals, in bytes. */
  readonly maxHeldBytes: number;
  /**
   * Connections of one principal that may end because they break HTTP/2 or its limits, before new ones are refused. Each can
   * occupy the event loop for a tenth of a second. One is forgiven each second.
   */
  readonly maxBreaches: number;
  /** Handles of one principal, in all its sessions. */
  readonly maxHandles: number;
  /** Waiting operations of one session. */
  readonly maxWaiting: number;
  /** Concurrent look-ups of one principal; further ones are queued. */
  readonly maxLookups: number;
  /** Queued look-ups of one principal. */
  readonly maxWaitingLookups: number;
  /** Concurrent connections of one principal. */
  readonly maxConnections: number;
  /** Concurrent leased sessions of one principal. */
  readonly maxSessions: number;
}

export const defaultLimits: Limits = {
  maxReceiveBytes: 4 * 1024 * 1024 - 64 * 1024,
  maxRequestBytes: 4 * 1024 * 1024,
  maxUnfinishedBytes: 64 * 1024 * 1024,
  maxUnfinishedBytesOfConnection: 16 * 1024 * 1024,
  maxWaitingBytes: 256 * 1024 * 1024,
  maxUnreadBytes: 256 * 1024 * 1024,
  maxHeldBytes: 1024 * 1024 * 1024,
  maxBreaches: 10,
  maxHandles: 16_384,
  maxWaiting: 4_096,
  maxLookups: 16,
  maxWaitingLookups: 4_096,
  maxConnections: 12_288,
  maxSessions: 12_288,
};
