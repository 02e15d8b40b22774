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

function kindOf(value: unknown): string {
  return value === null ? "null" : typeof value;
}
