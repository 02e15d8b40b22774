import type { HostInfo as WireHostInfo } from "../gen/sockbroker/v1/host_service_pb.js";
import type {
  WhoAmIResponse,
  Limits as WireLimits,
  SessionInfo as WireSessionInfo,
} from "../gen/sockbroker/v1/session_service_pb.js";
import { secondsOf } from "./duration.js";

/** What kind of host the daemon runs on. */
export interface HostInfo {
  /** E.g. "linux". */
  readonly os: string;
  /** E.g. "x64". */
  readonly architecture: string;
  /** Release of the kernel. */
  readonly kernel: string;
  /** "little" or "big". */
  readonly byteOrder: string;
  /** Size of a C pointer, in bytes. */
  readonly pointerBytes: number;
}

/** The daemon's limits for this caller. */
export interface DaemonLimits {
  /** What one receive takes at the most, in bytes. */
  readonly maxReceiveBytes: number;
  /** What one message to the daemon has at the most, in bytes. */
  readonly maxRequestBytes: number;
  /** Handles of the principal in all its sessions. */
  readonly maxHandles: number;
  /** Operations of one session that wait at the same time; more wait their turn in this process. */
  readonly maxWaitingOperations: number;
  /** Look-ups of the principal at the same time. */
  readonly maxLookups: number;
}

/** How the daemon sees the caller, and what daemon it is. */
export interface WhoAmI {
  /** E.g. "uid:1000". */
  readonly principal: string;
  /** The caller's process, user and group, as the kernel said when it connected; 0 where there are none. */
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  readonly daemonVersion: string;
  /** What it can do beyond the first version of the API. */
  readonly features: readonly string[];
  readonly limits: DaemonLimits;
  readonly host: HostInfo;
}

/** What there is to know about a session. Times are in seconds. */
export interface SessionInfo {
  /** Not secret; what the daemon's log calls it. */
  readonly id: string;
  readonly principal: string;
  readonly name: string;
  /** Whether it ends with the connection. */
  readonly implicit: boolean;
  /** null for an implicit session. */
  readonly lease: number | null;
  /** How much of the lease is left; null while a stream is open on it. */
  readonly remainingLease: number | null;
  readonly handleCount: number;
  /** Timeout of new sockets; null waits for ever. */
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
