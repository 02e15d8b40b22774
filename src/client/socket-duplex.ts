/*
 * A socket as a stream of Node.
 *
 * Three ends are kept apart, as the attachment keeps them. The peer's end of data is 'end'. `end()` shuts down writing,
 * behind the data, and reading goes on. `destroy()`, or the end of both, closes the socket.
 *
 * Backpressure passes through: a frame is taken from the attachment only when the reader wants more, and the callback of a
 * write comes when the transport wants more.
 */
import { Duplex, type DuplexOptions } from "node:stream";
import type { Attachment } from "./attachment.js";
import { BrokerError, SocketError } from "./errors.js";
import type { ErrorFrame, Frame } from "./frames.js";

/** Half a connection: writing. */
export const SHUT_WR = 1;

/** How a socket becomes a stream. */
export interface SocketDuplexOptions {
  /**
   * What `destroy()`, or the end of both directions, does to the socket: close it (unset means that), or leave it open. What
   * this process had received and not read is lost in either case.
   */
  readonly onDestroy?: "close" | "detach" | undefined;
  /** Bytes to buffer for the reader, and for the writer, before each is held back. Unset: Node's own. */
  readonly highWaterMark?: number | undefined;
  /** Destroys the stream with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What a stream needs of its socket. */
export interface DuplexSource {
  readonly attach: () => Promise<Attachment>;
  readonly close: () => Promise<void>;
}

type Callback = (error?: Error | null) => void;

class SocketDuplex extends Duplex {
  readonly #source: DuplexSource;
  readonly #closes: boolean;
  #attachment: Attachment | null = null;
  #pump: Promise<void> | null = null;
  #wanted = false;
  #ended = false;

  constructor(source: DuplexSource, closes: boolean, options: DuplexOptions) {
    super(options);
    this.#source = source;
    this.#closes = closes;
  }

  override _construct(callback: Callback): void {
    this.#source.attach().then(
      (attachment) => {
        this.#attachment = attachment;
        callback();
      },
      (error: Error) => {
        // Who has destroyed it already does not want to hear that there was nothing to destroy.
        callback(this.destroyed ? null : error);
      },
    );
  }

  override _read(): void {
    this.#wanted = true;
    this.#pump ??= this.#run().finally(() => {
      this.#pump = null;
    });
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: Callback): void {
    this.#writer()
      .write(chunk)
      .then(() => callback(), callback);
  }

  override _writev(chunks: { chunk: Buffer; encoding: BufferEncoding }[], callback: Callback): void {
    // One frame for many small writes: the cost is the frame's, not the byte's.
    const joined = Buffer.concat(chunks.map(({ chunk }) => chunk));
    this.#writer()
      .write(joined)
      .then(() => callback(), callback);
  }

  override _final(callback: Callback): void {
    this.#writer()
      .shutdown(SHUT_WR)
      .then(() => callback(), callback);
  }

  override _destroy(error: Error | null, callback: Callback): void {
    this.#release(error === null && this.#ended && this.writableFinished).then(
      () => callback(error),
      (failure: unknown) => callback(error ?? (failure as Error)),
    );
  }

  async #run(): Promise<void> {
    const attachment = this.#writer();
    try {
      while (this.#wanted && !this.destroyed) {
        const frame = attachment.take() ?? (await attachment.read());
        if (frame === null) {
          if (!this.#ended) this.destroy(new BrokerError("CANCELLED", "the attachment ended"));
          break;
        }
        this.#receive(frame);
      }
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  #receive(frame: Frame): void {
    if (frame.type === "data") {
      if (!this.push(frame.data)) this.#wanted = false;
    } else if (frame.type === "end") {
      this.#ended = true;
      // Nothing more can fill the reader's buffer, so reading goes on: the errors of writing come this way.
      this.push(null);
    } else if (frame.type === "error" && !isLateShutdown(frame)) {
      this.destroy(frame.error);
    }
  }

  async #release(gracefully: boolean): Promise<void> {
    const attachment = this.#attachment;
    if (attachment === null) return;
    if (!gracefully || !this.#closes) {
      attachment.cancel();
      if (this.#closes) await this.#source.close();
      return;
    }
    await attachment.close();
    // The daemon ends the stream when it has closed the socket. There is one reader at a time, and the pump stops at the
    // next frame.
    await this.#pump;
    try {
      while ((await attachment.read()) !== null);
    } catch (error) {
      // A broker that is closed meanwhile takes the socket with it: closed is what it was to be.
      if (!(error instanceof BrokerError && error.code === "BROKER_CLOSED")) throw error;
    }
  }

  #writer(): Attachment {
    if (this.#attachment === null) throw new Error("used before it was constructed");
    return this.#attachment;
  }
}

/** Shutting down what the peer has reset meanwhile is no failure: the reset itself was reported, or everything was read. */
export function isLateShutdown({ activity, error }: ErrorFrame): boolean {
  return activity === "control" && error instanceof SocketError && error.code === "ENOTCONN";
}

/** Makes a stream of a connected stream socket. */
export function createDuplex(source: DuplexSource, options: SocketDuplexOptions): Duplex {
  const { onDestroy = "close", highWaterMark, signal } = options;
  return new SocketDuplex(source, onDestroy === "close", {
    allowHalfOpen: true,
    ...(highWaterMark === undefined ? {} : { highWaterMark }),
    ...(signal === undefined ? {} : { signal }),
  });
}
