/*
 * Reads the messages of one request. They are handed over one at a time, and not while the call is paused, while the
 * turn of the event loop is spent, or while memory for a message is not granted. Then the HTTP/2 stream is not read
 * either, and its window closes.
 *
 * A pause takes effect between two messages: a message that has begun is read to its end, because it holds memory that
 * others may be waiting for.
 */

import type { ServerHttp2Stream } from "node:http2";
import type { Status } from "../../gen/google/rpc/status_pb.js";
import { Code } from "../code.js";
import { newStatus } from "../status.js";
import type { Accounts } from "./account.js";
import type { Budget, Reservation } from "./budget.js";
import { compacted } from "./compact.js";
import { DecompressedTooLong, decompress, isAccepted } from "./compression.js";
import { BadFlag, MessageReader, NEEDS_MEMORY, type PartsFrom, type ReadMessage, TooLong } from "./message-reader.js";
import { PausedInput } from "./paused-input.js";
import type { TurnOwner, Turns } from "./turns.js";

export interface RequestEvents {
  /** A message. It may share its memory with others that arrived at the same time. */
  onMessage(message: Buffer): void;
  /** A part of a message, if the options allow parts. It shares its memory as a message does. */
  onPart(part: Buffer, isLast: boolean): void;
  /** The caller has half-closed. */
  onEnd(): void;
  /** The request breaks the protocol or a limit. Nothing more is read. */
  onBroken(status: Status): void;
}

export interface RequestOptions {
  /** Whether the request is exactly one message. It is handed over, and its memory given back, at the end. */
  readonly single: boolean;
  /** Which messages may be handed over in parts; null: none. */
  readonly partsFrom: PartsFrom | null;
  /** Maximum size of one message, compressed and decompressed. */
  readonly maxBytes: number;
  /** Memory for messages that have not arrived completely. */
  readonly budget: Budget;
  /** While one of them is full, no message is handed over. */
  readonly accounts: Accounts;
  readonly turns: Turns;
  readonly owner: TurnOwner;
  /** The `grpc-encoding` of the request. */
  readonly encoding: string;
}

export class RequestReader {
  readonly #stream: ServerHttp2Stream;
  readonly #input: PausedInput;
  readonly #options: RequestOptions;
  readonly #events: RequestEvents;
  readonly #messages: MessageReader;
  #reservation: Reservation | null = null;
  /** A message that is complete, and not handed over yet. */
  #ready: Buffer | null = null;
  #paused = false;
  #waitsForTurn = false;
  /** Whether a message is being decompressed, or waits for memory for it. */
  #decompressing = false;
  #usedByThread = false;
  #reading = false;
  /** Whether the caller has half-closed. */
  #ended = false;
  #over = false;

  constructor(stream: ServerHttp2Stream, options: RequestOptions, events: RequestEvents) {
    this.#stream = stream;
    this.#input = new PausedInput(stream);
    this.#options = options;
    this.#events = events;
    const { maxBytes, partsFrom } = options;
    // A message whose prefix was read before a pause may be read further, but none of it may be handed over.
    const partsUnlessHeld: PartsFrom | null =
      partsFrom && ((head, length) => (this.#held ? 0 : partsFrom(head, length)));
    this.#messages = new MessageReader(maxBytes, partsUnlessHeld);
    stream.on("data", (chunk: Buffer) => {
      if (this.#over) return;
      this.#messages.feed(chunk);
      this.#read();
    });
    stream.on("end", () => {
      this.#ended = true;
      if (!this.#over) this.#read();
    });
  }

  /** Whether the caller has half-closed, although messages may still wait to be handed over. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Hands over no more messages, so that they wait in the transport. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    if (!this.#over) this.#read();
  }

  /** Hands over nothing more, and discards what still arrives. */
  stop(): void {
    if (this.#over) return;
    this.#over = true;
    this.#ready = null;
    if (this.#waitsForTurn) this.#withdraw();
    if (!this.#usedByThread) this.#release();
    if (!this.#stream.destroyed) this.#input.discard();
  }

  get #held(): boolean {
    return this.#paused || this.#waitsForTurn;
  }

  /** Reads as many messages as may be handed over. Handlers call `pause` and `resume` meanwhile. */
  #read(): void {
    if (this.#reading) return;
    this.#reading = true;
    const wantsMore = this.#readMessages();
    this.#reading = false;
    if (this.#over || this.#stream.destroyed) return;
    if (wantsMore) this.#input.resume();
    else this.#pauseInput();
  }

  /** What is kept during the pause must not keep whole reads of the connection alive. */
  #pauseInput(): void {
    this.#messages.compact();
    this.#compactReady();
    this.#input.pause();
  }

  #compactReady(): void {
    if (this.#ready !== null) this.#ready = compacted(this.#ready);
  }

  /** Returns whether more bytes are needed. */
  #readMessages(): boolean {
    while (!this.#over && !this.#decompressing) {
      if (this.#held && (this.#ready !== null || this.#messages.holdsNothing)) return false;
      if (this.#ready !== null && !this.#options.single) {
        const message = this.#ready;
        if (!this.#hasTurn()) return false;
        this.#ready = null;
        this.#handOver(() => this.#events.onMessage(message));
        continue;
      }
      if (this.#ready !== null && this.#messages.hasMore) {
        this.#break(newStatus(Code.UNIMPLEMENTED, "the request of this method is one message, and there were more"));
        return false;
      }
      const message = this.#next();
      if (message === NEEDS_MEMORY) {
        if (!this.#reserve(this.#bytesNeeded())) return false;
        this.#messages.grant();
      } else if (message === null) {
        if (!this.#ended) {
          this.#compactReady();
          return true;
        }
        if (this.#ready !== null && !this.#hasTurn()) return false;
        this.#finish();
      } else if (message.kind !== "whole") {
        const { bytes, kind } = message;
        this.#handOver(() => this.#events.onPart(bytes, kind === "last part"));
        // Not between parts: each wait costs a bulk upload a turn of the event loop.
        if (!this.#over && kind === "last part") this.#hasTurn();
      } else if (message.compressed) {
        this.#decompress(message.bytes);
      } else {
        this.#ready = message.bytes;
      }
    }
    return false;
  }

  #next(): ReadMessage | typeof NEEDS_MEMORY | null {
    try {
      return this.#messages.next();
    } catch (error) {
      this.#break(brokenBy(error, this.#options.maxBytes));
      return null;
    }
  }

  #handOver(act: () => void): void {
    act();
    this.#release();
  }

  /**
   * Whether a message may be handed over in this turn of the event loop. If not, reading continues in a later one, when the
   * caller makes the daemon hold less.
   */
  #hasTurn(): boolean {
    const { turns, owner, accounts } = this.#options;
    const isFull = accounts.waiting.waitIfFull(this.#onTurn) || accounts.unread.waitIfFull(this.#onTurn);
    this.#waitsForTurn = isFull || turns.waitIfSpent(owner, this.#onTurn);
    return !this.#waitsForTurn;
  }

  #withdraw(): void {
    const { accounts } = this.#options;
    accounts.waiting.withdraw(this.#onTurn);
    accounts.unread.withdraw(this.#onTurn);
  }

  readonly #onTurn = (): void => {
    this.#waitsForTurn = false;
    if (!this.#over) this.#read();
  };

  /** How much memory the message that began may take. */
  #bytesNeeded(): number {
    const { length, isCompressed } = this.#messages;
    return isCompressed ? length + this.#options.maxBytes : length;
  }

  /** Returns whether memory is granted; if not, reading continues when it is. */
  #reserve(bytes: number): boolean {
    this.#reservation ??= this.#options.budget.reserve(bytes, () => this.#read());
    return this.#reservation.granted;
  }

  #release(): void {
    this.#reservation?.release();
    this.#reservation = null;
  }

  #decompress(bytes: Buffer): void {
    const { encoding, maxBytes } = this.#options;
    if (encoding === "identity") {
      this.#break(newStatus(Code.INTERNAL, "a message is compressed, and the call has no grpc-encoding"));
      return;
    }
    if (!isAccepted(encoding)) {
      this.#break(newStatus(Code.UNIMPLEMENTED, "the call has an unknown grpc-encoding"));
      return;
    }
    this.#decompressing = true;
    const start = (): void => {
      this.#usedByThread = true;
      decompress(encoding, bytes, maxBytes, (error, message) => {
        this.#decompressing = false;
        this.#usedByThread = false;
        // Not earlier: until now the thread used the memory.
        if (this.#over) this.#release();
        else if (error === null) this.#ready = message;
        else this.#break(brokenBy(error, maxBytes));
        if (!this.#over) this.#read();
      });
    };
    if (this.#reservation !== null) start();
    else this.#reservation = this.#options.budget.reserve(bytes.length + maxBytes, start);
  }

  #finish(): void {
    if (!this.#messages.isBetweenMessages) {
      this.#break(newStatus(Code.INTERNAL, "the request ends within a message"));
      return;
    }
    const { single } = this.#options;
    const message = this.#ready;
    if (single && message === null) {
      this.#break(newStatus(Code.UNIMPLEMENTED, "the request of this method is one message, and there was none"));
      return;
    }
    this.stop();
    if (single && message !== null) this.#events.onMessage(message);
    this.#events.onEnd();
  }

  #break(cause: Status): void {
    if (this.#over) return;
    this.stop();
    this.#events.onBroken(cause);
  }
}

function brokenBy(error: unknown, maxBytes: number): Status {
  if (error instanceof TooLong) {
    return newStatus(Code.RESOURCE_EXHAUSTED, `a message has ${error.length} bytes, more than ${maxBytes}`);
  }
  if (error instanceof DecompressedTooLong) {
    return newStatus(Code.RESOURCE_EXHAUSTED, `a message has more than ${maxBytes} bytes when it is decompressed`);
  }
  if (error instanceof BadFlag) return newStatus(Code.INTERNAL, error.message);
  return newStatus(Code.INTERNAL, "a message cannot be decompressed");
}
