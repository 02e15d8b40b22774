/*
 * A socket as a Node stream, with the properties and methods of Node's own sockets.
 *
 * Three ends are distinguished, as on attachments. The peer's end of data is 'end'. `end()` shuts down writing, after
 * the data, and reading continues. `destroy()`, or the end of both directions, closes the socket.
 *
 * Each direction has its own attachment. On a shared one, the outcome of sending would wait behind data that nobody
 * reads. A data frame is taken only when the reader wants more; frames about sending are read immediately.
 *
 * A write completes when the daemon reports that the kernel accepted it (`sync`). Data written meanwhile shares the
 * next `sync`.
 */

import type { AddressInfo } from "node:net";
import { Duplex, type DuplexOptions } from "node:stream";
import type { SocketAddress } from "./address.js";
import type { Attachment } from "./attachment.js";
import type { Constants } from "./constants.js";
import { BrokerError, SocketError } from "./errors.js";
import type { ErrorFrame, Frame } from "./frames.js";
import { SHUT_WR } from "./linux.js";
import type { OptionInput } from "./socket-options.js";

/**
 * How much may be written before the daemon confirms it. With Node's default of 16 KiB a writer would wait most of the
 * time.
 */
export const WRITE_AHEAD_BYTES = 512 * 1024;

/** Writes smaller than the first are joined, up to about the second, in bytes. */
const SMALL_WRITE_BYTES = 8 * 1024;
const JOINED_BYTES = 64 * 1024;

/** Options of `Socket.duplex`. */
export interface SocketDuplexOptions {
  /**
   * What `destroy()`, or the end of both directions, does to the socket: close it (default), or leave it open. Then the
   * next receive on the socket returns the data that was not read from a duplex, unless `setEncoding` was called; what a
   * web stream has not read is lost.
   */
  readonly onDestroy?: "close" | "detach" | undefined;
  /** Bytes to buffer for the reader, and for the writer, before backpressure. Unset: Node's default, and 512 KiB. */
  readonly highWaterMark?: number | undefined;
  /** If false, writing is shut down at the peer's end of data, as with Node's own sockets. Unset: true. */
  readonly allowHalfOpen?: boolean | undefined;
  /** Destroys the stream with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** The part of a socket that a stream needs. */
export interface DuplexSource {
  readonly attach: (direction: "send" | "receive") => Promise<Attachment>;
  /** The constants of the daemon's host. */
  readonly constants: Constants;
  readonly setsockopt: (level: number, name: number, value: OptionInput) => Promise<void>;
  readonly close: () => Promise<void>;
  readonly pushBack: (data: Buffer) => Promise<void>;
  /** Whether the program has closed the socket, so that resulting errors are expected. */
  readonly isClosed: () => boolean;
}

type Callback = (error?: Error | null) => void;

/** Attachments for both directions of a socket. */
export interface Attached {
  readonly sender: Attachment;
  readonly receiver: Attachment;
}

/** Attaches both directions, or neither. */
export async function attachBoth(source: DuplexSource): Promise<Attached> {
  const [sender, receiver] = await Promise.allSettled([source.attach("send"), source.attach("receive")]);
  if (sender.status === "fulfilled" && receiver.status === "fulfilled") {
    return { sender: sender.value, receiver: receiver.value };
  }
  for (const one of [sender, receiver]) if (one.status === "fulfilled") one.value.cancel();
  throw sender.status === "rejected" ? sender.reason : (receiver as PromiseRejectedResult).reason;
}

/** Reads the outcomes of sending until the attachment ends. Throws the error that ends sending. */
export async function readOutcomes(sender: Attachment): Promise<void> {
  for (let frame = await sender.read(); frame !== null; frame = await sender.read()) {
    if (frame.type === "error" && !isLateShutdown(frame)) throw frame.error;
  }
}

/** A Node stream for a connected stream socket, with the properties and methods of `net.Socket`. */
export class SocketDuplex extends Duplex {
  readonly #source: DuplexSource;
  readonly #closes: boolean;
  #attached: Attached | null = null;
  /** The last data that was received, at least as much as was not read. Only if the socket stays open. */
  #unread: Buffer[] = [];
  #pump: Promise<void> | null = null;
  #wanted = false;
  #ended = false;
  #resets = false;
  #bytesRead = 0;
  #bytesWritten = 0;
  #idle: NodeJS.Timeout | null = null;
  /** The value given to `setTimeout`, in milliseconds; 0 means none. */
  timeout = 0;

  /** Internal: use `Socket.duplex`. */
  constructor(source: DuplexSource, closes: boolean, options: DuplexOptions) {
    super(options);
    this.#source = source;
    this.#closes = closes;
  }

  /** Whether the daemon has not attached the socket yet. The socket itself is connected. */
  get connecting(): boolean {
    return this.#attached === null && !this.destroyed;
  }

  /** Like `connecting`, but also true if attaching failed. */
  get pending(): boolean {
    return this.#attached === null;
  }

  get readyState(): "opening" | "open" | "readOnly" | "writeOnly" | "closed" {
    if (this.connecting) return "opening";
    if (this.readable) return this.writable ? "open" : "readOnly";
    return this.writable ? "writeOnly" : "closed";
  }

  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** Bytes written, whether or not the kernel has accepted them. */
  get bytesWritten(): number {
    return this.#bytesWritten + this.writableLength;
  }

  get remoteAddress(): string | undefined {
    return internetOf(this.#attached?.receiver.peerAddress)?.address;
  }

  get remotePort(): number | undefined {
    return internetOf(this.#attached?.receiver.peerAddress)?.port;
  }

  get remoteFamily(): string | undefined {
    return internetOf(this.#attached?.receiver.peerAddress)?.family;
  }

  get localAddress(): string | undefined {
    return internetOf(this.#attached?.receiver.localAddress)?.address;
  }

  get localPort(): number | undefined {
    return internetOf(this.#attached?.receiver.localAddress)?.port;
  }

  get localFamily(): string | undefined {
    return internetOf(this.#attached?.receiver.localAddress)?.family;
  }

  /** Returns the local address; an empty object if it is not an internet socket. */
  address(): AddressInfo | Record<string, never> {
    return internetOf(this.#attached?.receiver.localAddress) ?? {};
  }

  /**
   * For libraries that connect the socket they are given. The socket is already connected, so this waits until it is
   * attached, and emits 'connect' even if it already was.
   */
  connect(...args: readonly unknown[]): this {
    const listener = args.at(-1);
    if (typeof listener === "function") this.once("connect", listener as () => void);
    if (!this.pending) process.nextTick(() => this.emit("connect"));
    return this;
  }

  /** Sets TCP_NODELAY. Like `net.Socket`, reports no error if the socket has no such option. */
  setNoDelay(noDelay = true): this {
    const { IPPROTO_TCP, TCP_NODELAY } = this.#source.constants;
    return this.#set(IPPROTO_TCP, TCP_NODELAY, noDelay ? 1 : 0);
  }

  /** Sets SO_KEEPALIVE, and with a delay (in milliseconds) the idle time before the first probe. */
  setKeepAlive(enable = false, initialDelay = 0): this {
    const { IPPROTO_TCP, SOL_SOCKET, SO_KEEPALIVE, TCP_KEEPIDLE } = this.#source.constants;
    if (enable && initialDelay >= 1000) this.#set(IPPROTO_TCP, TCP_KEEPIDLE, Math.floor(initialDelay / 1000));
    return this.#set(SOL_SOCKET, SO_KEEPALIVE, enable ? 1 : 0);
  }

  /**
   * Emits 'timeout' when nothing was read or written for this many milliseconds; 0 means never. The stream stays open.
   */
  setTimeout(milliseconds: number, listener?: () => void): this {
    this.timeout = milliseconds;
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#idle = null;
    if (milliseconds > 0 && !this.destroyed) {
      this.#idle = setTimeout(() => this.emit("timeout"), milliseconds);
      this.#idle.unref();
    }
    if (listener !== undefined) {
      if (milliseconds > 0) this.once("timeout", listener);
      else this.removeListener("timeout", listener);
    }
    return this;
  }

  /** Does nothing: the broker keeps the process alive, not the stream. */
  ref(): this {
    return this;
  }

  /** Does nothing: the broker keeps the process alive, not the stream. */
  unref(): this {
    return this;
  }

  /** Destroys the stream once the kernel has accepted everything that was written. */
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once("finish", () => this.destroy());
  }

  /** Destroys the stream and closes the socket with a reset. */
  resetAndDestroy(): this {
    this.#resets = true;
    return this.destroy();
  }

  override _construct(callback: Callback): void {
    attachBoth(this.#source).then(
      (attached) => {
        this.#attached = attached;
        callback();
        if (this.destroyed) return;
        readOutcomes(attached.sender).then(
          () => this.#fail(new BrokerError("CANCELLED", "the attachment ended")),
          (error: Error) => this.#fail(error),
        );
        // Reads even without a reader, so that a program that only writes gets the error of a reset.
        this.read(0);
        this.emit("connect");
        this.emit("ready");
      },
      (error: Error) => {
        // If the stream is already destroyed, the failure is expected.
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
    this.#send([chunk], callback);
  }

  override _writev(chunks: { chunk: Buffer; encoding: BufferEncoding }[], callback: Callback): void {
    this.#send(joinSmall(chunks.map(({ chunk }) => chunk)), callback);
  }

  override _final(callback: Callback): void {
    const { sender } = this.#both();
    this.#settle(
      sender.shutdown(SHUT_WR).then(() => sender.sync()),
      callback,
    );
  }

  override _destroy(error: Error | null, callback: Callback): void {
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#release().then(
      () => callback(error),
      (failure: unknown) => callback(error ?? (failure as Error)),
    );
  }

  #send(parts: readonly Buffer[], callback: Callback): void {
    this.#idle?.refresh();
    this.#settle(this.#write(parts), (error) => {
      if (error === null || error === undefined) this.#bytesWritten += lengthOf(parts);
      this.#idle?.refresh();
      callback(error);
    });
  }

  async #write(parts: readonly Buffer[]): Promise<void> {
    const { sender } = this.#both();
    for (const part of parts) await sender.write(part);
    await sender.sync();
  }

  /** Passes the reason why the stream was destroyed to the callback, not the resulting error of the attachment. */
  #settle(sent: Promise<unknown>, callback: Callback): void {
    sent.then(
      () => callback(),
      (error: Error) => callback(this.errored ?? error),
    );
  }

  async #run(): Promise<void> {
    const { receiver } = this.#both();
    try {
      while (this.#wanted && !this.#ended && !this.destroyed) {
        const frame = receiver.take() ?? (await receiver.read());
        if (frame === null) {
          this.#fail(new BrokerError("CANCELLED", "the attachment ended"));
          break;
        }
        this.#receive(frame, receiver);
      }
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  #fail(error: Error): void {
    this.destroy(this.#source.isClosed() ? undefined : error);
  }

  #receive(frame: Frame, receiver: Attachment): void {
    if (frame.type === "data") {
      this.#bytesRead += frame.data.length;
      this.#idle?.refresh();
      if (!this.#closes) this.#unread.push(frame.data);
      // After `destroy()` nobody reads it.
      if (this.destroyed) return;
      if (!this.push(frame.data)) this.#wanted = false;
      if (!this.#closes) this.#forgetRead();
    } else if (frame.type === "end") {
      this.#ended = true;
      receiver.cancel();
      this.push(null);
    } else if (frame.type === "error") {
      this.#fail(frame.error);
    }
  }

  async #release(): Promise<void> {
    this.#attached?.sender.cancel();
    if (this.#attached !== null && !this.#closes) {
      await this.#pushBackUnread(this.#attached.receiver);
      return;
    }
    this.#attached?.receiver.cancel();
    if (this.#attached === null) return;
    const { SOL_SOCKET, SO_LINGER } = this.#source.constants;
    if (this.#resets) await this.#source.setsockopt(SOL_SOCKET, SO_LINGER, { on: true, seconds: 0 });
    await this.#source.close();
  }

  /** Forgets the data that was read. */
  #forgetRead(): void {
    let surplus = lengthOf(this.#unread) - this.readableLength;
    const firstUnread = this.#unread.findIndex(({ length }) => {
      surplus -= length;
      return surplus < 0;
    });
    this.#unread.splice(0, firstUnread < 0 ? this.#unread.length : firstUnread);
  }

  /** Ends receiving, and pushes back what was not read: what is buffered here, and what arrives until the end. */
  async #pushBackUnread(receiver: Attachment): Promise<void> {
    const length = this.readableEncoding === null ? this.readableLength : 0;
    const received = Buffer.concat(this.#unread);
    this.#unread = [];
    try {
      receiver.detach().catch(() => undefined);
      await this.#pump;
      for (let frame = await receiver.read(); frame !== null; frame = await receiver.read()) {
        if (frame.type === "data") this.#unread.push(frame.data);
      }
    } catch {
      // The stream broke. What did not arrive was pushed back by the daemon.
    }
    const buffered = received.subarray(Math.max(0, received.length - length));
    const data = Buffer.concat([buffered, ...this.#unread]);
    if (data.length > 0 && !this.#source.isClosed()) await this.#source.pushBack(data);
  }

  #set(level: number, name: number, value: number): this {
    this.#source.setsockopt(level, name, value).catch(() => undefined);
    return this;
  }

  #both(): Attached {
    if (this.#attached === null) throw new Error("used before it was constructed");
    return this.#attached;
  }
}

/** Joins small writes, because a frame costs as much as copying some thousand bytes. */
function joinSmall(chunks: readonly Buffer[]): Buffer[] {
  const parts: Buffer[] = [];
  let small: Buffer[] = [];
  let smallBytes = 0;
  const join = (): void => {
    if (small.length > 0) parts.push(Buffer.concat(small, smallBytes));
    small = [];
    smallBytes = 0;
  };
  for (const chunk of chunks) {
    if (chunk.length < SMALL_WRITE_BYTES) {
      small.push(chunk);
      smallBytes += chunk.length;
      if (smallBytes >= JOINED_BYTES) join();
    } else {
      join();
      parts.push(chunk);
    }
  }
  join();
  return parts;
}

function lengthOf(chunks: readonly Buffer[]): number {
  return chunks.reduce((sum, { length }) => sum + length, 0);
}

/**
 * Failing to shut down a connection that the peer has reset is not an error: the reset was already reported, or
 * everything was read.
 */
function isLateShutdown({ activity, error }: ErrorFrame): boolean {
  return activity === "control" && error instanceof SocketError && error.code === "ENOTCONN";
}

/** An address in the form of Node's own sockets. */
function internetOf(address: SocketAddress | null | undefined): AddressInfo | undefined {
  if (address?.family !== "inet" && address?.family !== "inet6") return undefined;
  return { address: address.host, family: address.family === "inet" ? "IPv4" : "IPv6", port: address.port };
}

/** Creates a stream for a connected stream socket. */
export function createDuplex(source: DuplexSource, options: SocketDuplexOptions): SocketDuplex {
  const { onDestroy = "close", highWaterMark, allowHalfOpen = true, signal } = options;
  return new SocketDuplex(source, onDestroy === "close", {
    allowHalfOpen,
    writableHighWaterMark: highWaterMark ?? WRITE_AHEAD_BYTES,
    ...(highWaterMark === undefined ? {} : { readableHighWaterMark: highWaterMark }),
    ...(signal === undefined ? {} : { signal }),
  });
}
