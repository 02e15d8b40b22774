import { describe, expect, it } from "vitest";
import { linux } from "../../native/linux.js";
import { Pushback } from "./pushback.js";
import type { Received } from "./unowned.js";

const { MSG_TRUNC } = linux;

function message(text: string): Received {
  return { data: Buffer.from(text), length: text.length, flags: 0, address: null, control: [] };
}

function text(received: Received | number | null): string | number | null {
  return received === null || typeof received === "number" ? received : Buffer.from(received.data).toString();
}

describe("Pushback of a stream", () => {
  it("gives its bytes back in pieces of any size", () => {
    const pushback = new Pushback();
    pushback.unshift([message("abcdef")]);
    expect(text(pushback.take(4, { keep: false, isStream: true }))).toBe("abcd");
    expect(pushback.byteLength).toBe(2);
    expect(text(pushback.take(4, { keep: false, isStream: true }))).toBe("ef");
    expect(pushback.isEmpty).toBe(true);
    expect(pushback.take(4, { keep: false, isStream: true })).toBeNull();
  });

  it("gives an error behind its bytes, once", () => {
    const pushback = new Pushback();
    pushback.unshift([message("ab")]);
    pushback.keepError(-104);
    const taken = [1, 2, 3].map(() => text(pushback.take(9, { keep: false, isStream: true })));
    expect(taken).toEqual(["ab", -104, null]);
    expect(pushback.isEmpty).toBe(true);
  });

  it("keeps what is only looked at", () => {
    const pushback = new Pushback();
    pushback.unshift([message("abc")]);
    expect(text(pushback.take(2, { keep: true, isStream: true }))).toBe("ab");
    expect(text(pushback.take(9, { keep: false, isStream: true }))).toBe("abc");
  });

  it("puts what comes back later in front", () => {
    const pushback = new Pushback();
    pushback.unshift([message("c")]);
    pushback.unshift([message("a"), message("b")]);
    const taken = [1, 2, 3].map(() => text(pushback.take(1, { keep: false, isStream: true })));
    expect(taken).toEqual(["a", "b", "c"]);
  });
});

describe("Pushback of messages", () => {
  it("cuts a message that is too long, and says so", () => {
    const pushback = new Pushback();
    pushback.unshift([message("abcdef"), message("next")]);
    const cut = pushback.take(3, { keep: false, isStream: false });
    expect(cut).toMatchObject({ data: Buffer.from("abc"), flags: MSG_TRUNC, length: 6 });
    expect(text(pushback.take(10, { keep: false, isStream: false }))).toBe("next");
  });

  it("gives back an empty message", () => {
    const pushback = new Pushback();
    pushback.unshift([message("")]);
    expect(text(pushback.take(10, { keep: false, isStream: false }))).toBe("");
    expect(pushback.isEmpty).toBe(true);
  });
});
