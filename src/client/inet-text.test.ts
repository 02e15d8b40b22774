import { describe, expect, test } from "vitest";
import { askPython, type Oracle, pythonVersion } from "../../test/support/python.js";
import { AddressFamily } from "../gen/sockbroker/v1/address_pb.js";
import { ArgumentError, SocketError } from "./errors.js";
import { inetAton, inetNtoa, inetNtop, inetPton } from "./inet-text.js";

const { INET: AF_INET, INET6: AF_INET6 } = AddressFamily;

const v4 = [
  ...["0.0.0.0", "127.0.0.1", "255.255.255.255", "1.2.3.4", "127.1", "1.2.3", "1", "0", "4294967295", "4294967296"],
  ...["256.0.0.1", "1.256", "1.16777215", "1.16777216", "1.2.65535", "1.2.65536", "1.2.3.256", "1.2.3.4.5"],
  ...[
    "0x7f.1",
    "0X7F.0.0.1",
    "0x",
    "0x.1",
    "0xg",
    "017.0.0.1",
    "08.0.0.1",
    "0377.1",
    "00000000001.2.3.4",
    "0x00000000001",
  ],
  ...[
    "",
    " ",
    " 1.2.3.4",
    "1.2.3.4 ",
    "1.2.3.4 junk",
    "1.2.3.4\tx",
    "1.2.3.4\n",
    "1.2.3.4x",
    "1 .2.3.4",
    "1.2.3 .4",
    "1. 2",
  ],
  ...[
    ".",
    "1.",
    ".1",
    "1..2",
    "1.2.3.",
    "-1",
    "+1",
    "1.-2",
    "1e3",
    "٣",
    "1.2.3.04",
    "01.2.3.4",
    "1.2.3.4%lo",
    "99999999999999999999",
  ],
];
const v6 = [
  ...[
    "::",
    "::1",
    "1::",
    "1::2",
    "::1.2.3.4",
    "::ffff:1.2.3.4",
    "::ffff:0:1.2.3.4",
    "1:2:3:4:5:6:7:8",
    "1:2:3:4:5:6:7::",
  ],
  ...["::2:3:4:5:6:7:8", "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:7:1.2.3.4", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7", "", ":"],
  ...[
    ":::",
    "1:::2",
    "1::2::3",
    ":1",
    "1:",
    "1:2:3:4:5:6:7:",
    ":1:2:3:4:5:6:7",
    "12345::",
    "g::",
    "fe80::1%lo",
    "fe80::1%1",
  ],
  ...[
    "ABCD:EF01:2345:6789:abcd:ef01:2345:6789",
    "::01.2.3.4",
    "::1.2.3",
    "1.2.3.4::",
    "1.2.3.4",
    "::1.2.3.4.5",
    "0000::",
    "00000::",
  ],
  ...["::1 ", " ::1", "[::1]", "1:2::3:4:5:6:7:8", "1::3:4:5:6:7:8", "::1:2:3:4:5:6:7:8", "2001:db8::"],
];
const packed6 = [
  "00000000000000000000000000000000",
  "00000000000000000000000000000001",
  "00000000000000000000000000010000",
  "00000000000000000000000001020304",
  "00000000000000000000ffff01020304",
  "0000000000000000ffff000001020304",
  "00010000000000000001000000000001",
  "00010000000000010000000000000001",
  "00010000000100000001000000010000",
  "00010000000000000000000000000000",
  "00000001000000000000000000000000",
  "20010db8000000000000000000000000",
  "0001000200030004000500060007ffff",
  "00000002000300040005000600070008",
  "0000000000030004000500060007000a",
  "00010002000300040005000600000000",
  "fe800000000000000000000000000001",
  "00000000000000000000000100020003",
];

describe.skipIf(pythonVersion === null)(`inet text, against CPython ${pythonVersion ?? "(python3 is missing)"}`, () => {
  const agree = (
    name: string,
    inputs: readonly string[],
    expression: string,
    ours: (input: string) => unknown,
  ): void => {
    const oracle = pythonVersion === null ? [] : askPython(expression, inputs);
    test.each(oracle.map((answer, index) => [inputs[index] ?? "", answer] as const))(`${name} %j`, (input, answer) => {
      expect(attempt(() => ours(input))).toEqual(comparable(answer));
    });
  };
  agree("inet_aton", [...v4, "1.2.3.4\0"], "socket.inet_aton(x)", (text) => inetAton(text).toString("hex"));
  agree("inet_pton AF_INET", v4, "socket.inet_pton(socket.AF_INET, x)", (text) =>
    inetPton(AF_INET, text).toString("hex"),
  );
  agree("inet_pton AF_INET6", [...v6, "::\0"], "socket.inet_pton(socket.AF_INET6, x)", (text) =>
    inetPton(AF_INET6, text).toString("hex"),
  );
  agree("inet_ntop AF_INET6", [...packed6, "00"], "socket.inet_ntop(socket.AF_INET6, bytes.fromhex(x))", (hex) =>
    inetNtop(AF_INET6, Buffer.from(hex, "hex")),
  );
  agree(
    "inet_ntop AF_INET",
    ["01020304", "ffffffff", "0102"],
    "socket.inet_ntop(socket.AF_INET, bytes.fromhex(x))",
    (hex) => inetNtop(AF_INET, Buffer.from(hex, "hex")),
  );
  agree("inet_ntoa", ["01020304", "00000000", "010203", "0102030405"], "socket.inet_ntoa(bytes.fromhex(x))", (hex) =>
    inetNtoa(Buffer.from(hex, "hex")),
  );
  agree("a family without text, inet_pton", ["x"], "socket.inet_pton(1, x)", (text) => inetPton(1, text));
  agree("a family without text, inet_ntop", ["00"], "socket.inet_ntop(1, bytes.fromhex(x))", (hex) =>
    inetNtop(1, Buffer.from(hex, "hex")),
  );
});

test("text instead of bytes is a TypeError, and vice versa", () => {
  expect(() => inetNtoa("1.2.3.4" as never)).toThrow(TypeError);
  expect(() => inetAton(Buffer.from("1.2.3.4") as never)).toThrow(TypeError);
  expect(() => inetPton(AF_INET, 1 as never)).toThrow(TypeError);
});

function attempt(run: () => unknown): unknown {
  try {
    return { value: run() };
  } catch (error) {
    if (error instanceof SocketError) return { error: "OSError", errno: error.errno };
    if (!(error instanceof ArgumentError)) throw error;
    return { error: error.kind === "os" ? "OSError" : "ValueError", errno: null, text: error.message };
  }
}

function comparable(answer: Oracle): unknown {
  if (answer.error === undefined) return answer;
  // Our errno messages are worded differently; the number must be the same.
  return answer.errno === null ? answer : { error: answer.error, errno: answer.errno };
}
