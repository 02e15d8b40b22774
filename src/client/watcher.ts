import { create } from "@bufbuild/protobuf";
import type { Status } from "../gen/google/rpc/status_pb.js";
import {
  StreamService,
  type WatchRequest,
  WatchRequestSchema,
  type WatchResponse,
} from "../gen/sockbroker/v1/stream_service_pb.js";
import { type BidiCall, messageStream, openBidi } from "../rpc/bidi-call.js";
import { Code } from "../rpc/code.js";
import type { BrokerContext, CallOptions } from "./broker-context.js";
import { errorFromStream } from "./error-from-status.js";
import { type HandleSource, handleOf } from "./handle.js";
import { POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLPRI, POLLRDHUP } from "./linux.js";
import { brokerClosed, type OperationStream } from "./operation-stream.js";

/** poll(2)'s events, with Linux's values. */
export const PollEvents = {
  IN: POLLIN,
  PRI: POLLPRI,
  OUT: POLLOUT,
  ERR: POLLERR,
  HUP: POLLHUP,
  NVAL: POLLNVAL,
  RDHUP: POLLRDHUP,
} as const;

/** Events to watch for on one handle. */
export interface WatchInterest {
  readonly socket: HandleSource;
  /**
   * POLLIN (1), POLLPRI (2), POLLOUT (4), POLLRDHUP (8192); 0 to stop watching. POLLERR (8) and POLLHUP (16) are always
   * watched.
   */
  readonly events: number;
}

/** Events of one handle. */
export interface WatchEvent {
  readonly handle: bigint;
  /** The POLL* events that hold; POLLNVAL (32) if the handle is not open, or was closed. */
  readonly events: number;
}

/**
 * Readiness of many handles on one stream, like epoll(7) with EPOLLONESHOT: a handle that was reported is not watched
 * again until `watch` requests it.
 */
export class Watcher implements AsyncIterable<WatchEvent>, AsyncDisposable {
  readonly #call: BidiCall<WatchRequest, WatchResponse>;
  readonly #operations: OperationStream;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = (): void => this.#leave();
  #events: WatchEvent[] = [];
  #status: Status | null = null;
  #cancelled = false;
  #left = false;
  #wake: () => void = () => undefined;

  /** Internal: use `Broker.watch`. */
  constructor(context: BrokerContext, { signal }: CallOptions) {
    signal?.throwIfAborted();
    this.#operations = context.operations;
    this.#signal = signal;
    this.#call = openBidi(context.channel, messageStream(StreamService.method.watch), {
      readable: () => this.#wake(),
      writable: () => undefined,
      ended: (status) => {
        this.#status = status;
        signal?.removeEventListener("abort", this.#onAbort);
        this.#wake();
      },
    });
    signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Watches handles. Each interest replaces the earlier one in the same handle. */
  watch(interests: Iterable<WatchInterest>): void {
    const wire = Array.from(interests, ({ socket, events }) => ({ handle: handleOf(socket), events }));
    this.#call.write(create(WatchRequestSchema, { interests: wire }));
  }

  /** Waits for the next event; null if the watcher was closed. Rejects if the stream broke, or on abort. */
  async next(): Promise<WatchEvent | null> {
    for (;;) {
      const event = this.#events.shift();
      if (event !== undefined) return event;
      if (this.#left) return this.#ending(null);
      const response = this.#call.take();
      if (response !== null) {
        this.#events = response.events.map(({ handle, events }) => ({ handle, events }));
      } else if (this.#status !== null) {
        return this.#ending(this.#status);
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  /** Iterates over the events until the watcher is closed. Leaving the loop closes it. */
  async *[Symbol.asyncIterator](): AsyncGenerator<WatchEvent, void, undefined> {
    try {
      for (let event = await this.next(); event !== null; event = await this.next()) yield event;
    } finally {
      this.close();
    }
  }

  /** Stops watching. */
  close(): void {
    this.#cancelled = true;
    this.#leave();
  }

  /** Stops watching. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  #leave(): void {
    this.#left = true;
    this.#call.leave(() => undefined);
    this.#wake();
  }

  #ending(status: Status | null): null {
    if (this.#signal?.aborted === true) throw this.#signal.reason;
    if (this.#cancelled || status === null || status.code === Code.OK) return null;
    throw this.#operations.closing ? brokerClosed() : errorFromStream(status);
  }
}
