import { createHash } from "node:crypto";

/**
 * Pseudo-random numbers determined by a seed (mulberry32), so that what a process of the soak does, though not when,
 * can be repeated.
 *
 * @param {number} seed
 */
export function random(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (/** @type {number} */ limit) => Math.floor(next() * limit);
  return {
    below,
    between: (/** @type {number} */ least, /** @type {number} */ most) => least + below(most - least + 1),
    pick: (/** @type {readonly any[]} */ choices) => choices[below(choices.length)],
    seed: () => below(2 ** 32),
    bytes: (/** @type {number} */ length) => {
      const data = Buffer.alloc(length);
      for (let at = 0; at + 4 <= length; at += 4) data.writeUInt32LE(below(2 ** 32), at);
      return data;
    },
  };
}

/** @param {readonly Uint8Array[]} chunks */
export function sum(chunks) {
  const hash = createHash("sha256");
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest("hex");
}
