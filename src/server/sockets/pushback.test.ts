import { describe, expect, it } from "vitest";
import { linux } from "../../native/linux.js";
import { Quota } from "../sessions/quota.js";
import { Pushback, pushbackCost } from "./pushback.js";
import type { Received } from "./unowned.js";

const { MSG_TRUNC } = linux;

function message(text: string): Received {
  return { data: Buffer.from(text), length: text.length, flags: 0, address: null, control: [] };
}

function text(received: Received | number | null): string | number | null {
  return received === null || typeof received === "number" ? received : Buffer.from(received.data).toString();
}

const owner = new Quota("bytes", 1_000_000);
const stream = { isStream: true };
const messages = { isStream: false };

describe("pushed-back data of a stream", () => {
  it("is returned in pieces of any size", () => {
    const pushback = new Pushback();
    pushback.unshift([message("abcdef")], owner, stream);
    expect(text(pushback.take(4, { keep: false, isStream: true }))).toBe("abcd");
    expect(pushback.byteLength).toBe(2);
    expect(text(pushback.take(4, { keep: false, isStream: true }))).toBe("ef");
    expect(pushback.isEmpty).toBe(true);
    expect(pushback.take(4, { keep: false, isStream: true })).toBeNull();
  });

  it("is followed by a pushed-back error, once", () => {
    const pushback = new Pushback();
    pushback.unshift([message("ab")], owner, stream);
    pushback.keepError(-104);
    const taken = [1, 2, 3].map(() => text(pushback.take(9, { keep: false, isStream: true })));
    expect(taken).toEqual(["ab", -104, null]);
    expect(pushback.isEmpty).toBe(true);
  });

  it("stays after a peek", () => {
    const pushback = new Pushback();
    pushback.unshift([message("abc")], owner, stream);
    expect(text(pushback.take(2, { keep: true, isStream: true }))).toBe("ab");
    expect(text(pushback.take(9, { keep: false, isStream: true }))).toBe("abc");
  });

  it("precedes data that was pushed back earlier", () => {
    const pushback = new Pushback();
    pushback.unshift([message("c")], owner, stream);
    pushback.unshift([message("a"), message("b")], owner, stream);
    const taken = [1, 2, 3].map(() => text(pushback.take(1, { keep: false, isStream: true })));
    expect(taken).toEqual(["a", "b", "c"]);
  });

  it("is returned in as few pieces as by the kernel", () => {
    const pushback = new Pushback();
    pushback.unshift([message("ab"), message("cd"), message("ef")], owner, stream);
    expect(text(pushback.take(5, { keep: true, isStream: true }))).toBe("abcde");
    expect(text(pushback.take(0, { keep: false, isStream: true }))).toBe("");
    expect(text(pushback.take(3, { keep: false, isStream: true }))).toBe("abc");
    expect(text(pushback.take(9, { keep: false, isStream: true }))).toBe("def");
    expect([pushback.isEmpty, pushback.byteLength]).toEqual([true, 0]);
  });
});

describe("control messages in a stream", () => {
  it("come once, with the first byte of their data", () => {
    const control = [{ level: 1, type: 2, data: Buffer.from("c"), sockets: null }];
    const pushback = new Pushback();
    pushback.unshift([message("ab"), { ...message("cdef"), control }], owner, stream);
    const taken = [9, 2, 9].map((size) => pushback.take(size, { keep: false, isStream: true }));
    expect(taken.map(text)).toEqual(["ab", "cd", "ef"]);
    expect(taken).toMatchObject([{ control: [] }, { control }, { control: [] }]);
  });
});

describe("pushed-back messages", () => {
  it("are truncated to the requested size, with MSG_TRUNC", () => {
    const pushback = new Pushback();
    pushback.unshift([message("abcdef"), message("next")], owner, messages);
    const cut = pushback.take(3, { keep: false, isStream: false });
    expect(cut).toMatchObject({ data: Buffer.from("abc"), flags: MSG_TRUNC, length: 6 });
    expect(text(pushback.take(10, { keep: false, isStream: false }))).toBe("next");
  });

  it("may be empty", () => {
    const pushback = new Pushback();
    pushback.unshift([message("")], owner, messages);
    expect(text(pushback.take(10, { keep: false, isStream: false }))).toBe("");
    expect(pushback.isEmpty).toBe(true);
  });
});

describe("the memory of pushed-back data", () => {
  it("counts for its owner until it is received", () => {
    const quota = new Quota("bytes", 1_000_000);
    const pushback = new Pushback();
    pushback.unshift([message("abcdef"), message("gh")], quota, messages);
    expect(quota.used).toBe(pushbackCost(Buffer.alloc(6)) + pushbackCost(Buffer.alloc(2)));
    pushback.take(4, { keep: true, isStream: true });
    pushback.take(4, { keep: false, isStream: true });
    expect(quota.used).toBe(2 * pushbackCost(Buffer.alloc(2)));
    pushback.take(1, { keep: false, isStream: false });
    expect(quota.used).toBe(pushbackCost(Buffer.alloc(2)));
    pushback.take(9, { keep: false, isStream: true });
    expect(quota.used).toBe(0);
  });

  it("counts until it is discarded, and an empty message counts too", () => {
    const quota = new Quota("bytes", 1_000_000);
    const pushback = new Pushback();
    pushback.unshift([message("abc"), message("")], quota, messages);
    expect(quota.used).toBeGreaterThan(3);
    pushback.discard();
    expect([quota.used, pushback.byteLength, pushback.isEmpty]).toEqual([0, 0, true]);
  });

  it("of small parts of a stream is that of one, also if several callers pushed them back, and counts for the last one", () => {
    const [first, second] = [new Quota("bytes", 1_000_000), new Quota("bytes", 1_000_000)];
    const pushback = new Pushback();
    for (let i = 999; i >= 0; i--) pushback.unshift([message(String(i % 10))], i % 2 === 0 ? first : second, stream);
    expect([first.used, second.used]).toEqual([pushbackCost(Buffer.alloc(1000)), 0]);
    expect(pushback.byteLength).toBe(1000);
    expect(text(pushback.take(1000, { keep: false, isStream: true }))).toBe("0123456789".repeat(100));
    expect([first.used, second.used]).toEqual([0, 0]);
  });

  it("of parts that are not small is not copied", () => {
    const pushback = new Pushback();
    const large = message("x".repeat(4096));
    pushback.unshift([large, message("y")], owner, stream);
    expect(pushback.take(4096, { keep: false, isStream: true })).toMatchObject({ data: large.data });
    expect(text(pushback.take(10, { keep: false, isStream: true }))).toBe("y");
  });
});
