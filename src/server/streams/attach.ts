/*
 * Attach: data streams on a handle.
 *
 * The receiver (attach-receiver.ts) and the sender (attach-sender.ts) are independent. The receiver reads the socket
 * while few bytes are in transit to the caller. The sender processes the caller's frames in order, and the stream is
 * not read while one waits. HTTP/2's windows extend this backpressure to the caller.
 *
 * Three ends are distinguished. The peer's end of data is a frame, and the stream goes on. The end of the stream
 * detaches: the receiver stops, and data it read and could not hand over is pushed back to the handle. Closing is a
 * frame.
 */

import { BrokerError_Code } from "../../gen/sockbroker/v1/error_pb.js";
import type { AttachStart, ClientFrame } from "../../gen/sockbroker/v1/stream_service_pb.js";
import type { BidiServerCall } from "../../rpc/bidi-server-call.js";
import { authoriseSocket } from "../access/authorise.js";
import { type View, viewOf } from "../access/views.js";
import type { Permitted } from "../context.js";
import { calls } from "../entry/calls.js";
import { admitStream, cancelled, type EntryPoint, enterStream } from "../entry/invoke.js";
import { BrokerFault } from "../errors.js";
import type { Socket } from "../sockets/socket-entry.js";
import { infoWithAddresses } from "../sockets/socket-info.js";
import { decodeFrame, encodeFrame } from "./attach-codec.js";
import type { AttachContext } from "./attach-context.js";
import { AttachReceiver, type Source } from "./attach-receiver.js";
import { AttachSender } from "./attach-sender.js";

type AttachCall = BidiServerCall<Uint8Array, Uint8Array>;

/** Memory of a small frame in addition to its bytes. */
const ANSWER_OVERHEAD_BYTES = 512;

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

  constructor(ctx: Permitted<"session">, deps: EntryPoint, call: AttachCall) {
    this.#ctx = ctx;
    this.#deps = deps;
    this.#call = call;
  }

  start(): void {
    this.#call.start(
      {
        onMessage: (bytes) => this.#onMessage(bytes),
        onEnd: () => this.#detach(),
        onCancel: () => this.#abandon(),
      },
      (cause) => this.#deps.statusOf(this.#deps.malformed(cause)),
    );
  }

  #onMessage(bytes: Uint8Array): void {
    try {
      this.#onFrame(decodeFrame(bytes));
    } catch (cause) {
      this.#fail(this.#deps.malformed(cause));
    }
  }

  #onFrame(frame: ClientFrame["frame"]): void {
    try {
      if (frame.case === "attach") this.#attach(frame.value);
      else if (this.#sender === null) throw malformed("the first frame is attach");
      else if (frame.case === undefined) throw malformed("a frame has one of its arms");
      else if (frame.case === "detach") this.#detach();
      else this.#perform(this.#sender, frame);
    } catch (error) {
      this.#fail(error);
    }
  }

  #attach(start: AttachStart): void {
    if (this.#sender !== null) throw malformed("attach comes once");
    const socket = viewOf(this.#ctx, this.#ctx.session.entry(start.handle));
    if (start.sendOnly && start.receiveOnly) throw malformed("a stream that neither sends nor receives");
    const listening = socket.state.isListening;
    const source = start.sendOnly ? null : sourceOf(this.#ctx, socket, listening);
    const target = start.receiveOnly || listening ? null : authoriseSocket(this.#ctx, "send", socket);
    const vacate = occupy(socket, { receiving: !start.sendOnly, sending: !start.receiveOnly && !listening });
    const leave = enterStream(this.#ctx, "attachments", (reason) => {
      // The last chance to tell the caller how much of the interrupted frame the kernel accepted.
      if (this.#performing !== null) this.#sender?.cut(reason);
      this.#fail(reason);
    });
    const onDestroy = (): void => this.#onDestroyed(socket);
    socket.onDestroy.add(onDestroy);
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
      signal: this.#ending.signal,
      write: (frame, onHandedOver) => this.#call.write(encodeFrame(frame), onHandedOver),
      answer: (frame) => {
        const bytes = encodeFrame(frame);
        this.#call.answer(bytes, bytes.length + ANSWER_OVERHEAD_BYTES);
      },
      writeFramed: (frame, onHandedOver) => this.#call.writeFramed(frame, onHandedOver),
    };
    this.#sender = new AttachSender(context, target);
    context.write({ case: "attached", value: { socket: infoWithAddresses(socket), listening } });
    if (source === null) return;
    this.#receiver = new AttachReceiver(context, source);
    this.#receiver.run();
  }

  /** Processes a frame. While it waits for the socket the stream is not read. */
  #perform(sender: AttachSender, frame: Parameters<AttachSender["perform"]>[0]): void {
    if (frame.case === "sync" || frame.case === "close") this.#receiver?.reportDrops();
    const done = sender.perform(frame);
    if (done === null) {
      if (sender.closed) this.#finish();
      return;
    }
    this.#call.pause();
    this.#performing = done.then(
      () => {
        this.#performing = null;
        this.#call.resume();
        if (sender.closed) this.#finish();
      },
      (error) => this.#fail(error),
    );
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
