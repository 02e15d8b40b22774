/*
 * Attach: data streams on a handle.
 *
 * The receiver (attach-receiver.ts) and the sender (attach-sender.ts) are independent. The receiver reads the socket
 * while few bytes are in transit to the caller. The sender processes the caller's frames in order, and the stream is
 * not read while one waits. HTTP/2's windows extend this backpressure to the caller.
 *
 * Three ends are distinguished. The peer's end of data is a frame, and the stream continues. The end of the stream
 * detaches: the receiver stops, and data it read and could not hand over is pushed back to the open description. Closing
 * is a frame.
 */

import { BrokerError_Code } from "../../gen/sockbroker/v1/error_pb.js";
import type { AttachStart } from "../../gen/sockbroker/v1/stream_service_pb.js";
import { dataStart } from "../../rpc/data-frame.js";
import { compact } from "../../rpc/server/compact.js";
import type { BidiServerCall } from "../../rpc/server/stream-calls.js";
import { authoriseSocket } from "../access/authorise.js";
import { type View, viewOf } from "../access/views.js";
import type { Permitted } from "../context.js";
import { calls } from "../entry/calls.js";
import { admitStream, cancelled, type EntryPoint, enterStream } from "../entry/invoke.js";
import { BrokerFault } from "../errors.js";
import type { Socket } from "../sockets/socket-entry.js";
import { infoWithAddresses } from "../sockets/socket-info.js";
import { type DecodedFrame, decodeFrame, encodeFrame } from "./attach-codec.js";
import type { AttachContext } from "./attach-context.js";
import type { Source } from "./attach-reader.js";
import { AttachReceiver } from "./attach-receiver.js";
import { AttachSender } from "./attach-sender.js";

type AttachCall = BidiServerCall<Uint8Array, Uint8Array>;

/** Memory of a small frame in addition to its bytes. */
const ANSWER_OVERHEAD_BYTES = 512;

/** Maximum number of parts of a data frame that are sent together; sendmsg(2) takes 1,024. */
const MAX_PARTS = 64;

/** Serves StreamService.Attach. */
export function serveAttach(deps: EntryPoint, call: AttachCall): void {
  const ctx = admitStream(deps, call, calls.attach);
  if (ctx !== null) new AttachStream(ctx, deps, call).start();
}

class AttachStream {
  readonly #ctx: Permitted<"session">;
  readonly #deps: EntryPoint;
  readonly #call: AttachCall;
  readonly #ending = new AbortController();
  #receiver: AttachReceiver | null = null;
  #detaching = false;
  /** Settles when the frame that waits for the socket is done. */
  #performing: Promise<void> | null = null;
  #sender: AttachSender | null = null;
  #leave: () => void = () => {};
  /** Whether long data frames may be sent in parts: not on a message socket, where each frame is a message. */
  #takesParts = false;
  /** Parts of a data frame that were not sent yet. */
  #parts: Buffer[] = [];
  #sendingParts: NodeJS.Immediate | null = null;
  /** Whether a part of a data frame was received, and its last part was not. */
  #withinFrame = false;

  constructor(ctx: Permitted<"session">, deps: EntryPoint, call: AttachCall) {
    this.#ctx = ctx;
    this.#deps = deps;
    this.#call = call;
  }

  start(): void {
    this.#call.start(
      {
        onMessage: (bytes) => this.#onMessage(bytes),
        parts: {
          from: (head, length) => (this.#takesParts ? dataStart(head, length) : 0),
          onPart: (part, isLast) => this.#onPart(part, isLast),
        },
        onEnd: () => this.#detach(),
        onClose: () => this.#abandon(),
      },
      (cause) => this.#deps.statusOf(this.#deps.malformed(cause)),
    );
  }

  #onMessage(bytes: Uint8Array): void {
    try {
      this.#onFrame(decodeFrame(bytes), bytes.length);
    } catch (cause) {
      this.#fail(this.#deps.malformed(cause));
    }
  }

  /**
   * Sends parts of a data frame together that arrive together. They are sent after this turn of the event loop if the rest
   * of the frame has not arrived.
   */
  #onPart(part: Buffer, isLast: boolean): void {
    this.#parts.push(part);
    this.#withinFrame = !isLast;
    if (isLast || this.#parts.length === MAX_PARTS) this.#sendParts();
    else this.#sendingParts ??= setImmediate(() => this.#sendParts());
  }

  #sendParts(): void {
    const parts = compact(this.#dropParts());
    const sender = this.#sender;
    if (sender === null || sender.closed) return;
    try {
      const bytes = parts.reduce((sum, { length }) => sum + length, 0);
      this.#perform(sender, bytes, () => sender.sendData(parts));
    } catch (error) {
      this.#fail(error);
    }
  }

  #dropParts(): readonly Buffer[] {
    const parts = this.#parts;
    this.#parts = [];
    if (this.#sendingParts !== null) clearImmediate(this.#sendingParts);
    this.#sendingParts = null;
    return parts;
  }

  #onFrame(frame: DecodedFrame, bytes: number): void {
    try {
      if (frame.case === "attach") this.#attach(frame.value);
      else if (this.#sender === null) throw malformed("the first frame must be attach");
      else if (frame.case === undefined) throw malformed("a frame must have exactly one arm set");
      else if (this.#sender.closed) return;
      else if (frame.case === "detach") this.#detach();
      else this.#performFrame(this.#sender, frame, bytes);
    } catch (error) {
      this.#fail(error);
    }
  }

  #attach(start: AttachStart): void {
    if (this.#sender !== null) throw malformed("attach must be sent only once");
    const socket = viewOf(this.#ctx, this.#ctx.session.entry(start.handle));
    if (start.sendOnly && start.receiveOnly) throw malformed("a stream that neither sends nor receives");
    const listening = socket.state.isListening;
    const source = start.sendOnly ? null : sourceOf(this.#ctx, socket, listening);
    // When the stream breaks, its data in transit is pushed back, which cannot be refused.
    if (source !== null && !listening) this.#ctx.principal.pushedBack.require();
    const target = start.receiveOnly || listening ? null : authoriseSocket(this.#ctx, "send", socket);
    const vacate = occupy(socket, { receiving: !start.sendOnly, sending: !start.receiveOnly && !listening });
    const leave = enterStream(this.#ctx, "attachments", (reason) => {
      // The last chance to tell the caller how much of the interrupted frame the kernel accepted.
      if (this.#performing !== null || this.#withinFrame) this.#sender?.cut(reason);
      this.#fail(reason);
    });
    const onDestroy = (): void => this.#onDestroyed(socket);
    socket.onDestroy.push(onDestroy);
    this.#leave = () => {
      this.#leave = () => {};
      socket.onDestroy.delete(onDestroy);
      vacate();
      leave();
    };

    const context: AttachContext = {
      ctx: this.#ctx,
      deps: this.#deps,
      socket,
      start,
      unread: this.#call.accounts.unread,
      signal: this.#ending.signal,
      turn: () => this.#turn(),
      write: (frame, onHandedOver) => this.#call.write(encodeFrame(frame), onHandedOver),
      answer: (frame) => {
        const bytes = encodeFrame(frame);
        this.#call.answer(bytes, bytes.length + ANSWER_OVERHEAD_BYTES);
      },
      writeFramed: (frame, onHandedOver) => this.#call.writeFramed(frame, onHandedOver),
    };
    this.#sender = new AttachSender(context, target);
    this.#takesParts = socket.isStream;
    context.write({ case: "attached", value: { socket: infoWithAddresses(socket), listening } });
    if (source === null) return;
    this.#receiver = new AttachReceiver(context, source);
    this.#receiver.run();
  }

  #turn(): Promise<void> | null {
    let resume = (): void => {};
    if (!this.#call.waitIfSpent(() => resume())) return null;
    return new Promise((resolve) => {
      resume = resolve;
    });
  }

  #performFrame(sender: AttachSender, frame: Parameters<AttachSender["perform"]>[0], bytes: number): void {
    if (frame.case === "sync" || frame.case === "close") this.#receiver?.reportDrops();
    this.#perform(sender, bytes, () => sender.perform(frame));
  }

  /** Processes a frame or parts of one. While it waits for the socket, or for a later turn, the stream is not read. */
  #perform(sender: AttachSender, bytes: number, act: () => Promise<void> | null): void {
    const done = act();
    if (done === null) {
      if (sender.closed) this.#closed();
      return;
    }
    this.#call.pause();
    const { waiting } = this.#call.accounts;
    waiting.add(bytes);
    const counted = done.finally(() => waiting.give(bytes));
    this.#performing = counted.then(
      () => {
        this.#performing = null;
        this.#call.resume();
        if (sender.closed) this.#closed();
      },
      (error) => this.#fail(error),
    );
  }

  /**
   * The caller has closed the handle: ends the stream after what was received before. That is not pushed back unless the
   * call breaks, or duplicates would receive it too.
   */
  #closed(): void {
    this.#detaching = true;
    const stopped = this.#receiver?.stop() ?? Promise.resolve();
    void stopped.then(() => {
      if (!this.#call.ended) this.#finish();
    });
  }

  /** Stops receiving, and ends the stream after what was received and the frame being processed. */
  #detach(): void {
    if (this.#detaching) return;
    this.#detaching = true;
    // The receiver is kept: if the call breaks before the transport has everything, it pushes back the remainder.
    const stopped = this.#receiver?.stop() ?? Promise.resolve();
    // A half-close can arrive while the last frame waits for the socket, because pausing a stream does not delay its
    // end.
    void Promise.all([stopped, this.#performing]).then(() => {
      if (this.#call.ended) return;
      const sent = this.#sender?.sent ?? { sentBytes: 0n, sentMessages: 0n };
      this.#call.write(encodeFrame({ case: "detached", value: sent }));
      this.#finish();
    });
  }

  #finish(): void {
    this.#release(cancelled());
    this.#call.end();
  }

  #fail(error: unknown): void {
    this.#release(error);
    this.#call.fail(this.#deps.statusOf(error));
  }

  /** The caller is gone, so nothing can be sent to it. */
  #abandon(): void {
    this.#release(cancelled());
  }

  #release(reason: unknown): void {
    this.#ending.abort(reason);
    this.#dropParts();
    this.#receiver?.abandon();
    this.#receiver = null;
    this.#leave();
  }

  /** The handle was closed. If this stream closed it, it ends with OK. */
  #onDestroyed({ refusal }: Socket): void {
    if (this.#ctx.session.ended) return;
    if (this.#sender?.closed === true) return;
    this.#fail(refusal ?? new BrokerFault(BrokerError_Code.HANDLE_NOT_FOUND, "the handle was closed"));
  }
}

/** Checks the permission for reading a socket. Throws `PolicyDenied`. */
function sourceOf(ctx: Permitted<"session">, socket: Socket, listening: boolean): Source {
  return listening
    ? { listening, socket: authoriseSocket(ctx, "accept", socket) }
    : { listening, socket: authoriseSocket(ctx, "receive", socket) };
}

/** Marks directions of an entry as in use. Throws HANDLE_BUSY. Returns a function that undoes it. */
function occupy(
  entry: View<"session">,
  wanted: { readonly receiving: boolean; readonly sending: boolean },
): () => void {
  if ((wanted.receiving && entry.receiving) || (wanted.sending && entry.sending)) {
    throw new BrokerFault(BrokerError_Code.HANDLE_BUSY, "another attach stream has this direction of the handle");
  }
  if (wanted.receiving) entry.receiving = true;
  if (wanted.sending) entry.sending = true;
  return () => {
    if (wanted.receiving) entry.receiving = false;
    if (wanted.sending) entry.sending = false;
  };
}

function malformed(text: string): BrokerFault {
  return new BrokerFault(BrokerError_Code.MALFORMED_REQUEST, text);
}
