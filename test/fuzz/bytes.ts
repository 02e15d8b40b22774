/* Random choices, and ways to damage and to cut bytes. */

export type Random = (below: number) => number;

/**
 * Pseudo-random numbers of one of many inputs, so that each input can be repeated without those before it (splitmix32).
 */
export function randomOf(seed: number, input: number): Random {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(input + 1, 0x85ebca6b)) >>> 0;
  return (below) => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) % below;
  };
}

export function pick<T>(random: Random, values: readonly T[]): T {
  const value = values[random(values.length)];
  if (value === undefined) throw new Error("nothing to pick from");
  return value;
}

export function text(random: Random): string {
  return Buffer.from(Array.from({ length: random(40) }, () => 32 + random(90))).toString();
}

/** Bytes of a random length below a limit. */
export function noise(random: Random, below: number): Buffer<ArrayBuffer> {
  const bytes = Buffer.allocUnsafe(random(below));
  let four = 0;
  for (let at = 0; at < bytes.length; at++) {
    four = at % 4 === 0 ? random(2 ** 32) : four >>> 8;
    bytes[at] = four;
  }
  return bytes;
}

/** Flips a bit, truncates, repeats or inserts. */
export function damage(random: Random, bytes: Uint8Array): Buffer {
  const damaged = Buffer.from(bytes);
  const at = random(Math.max(damaged.length, 1));
  switch (random(4)) {
    case 0:
      if (damaged.length > 0) damaged[at] = (damaged[at] ?? 0) ^ (1 << random(8));
      return damaged;
    case 1:
      return damaged.subarray(0, at);
    case 2:
      return Buffer.concat([damaged, damaged.subarray(at)]);
    default:
      return Buffer.concat([damaged.subarray(0, at), Buffer.of(random(256), random(256)), damaged.subarray(at)]);
  }
}

/** Cuts bytes into pieces of 1 to `largest` bytes, which share a memory of their own. */
export function cut(random: Random, bytes: Uint8Array, largest: number): Buffer[] {
  const all = Buffer.allocUnsafeSlow(bytes.length);
  all.set(bytes);
  const pieces: Buffer[] = [];
  for (let at = 0; at < all.length; ) {
    const end = at + 1 + random(largest);
    pieces.push(all.subarray(at, end));
    at = end;
  }
  return pieces;
}
