/*
 * Watch: reports when handles become ready.
 *
 * A request may have an interest for each handle of a principal, and poll all of them again. Both are done in as many
 * turns of the event loop as they take, and the stream is not read until they are done.
 */

import { create, toBinary } from "@bufbuild/protobuf";
import { BrokerError_Code } from "../../gen/sockbroker/v1/error_pb.js";
import { WatchResponseSchema } from "../../gen/sockbroker/v1/stream_service_pb.js";
import { linux } from "../../native/linux.js";
import type { BidiServerCall } from "../../rpc/server/stream-calls.js";
import { type View, viewOf } from "../access/views.js";
import type { Permitted } from "../context.js";
import { calls } from "../entry/calls.js";
import { admitStream, type EntryPoint, enterStream } from "../entry/invoke.js";
import { BrokerFault } from "../errors.js";
import { READABLE } from "../sockets/readiness.js";
import type { Socket } from "../sockets/socket-entry.js";
import { WatchReader } from "./watch-codec.js";

const { POLLIN, POLLNVAL, POLLOUT, POLLPRI, POLLRDBAND, POLLRDHUP, POLLRDNORM, POLLWRBAND, POLLWRNORM } = linux;

const BANDS = POLLRDNORM | POLLRDBAND | POLLWRNORM | POLLWRBAND;
const WATCHABLE = POLLIN | POLLPRI | POLLOUT | POLLRDHUP | BANDS;

interface Interest {
  readonly entry: View<"receive">;
  readonly wanted: number;
  readonly stop: () => void;
}

/** Memory of an event until its response has been read. */
const EVENT_BYTES = 128;

type WatchCall = BidiServerCall<Uint8Array, Uint8Array>;

/** Serves StreamService.Watch. Each interest is reported once, and then removed until it is requested again. */
export function serveWatch(entry: EntryPoint, call: WatchCall): void {
  const ctx = admitStream(entry, call, calls.watch);
  if (ctx !== null) new WatchStream(ctx, entry, call).start();
}

class WatchStream {
  readonly #ctx: Permitted<"receive">;
  readonly #entry: EntryPoint;
  readonly #call: WatchCall;
  readonly #interests = new Map<bigint, Interest>();
  #pending = new Map<bigint, number>();
  #scheduled = false;
  /** What is left to do of the current request. */
  #work: Iterator<void> | null = null;
  #leave: () => void = () => {};

  constructor(ctx: Permitted<"receive">, entry: EntryPoint, call: WatchCall) {
    this.#ctx = ctx;
    this.#entry = entry;
    this.#call = call;
  }

  start(): void {
    const leaveStream = enterStream(this.#ctx, "watches", (reason) => this.#fail(reason));
    this.#leave = () => {
      this.#work = null;
      for (const { stop } of this.#interests.values()) stop();
      this.#interests.clear();
      leaveStream();
    };
    this.#call.start(
      {
        onMessage: (bytes) => {
          this.#work = this.#apply(new WatchReader(bytes));
          this.#continue();
        },
        onEnd: () => {
          this.#leave();
          this.#call.end();
        },
        onClose: () => this.#leave(),
      },
      (cause) => this.#entry.statusOf(this.#entry.malformed(cause)),
    );
  }

  #fail(reason: unknown): void {
    this.#leave();
    this.#call.fail(this.#entry.statusOf(reason));
  }

  /** Works on the current request until it is done or the turn is spent. */
  readonly #continue = (): void => {
    try {
      while (this.#work !== null && this.#work.next().done !== true) {
        if (!this.#call.waitIfSpent(this.#continue)) continue;
        this.#call.pause();
        return;
      }
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (this.#work === null) return;
    this.#work = null;
    this.#call.resume();
  };

  /** Applies a request, and yields after each handle. Throws MALFORMED_REQUEST. */
  *#apply(request: WatchReader): Generator<void> {
    for (let interest = this.#next(request); interest !== null; interest = this.#next(request)) {
      const { handle, events } = interest;
      if (handle === 0n) throw new BrokerFault(BrokerError_Code.MALFORMED_REQUEST, "handle is not set");
      this.#watch(handle, events);
      yield;
    }
    if (!request.lookAgain) return;
    // The event loop may not have reported current events yet, or the handle's watch may be in backoff.
    for (const [handle, { entry, wanted }] of this.#interests) {
      const now = heldNow(entry, wanted);
      if (now > 0) this.#tell(handle, now);
      yield;
    }
  }

  #next(request: WatchReader) {
    try {
      return request.next();
    } catch (cause) {
      throw this.#entry.malformed(cause);
    }
  }

  #watch(handle: bigint, events: number): void {
    this.#interests.get(handle)?.stop();
    this.#interests.delete(handle);
    this.#pending.delete(handle);
    const wanted = events & WATCHABLE;
    const entry = this.#ctx.session.find(handle);
    if (entry === null) this.#report(handle, POLLNVAL);
    else if (events !== 0) this.#observe(viewOf(this.#ctx, entry), wanted);
  }

  #observe(entry: View<"receive">, wanted: number): void {
    const { handle } = entry;
    const now = heldNow(entry, wanted);
    if (now > 0) {
      this.#report(handle, now);
      return;
    }
    const onDestroy = (): void => this.#tell(handle, POLLNVAL);
    const unobserve = entry.observe(wanted, (held) => this.#tell(handle, held));
    entry.onDestroy.push(onDestroy);
    const stop = (): void => {
      unobserve();
      entry.onDestroy.delete(onDestroy);
    };
    this.#interests.set(handle, { entry, wanted, stop });
  }

  #tell(handle: bigint, events: number): void {
    this.#interests.get(handle)?.stop();
    this.#interests.delete(handle);
    this.#report(handle, events);
  }

  /** Collects the events of one turn of the event loop into one response. */
  #report(handle: bigint, events: number): void {
    this.#pending.set(handle, events);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      const events = [...this.#pending].map(([handle, events]) => ({ handle, events }));
      this.#pending = new Map();
      if (events.length === 0) return;
      const response = toBinary(WatchResponseSchema, create(WatchResponseSchema, { events }));
      this.#call.answer(response, events.length * EVENT_BYTES);
    });
  }
}

function heldNow(entry: Socket, wanted: number): number {
  return entry.state.poll(wanted) | (entry.hasPushedBack ? wanted & READABLE : 0);
}
