import { describe, expect, it } from "vitest";
import { linux } from "../../native/linux.js";
import { loadAddon } from "../../native/load-addon.js";
import { Quota } from "../sessions/quota.js";
import { OpenDescription } from "./open-description.js";
import { AGAIN } from "./readiness.js";
import { type Handle, SocketEntry } from "./socket-entry.js";
import { type AcceptedSocket, nativeOf, type Received } from "./unowned.js";

const { AF_UNIX, MSG_PEEK, POLLIN, SOCK_STREAM } = linux;

const quota = new Quota("bytes", 1_000_000);

function pair(): [SocketEntry, SocketEntry] {
  const native = loadAddon().socketpair(AF_UNIX, SOCK_STREAM, 0);
  if (typeof native === "number") throw new Error(`socketpair: ${native}`);
  const facts = { family: AF_UNIX, type: SOCK_STREAM, protocol: 0 };
  return [
    new SocketEntry(1n as Handle, native[0], facts, new OpenDescription(), quota),
    new SocketEntry(2n as Handle, native[1], facts, new OpenDescription(), quota),
  ];
}

function duplicateOf(entry: SocketEntry): SocketEntry {
  const copy = entry.dup();
  if (typeof copy === "number") throw new Error(`dup: ${copy}`);
  return new SocketEntry(3n as Handle, nativeOf(copy), entry.facts, entry.description, quota);
}

function message(text: string): Received {
  return { data: Buffer.from(text), length: text.length, flags: 0, address: null, control: [] };
}

function textOf(received: Received | number): string | number {
  return typeof received === "number" ? received : Buffer.from(received.data).toString();
}

describe("SocketEntry.receive", () => {
  it("returns pushed-back data before the kernel's", () => {
    const [near, far] = pair();
    far.send([Buffer.from("kernel")], null, 0, null);
    near.pushBack([message("before ")]);
    const pieces = [near.receive(100, 0, 0), near.receive(100, 0, 0)];
    expect(pieces.map(textOf)).toEqual(["before ", "kernel"]);
  });

  it("returns -EBADF after it was destroyed, and is destroyed only once", () => {
    const [near] = pair();
    let destroyed = 0;
    near.onDestroy.push(() => {
      destroyed += 1;
    });
    expect(near.destroy(new Error("over"))).toBe(0);
    expect(near.destroy(new Error("over"))).toBe(0);
    expect(destroyed).toBe(1);
    expect(near.receive(1, 0, 0)).toBe(-9);
  });
});

describe("data that was pushed back", () => {
  const wait = {
    operation: "recv",
    milliseconds: null,
    signal: () => new AbortController().signal,
    enter: () => () => {},
  };

  it("is received by a duplicate, once", () => {
    const [near, far] = pair();
    const duplicate = duplicateOf(near);
    far.send([Buffer.from("kernel")], null, 0, null);
    near.pushBack([message("ab"), message("cd")]);
    expect(duplicate.pushedBackBytes).toBe(4);
    expect(textOf(duplicate.receive(2, 0, MSG_PEEK))).toBe("ab");
    expect(textOf(duplicate.receive(1, 0, 0))).toBe("a");
    expect(textOf(near.receive(1, 0, 0))).toBe("b");
    duplicate.pushBack([message("B")]);
    expect(textOf(near.receive(7, 0, MSG_PEEK))).toBe("Bcdkern");
    expect([near, duplicate].map((entry) => textOf(entry.receive(10, 0, 0)))).toEqual(["Bcd", "kernel"]);
    expect([near.hasPushedBack, duplicate.hasPushedBack]).toEqual([false, false]);
  });

  it("is left when one of two is closed, and discarded with the last", () => {
    const [near] = pair();
    const duplicate = duplicateOf(near);
    const before = quota.used;
    near.pushBack([message("data")]);
    duplicate.keepError(-104);
    expect(quota.used).toBeGreaterThan(before);
    near.destroy(new Error("closed"));
    expect(textOf(duplicate.receive(2, 0, 0))).toBe("da");
    duplicate.destroy(new Error("closed"));
    expect([quota.used, duplicate.hasPushedBack]).toEqual([before, false]);
  });

  it("includes what a stream of the closed handle had in transit", () => {
    const [near] = pair();
    const duplicate = duplicateOf(near);
    near.onDestroy.push(() => near.pushBack([message("in transit")]));
    near.destroy(new Error("closed"));
    expect(textOf(duplicate.receive(100, 0, 0))).toBe("in transit");
  });

  it("wakes one who waits on a duplicate, and observers only of what is left", async () => {
    const [near] = pair();
    const duplicate = duplicateOf(near);
    const seen: number[] = [];
    const stop = duplicate.observe(POLLIN, (events) => seen.push(events));
    const take = (): string | typeof AGAIN => {
      const received = duplicate.receive(4, 0, 0);
      return typeof received === "number" ? AGAIN : Buffer.from(received.data).toString();
    };
    const waiting = duplicate.readiness.perform("data", wait, take);
    near.pushBack([message("data")]);
    await expect(waiting).resolves.toBe("data");
    expect(seen).toEqual([]);
    near.pushBack([message("more")]);
    expect(seen).toEqual([POLLIN]);
    stop();
    near.destroy(new Error("closed"));
    duplicate.destroy(new Error("closed"));
  });

  it("has its error, once, whichever handle is asked", () => {
    const [near] = pair();
    const duplicate = duplicateOf(near);
    near.keepError(-104);
    expect(duplicate.takeError()).toBe(-104);
    expect([near.takeError(), duplicate.takeError()]).toEqual([null, null]);
  });

  it("may be as much as was taken from the kernel: what was looked at does not count", () => {
    const [near, far] = pair();
    const duplicate = duplicateOf(near);
    far.send([Buffer.from("123456")], null, 0, null);
    near.receive(6, 0, MSG_PEEK);
    expect(near.bytesTaken).toBe(0);
    near.receiveData(1, 0);
    duplicate.receive(1, 0, 0);
    near.receiveInto(new Uint8Array(1));
    near.receiveBatch(1, 1, 0, 0);
    expect([near.bytesTaken, duplicate.bytesTaken]).toEqual([4, 4]);
    near.pushBack([message("123")]);
    expect(duplicate.bytesTaken).toBe(1);
    duplicate.receive(2, 0, 0);
    expect(duplicate.bytesTaken).toBe(3);
  });
});

describe("accepted sockets that were given back", () => {
  function accepted(): AcceptedSocket {
    const native = loadAddon().socket(AF_UNIX, SOCK_STREAM, 0, null);
    if (typeof native === "number") throw new Error(`socket: ${native}`);
    return { socket: native, address: null };
  }

  it("come to a duplicate, and are closed with the last handle", () => {
    const [near] = pair();
    const duplicate = duplicateOf(near);
    const [first, second] = [accepted(), accepted()];
    const handles = new Quota("handles", 1);
    near.giveBack([first, second], handles);
    expect(handles.used).toBe(2);
    near.destroy(new Error("closed"));
    expect(duplicate.takeGivenBack()).toBe(first);
    expect(handles.used).toBe(1);
    expect(second.socket.closed).toBe(false);
    duplicate.destroy(new Error("closed"));
    expect([first.socket.closed, second.socket.closed]).toEqual([false, true]);
    expect(handles.used).toBe(0);
    first.socket.close();
  });
});
