import { ServerCall } from "./call.js";
import type { MessageCodec } from "./stream-calls.js";

/** Memory of a call that waits, in addition to its request and header fields. */
const CALL_BYTES = 8 * 1024;

/** A call with one request and one response. */
export class UnaryServerCall extends ServerCall {
  /** Serves it: `malformed` creates the error for a request that cannot be decoded. */
  serve<Request, Response>(
    codec: MessageCodec<Request, Response>,
    handler: (request: Request) => Response | Promise<Response>,
    malformed: (cause: unknown) => Error,
  ): void {
    const answer = (response: Response): void => {
      if (this.ended) return;
      this.responder.write(codec.encode(response));
      this.responder.finish(null);
    };
    this.read(
      {
        onMessage: (bytes) => {
          const response = handler(decoded(codec, bytes, malformed));
          if (response instanceof Promise) this.#await(response, bytes.length, answer);
          else answer(response);
        },
        onEnd: () => undefined,
        onOver: () => undefined,
      },
      { single: true },
    );
  }

  /** Counts what the call takes while it waits. */
  #await<Response>(response: Promise<Response>, requestBytes: number, answer: (response: Response) => void): void {
    const { waiting } = this.accounts;
    const bytes = requestBytes + this.headerBytes + CALL_BYTES;
    waiting.add(bytes);
    response
      .finally(() => waiting.give(bytes))
      .then(answer)
      .catch((error: unknown) => this.failWith(error));
  }
}

function decoded<Request>(
  codec: MessageCodec<Request, never>,
  bytes: Buffer,
  malformed: (cause: unknown) => Error,
): Request {
  try {
    return codec.decode(bytes);
  } catch (cause) {
    throw malformed(cause);
  }
}
