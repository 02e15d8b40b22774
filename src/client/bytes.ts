import { IOV_MAX } from "./linux.js";

/** What is accepted where bytes are wanted. */
export type BytesInput = ArrayBufferView | ArrayBuffer | SharedArrayBuffer;

/** Returns a Buffer for the same memory. */
export function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Returns a view of the same memory. Throws TypeError for text and other types, as Python does. */
export function bytesOf(data: BytesInput, operation: string): Uint8Array {
  if (data instanceof Uint8Array) return data;
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer || data instanceof SharedArrayBuffer) return new Uint8Array(data);
  throw new TypeError(`${operation}(): a bytes-like object is required, not ${kindOf(data)}`);
}

/** Like `bytesOf`, for each of several buffers. */
export function buffersOf(buffers: Iterable<BytesInput>, operation: string): Uint8Array[] {
  if (typeof buffers !== "object" || buffers === null || ArrayBuffer.isView(buffers) || !(Symbol.iterator in buffers)) {
    throw new TypeError(`${operation}(): an iterable of buffers is required, not ${kindOf(buffers)}`);
  }
  return Array.from(buffers, (buffer) => bytesOf(buffer, operation));
}

/**
 * Returns the buffers of one message to send. The kernel refuses more than IOV_MAX for their number alone, with EMSGSIZE:
 * then as many empty ones take their place, or the request itself could be too long.
 */
export function buffersToSend(buffers: Iterable<BytesInput>, operation: string): Uint8Array[] {
  const all = buffersOf(buffers, operation);
  return all.length > IOV_MAX ? Array<Uint8Array>(IOV_MAX + 1).fill(new Uint8Array(0)) : all;
}

function kindOf(value: unknown): string {
  return value === null ? "null" : typeof value;
}
