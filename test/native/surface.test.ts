import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

import { AF_INET6, addon, closing, SOCK_STREAM, socket } from "./helpers.js";
import { testingAddon } from "./testing-addon.js";

const source = readFileSync(new URL("../../src/native/binding.ts", import.meta.url), "utf8");

/** The members of an interface of binding.ts, in its order. */
function members(name: string): string[] {
  const body = new RegExp(`^export interface ${name} \\{\\n(.*?)^\\}`, "ms").exec(source)?.[1] ?? "";
  return [...body.matchAll(/^ {2}(?:readonly )?(\w+)[(:]/gm)].map((match) => match[1] ?? "");
}

const tooMany = Array.from({ length: 20 }, () => 0);

/** The name in an implementation's error message. */
function nameOf(call: (...args: unknown[]) => unknown): string {
  try {
    call(...tooMany);
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return (error as Error).message.replace(/ takes \d arguments \(20 given\)$/, "");
  }
  return "(accepts anything)";
}

describe("the addon", () => {
  test("exports the functions of binding.ts, in its order", () => {
    expect(Object.keys(addon)).toEqual(members("NativeAddon"));
  });

  test.each(members("NativeAddon").filter((name) => name !== "linux"))("%s calls its own function", (name) => {
    const call = Reflect.get(addon, name);
    expect(nameOf(call)).toBe(name);
    expect(call.name).toBe(name);
  });
});

describe("the addon of tests", () => {
  test("exports those too, and functions for tests", () => {
    expect(Object.keys(testingAddon)).toEqual([...members("NativeAddon"), "testing"]);
  });

  test.each(["encodeSockaddr", "decodeSockaddr", "fillGuarded", "guardedBytes"] as const)(
    "testing.%s calls its own function",
    (name) => {
      expect(nameOf(testingAddon.testing[name] as (...args: unknown[]) => unknown)).toBe(name);
    },
  );
});

describe("a socket", () => {
  const one = socket(AF_INET6, SOCK_STREAM);
  const prototype: object = Object.getPrototypeOf(one);

  test("has the members of binding.ts, in its order", () => {
    const names = Object.getOwnPropertyNames(prototype).filter((name) => name !== "constructor");
    expect(names).toEqual(members("NativeSocket"));
  });

  const properties = ["family", "type", "protocol", "closed", "inode", "closesOnThread"];
  const methods = members("NativeSocket").filter((name) => !properties.includes(name));
  test.each(methods)("%s calls its own function", (name) => {
    expect(nameOf((...args) => Reflect.get(one, name).apply(one, args))).toBe(name);
  });

  test("distinguishes its family, type, protocol and end", () => {
    using _ = closing(one);
    expect([one.family, one.type, one.protocol, one.closed]).toEqual([10, 1, 6, false]);
    one.close();
    expect([one.family, one.type, one.protocol, one.closed]).toEqual([10, 1, 6, true]);
  });
});
