/*
 * Memory for bulk data on its way from a socket to the transport. It is lent and used again: new memory for each read would
 * be off-heap garbage, for which V8 runs full collections much more often.
 */

import { DATA_TAG } from "../../rpc/data-frame.js";
import { MESSAGE_PREFIX_BYTES, writeMessagePrefix } from "../../rpc/message-prefix.js";
import { varintLength, writeVarint } from "../../rpc/varint.js";

/** Space for the message prefix, the field's tag and its length. */
const HEADROOM_BYTES = MESSAGE_PREFIX_BYTES + 5;
/**
 * Buffer sizes are this times a power of two, so that streams of different sizes can share free buffers: 64 KiB, and what a
 * response of the Session stream has around as much data.
 */
const BUFFER_BYTES = 64 * 1024 + 64;
/** Maximum total size of free buffers. Waiting streams hold none. */
const POOL_BYTES = 8 * 1024 * 1024;

/** Memory for one read, which becomes a frame without copying. */
export class FrameBuffer {
  readonly #bytes: Buffer;
  /** Memory to read into. */
  room: Buffer = Buffer.alloc(0);

  constructor(readonly size: number) {
    // Not from Node's own pool, because it is kept and reused.
    this.#bytes = Buffer.allocUnsafeSlow(HEADROOM_BYTES + size);
  }

  /** Sets the size of `room`. */
  lend(bytes: number): void {
    this.room = this.#bytes.subarray(HEADROOM_BYTES, HEADROOM_BYTES + bytes);
  }

  /**
   * Returns the data frame for the first `length` bytes that were read, with the message prefix. The next read
   * overwrites it.
   */
  frame(length: number): Buffer {
    const tag = HEADROOM_BYTES - 1 - varintLength(length);
    const start = tag - MESSAGE_PREFIX_BYTES;
    writeMessagePrefix(this.#bytes, start, HEADROOM_BYTES + length - tag);
    this.#bytes[tag] = DATA_TAG;
    writeVarint(this.#bytes, tag + 1, length);
    return this.#bytes.subarray(start, HEADROOM_BYTES + length);
  }
}

/** Free buffers, shared by all streams of this thread. Each is lent for one message, until the transport has it. */
const free = new Map<number, FrameBuffer[]>();
let freeBytes = 0;

/** Lends a buffer with room for `bytes` bytes. */
export function lendBuffer(bytes: number): FrameBuffer {
  let size = BUFFER_BYTES;
  while (size < bytes) size *= 2;
  let buffer = free.get(size)?.pop();
  if (buffer === undefined) buffer = new FrameBuffer(size);
  else freeBytes -= size;
  buffer.lend(bytes);
  return buffer;
}

export function returnBuffer(buffer: FrameBuffer): void {
  const { size } = buffer;
  if (freeBytes + size > POOL_BYTES) return;
  const ofSize = free.get(size);
  if (ofSize === undefined) free.set(size, [buffer]);
  else ofSize.push(buffer);
  freeBytes += size;
}
