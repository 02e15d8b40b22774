/*
 * A bidirectional stream on the server's side, with flow control in both directions.
 *
 * Towards the caller: `write` tells how many messages are still on their way to the transport, and calls back when one
 * was handed over. Node's own high-water mark counts messages, not bytes, and would let megabytes pile up.
 *
 * From the caller: messages come one at a time, and none while the call is paused, while answers that it has not read are
 * too many, or when the turn of the loop has been long enough.
 */

import type { ServerDuplexStream, ServerWritableStream } from "@grpc/grpc-js";
import type { Status } from "../gen/google/rpc/status_pb.js";
import { ServerCall } from "./call.js";
import { FramedMessage, passFramedMessages } from "./framed-message.js";
import type { Decoded } from "./service-definition.js";
import { toGrpcStatus } from "./status.js";
import type { Turns } from "./turns.js";

/** While so many bytes of answers have not been handed over, no message of the caller is read. */
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

  /** Begins to read. `onMalformed` makes the status for a message that does not decode, which ends the call. */
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

  /** Writes a message, and calls back once the transport has it: never, if the call ends before. */
  write(message: Response, onHandedOver?: () => void): void {
    if (this.#ended) return;
    this.#stream.write(message, (error: unknown) => {
      if (!error) onHandedOver?.();
    });
  }

  /**
   * Writes what a message of the caller asked for, of about so many bytes. A caller that asks and does not read is not
   * read either, or what it asks for would fill the memory.
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

  /** As `write`, for a message with its prefix. Its memory must stay as it is until the callback. */
  writeFramed(message: Buffer, onHandedOver: () => void): void {
    if (!this.#passesFramed) {
      passFramedMessages(this.#stream as unknown as ServerDuplexStream<never, never>);
      this.#passesFramed = true;
    }
    this.write(new FramedMessage(message) as Response, onHandedOver);
  }

  /** Ends the call well, after what was written. */
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

  /** Writes a message, and calls back once the transport has it: never, if the call ends before. */
  write(message: Response, onHandedOver: () => void): void {
    this.#stream.write(message, (error: unknown) => {
      if (!error) onHandedOver();
    });
  }

  fail(status: Status): void {
    this.#stream.emit("error", toGrpcStatus(status));
  }
}
