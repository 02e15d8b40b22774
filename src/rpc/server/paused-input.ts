/*
 * The input of a stream that can be paused for as long as its caller likes.
 *
 * Node keeps what arrives on a paused stream as it arrived: for each DATA frame an object, and the read of the connection
 * that it was in, of up to 64 KiB. A window full of single bytes, sent among other frames, would keep gigabytes. So while a
 * stream is paused, small pieces are joined in memory of their own before Node keeps them.
 */

import type { Readable } from "node:stream";
import { isWasteful } from "./compact.js";

/** Smaller pieces are joined. Callers that send much use the frames of HTTP/2, of 16 KiB. */
const SMALL_BYTES = 8 * 1024;
/** The memory for small pieces is doubled as they come, from this size to that. */
const FIRST_BLOCK_BYTES = 256;
const LAST_BLOCK_BYTES = 16 * 1024;

const NONE = Buffer.alloc(0);

export class PausedInput {
  readonly #stream: Readable;
  /** Node's own function; null until the stream is paused for the first time, which most never are. */
  #push: ((chunk: Buffer | null) => boolean) | null = null;
  #paused = false;
  /** Small pieces, joined: the first `#filled` bytes. */
  #block: Buffer = NONE;
  #filled = 0;

  constructor(stream: Readable) {
    this.#stream = stream;
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    if (this.#push === null) this.#intercept();
    this.#stream.pause();
  }

  resume(): void {
    if (this.#paused) {
      this.#paused = false;
      this.#passOn();
    }
    if (this.#stream.isPaused()) this.#stream.resume();
  }

  /** Discards what was and will be received. */
  discard(): void {
    this.#filled = 0;
    this.#block = NONE;
    this.#paused = false;
    this.#stream.resume();
  }

  #intercept(): void {
    const push = this.#stream.push.bind(this.#stream);
    this.#push = push;
    this.#stream.push = (chunk: Buffer | null) => {
      if (!this.#paused) return push(chunk);
      if (chunk !== null && (chunk.length < SMALL_BYTES || isWasteful(chunk))) {
        this.#join(chunk);
        // Node then stops reading the stream, so that its window closes.
        return false;
      }
      this.#passOn();
      return push(chunk);
    };
  }

  #join(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.#filled === this.#block.length) this.#grow(chunk.length - at);
      const copied = chunk.copy(this.#block, this.#filled, at);
      this.#filled += copied;
      at += copied;
    }
  }

  /** Makes room for at least one byte, and for `wanted` bytes if a block can have them. */
  #grow(wanted: number): void {
    if (this.#block.length === LAST_BLOCK_BYTES) this.#passOn();
    let larger = Math.max(2 * this.#block.length, FIRST_BLOCK_BYTES);
    while (larger < this.#filled + wanted && larger < LAST_BLOCK_BYTES) larger *= 2;
    const block = Buffer.allocUnsafeSlow(larger);
    this.#block.copy(block, 0, 0, this.#filled);
    this.#block = block;
  }

  /** Gives Node what was joined. */
  #passOn(): void {
    if (this.#filled === 0) return;
    const joined = this.#block.subarray(0, this.#filled);
    this.#block = NONE;
    this.#filled = 0;
    this.#push?.(joined);
  }
}
