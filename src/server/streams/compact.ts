/** Parts that keep more memory than this alive for each byte are copied. */
const MAX_WASTE = 4;

/**
 * Returns the parts, or a copy of all if they keep much more memory alive than they have bytes. A part shares the memory of
 * the read of its connection in which it arrived; a caller could send one byte in each of many reads, to a socket that
 * takes none.
 */
export function compact(parts: readonly Buffer[]): readonly Buffer[] {
  const bytes = parts.reduce((sum, { length }) => sum + length, 0);
  const kept = [...new Set(parts.map(({ buffer }) => buffer))].reduce((sum, { byteLength }) => sum + byteLength, 0);
  return kept > MAX_WASTE * bytes ? [joined(parts, bytes)] : parts;
}

/** Like Buffer.concat, whose result may keep the whole of Node's buffer pool alive: 64 KiB since Node 24. */
function joined(parts: readonly Buffer[], bytes: number): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes);
  let offset = 0;
  for (const part of parts) offset += part.copy(copy, offset);
  return copy;
}
