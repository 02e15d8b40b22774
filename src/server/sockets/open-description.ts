import type { Principal } from "../access/principal.js";

/** What duplicates of a socket share. */
export interface OpenDescription {
  /** O_NONBLOCK, as the caller believes it to be. */
  nonblocking: boolean;
  /** How many handles name it. */
  handles: number;
  /** Of the messages that the kernel dropped of it, how many a caller was told of: 32 bits, as the kernel's count. */
  dropsTold: number;
  /** Where it may outlive them: see outliving.ts. */
  followed: FollowedDescription | null;
  /** Whether it came from a process outside. See `isShared`. */
  readonly fromOutside: boolean;
}

/** An open description that is followed. */
export interface FollowedDescription {
  readonly id: number;
  readonly inode: number;
  /** Who it counts for when no handle names it. */
  countedFor: Principal;
  /** How many handles name it, of all sessions. */
  handles: number;
  /** Whether a process outside the daemon has it too, or may have it. */
  shared: boolean;
}

/** Whether a process outside the daemon has it too, or may have it. Once it is so it stays so. */
export function isShared({ followed, fromOutside }: OpenDescription): boolean {
  return followed?.shared ?? fromOutside;
}

export function newDescription(): OpenDescription {
  return { nonblocking: false, handles: 0, dropsTold: 0, followed: null, fromOutside: false };
}
