import { create } from "@bufbuild/protobuf";
import { BrokerError_Code } from "../../gen/sockbroker/v1/error_pb.js";
import {
  type WatchRequest,
  type WatchResponse,
  WatchResponseSchema,
} from "../../gen/sockbroker/v1/stream_service_pb.js";
import { linux } from "../../native/linux.js";
import type { BidiServerCall } from "../../rpc/bidi-server-call.js";
import { type View, viewOf } from "../access/views.js";
import type { Permitted } from "../context.js";
import { calls } from "../entry/calls.js";
import { admitStream, type EntryPoint, enterStream } from "../entry/invoke.js";
import { BrokerFault } from "../errors.js";
import type { Socket } from "../sockets/socket-entry.js";

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

type WatchCall = BidiServerCall<WatchRequest, WatchResponse>;

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

  constructor(ctx: Permitted<"receive">, entry: EntryPoint, call: WatchCall) {
    this.#ctx = ctx;
    this.#entry = entry;
    this.#call = call;
  }

  start(): void {
    const leaveStream = enterStream(this.#ctx, "watches", (reason) => {
      leave();
      this.#call.fail(this.#entry.statusOf(reason));
    });
    const leave = (): void => {
      for (const { stop } of this.#interests.values()) stop();
      this.#interests.clear();
      leaveStream();
    };
    this.#call.start(
      {
        onMessage: (request) => {
          if (request.interests.some(({ handle }) => handle === 0n)) {
            leave();
            this.#call.fail(
              this.#entry.statusOf(new BrokerFault(BrokerError_Code.MALFORMED_REQUEST, "handle is not set")),
            );
            return;
          }
          for (const { handle, events } of request.interests) this.#watch(handle, events);
          if (request.lookAgain) this.#lookAgain();
        },
        onEnd: () => {
          leave();
          this.#call.end();
        },
        onCancel: leave,
      },
      (cause) => {
        leave();
        return this.#entry.statusOf(this.#entry.malformed(cause));
      },
    );
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
    entry.onDestroy.add(onDestroy);
    const stop = (): void => {
      unobserve();
      entry.onDestroy.delete(onDestroy);
    };
    this.#interests.set(handle, { entry, wanted, stop });
  }

  /**
   * Polls again, because the event loop may not have reported current events yet, or the handle's watch may be in
   * backoff.
   */
  #lookAgain(): void {
    for (const [handle, { entry, wanted }] of this.#interests) {
      const now = heldNow(entry, wanted);
      if (now > 0) this.#tell(handle, now);
    }
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
      this.#call.answer(create(WatchResponseSchema, { events }), events.length * EVENT_BYTES);
    });
  }
}

function heldNow(entry: Socket, wanted: number): number {
  return entry.state.poll(wanted) | (entry.hasPushedBack ? wanted & POLLIN : 0);
}
