import type { Principal } from "../access/principal.js";
import { Pushback, type QuotaOwner } from "./pushback.js";
import type { AcceptedSocket, Received } from "./unowned.js";

/** An open handle of a description, to be told that there is data which the kernel does not know of. */
interface Reader {
  nudge(): void;
}

/** An accepted socket that was given back, and whom it counts for as a handle. */
interface GivenBack {
  readonly accepted: AcceptedSocket;
  readonly owner: QuotaOwner;
}

/**
 * State shared by duplicates of a socket, in all sessions. A descriptor that was sent by SCM_RIGHTS and received back is
 * a duplicate too: see `Outliving.descriptionOf`.
 */
export class OpenDescription {
  /** O_NONBLOCK, as the caller believes it to be. */
  nonblocking = false;
  /** Number of handles for it, in all sessions. */
  handles = 0;
  /** How many dropped messages have been reported to a caller: 32 bits, like the kernel's counter. */
  dropsTold = 0;
  /** How many attach streams count dropped messages by SO_RXQ_OVFL, which is off otherwise. */
  dropCounters = 0;
  /** Bytes taken from the kernel: as much can be pushed back. */
  takenBytes = 0;
  /** The kernel's inode number, by which it is recognised when it is received; 0 if it cannot be. See outliving.ts. */
  inode = 0;
  /** Set if it may outlive its handles; see outliving.ts. */
  followed: FollowedDescription | null = null;
  /** Data to be received before the kernel's; null if there is none, which is cheap to check. */
  pushback: Pushback | null = null;
  /** Accepted sockets whose callers went away before receiving them. They come before the kernel's. */
  #undelivered: GivenBack[] = [];
  readonly #readers = new Set<Reader>();

  /** @param fromOutside Whether it was received from a process outside the daemon. See `isShared`. */
  constructor(readonly fromOutside = false) {}

  /** Whether a receive or an accept would return something that the kernel does not know of. */
  get hasPushedBack(): boolean {
    return this.pushback !== null || this.#undelivered.length > 0;
  }

  addReader(reader: Reader): void {
    this.#readers.add(reader);
  }

  /** Removes a reader. If nobody can become another one, discards what was pushed back. */
  removeReader(reader: Reader): void {
    this.#readers.delete(reader);
    if (this.#isOver) this.discard();
  }

  /**
   * Whether nobody can receive from it any more. What ends after its last handle, such as a waiting MSG_WAITALL, still
   * puts back what it has; kept here, it would count for its owner forever.
   */
  get #isOver(): boolean {
    return this.#readers.size === 0 && this.followed === null;
  }

  /** Puts messages back for the next receive, counted for `owner` until they are received. */
  pushBack(messages: readonly Received[], owner: QuotaOwner, kind: { readonly isStream: boolean }): void {
    if (messages.length === 0 || this.#isOver) return;
    this.pushback ??= new Pushback();
    this.pushback.unshift(messages, owner, kind);
    this.nudge();
  }

  /** Keeps an error for the receive after what was pushed back. See `SocketEntry.keepError`. */
  keepError(error: number): void {
    if (this.#isOver) return;
    this.pushback ??= new Pushback();
    this.pushback.keepError(error);
  }

  /** Removes and returns the error that was kept, as -errno; null if there is none. */
  takeError(): number | null {
    const error = this.pushback?.takeError() ?? null;
    if (this.pushback?.isEmpty) this.pushback = null;
    return error;
  }

  /** Puts accepted sockets back for the next accept, counted for `owner` until they are taken. */
  giveBack(sockets: readonly AcceptedSocket[], owner: QuotaOwner): void {
    if (sockets.length === 0) return;
    owner.add(sockets.length);
    this.#undelivered = [...sockets.map((accepted) => ({ accepted, owner })), ...this.#undelivered];
    if (this.#isOver) this.discard();
    else this.nudge();
  }

  /** Removes and returns the next accepted socket that was given back; null if there is none. */
  takeGivenBack(): AcceptedSocket | null {
    const next = this.#undelivered.shift();
    if (next === undefined) return null;
    next.owner.give(1);
    return next.accepted;
  }

  /** Discards what was pushed back, because the description is closed. */
  discard(): void {
    this.pushback?.discard();
    this.pushback = null;
    for (let next = this.takeGivenBack(); next !== null; next = this.takeGivenBack()) next.socket.close();
  }

  /** Lets what waits on its handles look again. Not during an attempt, which would be made again. */
  nudge(): void {
    for (const reader of [...this.#readers]) {
      // An earlier reader may have taken everything.
      if (this.hasPushedBack) reader.nudge();
    }
  }
}

/** The part of an open description that is tracked beyond its handles. */
export interface FollowedDescription {
  readonly id: number;
  /** The principal whose quota it counts against when it has no handle. */
  countedFor: Principal;
  /** Whether a process outside the daemon has it, or may have it. */
  shared: boolean;
}

/** Whether a process outside the daemon has it, or may have it. Never becomes false again. */
export function isShared({ followed, fromOutside }: OpenDescription): boolean {
  return followed?.shared ?? fromOutside;
}
