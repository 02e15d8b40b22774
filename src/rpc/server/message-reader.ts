/*
 * Finds messages in the bytes of a stream. Each has a prefix of five bytes: whether it is compressed, and its length.
 * The chunks that arrive are those of HTTP/2 and of the socket, so they may be cut anywhere.
 */

import { MESSAGE_PREFIX_BYTES } from "../message-prefix.js";
import { compacted } from "./compact.js";

/**
 * A message, or a part of one. A message within one chunk, and a part, share the memory of the chunk. Any other message is
 * copied once, into memory of its size.
 */
export interface ReadMessage {
  readonly compressed: boolean;
  readonly bytes: Buffer;
  readonly kind: "whole" | "part" | "last part";
}

/**
 * Whether a message that does not end within the chunk may be handed over in parts, and from which of its bytes on; 0 if
 * not. `head` begins with the message, and has as much of it as the chunk.
 */
export type PartsFrom = (head: Buffer, length: number) => number;

/** The message that began does not end within the chunk, and needs memory of its own: see `grant`. */
export const NEEDS_MEMORY = Symbol("needs memory");

/** The flag of a message is neither 0 nor 1. */
export class BadFlag extends Error {
  override readonly name = "BadFlag";
}

/** A message is longer than allowed. None of its bytes has been kept. */
export class TooLong extends Error {
  override readonly name = "TooLong";
  constructor(readonly length: number) {
    super(`a message of ${length} bytes`);
  }
}

const NONE = Buffer.alloc(0);

export class MessageReader {
  readonly #maxBytes: number;
  readonly #partsFrom: PartsFrom | null;
  #chunk: Buffer = NONE;
  #at = 0;
  /** Bytes of the prefix that were read. */
  #prefixBytes = 0;
  #flag = 0;
  #length = 0;
  #granted = false;
  #message: Buffer | null = null;
  #inParts = false;
  /** Bytes of the message that were read. */
  #filled = 0;

  constructor(maxBytes: number, partsFrom: PartsFrom | null = null) {
    this.#maxBytes = maxBytes;
    this.#partsFrom = partsFrom;
  }

  /** Adds a chunk. The previous one must have been read. */
  feed(chunk: Buffer): void {
    this.#chunk = chunk;
    this.#at = 0;
  }

  /** Copies the rest of the last chunk if it keeps much more memory alive: it is read much later. */
  compact(): void {
    if (this.hasMore) this.feed(compacted(this.#chunk.subarray(this.#at)));
  }

  /** Whether the last chunk still has bytes. */
  get hasMore(): boolean {
    return this.#at < this.#chunk.length;
  }

  /** Whether no message has begun, as far as the bytes were read. */
  get isBetweenMessages(): boolean {
    return this.#prefixBytes === 0;
  }

  /** Whether no memory is held for a message that began. */
  get holdsNothing(): boolean {
    return this.isBetweenMessages || this.#inParts;
  }

  /** The length of the message that began. */
  get length(): number {
    return this.#length;
  }

  /** Whether the message that began is compressed. */
  get isCompressed(): boolean {
    return this.#flag === 1;
  }

  /** Allows memory for the message that began. */
  grant(): void {
    this.#granted = true;
  }

  /** Returns the next message, or null if the chunk has no more. Throws BadFlag or TooLong; nothing can be read then. */
  next(): ReadMessage | typeof NEEDS_MEMORY | null {
    const bytes = this.#readPrefix() ? this.#readMessage() : null;
    // A chunk is part of a larger read of the socket, which would stay in memory until the next one.
    if (!this.hasMore) this.feed(NONE);
    if (bytes === null || bytes === NEEDS_MEMORY) return bytes;
    const compressed = this.#flag === 1;
    if (this.#inParts && this.#filled < this.#length) return { compressed, bytes, kind: "part" };
    const kind = this.#inParts ? "last part" : "whole";
    this.#inParts = false;
    this.#prefixBytes = 0;
    this.#length = 0;
    this.#granted = false;
    this.#message = null;
    this.#filled = 0;
    return { compressed, bytes, kind };
  }

  #readPrefix(): boolean {
    while (this.#prefixBytes < MESSAGE_PREFIX_BYTES) {
      const byte = this.#chunk[this.#at];
      if (byte === undefined) return false;
      this.#at += 1;
      if (this.#prefixBytes === 0) this.#flag = byte;
      else this.#length = this.#length * 256 + byte;
      this.#prefixBytes += 1;
      if (this.#prefixBytes === 1 && byte > 1) throw new BadFlag(`the flag of a message is ${byte}`);
      if (this.#prefixBytes === MESSAGE_PREFIX_BYTES && this.#length > this.#maxBytes) throw new TooLong(this.#length);
    }
    return true;
  }

  #readMessage(): Buffer | typeof NEEDS_MEMORY | null {
    const left = this.#chunk.length - this.#at;
    if (this.#message === null && !this.#inParts) {
      if (left >= this.#length) return this.#take(this.#length);
      if (!this.#granted && !this.#beginParts()) return NEEDS_MEMORY;
      if (!this.#inParts) this.#message = Buffer.allocUnsafe(this.#length);
    }
    if (this.#message === null) return this.#readPart();
    const part = this.#take(Math.min(left, this.#length - this.#filled));
    part.copy(this.#message, this.#filled);
    this.#filled += part.length;
    return this.#filled === this.#length ? this.#message : null;
  }

  #beginParts(): boolean {
    if (this.#flag === 1 || this.#partsFrom === null) return false;
    const start = this.#partsFrom(this.#chunk.subarray(this.#at), this.#length);
    if (start === 0) return false;
    this.#inParts = true;
    this.#at += start;
    this.#filled = start;
    return true;
  }

  #readPart(): Buffer | null {
    const bytes = Math.min(this.#chunk.length - this.#at, this.#length - this.#filled);
    if (bytes === 0) return null;
    this.#filled += bytes;
    return this.#take(bytes);
  }

  #take(bytes: number): Buffer {
    const start = this.#at;
    this.#at += bytes;
    return this.#chunk.subarray(start, this.#at);
  }
}
