import { describe, expect, test } from "vitest";
import { askPython, pythonVersion } from "../../test/support/python.js";
import { ArgumentError } from "./errors.js";
import { encodeHost, hostText } from "./idna.js";

const names = [
  ...[
    "",
    "a",
    "example.com",
    "Example.COM",
    "example.com.",
    ".",
    "a..b",
    ".a",
    "münchen.de",
    "Bücher.example",
    "faß.de",
  ],
  ...[
    "☃.net",
    "日本語。jp",
    "ｅｘａｍｐｌｅ.com",
    "１２７.0.0.1",
    "a\u200db",
    "Σίσυφος.gr",
    "with_underscore.example",
    "has space",
  ],
  ...[
    "x".repeat(63),
    "x".repeat(64),
    `${"x".repeat(64)}.com`,
    `${"ü".repeat(60)}.de`,
    "ÀÉÎ.example",
    "xn--mnchen-3ya.de",
  ],
];

describe.skipIf(pythonVersion === null)(
  `encodeHost, against CPython ${pythonVersion ?? "(python3 is missing)"}`,
  () => {
    const oracle = pythonVersion === null ? [] : askPython("x.encode('idna')", names);
    test.each(oracle.map((answer, index) => [names[index] ?? "", answer] as const))("%j", (name, answer) => {
      if (answer.error === undefined) {
        expect(Buffer.from(encodeHost(name, "getaddrinfo")).toString("hex")).toBe(answer.value);
      } else {
        expect(() => encodeHost(name, "getaddrinfo")).toThrow(
          expect.toSatisfy((error) => error instanceof ArgumentError && error.kind === "unicode"),
        );
      }
    });
  },
);

test("bytes are not changed", () => {
  const bytes = Buffer.from([0xff, 0x2e, 0x2e]);
  expect(encodeHost(bytes, "getaddrinfo")).toBe(bytes);
});

test("an ASCII host in an address is not validated by the codec, as in CPython", () => {
  expect(hostText("a..b", "connect")).toBe("a..b");
  expect(hostText("münchen.de", "connect")).toBe("xn--mnchen-3ya.de");
  expect(() => hostText("a\0b", "connect")).toThrow(TypeError);
  expect(() => hostText(1 as never, "connect")).toThrow(TypeError);
});
