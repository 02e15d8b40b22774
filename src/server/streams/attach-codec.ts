/*
 * Encodes and decodes the frames of an attach stream. The generated codec does all but data frames: their bytes are
 * read from the socket directly to their position in the message, after space for its header.
 */

import { create, toBinary } from "@bufbuild/protobuf";
import { type ClientFrame, ClientFrameSchema, ServerFrameSchema } from "../../gen/sockbroker/v1/stream_service_pb.js";
import { decodeStrictly } from "../../rpc/decode-strictly.js";
import { MESSAGE_PREFIX_BYTES, writeMessagePrefix } from "../../rpc/framed-message.js";
import { varintLength, writeVarint } from "../../rpc/varint.js";
import type { Init } from "../codec/init.js";

export type FrameInit = NonNullable<Init<typeof ServerFrameSchema>["frame"]>;

/** Space for the message prefix, the field's tag and its length. */
const HEADROOM_BYTES = MESSAGE_PREFIX_BYTES + 5;
/** ServerFrame.data: field 2, length-delimited. */
const DATA_TAG = (2 << 3) | 2;
/** Buffer sizes are this times a power of two, so that streams of different sizes can share free buffers. */
const BUFFER_BYTES = 64 * 1024;
/** Maximum total size of free buffers. Waiting streams hold none. */
const POOL_BYTES = 8 * 1024 * 1024;

/** Decodes a frame. Throws if the bytes are not a valid frame, UnknownField if it has an unknown field. */
export function decodeFrame(bytes: Uint8Array): ClientFrame["frame"] {
  return decodeStrictly(ClientFrameSchema, bytes).frame;
}

export function encodeFrame(frame: FrameInit): Buffer {
  const bytes = toBinary(ServerFrameSchema, create(ServerFrameSchema, { frame }));
  // The transport requires a Buffer.
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Memory for one read, which becomes a frame without copying. */
export class FrameBuffer {
  readonly #bytes: Buffer;

  constructor(readonly size: number) {
    // Not from Node's own pool, because it is kept and reused.
    this.#bytes = Buffer.allocUnsafeSlow(HEADROOM_BYTES + size);
  }

  /** Returns memory to read up to `bytes` bytes into. */
  room(bytes: number): Uint8Array {
    return this.#bytes.subarray(HEADROOM_BYTES, HEADROOM_BYTES + bytes);
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

/**
 * Free buffers, shared by all streams of this thread. Each is lent for one read, until the transport has it. A new
 * buffer for each read would be off-heap garbage, for which V8 runs full collections much more often.
 */
const free = new Map<number, FrameBuffer[]>();
let freeBytes = 0;

/** Lends a buffer for reads of up to `bytes` bytes. */
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
