import type { HostInfo as WireHostInfo } from "../gen/sockbroker/v1/host_service_pb.js";
import type {
  WhoAmIResponse,
  Limits as WireLimits,
  SessionInfo as WireSessionInfo,
} from "../gen/sockbroker/v1/session_service_pb.js";
import { secondsOf } from "./duration.js";

/** The kind of host that the daemon runs on. */
export interface HostInfo {
  /** For example "linux". */
  readonly os: string;
  /** For example "x64". */
  readonly architecture: string;
  /** Release of the kernel, as uname(2) returns it. */
  readonly kernel: string;
  /** "little" or "big". */
  readonly byteOrder: string;
  /** Size of a C pointer in bytes. */
  readonly pointerBytes: number;
}

/** The daemon's limits for this caller. */
export interface DaemonLimits {
  /** Maximum size of one receive, in bytes. */
  readonly maxReceiveBytes: number;
  /** Maximum size of one message to the daemon, in bytes. */
  readonly maxRequestBytes: number;
  /** Maximum number of handles of the principal, in all its sessions. */
  readonly maxHandles: number;
  /** Maximum number of waiting operations of one session. Further ones are queued in this process. */
  readonly maxWaitingOperations: number;
  /** Maximum number of concurrent look-ups of the principal. */
  readonly maxLookups: number;
}

/** How the daemon identifies the caller, and the daemon's version, features and limits. */
export interface WhoAmI {
  /** For example "uid:1000". */
  readonly principal: string;
  /**
   * The caller's process, user and group, as the kernel reported them when the connection was made; 0 if there are
   * none.
   */
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  readonly daemonVersion: string;
  /** Features beyond the first version of the API. */
  readonly features: readonly string[];
  readonly limits: DaemonLimits;
  readonly host: HostInfo;
}

/** Describes a session. Times in seconds. */
export interface SessionInfo {
  /** Not secret. Used in the daemon's log. */
  readonly id: string;
  readonly principal: string;
  readonly name: string;
  /** Whether it is the implicit session of the connection, which ends with it. */
  readonly implicit: boolean;
  /** null for an implicit session. */
  readonly lease: number | null;
  /** Time until the lease expires; null while a stream is open on the session. */
  readonly remainingLease: number | null;
  readonly handleCount: number;
  /** Timeout of new sockets; null means no limit. */
  readonly defaultTimeout: number | null;
}

/** Decodes WhoAmI. */
export function whoAmIFromProto(response: WhoAmIResponse): WhoAmI {
  const { principal, pid, uid, gid, daemonVersion, features } = response;
  const limits = limitsFromProto(response.limits);
  return { principal, pid, uid, gid, daemonVersion, features, limits, host: hostFromProto(response.host) };
}

/** Decodes a session. */
export function sessionFromProto(wire: WireSessionInfo): SessionInfo {
  const { id, principal, name, implicit, handleCount } = wire;
  return {
    id,
    principal,
    name,
    implicit,
    lease: secondsOf(wire.lease),
    remainingLease: secondsOf(wire.remainingLease),
    handleCount,
    defaultTimeout: secondsOf(wire.defaultTimeout),
  };
}

function limitsFromProto(wire: WireLimits | undefined): DaemonLimits {
  return {
    maxReceiveBytes: Number(wire?.maxReceiveBytes ?? 0n),
    maxRequestBytes: Number(wire?.maxRequestBytes ?? 0n),
    maxHandles: wire?.maxHandles ?? 0,
    maxWaitingOperations: wire?.maxWaitingOperations ?? 0,
    maxLookups: wire?.maxLookups ?? 0,
  };
}

function hostFromProto(wire: WireHostInfo | undefined): HostInfo {
  return {
    os: wire?.os ?? "",
    architecture: wire?.architecture ?? "",
    kernel: wire?.kernel ?? "",
    byteOrder: wire?.byteOrder ?? "little",
    pointerBytes: wire?.pointerBytes ?? 8,
  };
}
