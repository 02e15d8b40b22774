import { BrokerError_Code } from "../gen/sockbroker/v1/error_pb.js";
import { BrokerFault } from "./errors.js";
import { Queue } from "./sockets/queue.js";

/** The place of a call that a thread makes, first among those that wait, then among those that run. */
export interface Place {
  /** Settles when it may run; null: at once. */
  readonly turn: Promise<void> | null;
  /** Gives the place up, wherever it is. Idempotent. */
  leave(): void;
}

interface Waiting {
  readonly start: () => void;
}

/** Lets so many calls of one principal run on threads at the same time. The others wait in order, so many and no more. */
export class TurnQueue {
  readonly #waiting = new Queue<Waiting>();
  #running = 0;

  constructor(
    /** Of what, in the plural, for errors. */
    readonly name: string,
    readonly maxRunning: number,
    readonly maxWaiting: number,
  ) {}

  /** How many run or wait. */
  get used(): number {
    return this.#running + this.#waiting.size;
  }

  /** Takes a place. Throws QUOTA_EXCEEDED when too many wait. */
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
    // The place goes from one to the other.
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
