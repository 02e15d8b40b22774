/*
 * Writes the response of one call: headers, messages, trailers. Headers are sent with the first message, or when the
 * handler asks for it; a call that ends without either has all in one block, "Trailers-Only".
 */

import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { Status } from "../../gen/google/rpc/status_pb.js";
import { MESSAGE_PREFIX_BYTES, writeMessagePrefix } from "../message-prefix.js";
import type { Account } from "./account.js";
import { ACCEPTED_ENCODINGS } from "./compression.js";
import { trailersOf } from "./trailers.js";

const { HTTP2_HEADER_CONTENT_TYPE, HTTP2_HEADER_STATUS, HTTP_STATUS_OK, NGHTTP2_CANCEL, NGHTTP2_NO_ERROR } = constants;

/** Larger messages are written after their prefix, smaller ones copied behind it. */
const MAX_COPIED_BYTES = 16 * 1024;

const HEADERS: OutgoingHttpHeaders = {
  [HTTP2_HEADER_STATUS]: HTTP_STATUS_OK,
  [HTTP2_HEADER_CONTENT_TYPE]: "application/grpc",
  "grpc-accept-encoding": ACCEPTED_ENCODINGS,
};

/** A message that waits for those before it. */
interface Queued {
  readonly prefix: Buffer | null;
  readonly bytes: Uint8Array;
  readonly onHandedOver: (() => void) | undefined;
}

export class Responder {
  readonly #stream: ServerHttp2Stream;
  /** For what is written, and the transport has not taken. */
  readonly #account: Account;
  readonly #callerHasEnded: () => boolean;
  #unreadBytes = 0;
  /**
   * Messages are given to Node one at a time. It would write several together, and call back for all of them when the
   * last one is written: then nobody could tell which of them a caller who cancels has received.
   */
  readonly #queue: Queued[] = [];
  #writing = false;
  #onEmpty: (() => void) | null = null;
  #finished = false;

  constructor(stream: ServerHttp2Stream, account: Account, callerHasEnded: () => boolean) {
    this.#stream = stream;
    this.#account = account;
    this.#callerHasEnded = callerHasEnded;
  }

  /** Whether nothing more can be written. */
  get over(): boolean {
    return this.#finished || this.#stream.destroyed || this.#stream.closed;
  }

  /** Whether the transport has not taken all messages. */
  get isWriting(): boolean {
    return this.#writing;
  }

  /** Sends the headers, unless they were sent. */
  begin(): void {
    if (this.#stream.destroyed || this.#stream.closed || this.#stream.headersSent) return;
    this.#stream.respond(HEADERS, { waitForTrailers: true });
  }

  /** Writes a message. Calls back once the transport has it; not if the call ends before. */
  write(message: Uint8Array, onHandedOver?: () => void): void {
    if (this.over) return;
    if (message.length <= MAX_COPIED_BYTES) {
      const framed = Buffer.allocUnsafe(MESSAGE_PREFIX_BYTES + message.length);
      writeMessagePrefix(framed, 0, message.length);
      framed.set(message, MESSAGE_PREFIX_BYTES);
      this.writeFramed(framed, onHandedOver);
      return;
    }
    const prefix = Buffer.allocUnsafe(MESSAGE_PREFIX_BYTES);
    writeMessagePrefix(prefix, 0, message.length);
    this.#enqueue({ prefix, bytes: message, onHandedOver });
  }

  /** Like `write`, for a message that includes its prefix. Its memory must not change before the callback. */
  writeFramed(message: Buffer, onHandedOver?: () => void): void {
    if (!this.over) this.#enqueue({ prefix: null, bytes: message, onHandedOver });
  }

  /** The stream is closed: nothing of what was written is kept. */
  discard(): void {
    if (this.#unreadBytes === 0) return;
    this.#queue.length = 0;
    this.#account.give(this.#unreadBytes);
    this.#unreadBytes = 0;
  }

  #enqueue(message: Queued): void {
    this.#unreadBytes += message.bytes.length;
    this.#account.add(message.bytes.length);
    if (this.#writing) this.#queue.push(message);
    else this.#write(message);
  }

  #write({ prefix, bytes, onHandedOver }: Queued): void {
    this.#writing = true;
    this.begin();
    const stream = this.#stream;
    if (prefix !== null) {
      // Otherwise the prefix would be a DATA frame of its own.
      stream.cork();
      stream.write(prefix);
    }
    stream.write(bytes, (error) => {
      if (error) return;
      if (this.#unreadBytes > 0) {
        this.#unreadBytes -= bytes.length;
        this.#account.give(bytes.length);
      }
      this.#writing = false;
      this.#writeNext();
      onHandedOver?.();
    });
    if (prefix !== null) stream.uncork();
  }

  #writeNext(): void {
    const next = this.#queue.shift();
    if (next !== undefined) this.#write(next);
    if (this.#queue.length === 0) this.#onEmpty?.();
  }

  /** Ends the call after what was written: with OK if the status is null. */
  finish(status: Status | null): void {
    if (this.over) return;
    this.#finished = true;
    const stream = this.#stream;
    if (!stream.headersSent) {
      stream.respond({ ...HEADERS, ...trailersOf(status) }, { endStream: true });
      this.#stopCaller();
      return;
    }
    stream.once("wantTrailers", () => {
      stream.sendTrailers(trailersOf(status));
      this.#stopCaller();
    });
    if (this.#queue.length === 0) stream.end();
    else this.#onEmpty = () => stream.end();
  }

  /** Ends the call, without waiting for a caller that does not read what was written. */
  abort(status: Status): void {
    const unread = this.#writing;
    this.finish(status);
    if (unread) this.#stream.close(NGHTTP2_CANCEL);
  }

  /**
   * Tells a caller that is still sending that nobody reads it. The reset must come after the trailers: Node submits
   * them in the next turn, and sends them in the one after. Then it also knows whether the caller had ended.
   */
  #stopCaller(): void {
    if (this.#callerHasEnded()) return;
    setImmediate(() =>
      setImmediate(() => {
        if (!this.#stream.closed) this.#stream.close(NGHTTP2_NO_ERROR);
      }),
    );
  }
}
