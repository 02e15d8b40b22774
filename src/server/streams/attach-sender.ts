/*
 * Processes the caller's frames in order. A frame that need not wait is processed without a promise.
 */

import { constants } from "node:os";
import { AddressFamily } from "../../gen/sockbroker/v1/address_pb.js";
import { BrokerError_Code } from "../../gen/sockbroker/v1/error_pb.js";
import type { OutgoingMessage } from "../../gen/sockbroker/v1/stream_service_pb.js";
import { AttachError_Activity } from "../../gen/sockbroker/v1/stream_service_pb.js";
import { systemError } from "../../native/errno.js";
import { authoriseSocket } from "../access/authorise.js";
import type { View } from "../access/views.js";
import { BrokerFault } from "../errors.js";
import { sendingAll, sendingMessage } from "../io/send.js";
import { controlToSend } from "../io/send-control.js";
import { setOption } from "../io/set-option.js";
import { checkedAddress } from "../resolver/checked-address.js";
import { AGAIN, type Attempt, type Wait } from "../sockets/readiness.js";
import { checkNumber, isAgain } from "../sockets/socket-entry.js";
import type { DecodedFrame } from "./attach-codec.js";
import type { AttachContext } from "./attach-context.js";

const { ENOBUFS } = constants.errno;

type PerformedFrame = Exclude<DecodedFrame, { case: "attach" | "detach" | undefined }>;

export class AttachSender {
  readonly #attach: AttachContext;
  readonly #wait: Wait;
  /** The socket to send on; null if `send` has not been checked. */
  #target: View<"send"> | null;
  #sentBytes = 0n;
  #sentMessages = 0n;
  /** An error after which no data can be sent. */
  #failed = false;
  /** Whether a `close` frame was processed. */
  closed = false;

  constructor(attach: AttachContext, target: View<"send"> | null) {
    this.#attach = attach;
    this.#target = target;
    const { waiting } = attach.ctx.services.counters;
    this.#wait = {
      operation: "send",
      milliseconds: null,
      signal: () => attach.signal,
      enter: () => {
        waiting.enter();
        return () => waiting.leave();
      },
    };
  }

  get sent() {
    return { sentBytes: this.#sentBytes, sentMessages: this.#sentMessages };
  }

  /** Processes a frame. Returns null if it is done. Errors of the kernel become frames, and never reject. */
  perform(frame: PerformedFrame): Promise<void> | null {
    switch (frame.case) {
      case "data":
        return this.sendData([frame.value]);
      case "messages":
        return this.#sending((socket) => this.#messages(socket, frame.value.messages[Symbol.iterator]()));
      case "sync":
        this.#attach.answer({ case: "synced", value: { id: frame.value.id, ...this.sent } });
        return null;
      case "shutdown":
        this.#control(() => checkNumber(this.#attach.socket.shutdown(frame.value.how), "shutdown"));
        return null;
      case "setsockopt":
        this.#control(() => {
          const { handle } = frame.value;
          const { ctx, socket } = this.#attach;
          if (handle !== 0n && handle !== socket.handle) throw malformed("setsockopt of another handle");
          const { level, name } = frame.value;
          const permitted = authoriseSocket(ctx, "setsockopt", socket, { option: { level, name } });
          checkNumber(setOption(ctx, permitted, frame.value), "setsockopt");
        });
        return null;
      case "close":
        this.closed = true;
        this.#control(() => this.#attach.ctx.session.close(this.#attach.socket.handle));
        return null;
    }
  }

  /** Sends parts of a byte stream, or one message in one part. Like `perform` of a data frame. */
  sendData(parts: readonly Uint8Array[]): Promise<void> | null {
    return this.#sending((socket) => this.#data(socket, parts));
  }

  #sending(send: (socket: View<"send">) => Promise<void> | null): Promise<void> | null {
    const { ctx, socket, start } = this.#attach;
    if (start.receiveOnly) throw malformed("data on a stream that only receives");
    if (this.#failed) return null;
    try {
      // Attaching to a listener does not require `send`, so it is checked before its first data.
      this.#target ??= authoriseSocket(ctx, "send", socket);
    } catch (error) {
      this.#fail(error);
      return null;
    }
    return send(this.#target);
  }

  #data(socket: View<"send">, parts: readonly Uint8Array[]): Promise<void> | null {
    // An empty frame sends nothing: on a message socket it would be a message.
    if (parts.every(({ length }) => length === 0)) return null;
    const attempt = sendingAll(socket, parts, 0, (bytes) => {
      this.#sentBytes += BigInt(bytes);
    });
    return this.#guard(attempt, this.#fail);
  }

  #messages(socket: View<"send">, messages: Iterator<OutgoingMessage>): Promise<void> | null {
    const waiting = this.#untilWaiting(socket, messages);
    return waiting === null ? null : this.#remaining(waiting, socket, messages);
  }

  async #remaining(first: Promise<void>, socket: View<"send">, messages: Iterator<OutgoingMessage>): Promise<void> {
    for (let waiting: Promise<void> | null = first; waiting !== null; ) {
      await waiting;
      if (this.#attach.signal.aborted) return;
      waiting = this.#untilWaiting(socket, messages);
    }
  }

  /** Sends messages until one has to wait, or the turn of the event loop is spent. Returns null if all were sent. */
  #untilWaiting(socket: View<"send">, messages: Iterator<OutgoingMessage>): Promise<void> | null {
    for (let message = this.#next(messages); message !== null; message = this.#next(messages)) {
      const waiting = this.#message(socket, message) ?? this.#attach.turn();
      if (waiting !== null) return waiting;
    }
    return null;
  }

  /** Throws MALFORMED_REQUEST if the next message cannot be decoded. */
  #next(messages: Iterator<OutgoingMessage>): OutgoingMessage | null {
    try {
      const { done, value } = messages.next();
      return done === true ? null : value;
    } catch (cause) {
      throw this.#attach.deps.malformed(cause);
    }
  }

  #message(socket: View<"send">, message: OutgoingMessage): Promise<void> | null {
    const { ctx } = this.#attach;
    try {
      const control = controlToSend(ctx, message.ancillaryData);
      const address =
        message.address === undefined ? null : checkedAddress(ctx, "send", socket, message.address, "sendmsg");
      const attempt = (to: Exclude<typeof address, Promise<unknown>>) => {
        const { data, flags } = message;
        const send = sendingMessage(ctx, socket, this.#wait, { buffers: [data], control, flags, address: to });
        return (): null | typeof AGAIN => {
          const sent = send();
          if (sent >= 0) {
            this.#sentBytes += BigInt(sent);
            this.#sentMessages += 1n;
            return null;
          }
          // ENOBUFS means that the queue of a CAN interface is full. It cannot be polled for, but is backpressure as
          // well.
          const full = sent === -ENOBUFS && socket.facts.family === AddressFamily.CAN;
          if (isAgain(sent) || full) return AGAIN;
          throw systemError(sent, "sendmsg");
        };
      };
      if (address instanceof Promise) {
        return address.then((to) => this.#guard(attempt(to), this.#refused) ?? undefined).catch(this.#refused);
      }
      return this.#guard(attempt(address), this.#refused);
    } catch (error) {
      this.#refused(error);
      return null;
    }
  }

  /** Repeats an attempt until it is done, and passes what it throws to the handler. */
  #guard(attempt: Attempt<null>, handler: (error: unknown) => void): Promise<void> | null {
    try {
      const result = this.#attach.socket.readiness.perform("write", this.#wait, attempt);
      if (!(result instanceof Promise)) return null;
      return result.then(
        () => undefined,
        (error) => handler(error),
      );
    } catch (error) {
      handler(error);
      return null;
    }
  }

  /** Reports how much was sent, before the stream is ended from outside. */
  cut(reason: unknown): void {
    this.#fail(reason);
  }

  /** Reports that sending failed. Later data is dropped, because it would arrive after a gap. */
  readonly #fail = (error: unknown): void => {
    this.#failed = true;
    this.#report(AttachError_Activity.SEND, error, true);
  };

  /** One message was refused; later ones may be accepted. */
  readonly #refused = (error: unknown): void => {
    this.#sentMessages += 1n;
    this.#report(AttachError_Activity.SEND, error, false);
  };

  #control(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#report(AttachError_Activity.CONTROL, error, false);
    }
  }

  #report(activity: AttachError_Activity, error: unknown, final: boolean): void {
    if (this.#attach.signal.aborted) return;
    this.#attach.answer({
      case: "error",
      value: { activity, status: this.#attach.deps.statusOf(error), final, ...this.sent },
    });
  }
}

function malformed(text: string): BrokerFault {
  return new BrokerFault(BrokerError_Code.MALFORMED_REQUEST, text);
}
