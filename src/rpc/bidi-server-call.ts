/*
 * A bidirectional stream on the server's side, with flow control in both directions.
 *
 * Towards the caller: `write` tells how many messages are still on their way to the transport, and calls back when one
 * was handed over. Node's own high-water mark counts messages, not bytes, and would let megabytes pile up.
 *
 * From the caller: messages come one at a time, and none while the call is paused.
 */

import type { ServerDuplexStream, ServerWritableStream } from "@grpc/grpc-js";
import type { Status } from "../gen/google/rpc/status_pb.js";
import { ServerCall } from "./call.js";
import { FramedMessage, passFramedMessages } from "./framed-message.js";
import type { Decoded } from "./service-definition.js";
import { toGrpcStatus } from "./status.js";

export interface BidiHandlers<Request> {
  onMessage(message: Request): void;
  /** The caller has half-closed. */
  onEnd(): void;
  /** The caller cancelled, its deadline passed, or its connection broke: nothing more can be written. */
  onCancel(): void;
}

export class BidiServerCall<Request, Response> extends ServerCall {
  readonly #stream: ServerDuplexStream<Decoded<Request>, Response>;
  #ended = false;
  #passesFramed = false;

  constructor(stream: ServerDuplexStream<Decoded<Request>, Response>) {
    super(stream);
    this.#stream = stream;
  }

  /** Begins to read. `onMalformed` makes the status for a message that does not decode, which ends the call. */
  start(handlers: BidiHandlers<Request>, onMalformed: (cause: unknown) => Status): void {
    this.#stream.on("data", (decoded: Decoded<Request>) => {
      if (this.#ended) return;
      if (decoded.ok) handlers.onMessage(decoded.message);
      else this.fail(onMalformed(decoded.cause));
    });
    this.#stream.on("end", () => handlers.onEnd());
    this.#stream.on("cancelled", () => {
      this.#ended = true;
      handlers.onCancel();
    });
  }

  /** Stops reading, so that the caller's messages wait in the transport. */
  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  /** Writes a message, and calls back once the transport has it: never, if the call ends before. */
  write(message: Response, onHandedOver?: () => void): void {
    if (this.#ended) return;
    this.#stream.write(message, (error: unknown) => {
      if (!error) onHandedOver?.();
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
