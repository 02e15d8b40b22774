import { expect, it } from "vitest";
import { compact } from "./compact.js";

const READ_BYTES = 65_536;
const read = () => Buffer.from(new ArrayBuffer(READ_BYTES));

it("parts that use most of their reads are not copied", () => {
  const [first, second] = [read(), read()];
  const parts = [first.subarray(9), second.subarray(0, 16_384), second.subarray(16_393, 20_000)];
  expect(compact(parts)).toBe(parts);
});

it("parts that keep whole reads alive for a byte each are copied", () => {
  const parts = Array.from({ length: 64 }, (_, i) => read().fill(i).subarray(100, 101));
  const copied = compact(parts);
  expect(Buffer.concat(copied)).toEqual(Buffer.concat(parts));
  expect(copied.map(({ buffer }) => buffer.byteLength)).toEqual([64]);
});
