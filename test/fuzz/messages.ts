/*
 * Requests as bytes of a stream, for the parts of the server half that find messages in them: `MessageReader` alone, and
 * `RequestReader` with budgets, pauses, turns and decompression. What they find is compared with `readAtOnce`, which is
 * given all bytes together.
 */

import { EventEmitter } from "node:events";
import type { ServerHttp2Stream } from "node:http2";
import { setImmediate as nextTurn } from "node:timers/promises";
import { deflateSync, gunzipSync, gzipSync, inflateSync } from "node:zlib";
import { Code } from "../../src/rpc/code.js";
import { dataStart, encodeData } from "../../src/rpc/data-frame.js";
import { Account } from "../../src/rpc/server/account.js";
import { Budget, type Reservation } from "../../src/rpc/server/budget.js";
import { BadFlag, MessageReader, NEEDS_MEMORY, TooLong } from "../../src/rpc/server/message-reader.js";
import { type RequestOptions, RequestReader } from "../../src/rpc/server/request-reader.js";
import type { Turns } from "../../src/rpc/server/turns.js";
import { framed } from "../support/hand-made-calls.js";
import { cut, damage, noise, pick, type Random } from "./bytes.js";
import { check } from "./check.js";

/** A message of any length up to a limit; often a data frame, whose bytes may be handed over in parts. */
function someMessage(random: Random, below: number): Buffer {
  const bytes = noise(random, pick(random, [1, 4, 40, below]));
  return random(2) === 0 ? bytes : encodeData(bytes);
}

const compressors = { gzip: gzipSync, deflate: deflateSync } as const;
const decompressors = { gzip: gunzipSync, deflate: inflateSync } as const;
type Encoding = keyof typeof compressors;

function isEncoding(text: string): text is Encoding {
  return text in compressors;
}

/** A request of several messages, which may be damaged. Its messages have less than `below` bytes, or a few more. */
function someRequest(random: Random, below: number, encoding: string): Buffer {
  const messages = Array.from({ length: random(5) }, () => {
    const message = someMessage(random, below);
    if (random(isEncoding(encoding) ? 4 : 64) !== 0) return framed(message);
    const compressed = isEncoding(encoding) ? compressors[encoding](message, { level: 1 }) : message;
    return framed(random(8) === 0 ? damage(random, compressed) : compressed, 1);
  });
  const bytes = Buffer.concat(messages);
  return random(3) === 0 ? damage(random, bytes) : bytes;
}

/** What a request has: its messages, or for data frames the data, and what makes it invalid. */
interface Expected {
  readonly messages: readonly Buffer[];
  /** The bytes that messages take before they are decompressed, with their prefixes. */
  readonly read: number;
  readonly flags: readonly number[];
  readonly error: "flag" | "long" | "unfinished" | null;
}

function readAtOnce(bytes: Buffer, maxBytes: number): Expected {
  const messages: Buffer[] = [];
  const flags: number[] = [];
  let at = 0;
  const found = (error: Expected["error"]): Expected => ({ messages, flags, read: at, error });
  while (at < bytes.length) {
    if (bytes.readUInt8(at) > 1) return found("flag");
    if (bytes.length - at < 5) return found("unfinished");
    const length = bytes.readUInt32BE(at + 1);
    if (length > maxBytes) return found("long");
    if (bytes.length - at - 5 < length) return found("unfinished");
    flags.push(bytes.readUInt8(at));
    messages.push(bytes.subarray(at + 5, at + 5 + length));
    at += 5 + length;
  }
  return found(null);
}

/** The data of a data frame, any other message as it is. */
function content(message: Buffer): Buffer {
  return message.subarray(dataStart(message, message.length));
}

/** Joins parts of messages to what `content` returns of whole ones. */
class Joined {
  readonly contents: Buffer[] = [];
  parts: Buffer[] = [];

  whole(message: Buffer): void {
    check(this.parts.length === 0, "a message within another");
    // Copied, because some memory is used again.
    this.contents.push(Buffer.from(content(message)));
  }

  part(part: Buffer, isLast: boolean): void {
    this.parts.push(Buffer.from(part));
    if (!isLast) return;
    this.contents.push(Buffer.concat(this.parts));
    this.parts = [];
  }

  /** Compares with the messages that were sent, or with the first of them. */
  check(sent: readonly Buffer[], all: boolean): void {
    check(this.contents.length <= sent.length, "more messages than were sent");
    if (all) check(this.contents.length === sent.length, "messages are missing");
    for (const [index, one] of this.contents.entries()) {
      check(sent[index] !== undefined && one.equals(content(sent[index])), `message ${index} has other bytes`);
    }
  }
}

/** One request for a `MessageReader`, cut at random places. */
export function fuzzMessageReader(random: Random): void {
  const maxBytes = pick(random, [0, 40, 300, 3_000]);
  const bytes = someRequest(random, maxBytes + pick(random, [1, 1, 1, 10]), "identity");
  const reader = new MessageReader(maxBytes, random(2) === 0 ? dataStart : null);
  const expected = readAtOnce(bytes, maxBytes);
  const joined = new Joined();
  const flags: number[] = [];
  let error: unknown = null;
  let fed = 0;
  let handedOver = 0;
  let granted = false;
  try {
    for (const chunk of cut(random, bytes, pick(random, bytes.length < 300 ? [1, 3, 20, 4_000] : [50, 4_000]))) {
      reader.feed(chunk);
      fed += chunk.length;
      for (let next = reader.next(); next !== null; next = reader.next()) {
        if (next === NEEDS_MEMORY) {
          check(!granted, "memory is asked for twice");
          check(reader.length <= maxBytes, "more memory is asked for than allowed");
          check(random(4) !== 0 || reader.next() === NEEDS_MEMORY, "it reads on without memory");
          reader.grant();
          granted = true;
          continue;
        }
        const isShared = next.bytes.buffer === chunk.buffer;
        check(isShared || next.bytes.length === 0 || granted, "memory is used that was not granted");
        if (next.kind === "whole") {
          check(isShared || next.bytes.buffer.byteLength >= next.bytes.length, "a message is not in its memory");
          granted = false;
          joined.whole(next.bytes);
        } else joined.part(next.bytes, next.kind === "last part");
        if (next.kind !== "part") flags.push(next.compressed ? 1 : 0);
        handedOver += next.bytes.length;
        check(handedOver <= fed, "more bytes are handed over than were fed");
      }
      check(!reader.hasMore, "bytes are left");
    }
  } catch (cause) {
    if (!(cause instanceof BadFlag || cause instanceof TooLong)) throw cause;
    error = cause;
  }
  joined.check(expected.messages, true);
  check(flags.join() === expected.flags.join(), "other flags");
  check(error instanceof BadFlag === (expected.error === "flag"), "a flag is judged differently");
  check(error instanceof TooLong === (expected.error === "long"), "a length is judged differently");
  if (error === null) check(reader.isBetweenMessages === (expected.error === null), "the end is judged differently");
}

/** A stream that delivers one chunk when it is told to, unless it is paused. */
class SteppedStream extends EventEmitter {
  destroyed = false;
  readonly #chunks: Buffer[];
  readonly #kept: (Buffer | null)[] = [];
  #paused = false;
  #ended = false;
  wasPaused = false;
  delivered = 0;

  constructor(chunks: readonly Buffer[]) {
    super();
    this.#chunks = [...chunks];
  }

  pause(): void {
    this.#paused = true;
    this.wasPaused = true;
  }

  resume(): void {
    this.#paused = false;
  }

  isPaused(): boolean {
    return this.#paused;
  }

  /** As Node's, it keeps what arrives during a pause. */
  push(chunk: Buffer | null): boolean {
    this.#kept.push(chunk);
    return false;
  }

  /** Returns whether anything arrived or was delivered. */
  deliver(): boolean {
    if (this.#ended || this.destroyed) return false;
    if (this.#paused) return this.#arriveEarly();
    const chunk = this.#kept.shift() ?? this.#chunks.shift() ?? null;
    if (chunk === null) {
      this.#ended = true;
      this.emit("end");
      return true;
    }
    this.delivered += chunk.length;
    this.emit("data", chunk);
    return true;
  }

  /** What a window still allows arrives during a pause too. */
  #arriveEarly(): boolean {
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) this.push(chunk);
    return chunk !== undefined;
  }
}

/** Lets streams wait at random, for as long as it likes. */
class RandomTurns {
  readonly #random: Random;
  readonly #waiting: (() => void)[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  /** The last argument is the function to call in a later turn. */
  waitIfSpent(...args: readonly unknown[]): boolean {
    if (this.#random(4) !== 0) return false;
    this.#waiting.push(args.at(-1) as () => void);
    return true;
  }

  /** Returns whether anyone waited. */
  next(): boolean {
    const resume = this.#waiting.shift();
    resume?.();
    return resume !== undefined;
  }
}

/** What several requests share. */
interface Shared {
  readonly random: Random;
  readonly turns: RandomTurns;
  readonly connection: Budget;
  readonly principal: Budget;
  readonly maxBytes: number;
}

/** One request, and what a `RequestReader` makes of it. */
class FuzzedRequest {
  readonly #shared: Shared;
  readonly #bytes: Buffer;
  readonly #single: boolean;
  readonly #encoding: string;
  readonly #stream: SteppedStream;
  readonly #chunks: readonly Buffer[];
  readonly #joined = new Joined();
  readonly #reader: RequestReader;
  #code: Code | null = null;
  #paused = false;
  #stopped = false;

  constructor(shared: Shared) {
    const { random, maxBytes, connection: budget } = shared;
    this.#shared = shared;
    this.#single = random(4) === 0;
    this.#encoding = pick(random, ["identity", "identity", "gzip", "deflate", "br"]);
    this.#bytes = someRequest(random, maxBytes + pick(random, [1, 1, 10]), this.#encoding);
    this.#chunks = cut(random, this.#bytes, pick(random, this.#bytes.length < 300 ? [2, 20, 200] : [100, 4_000]));
    this.#stream = new SteppedStream(this.#chunks);
    const partsFrom = !this.#single && random(2) === 0 ? dataStart : null;
    // The turns of the server measure time; these make the same choices each time.
    const turns = shared.turns as unknown as Turns;
    const accounts = { waiting: new Account(1, 0), unread: new Account(1, 0) };
    const options = { single: this.#single, partsFrom, maxBytes, budget, accounts, turns, encoding: this.#encoding };
    this.#reader = new RequestReader(this.#stream as unknown as ServerHttp2Stream, options as RequestOptions, {
      onMessage: (message) => this.#onMessage(message),
      onPart: (part, isLast) => this.#onPart(part, isLast),
      onEnd: () => this.#onOver(Code.OK),
      onBroken: ({ code }) => this.#onOver(code as Code),
    });
  }

  get isOver(): boolean {
    return this.#stopped || this.#code !== null;
  }

  /** Does one thing at random, and returns whether anything happened. */
  step(): boolean {
    const { random } = this.#shared;
    switch (random(12)) {
      case 0:
        this.#pause();
        return true;
      case 1:
        this.resume();
        return true;
      case 2:
        if (random(40) === 0) this.#stop();
        return true;
      default:
        return this.#stream.deliver();
    }
  }

  resume(): void {
    this.#paused = false;
    this.#reader.resume();
  }

  /** Compares what was found with what was sent. */
  check(): void {
    const { messages, codes } = this.#expected();
    this.#joined.check(messages, !this.#stopped && !(this.#single && this.#code !== Code.OK));
    if (!this.#stopped)
      check(
        codes.some((code) => code === this.#code),
        `it ended with ${this.#code}, not ${codes}`,
      );
  }

  #pause(): void {
    this.#paused = true;
    this.#reader.pause();
  }

  #stop(): void {
    this.#stopped = true;
    this.#stream.destroyed = true;
    this.#reader.stop();
  }

  #onMessage(message: Buffer): void {
    check(!this.isOver, "a message after the end");
    check(this.#single || !this.#paused, "a message during a pause");
    check(message.length <= this.#shared.maxBytes, "a message is longer than allowed");
    const isShared = this.#chunks[0]?.buffer === message.buffer;
    // The memory of a single message has been given back; what waited during a pause may have been copied before.
    if (!isShared && !this.#single && !this.#stream.wasPaused)
      check(this.#shared.connection.granted >= message.length, "memory without a grant");
    this.#joined.whole(message);
    this.#meanwhile();
  }

  #onPart(part: Buffer, isLast: boolean): void {
    check(!this.isOver, "a part after the end");
    check(!this.#paused, "a part during a pause");
    this.#joined.part(part, isLast);
    this.#meanwhile();
  }

  /** What handlers do while they have a message. */
  #meanwhile(): void {
    const choice = this.#shared.random(16);
    if (choice === 0) this.#pause();
    else if (choice === 1) this.resume();
    else if (choice === 2 && this.#shared.random(8) === 0) this.#stop();
  }

  #onOver(code: Code): void {
    // A single message is handed over at the end, and its handler may have stopped the request.
    if (this.#single && this.#stopped) return;
    check(!this.isOver, "it ends twice");
    this.#code = code;
  }

  /** Returns the messages before the first fault, and the possible codes. */
  #expected(): { readonly messages: readonly Buffer[]; readonly codes: readonly Code[] } {
    const { maxBytes } = this.#shared;
    const { messages: sent, flags, read, error } = readAtOnce(this.#bytes, maxBytes);
    const messages: Buffer[] = [];
    for (const [index, bytes] of sent.entries()) {
      if (this.#single && index === 1) return { messages, codes: [Code.UNIMPLEMENTED] };
      const message = flags[index] === 1 ? decompressed(bytes, this.#encoding, maxBytes) : bytes;
      if (!Buffer.isBuffer(message)) return { messages, codes: message };
      messages.push(message);
    }
    // A second message is refused at its first byte.
    const second = this.#single && messages.length === 1 && read < this.#bytes.length;
    if (second) return { messages, codes: [Code.UNIMPLEMENTED] };
    if (error !== null) return { messages, codes: [error === "long" ? Code.RESOURCE_EXHAUSTED : Code.INTERNAL] };
    return { messages, codes: [this.#single && messages.length === 0 ? Code.UNIMPLEMENTED : Code.OK] };
  }
}

/** The decompressed message, or the possible codes of the error. */
function decompressed(bytes: Buffer, encoding: string, maxBytes: number): Buffer | readonly Code[] {
  if (encoding === "identity") return [Code.INTERNAL];
  if (!isEncoding(encoding)) return [Code.UNIMPLEMENTED];
  try {
    const message = decompressors[encoding](bytes);
    return message.length > maxBytes ? [Code.RESOURCE_EXHAUSTED] : message;
  } catch {
    // It may have become too long before the fault.
    return [Code.INTERNAL, Code.RESOURCE_EXHAUSTED];
  }
}

/** How long decompression, on a thread, may take when nothing else happens. */
const LONGEST_WAIT_MS = 20_000;

/** Several requests at once, which share a budget. Returns how many. */
export async function fuzzRequestReaders(random: Random): Promise<number> {
  const maxBytes = pick(random, [1, 40, 300, 2_000]);
  const principal = new Budget(pick(random, [maxBytes, 10 * maxBytes]));
  const connection = new Budget(pick(random, [maxBytes, 3 * maxBytes]), principal);
  const shared: Shared = { random, turns: new RandomTurns(random), connection, principal, maxBytes };
  const requests = Array.from({ length: 1 + random(4) }, () => new FuzzedRequest(shared));
  const others: Reservation[] = [];
  for (let steps = 10 + random(60); steps > 0; steps--) {
    const choice = random(16);
    if (choice === 0) others.push(principal.reserve(1 + random(maxBytes), () => undefined));
    else if (choice === 1) others.shift()?.release();
    else if (choice === 2) shared.turns.next();
    else pick(random, requests).step();
    checkBudgets(shared);
  }
  for (const other of others) other.release();
  for (const request of requests) request.resume();
  let idleSince: number | null = null;
  while (!requests.every(({ isOver }) => isOver) || !connection.isIdle) {
    let happened = shared.turns.next();
    for (const request of requests) {
      if (request.isOver) continue;
      request.resume();
      happened = request.step() || happened;
    }
    checkBudgets(shared);
    if (happened) {
      idleSince = null;
      continue;
    }
    idleSince ??= performance.now();
    const isStuck = performance.now() - idleSince > LONGEST_WAIT_MS;
    check(!isStuck, `requests wait for ever, with ${connection.granted} bytes granted`);
    await nextTurn();
  }
  for (const request of requests) request.check();
  check(connection.isIdle && principal.isIdle, "memory is not given back");
  return requests.length;
}

/** A budget may be exceeded by one message alone: it and what it becomes when it is decompressed. */
function checkBudgets({ connection, principal, maxBytes }: Shared): void {
  for (const { granted, limit } of [connection, principal]) {
    check(granted >= 0, "more memory is given back than was granted");
    check(granted <= Math.max(limit, 2 * maxBytes), `${granted} bytes of ${limit} are granted`);
  }
}
