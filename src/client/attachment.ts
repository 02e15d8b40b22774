import type { Status } from "../gen/google/rpc/status_pb.js";
import { type BidiCall, openBidi } from "../rpc/bidi-call.js";
import { Code } from "../rpc/code.js";
import type { AddressInput, SocketAddress } from "./address.js";
import { attachStream, encodeFrame, type ReceivedFrame, type SentFrame } from "./attach-codec.js";
import type { CallOptions } from "./broker-context.js";
import { type BytesInput, bytesOf } from "./bytes.js";
import { type ControlMessageInput, controlToProto } from "./control-message.js";
import { errorFromStream } from "./error-from-status.js";
import { BrokerError } from "./errors.js";
import {
  type AcceptedSocket,
  type DetachedFrame,
  type Frame,
  type FrameContext,
  frameFromProto,
  type SyncedFrame,
} from "./frames.js";
import { int32 } from "./int32.js";
import { brokerClosed } from "./operation-stream.js";
import { requestError } from "./request-error.js";
import { type OptionInput, optionInit } from "./socket-options.js";
import { closedError, decodeAddress, encodeAddress } from "./socket-state.js";

/** Options of `Socket.attach`. */
export interface AttachOptions extends CallOptions {
  /** Attaches one direction only; another stream may use the other. */
  readonly direction?: "both" | "send" | "receive" | undefined;
  /** Maximum size of one message or of one data frame, in bytes. Unset: 65536; a larger value counts as 1 MiB. */
  readonly maxMessageBytes?: number | undefined;
  /** Space for the ancillary data of each message, in bytes. Unset: none. */
  readonly maxAncillaryBytes?: number | undefined;
}

/** A message to send on an attachment. */
export interface OutgoingMessage {
  readonly data: BytesInput;
  /** Unset: the connected peer. Must be numeric. */
  readonly address?: AddressInput | undefined;
  readonly ancillaryData?: Iterable<ControlMessageInput> | undefined;
  /** MSG_* flags, with the values of the daemon's host. */
  readonly flags?: number | undefined;
}

/** Maximum size of one data frame that is sent, in bytes. */
const FRAME_BYTES = 128 * 1024;

interface Waiter<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * A data stream on one socket: the low level under `duplex()`.
 *
 * Frames are processed in the order in which they were sent. While nobody reads, the daemon stops reading the socket.
 * Ending the attachment does not close the socket. Calling `detach()` and reading up to the `detached` frame ends it
 * without losing a byte; disposing of it drops data that this process has received and not read.
 */
export class Attachment<S extends AcceptedSocket = AcceptedSocket> implements AsyncIterable<Frame<S>>, AsyncDisposable {
  readonly #call: BidiCall<Buffer, ReceivedFrame>;
  readonly #context: FrameContext<S>;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = (): void => this.#leave();
  readonly #ended: Promise<void>;
  #settleEnded: () => void = () => undefined;
  #reader: { resolve: () => void } | null = null;
  #drained: Waiter<void>[] = [];
  readonly #syncs = new Map<bigint, Waiter<SyncedFrame>>();
  #detaching: Waiter<DetachedFrame>[] = [];
  #nextSync = 1n;
  #status: Status | null = null;
  #cancelled = false;
  #left = false;
  #listening = false;
  #localAddress: SocketAddress | null = null;
  #peerAddress: SocketAddress | null = null;

  /** Internal: `Socket.attach` makes them. */
  constructor(context: FrameContext<S>, options: AttachOptions) {
    this.#context = context;
    this.#signal = options.signal;
    this.#ended = new Promise((resolve) => {
      this.#settleEnded = resolve;
    });
    this.#call = openBidi(context.state.context.channel, attachStream, {
      readable: () => this.#wake(),
      writable: () => this.#drain(),
      ended: (status) => this.#finish(status),
    });
    this.#signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Attaches to a socket, and waits for the daemon's `attached` frame. */
  static async open<S extends AcceptedSocket>(
    context: FrameContext<S>,
    options: AttachOptions,
  ): Promise<Attachment<S>> {
    if (context.state.closed) throw closedError("attach");
    // An attachment that was cancelled earlier may still hold the direction.
    await context.state.leaving;
    options.signal?.throwIfAborted();
    const attachment = new Attachment(context, options);
    try {
      await attachment.#start(options);
      return attachment;
    } catch (error) {
      attachment.cancel();
      throw error;
    }
  }

  /** Whether the socket is listening, so that `accepted` frames will arrive. */
  get listening(): boolean {
    return this.#listening;
  }

  /** The socket's local address when it was attached; null if it had none. */
  get localAddress(): SocketAddress | null {
    return this.#localAddress;
  }

  /** The socket's peer address when it was attached; null if it had none. */
  get peerAddress(): SocketAddress | null {
    return this.#peerAddress;
  }

  /**
   * Reads the next frame; null if the attachment ended. Only one read at a time.
   *
   * Rejects with the daemon's error if the stream broke, or with the signal's reason.
   */
  async read(): Promise<Frame<S> | null> {
    for (;;) {
      const frame = this.take();
      if (frame !== null) return frame;
      if (this.#status !== null || this.#left) return this.#ending(this.#status);
      await new Promise<void>((resolve) => {
        this.#reader = { resolve };
      });
    }
  }

  /** Returns the next frame if it has already arrived, else null. */
  take(): Frame<S> | null {
    if (this.#left) return null;
    for (let wire = this.#call.take(); wire !== null; wire = this.#call.take()) {
      const frame = frameFromProto(wire, this.#context);
      if (frame === null) continue;
      this.#notice(frame);
      return frame;
    }
    return null;
  }

  /**
   * Iterates over the frames. Leaving the loop does not end the attachment: a later loop continues where it stopped.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Frame<S>, void, undefined> {
    for (let frame = await this.read(); frame !== null; frame = await this.read()) yield frame;
  }

  /** Sends bytes on a stream socket. Resolves when more can be written. */
  async write(data: BytesInput): Promise<void> {
    const bytes = bytesOf(data, "write");
    for (let from = 0; from < bytes.length; from += FRAME_BYTES) {
      await this.#send({ case: "data", value: bytes.subarray(from, from + FRAME_BYTES) });
    }
  }

  /** Sends messages on any other socket. Resolves when more can be sent; the outcome of each is reported as a frame. */
  async sendMessages(messages: Iterable<OutgoingMessage>): Promise<void> {
    const { state } = this.#context;
    const wire = Array.from(messages, ({ data, address, ancillaryData = [], flags = 0 }) => ({
      data: bytesOf(data, "sendmsg"),
      ...(address === undefined ? {} : { address: encodeAddress(state, address, "sendmsg") }),
      ancillaryData: controlToProto(ancillaryData, "sendmsg"),
      flags: int32(flags, "sendmsg"),
    }));
    await this.#send({ case: "messages", value: { messages: wire } });
  }

  /** Shuts down a direction, after everything sent so far: SHUT_RD (0), SHUT_WR (1) or SHUT_RDWR (2). */
  async shutdown(how: number): Promise<void> {
    await this.#send({ case: "shutdown", value: { how: int32(how, "shutdown") } });
  }

  /** Sets an option, in order with the data. See `Socket.setsockopt`. */
  async setsockopt(level: number, name: number, value: OptionInput, length?: number): Promise<void> {
    await this.#send({
      case: "setsockopt",
      value: optionInit(this.#context.state.handle, level, name, value, length),
    });
  }

  /**
   * Waits until the kernel has accepted everything sent so far. The answer arrives among the frames, so frames must be
   * read.
   */
  async sync(): Promise<SyncedFrame> {
    const id = this.#nextSync++;
    const synced = new Promise<SyncedFrame>((resolve, reject) => {
      this.#syncs.set(id, { resolve, reject });
    });
    synced.catch(() => undefined);
    await this.#send({ case: "sync", value: { id } });
    return synced;
  }

  /** Ends the attachment after what was received so far. The answer is the last frame, so frames must be read. */
  async detach(): Promise<DetachedFrame> {
    const detached = new Promise<DetachedFrame>((resolve, reject) => {
      this.#detaching.push({ resolve, reject });
    });
    detached.catch(() => undefined);
    await this.#send({ case: "detach", value: {} });
    return detached;
  }

  /** Closes the socket, after everything sent so far. The attachment then ends. */
  async close(): Promise<void> {
    const { state } = this.#context;
    // Set immediately, so that closing the socket meanwhile does not close the handle a second time.
    state.closed = true;
    try {
      await this.#send({ case: "close", value: {} });
    } catch (error) {
      state.closed = false;
      throw error;
    }
  }

  /**
   * Ends the attachment after what was sent, without waiting for it. Data received and not read is lost, and accepted
   * sockets among it are closed; the attached socket is unchanged.
   */
  cancel(): void {
    this.#cancelled = true;
    this.#leave();
  }

  /** Cancels, and waits until the daemon has released the socket. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.cancel();
    await this.#ended;
  }

  #leave(): void {
    if (this.#left) return;
    this.#left = true;
    const { state, accepted } = this.#context;
    state.leaving = Promise.all([state.leaving, this.#ended]);
    this.#call.leave((frame) => {
      if (frame.case !== "accepted" || frame.value.socket === undefined) return;
      accepted(frame.value.socket)
        .close()
        .catch(() => undefined);
    });
    this.#rejectDrained(null);
    this.#rejectAnswers(null);
    this.#wake();
  }

  async #start({ direction = "both", maxMessageBytes = 0, maxAncillaryBytes = 0 }: AttachOptions): Promise<void> {
    await this.#send({
      case: "attach",
      value: {
        handle: this.#context.state.handle,
        sendOnly: direction === "send",
        receiveOnly: direction === "receive",
        maxMessageBytes,
        maxAncillaryBytes,
      },
    });
    for (;;) {
      const first = this.#call.take();
      if (first?.case === "attached") {
        const { listening, socket } = first.value;
        this.#listening = listening;
        this.#localAddress = decodeAddress(this.#context.state, socket?.localAddress);
        this.#peerAddress = decodeAddress(this.#context.state, socket?.peerAddress);
        return;
      }
      if (first !== null) throw new BrokerError("UNKNOWN", "the daemon did not begin the stream with `attached`");
      if (this.#status !== null) throw this.#failure(this.#status);
      await new Promise<void>((resolve) => {
        this.#reader = { resolve };
      });
    }
  }

  #send(frame: SentFrame): Promise<void> {
    if (this.#status !== null || this.#left) return Promise.reject(this.#failure(this.#status));
    let message: Buffer;
    try {
      message = encodeFrame(frame);
    } catch (error) {
      return Promise.reject(requestError("attach", error));
    }
    if (this.#call.write(message)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#drained.push({ resolve, reject });
    });
  }

  #wake(): void {
    const reader = this.#reader;
    this.#reader = null;
    reader?.resolve();
  }

  #drain(): void {
    const drained = this.#drained;
    this.#drained = [];
    for (const { resolve } of drained) resolve();
  }

  #notice(frame: Frame<S>): void {
    if (frame.type === "synced") {
      this.#syncs.get(frame.id)?.resolve(frame);
      this.#syncs.delete(frame.id);
    } else if (frame.type === "detached") {
      for (const { resolve } of this.#detaching) resolve(frame);
      this.#detaching = [];
    }
  }

  #finish(status: Status): void {
    this.#status = status;
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#rejectDrained(status);
    this.#settleEnded();
    this.#wake();
  }

  #rejectDrained(status: Status | null): void {
    for (const { reject } of this.#drained) reject(this.#failure(status));
    this.#drained = [];
  }

  #rejectAnswers(status: Status | null): void {
    for (const { reject } of [...this.#syncs.values(), ...this.#detaching]) reject(this.#failure(status));
    this.#syncs.clear();
    this.#detaching = [];
  }

  /** The result of reading after the last frame, or after the stream was left. */
  #ending(status: Status | null): null {
    const over = this.#cancelled || status?.code === Code.OK;
    this.#rejectAnswers(status);
    if (over) return null;
    throw this.#failure(status);
  }

  #failure(status: Status | null): unknown {
    if (this.#signal?.aborted === true) return this.#signal.reason;
    if (this.#context.state.context.operations.closing) return brokerClosed();
    if (this.#cancelled || status === null || status.code === Code.OK)
      return new BrokerError("CANCELLED", "the attachment ended");
    return errorFromStream(status);
  }
}
