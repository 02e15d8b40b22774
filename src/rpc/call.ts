import type { Metadata } from "@grpc/grpc-js";

/** Common to all kinds of calls on a server. */
export interface Call {
  /** The id that the connection was injected with. */
  readonly peer: string;
  /** The metadata keys that begin with a prefix. */
  keys(prefix: string): readonly string[];
  /** The values of a metadata key. */
  values(key: string): readonly string[];
  /**
   * Aborts when the caller cancels, its deadline passes, or its connection breaks. The reason is that of the first
   * request for the signal. Created on first use.
   */
  signal(reason: unknown): AbortSignal;
}

interface GrpcCall {
  readonly metadata: Metadata;
  readonly cancelled: boolean;
  getPeer(): string;
  once(event: "cancelled", listener: () => void): unknown;
}

/** Adapts a call of grpc-js. */
export class ServerCall implements Call {
  readonly #call: GrpcCall;
  #controller: AbortController | null = null;

  constructor(call: GrpcCall) {
    this.#call = call;
  }

  get peer(): string {
    return this.#call.getPeer();
  }

  keys(prefix: string): readonly string[] {
    return Object.keys(this.#call.metadata.getMap()).filter((key) => key.startsWith(prefix));
  }

  values(key: string): readonly string[] {
    return this.#call.metadata.get(key).map(String);
  }

  signal(reason: unknown): AbortSignal {
    if (this.#controller === null) {
      const controller = new AbortController();
      this.#controller = controller;
      if (this.#call.cancelled) controller.abort(reason);
      else this.#call.once("cancelled", () => controller.abort(reason));
    }
    return this.#controller.signal;
  }
}
