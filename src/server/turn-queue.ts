import { BrokerError_Code } from "../gen/sockbroker/v1/error_pb.js";
import { BrokerFault } from "./errors.js";
import { Queue } from "./sockets/queue.js";

/** The place of a call that runs on a thread: first in the queue, then among the running ones. */
export interface Place {
  /** Settles when the call may run; null if it may run immediately. */
  readonly turn: Promise<void> | null;
  /** Gives up the place, in the queue or running. Idempotent. */
  leave(): void;
}

interface Waiting {
  readonly start: () => void;
}

/**
 * Limits how many calls of one principal run on threads at the same time. Further ones are queued in order, up to a
 * limit.
 */
export class TurnQueue {
  readonly #waiting = new Queue<Waiting>();
  #running = 0;

  constructor(
    /** What is queued, in the plural, for error messages. */
    readonly name: string,
    readonly maxRunning: number,
    readonly maxWaiting: number,
  ) {}

  /** Number of running and queued calls. */
  get used(): number {
    return this.#running + this.#waiting.size;
  }

  /** Takes a place. Throws QUOTA_EXCEEDED if the queue is full. */
  enter(): Place {
    if (this.#running < this.maxRunning) {
      this.#running += 1;
      return { turn: null, leave: once(() => this.#finish()) };
    }
    if (this.#waiting.size >= this.maxWaiting) {
      const text = `more than ${this.maxWaiting} ${this.name} wait`;
      throw new BrokerFault(BrokerError_Code.QUOTA_EXCEEDED, text);
    }
    let start = (): void => {};
    const turn = new Promise<void>((resolve) => {
      start = resolve;
    });
    const waiting = { start };
    this.#waiting.push(waiting);
    const leave = once(() => {
      if (!this.#waiting.delete(waiting)) this.#finish();
    });
    return { turn, leave };
  }

  #finish(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#running -= 1;
      return;
    }
    // The place passes directly to the next call.
    this.#waiting.delete(next);
    next.start();
  }
}

function once(act: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    act();
  };
}
