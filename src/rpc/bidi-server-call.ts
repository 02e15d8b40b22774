/*
 * A bidirectional stream on the server side, with flow control in both directions.
 *
 * Towards the caller: `write` calls back when the transport has taken a message, so that callers of `write` can count
 * bytes in transit. Node's own high-water mark counts messages, not bytes, and would let megabytes pile up.
 *
 * From the caller: messages arrive one at a time. None is read while the call is paused, while the caller has too many
 * unread answers, or after the turn's time is spent.
 */

import type { ServerDuplexStream, ServerWritableStream } from "@grpc/grpc-js";
import type { Status } from "../gen/google/rpc/status_pb.js";
import { ServerCall } from "./call.js";
import { FramedMessage, passFramedMessages } from "./framed-message.js";
import type { Decoded } from "./service-definition.js";
import { toGrpcStatus } from "./status.js";
import type { Turns } from "./turns.js";

/** No message of the caller is read while more bytes of answers than this have not been handed to the transport. */
const MAX_ANSWER_BYTES = 256 * 1024;

export interface BidiHandlers<Request> {
  onMessage(message: Request): void;
  /** The caller has half-closed. */
  onEnd(): void;
  /** The caller cancelled, its deadline passed, or its connection broke: nothing more can be written. */
  onCancel(): void;
}

export class BidiServerCall<Request, Response> extends ServerCall {
  readonly #stream: ServerDuplexStream<Decoded<Request>, Response>;
  readonly #turns: Turns;
  #ended = false;
  #passesFramed = false;
  #paused = false;
  #waitsForTurn = false;
  #answerBytes = 0;

  constructor(stream: ServerDuplexStream<Decoded<Request>, Response>, turns: Turns) {
    super(stream);
    this.#stream = stream;
    this.#turns = turns;
  }

  /** Starts reading. `onMalformed` creates the status for a message that cannot be decoded, which ends the call. */
  start(handlers: BidiHandlers<Request>, onMalformed: (cause: unknown) => Status): void {
    this.#stream.on("data", (decoded: Decoded<Request>) => {
      if (this.#ended) return;
      if (decoded.ok) handlers.onMessage(decoded.message);
      else this.fail(onMalformed(decoded.cause));
      this.#shareLoop();
    });
    this.#stream.on("end", () => handlers.onEnd());
    this.#stream.on("cancelled", () => {
      this.#ended = true;
      handlers.onCancel();
    });
  }

  /** Stops reading, so that the caller's messages wait in the transport. */
  pause(): void {
    this.#paused = true;
    this.#stream.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#read();
  }

  #read(): void {
    const held = this.#paused || this.#waitsForTurn || this.#answerBytes > MAX_ANSWER_BYTES;
    if (!held || this.#ended) this.#stream.resume();
  }

  #shareLoop(): void {
    if (this.#waitsForTurn) return;
    this.#waitsForTurn = this.#turns.waitIfSpent(() => {
      this.#waitsForTurn = false;
      this.#read();
    });
    if (this.#waitsForTurn) this.#stream.pause();
  }

  /** Writes a message, and calls back once the transport has it. Not called if the call ends before. */
  write(message: Response, onHandedOver?: () => void): void {
    if (this.#ended) return;
    this.#stream.write(message, (error: unknown) => {
      if (!error) onHandedOver?.();
    });
  }

  /**
   * Writes the answer to a message of the caller; `bytes` is its approximate size. While a caller does not read its
   * answers, its messages are not read either, or the answers would fill the memory.
   */
  answer(message: Response, bytes: number): void {
    if (this.#ended) return;
    this.#answerBytes += bytes;
    if (this.#answerBytes > MAX_ANSWER_BYTES) this.#stream.pause();
    this.write(message, () => {
      const held = this.#answerBytes > MAX_ANSWER_BYTES;
      this.#answerBytes -= bytes;
      if (held) this.#read();
    });
  }

  /** Like `write`, for a message that includes its prefix. Its memory must not change before the callback. */
  writeFramed(message: Buffer, onHandedOver: () => void): void {
    if (!this.#passesFramed) {
      passFramedMessages(this.#stream);
      this.#passesFramed = true;
    }
    this.write(new FramedMessage(message) as Response, onHandedOver);
  }

  /** Ends the call with OK, after what was written. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#stream.end();
  }

  /** Ends the call with an error, after what was written. */
  fail(status: Status): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#stream.emit("error", toGrpcStatus(status));
  }

  get ended(): boolean {
    return this.#ended;
  }
}

/** A server-streaming call. */
export class WritableServerCall<Response> extends ServerCall {
  readonly #stream: ServerWritableStream<Decoded<never>, Response>;

  constructor(stream: ServerWritableStream<Decoded<never>, Response>) {
    super(stream);
    this.#stream = stream;
  }

  /** Writes a message, and calls back once the transport has it. Not called if the call ends before. */
  write(message: Response, onHandedOver: () => void): void {
    this.#stream.write(message, (error: unknown) => {
      if (!error) onHandedOver();
    });
  }

  fail(status: Status): void {
    this.#stream.emit("error", toGrpcStatus(status));
  }
}
