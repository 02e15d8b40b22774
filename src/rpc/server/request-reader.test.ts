import { EventEmitter } from "node:events";
import type { ServerHttp2Stream } from "node:http2";
import { expect, it } from "vitest";
import { Account } from "./account.js";
import { Budget } from "./budget.js";
import { RequestReader } from "./request-reader.js";
import { TurnOwner, Turns } from "./turns.js";

/** A stream that is not paused by itself. */
class FakeStream extends EventEmitter {
  readonly destroyed = false;
  pause(): void {}
  resume(): void {}
  push(): boolean {
    return true;
  }
  isPaused(): boolean {
    return false;
  }
}

it("no part of a message is handed over during a pause that began within its prefix", () => {
  const stream = new FakeStream();
  const budget = new Budget(100);
  const found: string[] = [];
  const reader = new RequestReader(
    stream as unknown as ServerHttp2Stream,
    {
      single: false,
      partsFrom: () => 1,
      maxBytes: 100,
      budget,
      accounts: { waiting: new Account(1, 0), unread: new Account(1, 0) },
      turns: new Turns(),
      owner: new TurnOwner(),
      encoding: "identity",
    },
    {
      onMessage: (message) => found.push(`message ${message}`),
      onPart: (part) => found.push(`part ${part}`),
      onEnd: () => undefined,
      onBroken: () => expect.unreachable("it is valid"),
    },
  );
  stream.emit("data", Buffer.from([0, 0, 0]));
  reader.pause();
  stream.emit("data", Buffer.from([0, 4, 0x61, 0x62]));
  stream.emit("data", Buffer.from("cd"));
  expect(found).toEqual([]);
  expect(budget.granted).toBe(4);
  reader.resume();
  expect(found).toEqual(["message abcd"]);
  expect(budget.isIdle).toBe(true);
});
