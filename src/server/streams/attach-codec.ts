/*
 * The frames of an attach stream as bytes. All by the generated codec, but for those that carry a stream's data: these are
 * read from the socket to where they lie in their message, behind room for what comes before them there.
 */

import { create, toBinary } from "@bufbuild/protobuf";
import { type ClientFrame, ClientFrameSchema, ServerFrameSchema } from "../../gen/sockbroker/v1/stream_service_pb.js";
import { decodeStrictly } from "../../rpc/decode-strictly.js";
import { MESSAGE_PREFIX_BYTES, writeMessagePrefix } from "../../rpc/framed-message.js";
import { varintLength, writeVarint } from "../../rpc/varint.js";
import type { Init } from "../codec/init.js";

export type FrameInit = NonNullable<Init<typeof ServerFrameSchema>["frame"]>;

/** Room for the prefix of the message, the tag of the field, and its length. */
const HEADROOM_BYTES = MESSAGE_PREFIX_BYTES + 5;
/** ServerFrame.data: field 2, length-delimited. */
const DATA_TAG = (2 << 3) | 2;
/** The sizes of buffers are this, or this times a power of two: streams of all sizes can use what is free. */
const BUFFER_BYTES = 64 * 1024;
/** What is free, of all sizes together. Streams that wait hold none. */
const POOL_BYTES = 8 * 1024 * 1024;

/** Reads a frame. Throws when the bytes are none, UnknownField when it has more than is known. */
export function decodeFrame(bytes: Uint8Array): ClientFrame["frame"] {
  return decodeStrictly(ClientFrameSchema, bytes).frame;
}

export function encodeFrame(frame: FrameInit): Buffer {
  const bytes = toBinary(ServerFrameSchema, create(ServerFrameSchema, { frame }));
  // The transport wants a Buffer.
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Memory for one read, which becomes a frame in its place. */
export class FrameBuffer {
  readonly #bytes: Buffer;

  constructor(readonly size: number) {
    // Not of Node's own pool: it is kept, and used again.
    this.#bytes = Buffer.allocUnsafeSlow(HEADROOM_BYTES + size);
  }

  /** Where to read so many bytes to. */
  room(bytes: number): Uint8Array {
    return this.#bytes.subarray(HEADROOM_BYTES, HEADROOM_BYTES + bytes);
  }

  /** The data frame of so many bytes that were read, with the prefix of a message. The next one overwrites it. */
  frame(length: number): Buffer {
    const tag = HEADROOM_BYTES - 1 - varintLength(length);
    const start = tag - MESSAGE_PREFIX_BYTES;
    writeMessagePrefix(this.#bytes, start, HEADROOM_BYTES + length - tag);
    this.#bytes[tag] = DATA_TAG;
    writeVarint(this.#bytes, tag + 1, length);
    return this.#bytes.subarray(start, HEADROOM_BYTES + length);
  }
}

/**
 * Buffers of every stream in this thread, lent for one read and the way to the transport. A new one for each read would be
 * garbage outside of the heap, for which the collector stops everything much more often.
 */
const free = new Map<number, FrameBuffer[]>();
let freeBytes = 0;

/** Lends a buffer with room for so many bytes. */
export function lendBuffer(bytes: number): FrameBuffer {
  let size = BUFFER_BYTES;
  while (size < bytes) size *= 2;
  const buffer = free.get(size)?.pop();
  if (buffer === undefined) return new FrameBuffer(size);
  freeBytes -= size;
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
