import type { Principal } from "../principal.js";

/** What duplicates of a socket share. */
export interface OpenDescription {
  /** O_NONBLOCK, as the caller believes it to be. */
  nonblocking: boolean;
  /** How many handles name it. */
  handles: number;
  /** Where it may outlive them: see outliving.ts. */
  life: Life | null;
}

/** An open description that is followed. */
export interface Life {
  readonly id: number;
  readonly inode: number;
  /** Who it counts for when no handle names it. */
  payer: Principal;
  /** How many handles name it, of all sessions. */
  handles: number;
}

export function newDescription(): OpenDescription {
  return { nonblocking: false, handles: 0, life: null };
}
