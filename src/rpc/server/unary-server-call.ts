import { ServerCall } from "./call.js";
import type { MessageCodec } from "./stream-calls.js";

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
          if (response instanceof Promise) response.then(answer).catch((error: unknown) => this.failWith(error));
          else answer(response);
        },
        onEnd: () => undefined,
        onOver: () => undefined,
      },
      { single: true },
    );
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
