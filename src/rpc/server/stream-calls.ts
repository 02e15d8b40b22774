/*
 * Streaming calls on the server's side, with flow control in both directions.
 *
 * Towards the caller: `write` calls back when the transport has taken a message, so that callers of `write` can count
 * bytes in transit. Node's own high-water mark would let megabytes pile up.
 *
 * From the caller: messages arrive one at a time. None is read while the call is paused, while the caller has too many
 * unread answers, or after the turn's time is spent.
 */

import type { Status } from "../../gen/google/rpc/status_pb.js";
import { type PartHandlers, ServerCall } from "./call.js";

/** No message of the caller is read while more bytes of answers than this have not been handed to the transport. */
const MAX_ANSWER_BYTES = 256 * 1024;

/** How messages are decoded and encoded. */
export interface MessageCodec<Request, Response> {
  /** Throws if the bytes are not a valid message. */
  decode(bytes: Buffer): Request;
  encode(message: Response): Uint8Array;
}

export interface BidiHandlers<Request> {
  onMessage(message: Request): void;
  readonly parts?: PartHandlers;
  /** The caller has half-closed. */
  onEnd(): void;
  /**
   * The call is over: it was ended, the caller cancelled it, its deadline passed, or its connection broke. Nothing more
   * can be written. Called once in every case.
   */
  onClose(): void;
}

export class BidiServerCall<Request, Response> extends ServerCall {
  readonly #codec: MessageCodec<Request, Response>;
  #paused = false;
  #answerBytes = 0;

  constructor(codec: MessageCodec<Request, Response>, ...call: ConstructorParameters<typeof ServerCall>) {
    super(...call);
    this.#codec = codec;
  }

  /** Starts reading. `onMalformed` creates the status for a message that cannot be decoded, which ends the call. */
  start(handlers: BidiHandlers<Request>, onMalformed: (cause: unknown) => Status): void {
    // Some clients give their caller the stream only when it has headers.
    this.responder.begin();
    this.read(
      {
        onMessage: (bytes) => {
          let message: Request;
          try {
            message = this.#codec.decode(bytes);
          } catch (cause) {
            this.fail(onMalformed(cause));
            return;
          }
          handlers.onMessage(message);
        },
        parts: handlers.parts,
        onEnd: () => handlers.onEnd(),
        onOver: () => handlers.onClose(),
      },
      { single: false },
    );
  }

  /** Stops reading, so that the caller's messages wait in the transport. */
  pause(): void {
    this.#paused = true;
    this.#hold();
  }

  resume(): void {
    this.#paused = false;
    this.#hold();
  }

  #hold(): void {
    if (this.#paused || this.#answerBytes > MAX_ANSWER_BYTES) this.reader?.pause();
    else this.reader?.resume();
  }

  /** Writes a message, and calls back once the transport has it. Not called if the call ends before. */
  write(message: Response, onHandedOver?: () => void): void {
    if (!this.ended) this.responder.write(this.#codec.encode(message), onHandedOver);
  }

  /**
   * Writes the answer to a message of the caller; `bytes` is its approximate size. While a caller does not read its
   * answers, its messages are not read either, or the answers would fill the memory.
   */
  answer(message: Response, bytes: number): void {
    if (this.ended) return;
    this.#answerBytes += bytes;
    if (this.#answerBytes > MAX_ANSWER_BYTES) this.#hold();
    this.write(message, () => {
      const held = this.#answerBytes > MAX_ANSWER_BYTES;
      this.#answerBytes -= bytes;
      if (held) this.#hold();
    });
  }

  /** Like `write`, for a message that includes its prefix. Its memory must not change before the callback. */
  writeFramed(message: Buffer, onHandedOver?: () => void): void {
    this.responder.writeFramed(message, onHandedOver);
  }

  /** Ends the call with OK, after what was written. */
  end(): void {
    this.reader?.stop();
    this.responder.finish(null);
  }
}

/** A server-streaming call. */
export class WritableServerCall<Response> extends ServerCall {
  readonly #codec: MessageCodec<unknown, Response>;
  #onClose: (() => void) | null = null;

  constructor(codec: MessageCodec<unknown, Response>, ...call: ConstructorParameters<typeof ServerCall>) {
    super(...call);
    this.#codec = codec;
  }

  /** Reads the request, and passes it on. */
  start(onRequest: (request: unknown) => void, onMalformed: (cause: unknown) => Status): void {
    this.read(
      {
        onMessage: (bytes) => {
          let request: unknown;
          try {
            request = this.#codec.decode(bytes);
          } catch (cause) {
            this.fail(onMalformed(cause));
            return;
          }
          onRequest(request);
        },
        onEnd: () => undefined,
        onOver: () => this.#onClose?.(),
      },
      { single: true },
    );
  }

  /** Calls back once when the call is over: it was ended, cancelled, or its deadline passed, or its connection broke. */
  onClose(callback: () => void): void {
    this.#onClose = callback;
  }

  /** Writes a message, and calls back once the transport has it. Not called if the call ends before. */
  write(message: Response, onHandedOver?: () => void): void {
    if (!this.ended) this.responder.write(this.#codec.encode(message), onHandedOver);
  }

  /** Ends the call with OK, after what was written. */
  end(): void {
    this.responder.finish(null);
  }
}
