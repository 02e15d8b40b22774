import { describe, expect, test } from "vitest";
import { askPython, pythonVersion } from "../../test/support/python.js";
import { htonl, htons, ntohl, ntohs } from "./byte-order.js";
import { cmsgLen, cmsgSpace } from "./cmsg-size.js";
import { ArgumentError } from "./errors.js";

const functions = { htonl, htons, ntohl, ntohs };
const numbers = [0, 1, 255, 256, 65535, 65536, 0x01020304, 2 ** 31, 2 ** 32 - 1, 2 ** 32, -1];
const lengths = [
  0,
  1,
  4,
  7,
  8,
  9,
  16,
  1000,
  2 ** 31 - 26,
  2 ** 31 - 25,
  2 ** 31 - 24,
  2 ** 31 - 17,
  2 ** 31 - 16,
  2 ** 31,
  -1,
];

describe.skipIf(pythonVersion === null)(`against CPython ${pythonVersion ?? "(python3 is missing)"}`, () => {
  for (const name of ["htonl", "htons", "ntohl", "ntohs"] as const) {
    const oracle = pythonVersion === null ? [] : askPython(`socket.${name}(x)`, numbers);
    test.each(oracle.map((answer, index) => [numbers[index] ?? 0, answer] as const))(`${name} %d`, (input, answer) => {
      if (answer.error === undefined) expect(functions[name](input)).toBe(answer.value);
      else expect(() => functions[name](input)).toThrow(overflow());
    });
  }
  for (const [name, ours] of [
    ["CMSG_LEN", cmsgLen],
    ["CMSG_SPACE", cmsgSpace],
  ] as const) {
    const oracle = pythonVersion === null ? [] : askPython(`socket.${name}(x)`, lengths);
    test.each(oracle.map((answer, index) => [lengths[index] ?? 0, answer] as const))(`${name} %d`, (input, answer) => {
      if (answer.error === undefined) expect(ours(input)).toBe(answer.value);
      else expect(() => ours(input)).toThrow(overflow(answer.text));
    });
  }
});

test("the byte order of a big-endian daemon is network byte order", () => {
  expect(ntohl(0x01020304, { byteOrder: "big" })).toBe(0x01020304);
  expect(htons(0x0102, { byteOrder: "big" })).toBe(0x0102);
  expect(ntohl(0x01020304, { byteOrder: "little" })).toBe(0x04030201);
});

test("a 32-bit daemon has shorter control messages", () => {
  expect(cmsgLen(4, { pointerBytes: 4 })).toBe(16);
  expect(cmsgSpace(5, { pointerBytes: 4 })).toBe(20);
});

test("a value that is not an integer is a TypeError", () => {
  expect(() => htons("1" as never)).toThrow(TypeError);
  expect(() => htonl(1.5)).toThrow(TypeError);
  expect(() => cmsgLen(Number.NaN)).toThrow(TypeError);
});

function overflow(message?: string): unknown {
  return expect.toSatisfy(
    (error) =>
      error instanceof ArgumentError &&
      error.kind === "overflow" &&
      (message === undefined || error.message === message),
  );
}
