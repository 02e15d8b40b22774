import { describe, expect, it } from "vitest";
import { linux } from "../../native/linux.js";
import { loadAddon } from "../../native/load-addon.js";
import { newDescription } from "./open-description.js";
import { type Handle, SocketEntry } from "./socket-entry.js";
import { nativeOf } from "./unowned.js";

const { AF_UNIX, MSG_DONTWAIT, SOCK_STREAM } = linux;

const SECOND = 1_000_000_000n;

function pair(): [SocketEntry, SocketEntry] {
  const native = loadAddon().socketpair(AF_UNIX, SOCK_STREAM, 0);
  if (typeof native === "number") throw new Error(`socketpair: ${native}`);
  const facts = { family: AF_UNIX, type: SOCK_STREAM, protocol: 0 };
  return [
    new SocketEntry(1n as Handle, native[0], facts, newDescription()),
    new SocketEntry(2n as Handle, native[1], facts, newDescription()),
  ];
}

describe("SocketEntry.waitLimit", () => {
  it("waits for ever without a timeout, and not at all with MSG_DONTWAIT", () => {
    const [entry] = pair();
    expect(entry.waitLimit(undefined, 0)).toBeNull();
    expect(entry.waitLimit(undefined, MSG_DONTWAIT)).toBe(0);
  });

  it("waits for the timeout even with MSG_DONTWAIT, as Python does", () => {
    const [entry] = pair();
    entry.setTimeout(2n * SECOND);
    expect(entry.waitLimit(undefined, MSG_DONTWAIT)).toBe(2_000);
  });

  it("lets the request's own timeout come first", () => {
    const [entry] = pair();
    entry.setTimeout(0n);
    expect(entry.waitLimit(SECOND, 0)).toBe(1_000);
    expect(entry.waitLimit(null, 0)).toBeNull();
    entry.setTimeout(null);
    expect(entry.waitLimit(0n, 0)).toBe(0);
  });

  it("shares O_NONBLOCK with duplicates, and not the timeout", () => {
    const [entry] = pair();
    const copy = entry.dup();
    if (typeof copy === "number") throw new Error(`dup: ${copy}`);
    const duplicate = new SocketEntry(3n as Handle, nativeOf(copy), entry.facts, entry.description);
    entry.setTimeout(0n);
    expect(duplicate.timeout).toBeNull();
    expect(duplicate.waitLimit(undefined, 0)).toBe(0);
    duplicate.setTimeout(null);
    expect(entry.waitLimit(undefined, 0)).toBeNull();
  });
});

describe("SocketEntry.receive", () => {
  it("gives what was pushed back before what the kernel has", () => {
    const [near, far] = pair();
    far.send([Buffer.from("kernel")], null, 0, null);
    near.pushBack([{ data: Buffer.from("before "), length: 7, flags: 0, address: null, control: [] }]);
    const pieces = [near.receive(100, 0, 0), near.receive(100, 0, 0)];
    const texts = pieces.map((piece) => (typeof piece === "number" ? piece : Buffer.from(piece.data).toString()));
    expect(texts).toEqual(["before ", "kernel"]);
  });

  it("answers -EBADF after it was destroyed, and ends only once", () => {
    const [near] = pair();
    let destroyed = 0;
    near.onDestroy.add(() => {
      destroyed += 1;
    });
    expect(near.destroy(new Error("over"))).toBe(0);
    expect(near.destroy(new Error("over"))).toBe(0);
    expect(destroyed).toBe(1);
    expect(near.receive(1, 0, 0)).toBe(-9);
  });
});
