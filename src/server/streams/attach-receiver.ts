/*
 * Reads a socket into frames.
 *
 * It reads only while fewer than WINDOW_BYTES are in transit to the transport, and keeps the contents of these frames
 * until the transport has them: data that was read and not handed over when the stream ends is pushed back to the
 * handle.
 */

import { constants } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { AddressFamily } from "../../gen/sockbroker/v1/address_pb.js";
import { AttachError_Activity } from "../../gen/sockbroker/v1/stream_service_pb.js";
import { SystemError, systemError } from "../../native/errno.js";
import { linux } from "../../native/linux.js";
import type { View } from "../access/views.js";
import { acceptNext, adoptAccepted } from "../io/accept.js";
import { messageOf } from "../io/ancillary.js";
import { AGAIN, type Attempt, type Wait } from "../sockets/readiness.js";
import { type AcceptedSocket, type Handle, isAgain, type Socket } from "../sockets/socket-entry.js";
import type { Received } from "../sockets/unowned.js";
import { type FrameInit, lendBuffer, returnBuffer } from "./attach-codec.js";
import type { AttachContext } from "./attach-context.js";
import { DropCounter } from "./drop-counter.js";

const { MSG_TRUNC, CAN_J1939 } = linux;

/** Maximum number of bytes in transit, or two reads if that is more. */
const WINDOW_BYTES = 256 * 1024;
/** Smaller reads are copied so that they do not pin a 64 KiB buffer while in transit. */
const SMALL_READ_BYTES = 16 * 1024;
const DEFAULT_MESSAGE_BYTES = 64 * 1024;
const MAX_MESSAGE_BYTES = 1024 * 1024;
const MAX_ANCILLARY_BYTES = 64 * 1024;
const BATCH_BYTES = 128 * 1024;
const MAX_BATCH = 64;
/** Overhead counted for a frame in addition to its data. */
const FRAME_OVERHEAD_BYTES = 256;
/** How long to wait after an error that an immediate retry would meet again. */
const BACKOFF_MS = 100;
/** Number of consecutive errors without a pause: a datagram socket may report several, such as ICMP errors. */
const ERRORS_WITHOUT_BACKOFF = 64;
/** Errors that every receive returns: the descriptor is not a socket, or its kind cannot receive. */
const LASTING_ERRNOS: ReadonlySet<number> = new Set([
  constants.errno.EBADF,
  constants.errno.EINVAL,
  constants.errno.ENOTSOCK,
  constants.errno.EOPNOTSUPP,
]);

/** A frame that has not been handed to the transport yet. */
interface Outgoing {
  readonly bytes: number;
  readonly received: readonly Received[];
  readonly accepted: readonly { readonly handle: Handle; readonly socket: AcceptedSocket }[];
  /** An error, as -errno, that the kernel has reported to this stream only. */
  readonly error: number | null;
}

/** What is read: the connections of a listener, or data. */
export type Source =
  | { readonly listening: true; readonly socket: View<"accept"> }
  | { readonly listening: false; readonly socket: View<"receive"> };

export class AttachReceiver {
  readonly #attach: AttachContext;
  readonly #source: Source;
  readonly #outgoing = new Set<Outgoing>();
  readonly #stopping = new AbortController();
  readonly #drops: DropCounter | null;
  readonly #messageBytes: number;
  readonly #controlBytes: number;
  readonly #windowBytes: number;
  /** Messages received by one system call. */
  readonly #atOnce: number;
  #outgoingBytes = 0;
  #errorsInARow = 0;
  #onRoom: (() => void) | null = null;
  #done: Promise<void> = Promise.resolve();

  constructor(attach: AttachContext, source: Source) {
    this.#attach = attach;
    this.#source = source;
    const { maxMessageBytes, maxAncillaryBytes } = attach.start;
    this.#messageBytes = Math.min(maxMessageBytes || DEFAULT_MESSAGE_BYTES, MAX_MESSAGE_BYTES);
    this.#atOnce = Math.max(1, Math.min(MAX_BATCH, Math.floor(BATCH_BYTES / this.#messageBytes)));
    this.#windowBytes = Math.max(WINDOW_BYTES, 2 * this.#messageBytes);
    this.#drops = source.listening || !countsDrops(source.socket) ? null : DropCounter.start(source.socket);
    this.#controlBytes = Math.min(maxAncillaryBytes, MAX_ANCILLARY_BYTES) + (this.#drops?.controlBytes ?? 0);
  }

  run(): void {
    const { listening, socket } = this.#source;
    if (!listening) socket.hasUnsentData = () => [...this.#outgoing].some(({ received }) => received.length > 0);
    this.#done = this.#loop();
  }

  /** Stops reading, and settles when everything read has been handed to the transport. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#onRoom?.();
    await this.#done;
    this.reportDrops();
    this.#drops?.stop();
    while (this.#outgoing.size > 0 && !this.#attach.signal.aborted) await this.#room(1);
  }

  /** Reports messages that the kernel has dropped and no frame has reported yet. */
  reportDrops(): void {
    if (!this.#attach.socket.state.closed) this.#writeDropped(this.#drops?.look() ?? null);
  }

  /** Stops, and pushes back what has not been handed to the transport. */
  abandon(): void {
    this.#stopping.abort();
    this.#onRoom?.();
    this.#drops?.stop();
    const outgoing = [...this.#outgoing];
    this.#outgoing.clear();
    const { listening, socket } = this.#source;
    if (!listening) socket.hasUnsentData = null;
    if (socket.state.closed) return;
    if (listening) this.#giveBack(socket, outgoing);
    else takeBack(socket, outgoing);
  }

  /** Gives back accepted sockets whose handles the caller cannot know. */
  #giveBack(listener: View<"accept">, outgoing: readonly Outgoing[]): void {
    const { session } = this.#attach.ctx;
    const unknown = outgoing.flatMap((frame) => frame.accepted).filter(({ handle }) => session.find(handle));
    for (const { handle } of unknown) session.release(handle);
    listener.giveBack(unknown.map(({ socket }) => socket));
  }

  async #loop(): Promise<void> {
    const { readiness } = this.#attach.socket;
    const receive = this.#receiver();
    while (!this.#stopping.signal.aborted) {
      if (this.#outgoingBytes >= this.#windowBytes) {
        await this.#room(this.#windowBytes);
        continue;
      }
      try {
        const goOn = await readiness.perform("data", this.#wait(), receive);
        if (!goOn) return;
        this.#errorsInARow = 0;
      } catch (error) {
        if (this.#stopping.signal.aborted) return;
        if (!(await this.#onError(error))) return;
      }
    }
  }

  /** Returns an attempt that reads once and writes a frame. It results in false when nothing more will arrive. */
  #receiver(): Attempt<boolean> {
    const { listening, socket } = this.#source;
    if (listening) return () => this.#accept(socket);
    return socket.isStream && this.#attach.start.maxAncillaryBytes === 0
      ? () => this.#data(socket)
      : () => this.#messages(socket);
  }

  #data(socket: View<"receive">): boolean | typeof AGAIN {
    const { writeFramed } = this.#attach;
    const buffer = lendBuffer(this.#messageBytes);
    const room = buffer.room(this.#messageBytes);
    const received = socket.receiveInto(room);
    if (typeof received !== "number" || received <= SMALL_READ_BYTES) {
      const copied = typeof received === "number" ? copyOf(room, received) : received;
      returnBuffer(buffer);
      return this.#copied(copied);
    }
    const message = plain(room.subarray(0, received));
    this.#send(buffer.size + FRAME_OVERHEAD_BYTES, { received: [message] }, (onHandedOver) =>
      writeFramed(buffer.frame(received), () => {
        // Not earlier: pushed-back data refers to the buffer.
        returnBuffer(buffer);
        onHandedOver();
      }),
    );
    return true;
  }

  #copied(received: Received | number): boolean | typeof AGAIN {
    if (typeof received === "number") return this.#noData(received);
    if (received.data.length === 0) {
      this.#attach.write({ case: "endOfData", value: {} });
      return false;
    }
    this.#write({ case: "data", value: received.data }, [received]);
    return true;
  }

  #messages(socket: View<"receive">): boolean | typeof AGAIN {
    const { ctx } = this.#attach;
    const received = this.#batch(socket);
    if (typeof received === "number") {
      // All messages that arrived are read, so this is where messages dropped at the end of a burst belong.
      if (isAgain(received)) this.reportDrops();
      return this.#noData(received);
    }
    const messages = received.slice(0, endOf(received, socket, MAX_BATCH - (MAX_BATCH % this.#atOnce)));
    for (const message of messages) this.#writeDropped(this.#drops?.see(message) ?? null);
    if (messages.length > 0) {
      const shown = messages.map((message) => this.#drops?.strip(message) ?? message);
      const value = { messages: shown.map((message) => messageOf(ctx.session, message)) };
      // Descriptors have become handles of the session by now, so they are not pushed back with their message.
      this.#write(
        { case: "messages", value },
        shown.map((message) => ({ ...message, control: message.control.filter(({ sockets }) => sockets === null) })),
      );
    }
    if (messages.length === received.length) return true;
    this.reportDrops();
    this.#attach.write({ case: "endOfData", value: {} });
    return false;
  }

  /**
   * Receives the messages of one frame. One system call only has room for a few messages of maximum size, so small
   * messages would otherwise make a frame for every two.
   */
  #batch(socket: View<"receive">): readonly Received[] | number {
    const atOnce = this.#atOnce;
    const batch: Received[] = [];
    for (let bytes = 0; bytes < BATCH_BYTES && batch.length + atOnce <= MAX_BATCH; ) {
      const received = socket.receiveBatch(atOnce, this.#messageBytes, this.#controlBytes, lengthFlag(socket));
      if (typeof received === "number") {
        if (batch.length === 0) return received;
        // The error comes after the messages, which arrived before it.
        if (!isAgain(received)) socket.keepError(received);
        break;
      }
      batch.push(...received);
      if (received.length < atOnce) break;
      for (const { data } of received) bytes += data.length;
    }
    return batch;
  }

  #accept(listener: View<"accept">): boolean | typeof AGAIN {
    const { ctx } = this.#attach;
    const accepted = acceptNext(listener);
    if (typeof accepted === "number") return this.#noData(accepted);
    const socket = adoptAccepted(ctx, listener, accepted);
    const handle = socket.handle as Handle;
    this.#write({ case: "accepted", value: { socket } }, [], [{ handle, socket: accepted }]);
    return true;
  }

  #noData(result: number): typeof AGAIN {
    if (isAgain(result)) return AGAIN;
    throw systemError(result, this.#source.listening ? "accept" : "recvmsg");
  }

  /** Reports an error. Returns whether to continue. */
  async #onError(error: unknown): Promise<boolean> {
    const { deps } = this.#attach;
    const { listening, socket } = this.#source;
    const final = socket.state.closed || (!listening && (socket.zeroReadIsEnd || isLasting(error)));
    const value = { activity: AttachError_Activity.RECEIVE, status: deps.statusOf(error), final, ...NOTHING_SENT };
    this.#send(FRAME_OVERHEAD_BYTES, { error: final ? errorOf(error) : null }, (onHandedOver) =>
      this.#attach.write({ case: "error", value }, onHandedOver),
    );
    if (final) return false;
    this.#errorsInARow += 1;
    // Accepting failed for lack of a descriptor or of room for a handle, so an immediate retry would fail again. A
    // socket that fails repeatedly with other errors would otherwise occupy the event loop.
    const paused = listening || this.#errorsInARow > ERRORS_WITHOUT_BACKOFF;
    await (paused ? this.#backOff() : new Promise((resolve) => setImmediate(resolve)));
    return true;
  }

  #writeDropped(dropped: ReturnType<DropCounter["look"]>): void {
    if (dropped !== null) this.#attach.write({ case: "dropped", value: dropped });
  }

  #write(frame: FrameInit, received: readonly Received[], accepted: Outgoing["accepted"] = []): void {
    const bytes = received.reduce((sum, { data }) => sum + data.length, FRAME_OVERHEAD_BYTES);
    this.#send(bytes, { received, accepted }, (onHandedOver) => this.#attach.write(frame, onHandedOver));
  }

  /** Sends a frame that holds `bytes` bytes of memory, and keeps its contents until it was handed to the transport. */
  #send(bytes: number, holds: Partial<Outgoing>, write: (onHandedOver: () => void) => void): void {
    const outgoing: Outgoing = { received: [], accepted: [], error: null, ...holds, bytes };
    this.#outgoing.add(outgoing);
    this.#outgoingBytes += bytes;
    write(() => {
      this.#outgoing.delete(outgoing);
      this.#outgoingBytes -= bytes;
      this.#onRoom?.();
    });
  }

  /** Settles when fewer than `below` bytes are in transit, or when the stream ends. */
  #room(below: number): Promise<void> {
    return new Promise((resolve) => {
      const { signal } = this.#attach;
      const check = (): void => {
        const stopped = signal.aborted || (below > 1 && this.#stopping.signal.aborted);
        if (this.#outgoingBytes >= below && !stopped) return;
        this.#onRoom = null;
        signal.removeEventListener("abort", check);
        resolve();
      };
      this.#onRoom = check;
      signal.addEventListener("abort", check);
      check();
    });
  }

  /** Waits for the backoff time, or until reading stops. */
  async #backOff(): Promise<void> {
    await sleep(BACKOFF_MS, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }

  #wait(): Wait {
    return { operation: "recv", milliseconds: null, signal: () => this.#stopping.signal, enter: () => () => {} };
  }
}

/** Pushes back data that was not handed to the transport, and an error that was not reported, for the next receive. */
function takeBack(socket: View<"receive">, outgoing: readonly Outgoing[]): void {
  socket.pushBack(outgoing.flatMap((frame) => frame.received));
  const untold = outgoing.find((frame) => frame.error !== null);
  if (untold?.error) socket.keepError(untold.error);
}

/** The result of recv(2), with a copy of the bytes instead of their number. */
function copyOf(bytes: Uint8Array, received: number): Received | number {
  return received < 0 ? received : plain(Buffer.from(bytes.subarray(0, received)));
}

function plain(data: Uint8Array): Received {
  return { data, length: data.length, flags: 0, address: null, control: [] };
}

/**
 * Returns how many messages came before the end of data. On a unix socket an empty message looks like the end of data,
 * but the end of data fills a batch, because every further read returns it.
 */
function endOf(received: readonly Received[], socket: Socket, count: number): number {
  if (!socket.zeroReadIsEnd) return received.length;
  const mayBeEmpty = socket.state.family === AddressFamily.UNIX && !socket.isStream;
  if (mayBeEmpty && (received.length < count || !socket.state.hasEnded)) return received.length;
  let end = received.length;
  while (end > 0 && received[end - 1]?.data.length === 0) end -= 1;
  return end;
}

function errorOf(error: unknown): number | null {
  return error instanceof SystemError ? -error.errno : null;
}

function isLasting(error: unknown): boolean {
  return error instanceof SystemError && LASTING_ERRNOS.has(error.errno);
}

const NOTHING_SENT = { sentBytes: 0n, sentMessages: 0n };

/**
 * The flag with which the kernel returns a message's real length. On a stream it would discard data, and J1939 rejects
 * it.
 */
function lengthFlag({ isStream, facts }: Socket): number {
  const refuses = facts.family === AddressFamily.CAN && facts.protocol === CAN_J1939;
  return isStream || refuses ? 0 : MSG_TRUNC;
}

/**
 * Whether the kernel may drop messages. A full unix socket blocks its sender instead, and the control buffer for the
 * count would let other control messages in.
 */
function countsDrops({ isStream, facts }: Socket): boolean {
  return !isStream && facts.family !== AddressFamily.UNIX;
}
