/*
 * Frames of an attach stream that have data and nothing else, which both sides encode and decode by hand.
 */

import { varintLength, writeVarint } from "./varint.js";

/** ClientFrame.data and ServerFrame.data: field 2, length-delimited. */
export const DATA_TAG = (2 << 3) | 2;

/**
 * Where the data begins in a frame that has data and nothing else; 0 for any other, and if the bytes end before the data
 * begins. `head` is the beginning of a frame of `length` bytes.
 */
export function dataStart(head: Uint8Array, length: number): number {
  if (head[0] !== DATA_TAG) return 0;
  let value = 0;
  // A frame has less than 2^28 bytes, whose length has at most four.
  for (let at = 1; at <= 4; at++) {
    const byte = head[at];
    if (byte === undefined) return 0;
    value |= (byte & 0x7f) << (7 * (at - 1));
    if (byte < 0x80) return at + 1 + value === length ? at + 1 : 0;
  }
  return 0;
}

/** Returns a frame with a copy of the bytes. */
export function encodeData(bytes: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(1 + varintLength(bytes.length) + bytes.length);
  frame[0] = DATA_TAG;
  frame.set(bytes, writeVarint(frame, 1, bytes.length));
  return frame;
}
