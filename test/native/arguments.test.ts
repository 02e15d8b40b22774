import { describe, expect, test } from "vitest";

import type { NativeSocket, Sockaddr } from "../../src/native/binding.js";
import { AF_INET, addon, bytes, closing, loopback, pair, SOCK_STREAM, socket } from "./helpers.js";

/** Calls without the static types. */
function call(target: object, name: string, ...args: unknown[]): unknown {
  return Reflect.get(target, name).apply(target, args);
}

describe("arguments", () => {
  test.each([
    ["a string", "2"],
    ["a fraction", 1.5],
    ["NaN", Number.NaN],
    ["infinity", Number.POSITIVE_INFINITY],
    ["2^31", 2 ** 31],
    ["a bigint", 2n],
    ["null", null],
    ["undefined", undefined],
  ])("an int that is %s is a TypeError", (_, value) => {
    expect(() => call(addon, "socket", value, 1, 0, null)).toThrow(
      new TypeError("socket: argument 1 must be an integer from -2147483648 to 2147483647"),
    );
  });

  test("too few or too many arguments are a TypeError", () => {
    expect(() => call(addon, "socket", 2, 1, 0)).toThrow(new TypeError("socket takes 4 arguments (3 given)"));
    expect(() => call(addon, "socket", 2, 1, 0, null, null)).toThrow("socket takes 4 arguments (5 given)");
  });

  test("a negative size is a TypeError", () => {
    const [a, b] = pair();
    using _ = closing(a, b);
    expect(() => a.recv(-1, 0)).toThrow("recv: argument 1 must be an integer from 0 to 4294967295");
  });

  test.each([
    ["a string", "x"],
    ["an ArrayBuffer", new ArrayBuffer(1)],
    ["other elements", new Uint16Array(1)],
    ["a DataView", new DataView(new ArrayBuffer(1))],
    ["an array", [1]],
  ])("%s instead of bytes is a TypeError", (_, value) => {
    const [a, b] = pair();
    using __ = closing(a, b);
    expect(() => call(a, "send", value, 0)).toThrow(new TypeError("send: argument 1 must be a Uint8Array"));
  });

  test("a view is used with its offset and length", () => {
    const [a, b] = pair();
    using _ = closing(a, b);
    expect(a.send(new Uint8Array(bytes("abcdef")).subarray(2, 4), 0)).toBe(2);
    expect(b.recv(10, 0)).toEqual(Buffer.from("cd"));
  });

  test("a detached buffer is empty", () => {
    const [a, b] = pair();
    using _ = closing(a, b);
    const data = new Uint8Array(4);
    structuredClone(data.buffer, { transfer: [data.buffer] });
    expect(a.send(data, 0)).toBe(0);
  });
});

describe("an address", () => {
  const one = socket(AF_INET, SOCK_STREAM);

  test.each<[string, unknown, string]>([
    ["null", null, "property address must be a Sockaddr"],
    ["of no kind", {}, "property kind must be a string"],
    ["of another kind", { kind: "inet5" }, "property kind must be a kind of Sockaddr"],
    ["without a port", { kind: "inet", address: "127.0.0.1" }, "property port must be an integer from 0 to 65535"],
    ["with a large port", { ...loopback, port: 65536 }, "property port must be an integer from 0 to 65535"],
    ["with a number for text", { ...loopback, address: 1 }, "property address must be a string"],
  ])("that is %s is a TypeError", (_, address, message) => {
    expect(() => one.bind(address as Sockaddr)).toThrow(new TypeError(message));
  });

  test("with a getter that throws throws that error", () => {
    const address = {
      kind: "inet",
      get address(): string {
        throw new RangeError("mine");
      },
      port: 0,
    } as const;
    expect(() => one.bind(address)).toThrow(new RangeError("mine"));
  });
});

describe("foreign objects", () => {
  test("cannot be constructed as sockets", () => {
    const [a, b] = pair();
    using _ = closing(a, b);
    expect(() => Reflect.construct(Reflect.get(a, "constructor"), [3])).toThrow(new TypeError("Illegal constructor"));
    expect(() => call(a, "constructor")).toThrow(TypeError);
  });

  test.each([
    ["a plain object", () => ({})],
    ["the prototype", (real: NativeSocket): object => Object.getPrototypeOf(real)],
    ["an heir", (real: NativeSocket): object => Object.create(real)],
    ["a proxy", (real: NativeSocket) => new Proxy(real, {})],
  ])("are refused as `this` by methods: %s", (_, make) => {
    const [a, b] = pair();
    using __ = closing(a, b);
    expect(() => Reflect.get(a, "close").call(make(a))).toThrow(TypeError);
    expect(a.closed).toBe(false);
  });

  test("are refused as arguments where a socket is required", () => {
    const [a, b] = pair();
    using _ = closing(a, b);
    for (const foreign of [{}, new Map(), Object.create(a), new Proxy(a, {}), 3]) {
      expect(() => call(addon, "socket", 2, 1, 0, foreign)).toThrow("argument 4 must be a NativeSocket or null");
      expect(() => call(a, "sendfile", foreign, null, 1)).toThrow("argument 1 must be a NativeSocket");
      const control = [{ level: 1, type: 1, data: bytes(""), sockets: [foreign] }];
      expect(() => call(a, "sendmsg", [bytes("x")], control, 0, null)).toThrow("an array of NativeSocket");
    }
  });
});
