/** What is accepted where bytes are wanted. */
export type BytesInput = ArrayBufferView | ArrayBuffer | SharedArrayBuffer;

/** Answers a Buffer on the same memory. */
export function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Answers a view of the same memory. Throws TypeError for text and all else, as Python does. */
export function bytesOf(data: BytesInput, operation: string): Uint8Array {
  if (data instanceof Uint8Array) return data;
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer || data instanceof SharedArrayBuffer) return new Uint8Array(data);
  throw new TypeError(`${operation}(): a bytes-like object is required, not ${kindOf(data)}`);
}

/** As `bytesOf` for each of several. */
export function buffersOf(buffers: Iterable<BytesInput>, operation: string): Uint8Array[] {
  if (typeof buffers !== "object" || buffers === null || ArrayBuffer.isView(buffers) || !(Symbol.iterator in buffers)) {
    throw new TypeError(`${operation}(): an iterable of buffers is required, not ${kindOf(buffers)}`);
  }
  return Array.from(buffers, (buffer) => bytesOf(buffer, operation));
}

function kindOf(value: unknown): string {
  return value === null ? "null" : typeof value;
}
