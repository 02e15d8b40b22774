import { describe, expect, it } from "vitest";
import { BadFlag, MessageReader, NEEDS_MEMORY, type PartsFrom, type ReadMessage, TooLong } from "./message-reader.js";

const MAX = 1_000;

function framed(message: Uint8Array, flag = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(flag, 0);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** Reads all messages of the chunks, granting all memory that is asked for. */
function read(chunks: readonly Buffer[], maxBytes = MAX, partsFrom: PartsFrom | null = null): ReadMessage[] {
  const reader = new MessageReader(maxBytes, partsFrom);
  const messages: ReadMessage[] = [];
  for (const chunk of chunks) {
    reader.feed(chunk);
    for (let next = reader.next(); next !== null; next = reader.next()) {
      if (next === NEEDS_MEMORY) reader.grant();
      else messages.push(next);
    }
    if (reader.hasMore) throw new Error("it did not read all");
  }
  return messages;
}

/** Numbers that look random, and are the same in each run. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

describe("messages", () => {
  const messages = [Buffer.alloc(0), Buffer.from("a"), Buffer.alloc(300, 1), Buffer.alloc(0), Buffer.alloc(MAX, 2)];
  const bytes = Buffer.concat(messages.map((message, index) => framed(message, index % 2)));

  it.each([1, 2, 3, 4, 5, 6, 7, 100, 305, 306, 1_000, 5_000])("are found in chunks of %i bytes", (size) => {
    const chunks: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
    const found = read(chunks);
    expect(found.map((message) => message.bytes)).toEqual(messages);
    expect(found.map(({ compressed }) => compressed)).toEqual([false, true, false, true, false]);
  });

  it("are found wherever they are cut", () => {
    const random = seeded(7);
    let wrong = 0;
    for (let round = 0; round < 20_000; round++) {
      const sent = Array.from({ length: random(6) }, () => Buffer.alloc(random(40), random(256)));
      const all = Buffer.concat(sent.map((message) => framed(message, random(2))));
      const chunks: Buffer[] = [];
      for (let at = 0; at < all.length; ) {
        const size = 1 + random(20);
        chunks.push(all.subarray(at, at + size));
        at += size;
      }
      const found = read(chunks).map((message) => message.bytes);
      if (found.length !== sent.length || found.some((bytes, index) => !sent[index]?.equals(bytes))) wrong += 1;
    }
    expect(wrong).toBe(0);
  });

  it("share the memory of the chunk that contains them", () => {
    const chunk = framed(Buffer.from("abc"));
    const [message] = read([chunk]);
    expect(message?.bytes.buffer).toBe(chunk.buffer);
  });

  it("that do not end in the chunk are copied only once memory is granted", () => {
    const reader = new MessageReader(MAX);
    reader.feed(framed(Buffer.from("abcdef")).subarray(0, 7));
    expect(reader.next()).toBe(NEEDS_MEMORY);
    expect([reader.length, reader.isCompressed, reader.hasMore]).toEqual([6, false, true]);
    expect(reader.next()).toBe(NEEDS_MEMORY);
    reader.grant();
    expect(reader.next()).toBeNull();
    reader.feed(Buffer.from("cdef"));
    expect(reader.next()).toMatchObject({ compressed: false, bytes: Buffer.from("abcdef") });
    expect(reader.isBetweenMessages).toBe(true);
  });

  it("need memory of their own, each", () => {
    const reader = new MessageReader(MAX);
    const two = Buffer.concat([framed(Buffer.from("ab")), framed(Buffer.from("cd"))]);
    reader.feed(two.subarray(0, 6));
    expect(reader.next()).toBe(NEEDS_MEMORY);
    reader.grant();
    expect(reader.next()).toBeNull();
    reader.feed(two.subarray(6, 13));
    expect(reader.next()).toMatchObject({ bytes: Buffer.from("ab") });
    expect(reader.next()).toBe(NEEDS_MEMORY);
  });
});

describe("a prefix", () => {
  it.each([MAX + 1, 2 ** 31, 2 ** 32 - 1])("of %i bytes is refused before any of them", (length) => {
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(length, 1);
    const reader = new MessageReader(MAX);
    reader.feed(prefix);
    expect(() => reader.next()).toThrow(TooLong);
  });

  it.each([2, 3, 128, 255])("with the flag %i is refused", (flag) => {
    const reader = new MessageReader(MAX);
    reader.feed(Buffer.of(flag));
    expect(() => reader.next()).toThrow(BadFlag);
  });
});

it("random bytes are refused, or make messages of their lengths", () => {
  const random = seeded(11);
  let wrong = 0;
  for (let round = 0; round < 50_000; round++) {
    const noise = Buffer.from(Array.from({ length: random(60) }, () => (random(3) === 0 ? random(256) : random(2))));
    const reader = new MessageReader(64);
    let taken = 0;
    try {
      for (let at = 0; at < noise.length; at += 7) {
        reader.feed(noise.subarray(at, at + 7));
        for (let next = reader.next(); next !== null; next = reader.next()) {
          if (next === NEEDS_MEMORY) reader.grant();
          else taken += 5 + next.bytes.length;
        }
      }
    } catch (error) {
      if (!(error instanceof TooLong || error instanceof BadFlag)) wrong += 1;
    }
    if (taken > noise.length) wrong += 1;
  }
  expect(wrong).toBe(0);
});

describe("parts", () => {
  /** Messages that begin with 7, after their first two bytes. */
  const from: PartsFrom = (head) => (head.length >= 2 && head[0] === 7 ? 2 : 0);
  const long = Buffer.from([7, 7, ...Array.from({ length: 500 }, (_, i) => i % 251)]);

  it.each([1, 2, 5, 6, 7, 8, 50, 506, 507, 5_000])("in chunks of %i bytes make up the message", (size) => {
    const bytes = Buffer.concat([framed(long), framed(Buffer.from("x")), framed(long)]);
    const chunks: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
    const found = read(chunks, MAX, from);
    const joined: Buffer[] = [];
    let parts: Buffer[] = [];
    for (const { kind, bytes } of found) {
      if (kind === "whole") joined.push(bytes);
      else parts.push(bytes);
      if (kind !== "last part") continue;
      joined.push(Buffer.concat([long.subarray(0, 2), ...parts]));
      parts = [];
    }
    expect(parts).toEqual([]);
    expect(joined).toEqual([long, Buffer.from("x"), long]);
  });

  it("are of messages that do not end within the chunk, are wanted in parts, and are not compressed", () => {
    const kinds = (bytes: Buffer, size: number) =>
      read([bytes.subarray(0, size), bytes.subarray(size)], MAX, from).map(({ kind }) => kind);
    expect(kinds(framed(long), 100)).toEqual(["part", "last part"]);
    expect(kinds(framed(long), 507)).toEqual(["whole"]);
    expect(kinds(framed(Buffer.alloc(100, 8)), 50)).toEqual(["whole"]);
    expect(kinds(framed(long, 1), 100)).toEqual(["whole"]);
  });

  it("hold no memory", () => {
    const reader = new MessageReader(MAX, from);
    reader.feed(framed(long).subarray(0, 100));
    expect(reader.next()).toMatchObject({ kind: "part" });
    expect(reader.next()).toBeNull();
    expect(reader.holdsNothing).toBe(true);
    expect(reader.isBetweenMessages).toBe(false);
  });
});
