import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Broker } from "../../src/client/broker.js";
import { Socket } from "../../src/client/socket.js";

interface Inventory {
  readonly functions: readonly { readonly name: string }[];
  readonly methods: readonly { readonly name: string }[];
}

const inventory = JSON.parse(
  readFileSync(new URL("../conformance/data/inventory.json", import.meta.url), "utf8"),
) as Inventory;

/** Python's functions that are not methods here, with their replacements. */
const instead: Readonly<Record<string, string>> = {
  SocketType: "the class Socket",
  _accept: "accept",
  makefile: "duplex",
  "__enter__/__exit__": "await using",
  __getstate__: "nothing: sockets are not serialised",
  __repr__: "nothing",
};

test.each(inventory.functions.map(({ name }) => name).filter((name) => !(name in instead)))(
  "socket.%s is a method of Broker",
  (name) => {
    expect(Broker.prototype[camelCase(name) as keyof Broker]).toBeTypeOf("function");
  },
);

test.each(inventory.methods.map(({ name }) => name).filter((name) => !(name in instead)))(
  "socket.socket.%s is a method of Socket",
  (name) => {
    expect(Socket.prototype[camelCase(name) as keyof Socket]).toBeTypeOf("function");
  },
);

function camelCase(name: string): string {
  return name.toLowerCase().replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
