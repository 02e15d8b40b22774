import { linux } from "../../native/linux.js";
import type { Received } from "./unowned.js";

const { MSG_TRUNC } = linux;

/** Memory of a message in addition to its data, in bytes. */
const OVERHEAD_BYTES = 256;

/** Parts of a stream are joined up to this size: the memory of a small one is more than it counts as. */
const SMALL_BYTES = 4096;

/** Counts something for a principal, beyond its limit if it can no longer be refused. */
export interface QuotaOwner {
  add(count: number): void;
  give(count: number): void;
}

interface Piece {
  readonly message: Received;
  readonly owner: QuotaOwner;
}

/** The memory that a pushed-back message counts as. */
export function pushbackCost({ length }: Uint8Array): number {
  return length + OVERHEAD_BYTES;
}

/** Joins two consecutive parts of a stream if they are small; else returns null. */
export function joinSmall(first: Received, second: Received): Received | null {
  const length = first.data.length + second.data.length;
  if (length > SMALL_BYTES || first.control.length > 0 || second.control.length > 0) return null;
  // Not from Node's own pool, of which a small slice keeps 8 KiB.
  const data = Buffer.allocUnsafeSlow(length);
  data.set(first.data);
  data.set(second.data, first.data.length);
  return { ...first, data, length };
}

/**
 * Data taken from the kernel for a caller that went away before receiving it, or that gave it back; and an error that
 * follows it. It comes before the kernel's data.
 */
export class Pushback {
  /** The first message is the last element, so that many small ones can be put before the others cheaply. */
  readonly #pieces: Piece[] = [];
  #bytes = 0;
  #error: number | null = null;

  /**
   * Puts messages, or parts of a stream, before those already here, in order. They count for `owner` until they are taken
   * or discarded, and so do small parts that follow them, which are joined to them.
   */
  unshift(messages: readonly Received[], owner: QuotaOwner, { isStream }: { readonly isStream: boolean }): void {
    for (const message of messages.toReversed()) {
      const next = this.#pieces.at(-1)?.message;
      const joined = isStream && next !== undefined ? joinSmall(message, next) : null;
      if (joined !== null) this.#remove();
      this.#put(joined ?? message, owner);
    }
  }

  /** Keeps an error, as -errno, for the receive after the data. The kernel reports it only once, and already has. */
  keepError(error: number): void {
    this.#error = error;
  }

  /** Removes and returns the error; null if there is none. */
  takeError(): number | null {
    const error = this.#error;
    this.#error = null;
    return error;
  }

  get isEmpty(): boolean {
    return this.#pieces.length === 0 && this.#error === null;
  }

  get byteLength(): number {
    return this.#bytes;
  }

  /**
   * Returns up to `size` bytes of the first message, or of the stream; with `keep`, does not remove them (MSG_PEEK).
   * After the messages, returns the error.
   */
  take(
    size: number,
    { keep, isStream }: { readonly keep: boolean; readonly isStream: boolean },
  ): Received | number | null {
    const first = this.#pieces.at(-1)?.message;
    if (first === undefined) return this.takeError();
    if (isStream) return this.#takeBytes(first, size, keep);
    if (!keep) this.#remove();
    return first.data.length > size ? truncated(first, size) : first;
  }

  #takeBytes(first: Received, size: number, keep: boolean): Received {
    const parts: Uint8Array[] = [];
    let missing = size;
    for (let i = this.#pieces.length - 1; i >= 0 && (missing > 0 || parts.length === 0); i--) {
      const { message, owner } = this.#pieces[i] as Piece;
      // Control messages come with the first byte of their data.
      if (parts.length > 0 && message.control.length > 0) break;
      const part = message.data.subarray(0, missing);
      parts.push(part);
      missing -= part.length;
      if (keep) continue;
      this.#remove();
      const rest = message.data.subarray(part.length);
      if (rest.length > 0) this.#put({ ...message, data: rest, length: rest.length, control: [] }, owner);
    }
    const [only = first.data] = parts;
    const data = parts.length > 1 ? Buffer.concat(parts) : only;
    return { ...first, data, length: data.length };
  }

  /** Removes everything. */
  discard(): void {
    while (this.#pieces.length > 0) this.#remove();
    this.#error = null;
  }

  #put(message: Received, owner: QuotaOwner): void {
    this.#pieces.push({ message, owner });
    this.#bytes += message.data.length;
    owner.add(pushbackCost(message.data));
  }

  /** Removes the first message. */
  #remove(): void {
    const { message, owner } = this.#pieces.pop() as Piece;
    this.#bytes -= message.data.length;
    owner.give(pushbackCost(message.data));
  }
}

function truncated(message: Received, size: number): Received {
  return { ...message, data: message.data.subarray(0, size), flags: message.flags | MSG_TRUNC };
}
