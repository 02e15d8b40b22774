/*
 * Theory of operation.
 *
 * Every descriptor is non-blocking. An operation is an attempt: a function that makes the system call once and returns
 * its value, or AGAIN. It is made immediately; only an attempt that returns AGAIN is queued, and repeated when the
 * kernel reports that the descriptor is ready. An attempt therefore consumes nothing until it succeeds, so cancelling
 * it (timeout, abort, close) only means removing it from the queue. An operation that takes several calls (all of a
 * buffer, a file) returns PARTLY in between, and keeps track of its own progress.
 *
 * Each wait queue is strictly first-in first-out: if a later send were attempted while an earlier one waits, bytes
 * would be reordered; if a later receive were, results would be. Urgent data and the error queue have their own wait
 * queues, because an operation waiting for ordinary data must not block one waiting for those.
 *
 * Observers are notified of readiness, and make no attempt. They are given what poll(2) returns at that moment.
 *
 * The watch is level-triggered. An event after which no operation makes progress (POLLERR with a full error queue and a
 * reader of ordinary data; POLLOUT of a unix socket whose peer's backlog is full) would fire again on every turn of the
 * event loop. After such an event the watch is suspended for a backoff that doubles up to a limit.
 */

import { constants } from "node:os";
import type { NativeSocket } from "../../native/binding.js";
import { systemError } from "../../native/errno.js";
import { linux } from "../../native/linux.js";
import { OperationTimeout } from "../errors.js";
import { Queue } from "./queue.js";

const { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLPRI, POLLRDHUP } = linux;
const { POLLRDBAND, POLLRDNORM, POLLWRBAND, POLLWRNORM } = linux;

/** The events that hold when there is data that the kernel does not know of. */
export const READABLE = POLLIN | POLLRDNORM;

const EAGAIN = constants.errno.EAGAIN;

/** Returned by an attempt that has to be repeated. */
export const AGAIN: unique symbol = Symbol("again");

/** Returned by an attempt that made progress, and has to be repeated for the remainder. */
export const PARTLY: unique symbol = Symbol("partly");

export type Attempt<T> = () => T | typeof AGAIN | typeof PARTLY;

/** What an operation waits for: ordinary data or a connection, urgent data, the error queue, or room to send. */
export type WaitQueue = "data" | "urgent" | "error" | "write";

const readQueues = ["data", "urgent", "error"] as const satisfies readonly WaitQueue[];

export interface Wait {
  readonly operation: string;
  /** null means no limit, 0 means not to wait. */
  readonly milliseconds: number | null;
  /** SO_RCVTIMEO/SO_SNDTIMEO of the socket; used only when the operation has no timeout. null if unset. */
  readonly ownLimit?: (waitQueue: WaitQueue) => OwnLimit | null;
  /** A function, because few operations wait and creating a signal is expensive. */
  readonly signal: () => AbortSignal;
  /**
   * Whether an operation that has waited may not receive anything now, because its caller does not read what it has received. Then
   * `resume` is called when it may.
   */
  readonly waitIfFull?: (resume: () => void) => boolean;
  /** Counts the operation as waiting, and returns a function that ends that. Throws if there are too many. */
  readonly enter: () => () => void;
}

/** SO_RCVTIMEO or SO_SNDTIMEO, and the kernel's error when it expires. */
export interface OwnLimit {
  readonly milliseconds: number;
  readonly error: () => unknown;
}

interface Waiter {
  /** Makes the attempt. "over" if it succeeded or failed. */
  readonly step: () => "over" | typeof AGAIN | typeof PARTLY;
  readonly fail: (error: unknown) => void;
}

interface Observer {
  readonly events: number;
  readonly notify: (events: number) => void;
}

const FIRST_BACKOFF_MS = 1;
const LONGEST_BACKOFF_MS = 64;
/** The longest delay that setTimeout supports. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

export class Readiness {
  readonly #native: NativeSocket;
  readonly #queues: Record<WaitQueue, Queue<Waiter>> = {
    data: new Queue(),
    urgent: new Queue(),
    error: new Queue(),
    write: new Queue(),
  };
  readonly #observers = new Queue<Observer>();
  #waiting = 0;
  #watched = 0;
  #backoff: NodeJS.Timeout | null = null;
  #backoffMs = FIRST_BACKOFF_MS;
  /** Whether a thread is sending, during which no operation may send. */
  #sending = false;

  constructor(native: NativeSocket) {
    this.#native = native;
  }

  /** Number of waiting operations. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Makes the attempt now, and again whenever the descriptor is ready, until it has a result. Throws EAGAIN if it may
   * not wait; rejects with `OperationTimeout`, with the signal's reason, or with the error given to `failAll`.
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
   * Calls back whenever the events may have changed, with those of `events` that hold. Returns a function that stops
   * that.
   */
  observe(events: number, notify: (events: number) => void): () => void {
    const observer = { events, notify };
    this.#observers.push(observer);
    this.#update();
    return () => {
      this.#observers.delete(observer);
      this.#update();
    };
  }

  /**
   * Lets waiting readers retry, because there is data that the kernel does not know of. `isThere` tells whether they
   * have left some for observers.
   */
  nudge(isThere: () => boolean): void {
    this.#stepReaders();
    if (isThere()) this.#notifyObservers(READABLE);
    this.#update();
  }

  /** Suspends sending, because a thread sends, until the returned function is called. */
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

  /** Ends all waiting operations with an error, and the watch. */
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
          if (waitQueue !== "write" && wait.waitIfFull?.(this.#retry) === true) return AGAIN;
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

  readonly #retry = (): void => {
    this.#stepReaders();
    this.#update();
  };

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

  /** `known` are events that hold although the kernel does not know of them. */
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
      // Errors and hang-ups cannot be watched for alone; POLLPRI is the rarest event that can.
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

/** The events to watch for so that an observer of `events` is notified when they may hold. */
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

/** Calls back after the given time, however long. Returns a function that cancels that. */
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
