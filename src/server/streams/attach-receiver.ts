/*
 * Reads a socket into frames, until the stream ends.
 *
 * It reads only while fewer than WINDOW_BYTES are in transit to the transport. Data that was read and not handed over
 * when the stream ends is pushed back to the open description, for the next receive on the handle or on a duplicate.
 */

import { constants } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { AttachError_Activity } from "../../gen/sockbroker/v1/stream_service_pb.js";
import { SystemError } from "../../native/errno.js";
import type { View } from "../access/views.js";
import { AGAIN, PARTLY, type Wait } from "../sockets/readiness.js";
import type { AttachContext } from "./attach-context.js";
import { FRAME_OVERHEAD_BYTES, type Outgoing, OutgoingFrames } from "./attach-outgoing.js";
import { AttachReader, type Source } from "./attach-reader.js";

/** Maximum number of bytes in transit, or two reads if that is more. */
const WINDOW_BYTES = 256 * 1024;
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

export class AttachReceiver {
  readonly #attach: AttachContext;
  readonly #source: Source;
  readonly #frames = new OutgoingFrames();
  readonly #reader: AttachReader;
  readonly #stopping = new AbortController();
  readonly #windowBytes: number;
  #errorsInARow = 0;
  #done: Promise<void> = Promise.resolve();

  constructor(attach: AttachContext, source: Source) {
    this.#attach = attach;
    this.#source = source;
    this.#reader = new AttachReader(attach, source, this.#frames);
    this.#windowBytes = Math.max(WINDOW_BYTES, 2 * this.#reader.messageBytes);
  }

  run(): void {
    const { listening, socket } = this.#source;
    if (!listening) socket.hasUnsentData = () => this.#frames.haveData;
    this.#done = this.#loop();
  }

  /** Stops reading, and settles when everything read has been handed to the transport. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#done;
    this.reportDrops();
    this.#reader.stop();
    const { signal } = this.#attach;
    while (this.#frames.size > 0 && !signal.aborted) await this.#frames.room(1, [signal]);
  }

  /** Reports messages that the kernel has dropped and no frame has reported yet. */
  reportDrops(): void {
    this.#reader.reportDrops();
  }

  /** Stops, and pushes back what has not been handed to the transport. */
  abandon(): void {
    this.#stopping.abort();
    this.#reader.stop();
    const outgoing = this.#frames.takeAll();
    const { listening, socket } = this.#source;
    if (!listening) socket.hasUnsentData = null;
    // Of a closed handle too, because duplicates receive it; if there are none, it is discarded.
    if (listening) this.#giveBack(socket, outgoing);
    else takeBack(socket, outgoing);
  }

  /** Gives back accepted sockets whose handles the caller cannot know. */
  #giveBack(listener: View<"accept">, outgoing: readonly Outgoing[]): void {
    const { session, principal } = this.#attach.ctx;
    const unknown = outgoing.flatMap((frame) => frame.accepted).filter(({ handle }) => session.find(handle));
    for (const { handle } of unknown) session.release(handle);
    listener.giveBack(
      unknown.map(({ socket }) => socket),
      principal.handles,
    );
  }

  async #loop(): Promise<void> {
    const { signal, socket, unread } = this.#attach;
    const stopped = this.#stopping.signal;
    while (!stopped.aborted) {
      if (this.#isFull) {
        await this.#frames.room(this.#windowBytes, [signal, stopped], unread);
        continue;
      }
      try {
        const goOn = await socket.readiness.perform("data", this.#wait(), this.#attempt);
        if (!goOn) return;
      } catch (error) {
        if (stopped.aborted) return;
        if (!(await this.#onError(error))) return;
      }
    }
  }

  get #isFull(): boolean {
    return this.#frames.bytes >= this.#windowBytes || this.#attach.unread.isFull;
  }

  /**
   * Reads until nothing is left, and stays in the wait queue for what arrives later. Results in true when as much is in
   * transit as may be, and in false when nothing more will arrive.
   */
  readonly #attempt = (): boolean | typeof AGAIN | typeof PARTLY => {
    // By other streams of the caller, while this one waited.
    if (this.#isFull) return true;
    let result: typeof AGAIN | typeof PARTLY = AGAIN;
    for (;;) {
      const read = this.#reader.read();
      if (read === AGAIN) return result;
      if (read === false) return false;
      this.#errorsInARow = 0;
      // A receive on the same handle that waits has its turn before the next read.
      const others = this.#attach.socket.readiness.waiting > 1;
      if (others || this.#isFull || this.#stopping.signal.aborted) return true;
      if (read === PARTLY) return PARTLY;
      result = PARTLY;
    }
  };

  /** Reports an error. Returns whether to continue. */
  async #onError(error: unknown): Promise<boolean> {
    const { deps } = this.#attach;
    const { listening, socket } = this.#source;
    const final = socket.state.closed || (!listening && (socket.zeroReadIsEnd || isLasting(error)));
    const value = { activity: AttachError_Activity.RECEIVE, status: deps.statusOf(error), final, ...NOTHING_SENT };
    this.#frames.send(FRAME_OVERHEAD_BYTES, { error: final ? errorOf(error) : null }, (onHandedOver) =>
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

function errorOf(error: unknown): number | null {
  return error instanceof SystemError ? -error.errno : null;
}

function isLasting(error: unknown): boolean {
  return error instanceof SystemError && LASTING_ERRNOS.has(error.errno);
}

const NOTHING_SENT = { sentBytes: 0n, sentMessages: 0n };
