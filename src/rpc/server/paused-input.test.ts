import { Readable } from "node:stream";
import { expect, it } from "vitest";
import { PausedInput } from "./paused-input.js";

const READ_BYTES = 65_536;

/** A piece of a read of the connection. */
const pieceOf = (text: string, byteLength = READ_BYTES) => {
  const read = Buffer.from(new ArrayBuffer(byteLength));
  return read.subarray(0, read.write(text));
};

/** A stream that is read, and can be paused. */
function newStream() {
  const stream = new Readable({ read: () => undefined });
  const seen: Buffer[] = [];
  let ended = false;
  stream.on("data", (chunk: Buffer) => seen.push(chunk));
  stream.on("end", () => {
    ended = true;
  });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return { stream, input: new PausedInput(stream), seen, turn, hasEnded: () => ended };
}

it("pieces of a paused stream are joined, and keep no read of the connection alive", async () => {
  const { stream, input, seen, turn } = newStream();
  await turn();
  input.pause();
  const texts = Array.from({ length: 40_000 }, (_, i) => `${i % 10}`);
  for (const text of texts) expect(stream.push(pieceOf(text, 5_000))).toBe(false);
  input.resume();
  await turn();
  expect(`${Buffer.concat(seen)}`).toBe(texts.join(""));
  expect(seen.length).toBeLessThan(4);
  expect(Math.max(...seen.map(({ buffer }) => buffer.byteLength))).toBeLessThanOrEqual(16_384);
});

it("a large piece is not copied, and comes after smaller ones before it", async () => {
  const { stream, input, seen, turn, hasEnded } = newStream();
  await turn();
  const large = Buffer.from(new ArrayBuffer(READ_BYTES))
    .subarray(9, 9 + 16_384)
    .fill("l");
  input.pause();
  stream.push(pieceOf("a"));
  stream.push(large);
  stream.push(pieceOf("b"));
  stream.push(null);
  await turn();
  expect(seen).toEqual([]);
  input.resume();
  await turn();
  expect(seen.map((chunk) => `${chunk.subarray(0, 1)}${chunk.length}`)).toEqual(["a1", "l16384", "b1"]);
  expect(seen[1]?.buffer).toBe(large.buffer);
  expect(hasEnded()).toBe(true);
});

it("a stream that is not paused is passed through as it is, also after a pause", async () => {
  const { stream, input, seen, turn } = newStream();
  const [first, second] = [pieceOf("a"), pieceOf("b")];
  await turn();
  stream.push(first);
  input.pause();
  input.resume();
  await turn();
  stream.push(second);
  expect(seen.map(({ buffer }) => buffer)).toEqual([first.buffer, second.buffer]);
});

it("what was joined is discarded with the rest", async () => {
  const { stream, input, seen, turn, hasEnded } = newStream();
  await turn();
  input.pause();
  stream.push(pieceOf("a"));
  input.discard();
  stream.push(null);
  await turn();
  expect(seen).toEqual([]);
  expect(hasEnded()).toBe(true);
});
