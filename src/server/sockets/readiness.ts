/*
 * Theory of operation.
 *
 * Every descriptor is non-blocking. An operation is an attempt: a function that makes the system call once and answers its
 * value, or AGAIN. It is made at once; only an attempt that answers AGAIN is queued, and made again when the kernel says
 * that the descriptor is ready. An attempt therefore consumes nothing until the moment in which it succeeds, and leaving
 * the queue (timeout, abort, close) is all there is to cancelling it. What takes many calls (all of a buffer, a file) answers
 * PARTLY in between, and knows itself how far it came.
 *
 * Operations wait in lanes, and each lane is strictly first-in first-out: were a later send tried while an earlier one
 * waits, bytes would change places; were a later recv, results would. Urgent data and the error queue have lanes of their
 * own, for one who waits for ordinary data must not hold up one who waits for those.
 *
 * Observers want to know of readiness, and make no attempt: what they are told is what poll(2) says at that moment.
 *
 * The watch is level-triggered. An event after which nobody makes progress (POLLERR with a full error queue and a reader
 * of ordinary data; POLLOUT of a unix socket whose peer's backlog is full) would fire again on the next turn of the loop,
 * for ever. After such an event the watch rests for a moment that doubles up to a limit.
 */

import { constants } from "node:os";
import type { NativeSocket } from "../../native/binding.js";
import { systemError } from "../../native/errno.js";
import { linux } from "../../native/linux.js";
import { OperationTimeout } from "../errors.js";
import { Queue } from "./queue.js";

const { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLPRI, POLLRDHUP } = linux;
const { POLLRDBAND, POLLRDNORM, POLLWRBAND, POLLWRNORM } = linux;

const EAGAIN = constants.errno.EAGAIN;

/** What an attempt answers when it has to be made again later. */
export const AGAIN: unique symbol = Symbol("again");

/** What it answers when it came further, and has to be made again later for the rest. */
export const PARTLY: unique symbol = Symbol("partly");

export type Attempt<T> = () => T | typeof AGAIN | typeof PARTLY;

/** What an operation waits for: ordinary data or a connection, urgent data, the error queue, or room. */
export type WaitQueue = "data" | "urgent" | "error" | "write";

const readQueues = ["data", "urgent", "error"] as const satisfies readonly WaitQueue[];

export interface Wait {
  readonly operation: string;
  /** null waits for ever, 0 not at all. */
  readonly milliseconds: number | null;
  /** What the socket itself says of waiting for ever, in a lane; null where it has nothing against it. */
  readonly ownLimit?: (waitQueue: WaitQueue) => OwnLimit | null;
  /** A function, because few operations wait and a signal is not free. */
  readonly signal: () => AbortSignal;
  /** Counts the operation among those that wait, and answers how to stop that. May throw: too many. */
  readonly enter: () => () => void;
}

/** SO_RCVTIMEO or SO_SNDTIMEO, and what the kernel says when it has passed. */
export interface OwnLimit {
  readonly milliseconds: number;
  readonly error: () => unknown;
}

interface Waiter {
  /** Makes the attempt. "over" when it is, one way or the other. */
  readonly step: () => "over" | typeof AGAIN | typeof PARTLY;
  readonly fail: (error: unknown) => void;
}

interface Observer {
  readonly events: number;
  readonly notify: (events: number) => void;
}

const FIRST_BACKOFF_MS = 1;
const LONGEST_BACKOFF_MS = 64;
/** The longest delay that setTimeout takes. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

export class Readiness {
  readonly #native: NativeSocket;
  readonly #queues: Record<WaitQueue, Queue<Waiter>> = {
    data: new Queue(),
    urgent: new Queue(),
    error: new Queue(),
    write: new Queue(),
  };
  readonly #observers = new Set<Observer>();
  #waiting = 0;
  #watched = 0;
  #backoff: NodeJS.Timeout | null = null;
  #backoffMs = FIRST_BACKOFF_MS;
  /** Whether a thread is sending: nobody else may then. */
  #sending = false;

  constructor(native: NativeSocket) {
    this.#native = native;
  }

  /** Operations that wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Makes the attempt now, and again whenever the descriptor is ready, until it answers. Throws EAGAIN when it may not
   * wait; rejects with `OperationTimeout`, with the signal's reason, or with what `failAll` was given.
   */
  perform<T>(waitQueue: WaitQueue, wait: Wait, attempt: Attempt<T>): T | Promise<T> {
    if (this.#queues[waitQueue].size === 0 && !(waitQueue === "write" && this.#sending)) {
      const value = attempt();
      if (value !== AGAIN && value !== PARTLY) return value;
    }
    if (wait.milliseconds === 0) throw systemError(-EAGAIN, wait.operation);
    return this.#enqueue(waitQueue, wait, attempt);
  }

  /**
   * Calls back, every time that it may have changed, with the POLL* events that hold of those asked for. Answers how to
   * stop that.
   */
  observe(events: number, notify: (events: number) => void): () => void {
    const observer = { events, notify };
    this.#observers.add(observer);
    this.#update();
    return () => {
      this.#observers.delete(observer);
      this.#update();
    };
  }

  /** Lets waiting readers try again: something other than the kernel has data for them. */
  nudge(): void {
    this.#stepReaders();
    this.#notifyObservers(POLLIN);
    this.#update();
  }

  /** Lets no operation send until the answer is called: a thread does. */
  holdWrites(): () => void {
    this.#sending = true;
    this.#update();
    return () => {
      this.#sending = false;
      if (this.#backoff !== null) clearTimeout(this.#backoff);
      this.#backoff = null;
      this.#backoffMs = FIRST_BACKOFF_MS;
      step(this.#queues.write);
      this.#update();
    };
  }

  /** Ends every waiting operation with an error, and the watch. */
  failAll(error: unknown): void {
    for (const queue of Object.values(this.#queues)) {
      for (const waiter of queue) waiter.fail(error);
    }
    if (this.#backoff !== null) clearTimeout(this.#backoff);
    this.#backoff = null;
    this.#watch(0);
  }

  #enqueue<T>(waitQueue: WaitQueue, wait: Wait, attempt: Attempt<T>): Promise<T> {
    const queue = this.#queues[waitQueue];
    const leave = wait.enter();
    return new Promise<T>((resolve, reject) => {
      const signal = wait.signal();
      const finish = (): void => {
        if (!queue.delete(waiter)) return;
        this.#waiting -= 1;
        cancelTimer();
        signal.removeEventListener("abort", onAbort);
        leave();
        this.#update();
      };
      const waiter: Waiter = {
        step: () => {
          try {
            const value = attempt();
            if (value === AGAIN) return AGAIN;
            if (value === PARTLY) return PARTLY;
            finish();
            resolve(value);
          } catch (error) {
            waiter.fail(error);
          }
          return "over";
        },
        fail: (error) => {
          finish();
          reject(error);
        },
      };
      const onAbort = (): void => waiter.fail(signal.reason);
      const own = wait.milliseconds === null ? (wait.ownLimit?.(waitQueue) ?? null) : null;
      const cancelTimer = startTimer(own?.milliseconds ?? wait.milliseconds, () =>
        waiter.fail(own === null ? new OperationTimeout(wait.operation) : own.error()),
      );
      queue.push(waiter);
      this.#waiting += 1;
      signal.addEventListener("abort", onAbort);
      if (signal.aborted) onAbort();
      this.#update();
    });
  }

  #stepReaders(): boolean {
    let progress = false;
    for (const waitQueue of readQueues) progress = step(this.#queues[waitQueue]) || progress;
    return progress;
  }

  #onReady(events: number): void {
    const failed = (events & (POLLERR | POLLHUP)) !== 0;
    let progress = false;
    if (failed || (events & (POLLIN | POLLPRI)) !== 0) progress = this.#stepReaders();
    if (!this.#sending && (failed || (events & POLLOUT) !== 0)) progress = step(this.#queues.write) || progress;
    progress = this.#notifyObservers() || progress;
    if (progress) this.#backoffMs = FIRST_BACKOFF_MS;
    else if (this.#waiting > 0 || this.#observers.size > 0) this.#pause();
    this.#update();
  }

  /** `known` are events that hold though the kernel does not know of them. */
  #notifyObservers(known = 0): boolean {
    let progress = false;
    for (const { events, notify } of this.#observers) {
      const held = this.#native.poll(events) | (events & known);
      if (held <= 0) continue;
      progress = true;
      notify(held);
    }
    return progress;
  }

  #pause(): void {
    this.#backoff ??= setTimeout(() => {
      this.#backoff = null;
      this.#update();
    }, this.#backoffMs);
    this.#backoffMs = Math.min(this.#backoffMs * 2, LONGEST_BACKOFF_MS);
  }

  #update(): void {
    if (this.#native.closed) return;
    let events = 0;
    if (this.#backoff === null) {
      if (readQueues.some((waitQueue) => this.#queues[waitQueue].size > 0)) events |= POLLIN | POLLPRI;
      if (this.#queues.write.size > 0 && !this.#sending) events |= POLLOUT;
      // Errors and hang-ups alone cannot be watched for; POLLPRI is the rarest thing that can.
      for (const observer of this.#observers) events |= kernelEvents(observer.events);
    }
    this.#watch(events);
  }

  #watch(events: number): void {
    if (events === this.#watched || this.#native.closed) return;
    this.#watched = events;
    const result = this.#native.watch(events, events === 0 ? null : (ready) => this.#onReady(ready));
    if (result < 0 && events !== 0) {
      this.#watched = 0;
      this.failAll(systemError(result, "poll"));
    }
  }
}

/** What to watch for, so that an observer of these events is asked when they may hold. */
function kernelEvents(events: number): number {
  const readable = (events & (POLLIN | POLLRDNORM | POLLRDBAND)) !== 0 ? POLLIN : 0;
  const writable = (events & (POLLOUT | POLLWRNORM | POLLWRBAND)) !== 0 ? POLLOUT : 0;
  return readable | writable | (events & (POLLPRI | POLLRDHUP)) || POLLPRI;
}

function step(queue: Queue<Waiter>): boolean {
  let progress = false;
  for (const waiter of queue) {
    const outcome = waiter.step();
    if (outcome !== AGAIN) progress = true;
    if (outcome !== "over") break;
  }
  return progress;
}

/** Calls back after so many milliseconds, however many they are. Answers how to cancel that. */
export function startTimer(milliseconds: number | null, callback: () => void): () => void {
  if (milliseconds === null) return () => {};
  let left = milliseconds;
  let timer: NodeJS.Timeout;
  const arm = (): void => {
    const span = Math.min(left, LONGEST_TIMER_MS);
    left -= span;
    timer = setTimeout(() => (left > 0 ? arm() : callback()), span);
  };
  arm();
  return () => clearTimeout(timer);
}
