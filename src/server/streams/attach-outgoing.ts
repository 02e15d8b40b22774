/*
 * The frames of an attach stream that have not been handed to the transport yet. Their contents are kept until then,
 * because what was read and not handed over when the stream ends is pushed back.
 */

import type { Account } from "../../rpc/server/account.js";
import type { Handle } from "../sockets/socket-entry.js";
import type { AcceptedSocket, Received } from "../sockets/unowned.js";

/** Overhead counted for a frame in addition to its data. */
export const FRAME_OVERHEAD_BYTES = 256;

/** A frame that has not been handed to the transport yet. */
export interface Outgoing {
  readonly bytes: number;
  readonly received: readonly Received[];
  readonly accepted: readonly { readonly handle: Handle; readonly socket: AcceptedSocket }[];
  /** An error, as -errno, that the kernel has reported to this stream only. */
  readonly error: number | null;
  /** Called when the transport has the frame; not if its data was pushed back, which still refers to its memory. */
  readonly release: (() => void) | null;
}

export class OutgoingFrames {
  readonly #frames = new Set<Outgoing>();
  #bytes = 0;
  #onChange: (() => void) | null = null;

  /** Bytes of memory that the frames hold. */
  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#frames.size;
  }

  /** Whether a frame has data of the socket. */
  get haveData(): boolean {
    for (const { received } of this.#frames) if (received.length > 0) return true;
    return false;
  }

  /** Sends a frame that holds `bytes` bytes of memory, and keeps its contents until it was handed to the transport. */
  send(bytes: number, holds: Partial<Outgoing>, write: (onHandedOver: () => void) => void): void {
    const frame: Outgoing = { received: [], accepted: [], error: null, release: null, ...holds, bytes };
    this.#frames.add(frame);
    this.#bytes += bytes;
    write(() => {
      if (!this.#frames.delete(frame)) return;
      frame.release?.();
      this.#bytes -= bytes;
      this.#onChange?.();
    });
  }

  /** Removes and returns all frames. */
  takeAll(): readonly Outgoing[] {
    const frames = [...this.#frames];
    this.#frames.clear();
    return frames;
  }

  /**
   * Settles when fewer than `below` bytes are in transit and the account has room, or one of the signals aborts.
   */
  room(below: number, signals: readonly AbortSignal[], account: Account | null = null): Promise<void> {
    return new Promise((resolve) => {
      const isFull = (): boolean => this.#bytes >= below || account?.waitIfFull(check) === true;
      const check = (): void => {
        if (!signals.some((signal) => signal.aborted) && isFull()) return;
        this.#onChange = null;
        account?.withdraw(check);
        for (const signal of signals) signal.removeEventListener("abort", check);
        resolve();
      };
      this.#onChange = check;
      for (const signal of signals) signal.addEventListener("abort", check);
      check();
    });
  }
}
