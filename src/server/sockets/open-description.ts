import type { Principal } from "../access/principal.js";

/** State shared by duplicates of a socket. */
export interface OpenDescription {
  /** O_NONBLOCK, as the caller believes it to be. */
  nonblocking: boolean;
  /** Number of handles for it. */
  handles: number;
  /** How many dropped messages have been reported to a caller: 32 bits, like the kernel's counter. */
  dropsTold: number;
  /** Set if it may outlive its handles; see outliving.ts. */
  followed: FollowedDescription | null;
  /** Whether it was received from a process outside the daemon. See `isShared`. */
  readonly fromOutside: boolean;
}

/** An open description that is tracked beyond its handles. */
export interface FollowedDescription {
  readonly id: number;
  readonly inode: number;
  /** The principal whose quota it counts against when it has no handle. */
  countedFor: Principal;
  /** Number of handles for it, in all sessions. */
  handles: number;
  /** Whether a process outside the daemon has it, or may have it. */
  shared: boolean;
}

/** Whether a process outside the daemon has it, or may have it. Never becomes false again. */
export function isShared({ followed, fromOutside }: OpenDescription): boolean {
  return followed?.shared ?? fromOutside;
}

export function newDescription(): OpenDescription {
  return { nonblocking: false, handles: 0, dropsTold: 0, followed: null, fromOutside: false };
}
