/* Reads a socket once, into one frame of an attach stream. */

import { AddressFamily } from "../../gen/sockbroker/v1/address_pb.js";
import { systemError } from "../../native/errno.js";
import { linux } from "../../native/linux.js";
import type { View } from "../access/views.js";
import { acceptNext, adoptAccepted } from "../io/accept.js";
import { messageOf } from "../io/ancillary.js";
import { AGAIN, PARTLY } from "../sockets/readiness.js";
import { type Handle, isAgain, type Socket } from "../sockets/socket-entry.js";
import type { Received } from "../sockets/unowned.js";
import type { FrameInit } from "./attach-codec.js";
import type { AttachContext } from "./attach-context.js";
import { FRAME_OVERHEAD_BYTES, type Outgoing, type OutgoingFrames } from "./attach-outgoing.js";
import { DropCounter } from "./drop-counter.js";
import { lendBuffer, returnBuffer } from "./frame-buffers.js";

const { MSG_TRUNC, CAN_J1939 } = linux;

/** Smaller reads are copied so that they do not pin a 64 KiB buffer while in transit. */
const SMALL_READ_BYTES = 16 * 1024;
const DEFAULT_MESSAGE_BYTES = 64 * 1024;
const MAX_MESSAGE_BYTES = 1024 * 1024;
const MAX_ANCILLARY_BYTES = 64 * 1024;
const BATCH_BYTES = 128 * 1024;
const MAX_BATCH = 64;

/** What is read: the connections of a listener, or data. */
export type Source =
  | { readonly listening: true; readonly socket: View<"accept"> }
  | { readonly listening: false; readonly socket: View<"receive"> };

export class AttachReader {
  readonly #attach: AttachContext;
  readonly #frames: OutgoingFrames;
  readonly #drops: DropCounter | null;
  readonly #controlBytes: number;
  /** Messages received by one system call. */
  readonly #atOnce: number;
  /** Maximum size of one read, or of one message. */
  readonly messageBytes: number;
  /**
   * Reads once and writes a frame. Returns true if there may be more to read, PARTLY if nothing is left now, AGAIN if there
   * was nothing, and false if nothing more will arrive.
   */
  readonly read: () => boolean | typeof AGAIN | typeof PARTLY;

  constructor(attach: AttachContext, { listening, socket }: Source, frames: OutgoingFrames) {
    this.#attach = attach;
    this.#frames = frames;
    const { maxMessageBytes, maxAncillaryBytes } = attach.start;
    this.messageBytes = Math.min(maxMessageBytes || DEFAULT_MESSAGE_BYTES, MAX_MESSAGE_BYTES);
    this.#atOnce = Math.max(1, Math.min(MAX_BATCH, Math.floor(BATCH_BYTES / this.messageBytes)));
    this.#drops = listening || !countsDrops(socket) ? null : DropCounter.start(socket);
    this.#controlBytes = Math.min(maxAncillaryBytes, MAX_ANCILLARY_BYTES) + (this.#drops?.controlBytes ?? 0);
    if (listening) this.read = () => this.#accept(socket);
    else if (socket.isStream && maxAncillaryBytes === 0) this.read = () => this.#data(socket);
    else this.read = () => this.#messages(socket);
  }

  /** Stops counting drops. */
  stop(): void {
    this.#drops?.stop();
  }

  /** Reports messages that the kernel has dropped and no frame has reported yet. */
  reportDrops(): void {
    if (!this.#attach.socket.state.closed) this.#writeDropped(this.#drops?.look() ?? null);
  }

  #data(socket: View<"receive">): boolean | typeof AGAIN | typeof PARTLY {
    const buffer = lendBuffer(this.messageBytes);
    const { room } = buffer;
    const received = socket.receiveInto(room);
    if (typeof received !== "number" || received <= 0) {
      returnBuffer(buffer);
      if (received === 0) return this.#endOfData();
      return typeof received === "number" ? this.#noData(received) : this.#pushedBack(received);
    }
    const isSmall = received <= SMALL_READ_BYTES;
    const frame = isSmall ? Buffer.from(buffer.frame(received)) : buffer.frame(received);
    if (isSmall) returnBuffer(buffer);
    const bytes = (isSmall ? received : buffer.size) + FRAME_OVERHEAD_BYTES;
    const data = plain(frame.subarray(frame.length - received));
    const holds = { received: [data], release: isSmall ? null : () => returnBuffer(buffer) };
    this.#frames.send(bytes, holds, (onHandedOver) => this.#attach.writeFramed(frame, onHandedOver));
    // The event loop reports what arrives after a short read, and its end. More often than not that is nothing yet.
    return isSmall && received < room.length ? PARTLY : true;
  }

  #pushedBack(received: Received): boolean {
    if (received.data.length === 0) return this.#endOfData();
    this.#write({ case: "data", value: received.data }, [received]);
    return true;
  }

  #endOfData(): false {
    this.#attach.write({ case: "endOfData", value: {} });
    return false;
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
    return this.#endOfData();
  }

  /**
   * Receives the messages of one frame. One system call only has room for a few messages of maximum size, so small
   * messages would otherwise make a frame for every two.
   */
  #batch(socket: View<"receive">): readonly Received[] | number {
    const atOnce = this.#atOnce;
    const batch: Received[] = [];
    for (let bytes = 0; bytes < BATCH_BYTES && batch.length + atOnce <= MAX_BATCH; ) {
      const received = socket.receiveBatch(atOnce, this.messageBytes, this.#controlBytes, lengthFlag(socket));
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
    if (typeof accepted === "number") return this.#noData(accepted, "accept");
    const socket = adoptAccepted(ctx, listener, accepted);
    const handle = socket.handle as Handle;
    this.#write({ case: "accepted", value: { socket } }, [], [{ handle, socket: accepted }]);
    return true;
  }

  #noData(result: number, syscall = "recvmsg"): typeof AGAIN {
    if (isAgain(result)) return AGAIN;
    throw systemError(result, syscall);
  }

  #writeDropped(dropped: ReturnType<DropCounter["look"]>): void {
    if (dropped !== null) this.#attach.write({ case: "dropped", value: dropped });
  }

  #write(frame: FrameInit, received: readonly Received[], accepted: Outgoing["accepted"] = []): void {
    const bytes = received.reduce((sum, { data }) => sum + data.length, FRAME_OVERHEAD_BYTES);
    this.#frames.send(bytes, { received, accepted }, (onHandedOver) => this.#attach.write(frame, onHandedOver));
  }
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
