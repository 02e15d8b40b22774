/**
 * Copies what keeps much more memory alive than it has bytes. A chunk of a stream shares the memory of the read of its
 * connection in which it arrived; a caller could send one byte in each of many reads, to a stream that is not read.
 */

/** Parts that keep more memory than this alive for each byte are copied, */
const MAX_WASTE = 4;
/** unless it is this little: a small request has a read of its own, with its header fields. */
const LITTLE_BYTES = 4 * 1024;

/** Returns the parts, or a copy of all in one if they keep much more memory alive than they have bytes. */
export function compact(parts: readonly Buffer[]): readonly Buffer[] {
  const bytes = parts.reduce((sum, { length }) => sum + length, 0);
  const kept = [...new Set(parts.map(({ buffer }) => buffer))].reduce((sum, { byteLength }) => sum + byteLength, 0);
  return isWaste(kept, bytes) ? [joined(parts, bytes)] : parts;
}

/** Whether a chunk keeps much more memory alive than it has bytes. */
export function isWasteful(chunk: Buffer): boolean {
  return isWaste(chunk.buffer.byteLength, chunk.length);
}

function isWaste(kept: number, bytes: number): boolean {
  return kept > MAX_WASTE * bytes && kept > LITTLE_BYTES;
}

/** Like `compact`, for one chunk. */
export function compacted(chunk: Buffer): Buffer {
  return isWasteful(chunk) ? joined([chunk], chunk.length) : chunk;
}

/** Like Buffer.concat, whose result may keep the whole of Node's buffer pool alive: 64 KiB since Node 24. */
function joined(parts: readonly Buffer[], bytes: number): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes);
  let offset = 0;
  for (const part of parts) offset += part.copy(copy, offset);
  return copy;
}
