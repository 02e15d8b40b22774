import { parseDotted } from "./dotted.js";

const WORDS = 8;

/**
 * Parses an IPv6 address like glibc's inet_pton: no zone, at most four digits per word, "::" at most once and for at
 * least one word.
 */
export function parseInet6(text: string): Buffer | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const [head = "", tail] = halves;
  const before = words(head, tail === undefined);
  const after = tail === undefined ? [] : words(tail, true);
  if (before === null || after === null) return null;
  const missing = WORDS - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return null;
  const packed = Buffer.alloc(2 * WORDS);
  for (const [index, word] of [...before, ...new Array<number>(missing).fill(0), ...after].entries()) {
    packed.writeUInt16BE(word, 2 * index);
  }
  return packed;
}

/** Formats 16 bytes like glibc's inet_ntop: "::" stands for the first of the longest runs of two or more zero words. */
export function formatInet6(packed: Uint8Array): string {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const values = Array.from({ length: WORDS }, (_, index) => view.getUint16(2 * index));
  const run = longestRun(values);
  const hex = (part: number[]): string => part.map((word) => word.toString(16)).join(":");
  if (run.length < 2) return hex(values);
  const end = run.start + run.length;
  // IPv4-compatible (::1.2.3.4) and IPv4-mapped (::ffff:1.2.3.4) addresses end in dotted form.
  if (run.start === 0 && (run.length === 6 || (run.length === 5 && values[5] === 0xffff))) {
    return `::${run.length === 5 ? "ffff:" : ""}${packed.slice(12).join(".")}`;
  }
  return `${hex(values.slice(0, run.start))}::${hex(values.slice(end))}`;
}

/** The words of one half of the text. The last may be a dotted IPv4 address if it ends the text. */
function words(half: string, mayEndDotted: boolean): number[] | null {
  if (half === "") return [];
  const values: number[] = [];
  const parts = half.split(":");
  for (const [index, part] of parts.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      values.push(Number.parseInt(part, 16));
    } else {
      const dotted = mayEndDotted && index === parts.length - 1 ? parseDotted(part) : null;
      if (dotted === null) return null;
      values.push(dotted.readUInt16BE(0), dotted.readUInt16BE(2));
    }
  }
  return values;
}

function longestRun(values: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (const [index, value] of values.entries()) {
    if (value !== 0) start = index + 1;
    else if (index + 1 - start > best.length) best = { start, length: index + 1 - start };
  }
  return best;
}
