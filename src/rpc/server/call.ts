/*
 * One call on the server's side: an HTTP/2 stream with a request and a response.
 *
 * It ends when the handler ends it, when the caller cancels it, when its deadline passes, when its request breaks the
 * protocol, or with its connection. Handlers are notified once, whichever it was.
 */

import type { ServerHttp2Stream } from "node:http2";
import type { Status } from "../../gen/google/rpc/status_pb.js";
import { Code } from "../code.js";
import { newStatus } from "../status.js";
import type { Accounts } from "./account.js";
import type { Budget } from "./budget.js";
import type { PartsFrom } from "./message-reader.js";
import { bytesOf, keysOf, type RawHeaders, valuesOf } from "./metadata.js";
import { RequestReader } from "./request-reader.js";
import { Responder } from "./responder.js";
import { parseTimeout } from "./timeout.js";
import type { TurnOwner, Turns } from "./turns.js";

/** Common to all kinds of calls on a server. */
export interface Call {
  /** The id that the connection was injected with. */
  readonly peer: string;
  /** The metadata keys that begin with a prefix. */
  keys(prefix: string): readonly string[];
  /** The values of a metadata key. */
  values(key: string): readonly string[];
  /** The values of a metadata key that ends with `-bin`. */
  bytes(key: string): readonly Uint8Array[];
  /**
   * Aborts when the call is over: the caller cancelled, its deadline passed, its connection broke, or it was answered.
   * The reason is that of the first request for the signal. Created on first use.
   */
  signal(reason: unknown): AbortSignal;
}

/** What calls of one connection share. */
export interface CallContext {
  readonly peer: string;
  readonly maxRequestBytes: number;
  readonly budget: Budget;
  readonly accounts: Accounts;
  readonly turns: Turns;
  readonly owner: TurnOwner;
  /** Turns an error of a handler into a status. */
  readonly statusOf: (error: unknown) => Status;
}

/** Receives long messages in parts, as they arrive. */
export interface PartHandlers {
  readonly from: PartsFrom;
  onPart(part: Buffer, isLast: boolean): void;
}

export class ServerCall implements Call {
  readonly #stream: ServerHttp2Stream;
  readonly #headers: RawHeaders;
  readonly #context: CallContext;
  readonly #responder: Responder;
  #reader: RequestReader | null = null;
  #controller: AbortController | null = null;
  #abortReason: unknown;
  #onOver: (() => void) | null = null;
  #deadline: NodeJS.Timeout | undefined;
  #over = false;

  constructor(stream: ServerHttp2Stream, headers: RawHeaders, context: CallContext) {
    this.#stream = stream;
    this.#headers = headers;
    this.#context = context;
    this.#responder = new Responder(stream, context.accounts.unread, () => this.#reader?.ended === true);
    // A stream that is reset has an error too. Without a listener Node would throw it.
    stream.on("error", () => undefined);
    stream.on("close", () => {
      this.#responder.discard();
      this.#end();
    });
    // Node ends the request of a stream that was reset, or lost its connection, as if the caller had half-closed.
    stream.once("aborted", () => this.#reader?.stop());
    stream.once("end", () => this.#onEnd());
  }

  get peer(): string {
    return this.#context.peer;
  }

  keys(prefix: string): readonly string[] {
    return keysOf(this.#headers, prefix);
  }

  values(key: string): readonly string[] {
    return valuesOf(this.#headers, key);
  }

  bytes(key: string): readonly Uint8Array[] {
    return bytesOf(this.#headers, key);
  }

  signal(reason: unknown): AbortSignal {
    if (this.#controller === null) {
      const controller = new AbortController();
      this.#controller = controller;
      if (this.#over) controller.abort(reason);
      else this.#abortReason = reason;
    }
    return this.#controller.signal;
  }

  /** Whether the call is over, or was answered. */
  get ended(): boolean {
    return this.#over || this.#responder.over;
  }

  /** What its connection makes the daemon hold. */
  get accounts(): Accounts {
    return this.#context.accounts;
  }

  /** The memory that the header fields of its request take, in bytes. */
  get headerBytes(): number {
    return this.#headers.reduce((sum, text) => sum + text.length, 0);
  }

  /** Ends the call with an error, after what was written. */
  fail(status: Status): void {
    this.#reader?.stop();
    this.#responder.finish(status);
  }

  /** Ends the call with the status of a handler's error. */
  protected failWith(error: unknown): void {
    this.fail(this.#context.statusOf(error));
    this.#end();
  }

  /** Runs a part of a handler. What it throws ends the call. */
  guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.failWith(error);
    }
  }

  /** Applies `grpc-timeout`. Returns false, and ends the call, if that is invalid. */
  applyTimeout(): boolean {
    const [text] = this.values("grpc-timeout");
    if (text === undefined) return true;
    const milliseconds = parseTimeout(text);
    if (milliseconds === null) {
      this.fail(newStatus(Code.INTERNAL, "grpc-timeout is not a number of at most 8 digits and a unit"));
      return false;
    }
    this.#deadline = setTimeout(() => {
      this.#reader?.stop();
      this.#responder.abort(newStatus(Code.DEADLINE_EXCEEDED, "the deadline passed"));
      this.#end();
    }, milliseconds);
    return true;
  }

  /**
   * For work that a message causes beyond its first piece: call it before each further one. If the turn's time is spent,
   * returns true, and calls `resume` in a later turn, even if the call is over then.
   */
  waitIfSpent(resume: () => void): boolean {
    const { turns, owner } = this.#context;
    return turns.waitIfSpent(owner, resume);
  }

  protected get responder(): Responder {
    return this.#responder;
  }

  protected get reader(): RequestReader | null {
    return this.#reader;
  }

  /** Reads the request. Errors of the handlers end the call. `onOver` is called once, however the call ends. */
  protected read(
    handlers: { onMessage(message: Buffer): void; parts?: PartHandlers | undefined; onEnd(): void; onOver(): void },
    { single }: { readonly single: boolean },
  ): void {
    const { maxRequestBytes: maxBytes, budget, accounts, turns, owner } = this.#context;
    this.#onOver = () => this.guard(() => handlers.onOver());
    if (this.#over) {
      this.#end();
      return;
    }
    const [encoding = "identity"] = this.values("grpc-encoding");
    this.#reader = new RequestReader(
      this.#stream,
      { single, partsFrom: handlers.parts?.from ?? null, maxBytes, budget, accounts, turns, owner, encoding },
      {
        onMessage: (message) => this.guard(() => handlers.onMessage(message)),
        onPart: (part, isLast) => this.guard(() => handlers.parts?.onPart(part, isLast)),
        onEnd: () => this.guard(() => handlers.onEnd()),
        onBroken: (status) => {
          this.fail(status);
          this.#end();
        },
      },
    );
  }

  /** Node waits until all is written, which never is if the caller has reset the stream without an error code. */
  #onEnd(): void {
    if (this.#stream.closed && this.#responder.isWriting) setImmediate(() => this.#stream.destroy());
  }

  /** Tells everyone who waits that the call is over. */
  #end(): void {
    this.#over = true;
    clearTimeout(this.#deadline);
    this.#reader?.stop();
    this.#controller?.abort(this.#abortReason);
    const onOver = this.#onOver;
    this.#onOver = null;
    onOver?.();
  }
}
