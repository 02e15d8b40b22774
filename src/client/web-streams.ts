/*
 * A socket as a pair of web streams.
 *
 * Not Duplex.toWeb(): the promise of its writable's close() is settled only when the readable has ended too, so a caller
 * who awaits it before reading the answer waits for ever. Here closing the writable shuts down writing and nothing else.
 */
import {
  ByteLengthQueuingStrategy,
  ReadableStream,
  type ReadableStreamDefaultController,
  WritableStream,
  type WritableStreamDefaultController,
} from "node:stream/web";
import type { Attachment } from "./attachment.js";
import { BrokerError } from "./errors.js";
import { type DuplexSource, isLateShutdown, SHUT_WR, type SocketDuplexOptions } from "./socket-duplex.js";

/** Both halves of a connection. */
export interface WebStreams {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}

class WebStreamPair implements WebStreams {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  readonly #source: DuplexSource;
  readonly #closes: boolean;
  readonly #attachment: Promise<Attachment>;
  #attached: Attachment | null = null;
  #reader: ReadableStreamDefaultController<Uint8Array> | null = null;
  #writer: WritableStreamDefaultController | null = null;
  #ended = false;
  #finished = false;
  #released: Promise<void> | null = null;

  constructor(source: DuplexSource, { onDestroy = "close", highWaterMark = 0, signal }: SocketDuplexOptions) {
    this.#source = source;
    this.#closes = onDestroy === "close";
    this.#attachment = source.attach();
    this.#attachment.then(
      (attachment) => {
        this.#attached = attachment;
      },
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
      write: async (chunk) => (await this.#attachment).write(chunk),
      close: () => this.#closeWritable(),
      abort: () => this.#release(),
    });
    signal?.addEventListener("abort", () => this.#fail(signal.reason), { once: true });
    if (signal?.aborted === true) this.#fail(signal.reason);
  }

  /** Reads frames until one has data: a pull that enqueues nothing is not repeated. */
  async #pull(): Promise<void> {
    try {
      const attachment = await this.#attachment;
      while (this.#released === null) {
        const frame = attachment.take() ?? (await attachment.read());
        if (frame === null) throw new BrokerError("CANCELLED", "the attachment ended");
        if (frame.type === "data") {
          this.#reader?.enqueue(frame.data);
          return;
        }
        if (frame.type === "error" && !isLateShutdown(frame)) throw frame.error;
        if (frame.type === "end") {
          this.#ended = true;
          if (this.#finished) this.#release().catch(() => undefined);
          else void this.#hearOfWriting(attachment);
          this.#reader?.close();
          return;
        }
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Behind the end of data come only the errors of writing, and nobody pulls them. */
  async #hearOfWriting(attachment: Attachment): Promise<void> {
    try {
      for (let frame = await attachment.read(); frame !== null; frame = await attachment.read()) {
        if (frame.type === "error" && !isLateShutdown(frame)) throw frame.error;
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  async #closeWritable(): Promise<void> {
    await (await this.#attachment).shutdown(SHUT_WR);
    this.#finished = true;
    if (this.#ended) await this.#release();
  }

  #fail(error: unknown): void {
    if (this.#released !== null) return;
    if (!this.#ended) this.#reader?.error(error);
    this.#writer?.error(error);
    this.#release().catch(() => undefined);
  }

  #release(): Promise<void> {
    this.#released ??= this.#end();
    return this.#released;
  }

  async #end(): Promise<void> {
    const attachment = this.#attached ?? (await this.#attachment.catch(() => null));
    if (attachment === null) return;
    if (this.#ended && this.#finished && this.#closes) {
      // Behind the data, and not beside it as the socket's own close would be.
      await attachment.close();
      return;
    }
    attachment.cancel();
    if (this.#closes) await this.#source.close();
  }
}

/** Makes a pair of web streams of a connected stream socket. */
export function createWebStreams(source: DuplexSource, options: SocketDuplexOptions): WebStreams {
  const { readable, writable } = new WebStreamPair(source, options);
  return { readable, writable };
}
