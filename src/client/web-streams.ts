/*
 * A socket as a pair of web streams.
 *
 * Duplex.toWeb() is not used: the promise of its writable's close() settles only when the readable has also ended, so a
 * caller that awaits it before reading the answer would wait forever. Here closing the writable only shuts down
 * writing.
 */

import {
  ByteLengthQueuingStrategy,
  ReadableStream,
  type ReadableStreamDefaultController,
  WritableStream,
  type WritableStreamDefaultController,
} from "node:stream/web";
import { BrokerError } from "./errors.js";
import { SHUT_WR } from "./linux.js";
import {
  type Attached,
  attachBoth,
  type DuplexSource,
  readOutcomes,
  type SocketDuplexOptions,
  WRITE_AHEAD_BYTES,
} from "./socket-duplex.js";

/** Options of `Socket.webStreams`. */
export type WebStreamsOptions = Omit<SocketDuplexOptions, "allowHalfOpen">;

/** Both directions of a connection. */
export interface WebStreams {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}

class WebStreamPair implements WebStreams {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  readonly #source: DuplexSource;
  readonly #closes: boolean;
  readonly #attached: Promise<Attached>;
  #reader: ReadableStreamDefaultController<Uint8Array> | null = null;
  #writer: WritableStreamDefaultController | null = null;
  #failure: unknown = null;
  /** Bytes written since the last `sync`. */
  #ahead = 0;
  #ended = false;
  #finished = false;
  #released: Promise<void> | null = null;

  constructor(source: DuplexSource, { onDestroy = "close", highWaterMark = 0, signal }: WebStreamsOptions) {
    this.#source = source;
    this.#closes = onDestroy === "close";
    this.#attached = attachBoth(source);
    this.#attached
      .then(({ sender }) => readOutcomes(sender))
      .then(
        () => this.#fail(new BrokerError("CANCELLED", "the attachment ended")),
        (error: unknown) => this.#fail(error),
      );
    this.readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#reader = controller;
        },
        pull: () => this.#pull(),
        cancel: () => this.#release(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark }),
    );
    this.writable = new WritableStream<Uint8Array>({
      start: (controller) => {
        this.#writer = controller;
      },
      write: (chunk) => this.#write(chunk),
      close: () => this.#closeWritable(),
      abort: () => this.#release(),
    });
    signal?.addEventListener("abort", () => this.#fail(signal.reason), { once: true });
    if (signal?.aborted === true) this.#fail(signal.reason);
  }

  /** Reads frames until one has data, because a pull that enqueues nothing is not repeated. */
  async #pull(): Promise<void> {
    try {
      const { receiver } = await this.#attached;
      while (this.#released === null) {
        const frame = receiver.take() ?? (await receiver.read());
        if (frame === null) throw new BrokerError("CANCELLED", "the attachment ended");
        if (frame.type === "data") {
          this.#reader?.enqueue(frame.data);
          return;
        }
        if (frame.type === "error") throw frame.error;
        if (frame.type === "end") {
          this.#ended = true;
          receiver.cancel();
          if (this.#finished) this.#release().catch(() => undefined);
          this.#reader?.close();
          return;
        }
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  async #write(chunk: Uint8Array): Promise<void> {
    const { sender } = await this.#attached;
    try {
      await sender.write(chunk);
      // Web streams make one write at a time, so small writes must not wait for the daemon's confirmation.
      this.#ahead += chunk.length;
      if (this.#ahead < WRITE_AHEAD_BYTES) return;
      this.#ahead = 0;
      await sender.sync();
    } catch (error) {
      // The reason why the streams failed, not the resulting error of the attachment.
      throw this.#failure ?? error;
    }
  }

  async #closeWritable(): Promise<void> {
    const { sender } = await this.#attached;
    await sender.shutdown(SHUT_WR);
    await sender.sync();
    this.#finished = true;
    if (this.#ended) await this.#release();
  }

  #fail(error: unknown): void {
    if (this.#released !== null) return;
    this.#failure = error;
    if (!this.#ended) this.#reader?.error(error);
    this.#writer?.error(error);
    this.#release().catch(() => undefined);
  }

  #release(): Promise<void> {
    this.#released ??= this.#end();
    return this.#released;
  }

  async #end(): Promise<void> {
    const attached = await this.#attached.catch(() => null);
    if (attached === null) return;
    attached.sender.cancel();
    attached.receiver.cancel();
    if (this.#closes) await this.#source.close();
  }
}

/** Creates a pair of web streams for a connected stream socket. */
export function createWebStreams(source: DuplexSource, options: WebStreamsOptions): WebStreams {
  const { readable, writable } = new WebStreamPair(source, options);
  return { readable, writable };
}
