/*
 * Shares the event loop between principals, and between the streams of each. A caller can send thousands of small
 * messages at once, or one with a long list, and all of it would be handled in one turn, in which nobody else is served.
 *
 * This is deficit round robin: owners that wait take turns, each for as much time as the others. Work cannot be
 * interrupted, so one may take longer than its time. It then owes the rest, and is passed over until the others have had
 * as much.
 */

/** Time of one turn of the event loop for all owners, and of one owner in each round. */
const TURN_MILLISECONDS = 2;

/** Whose time is counted together: a principal. */
export class TurnOwner {
  /** What continues its streams, in the order in which they began to wait. @internal */
  readonly waiting = new Set<() => void>();
  /** The time that it may still take before others are served; less than 0 if it took too much. @internal */
  left = 0;
  /** The busy period in which `left` was counted. @internal */
  period = 0;
}

export class Turns {
  readonly #now: () => number;
  /** Those with streams that wait, the next one first. */
  readonly #owners = new Set<TurnOwner>();
  /** When the current turn began; null if none did. */
  #began: number | null = null;
  /** The owner that works, and since when. */
  #working: TurnOwner | null = null;
  #since = 0;
  /** Counts the times at which nobody waited. What was owed before is forgiven. */
  #period = 0;

  /** `now` is a clock in milliseconds, for tests. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /**
   * Call it before each piece of work of a stream. If the turn's time is spent, returns true and calls `resume` in a
   * later turn; until then the stream must not work. The time until the next call is counted for the owner.
   */
  waitIfSpent(owner: TurnOwner, resume: () => void): boolean {
    const now = this.#now();
    this.#charge(now);
    this.#began ??= this.#begin(now);
    if (now - this.#began < TURN_MILLISECONDS) {
      this.#working = owner;
      return false;
    }
    this.#working = null;
    owner.waiting.add(resume);
    this.#owners.add(owner);
    return true;
  }

  #begin(now: number): number {
    setImmediate(() => this.#next());
    return now;
  }

  /** Resumes streams until the turn's time is spent, or none waits. */
  #next(): void {
    let now = this.#now();
    this.#charge(now);
    this.#working = null;
    this.#began = null;
    if (this.#owners.size === 0) {
      this.#period += 1;
      return;
    }
    const began = this.#begin(now);
    this.#began = began;
    while (now - began < TURN_MILLISECONDS) {
      const owner = this.#choose();
      if (owner === null) return;
      const [resume] = owner.waiting;
      if (resume === undefined) continue;
      owner.waiting.delete(resume);
      this.#working = owner;
      resume();
      now = this.#now();
      this.#charge(now);
    }
  }

  /** Returns the next owner whose time is not spent. Those that are passed over get time for the next round. */
  #choose(): TurnOwner | null {
    for (const owner of this.#owners) {
      if (owner.waiting.size > 0 && this.#leftOf(owner) > 0) return owner;
      this.#owners.delete(owner);
      if (owner.waiting.size === 0) continue;
      owner.left += TURN_MILLISECONDS;
      this.#owners.add(owner);
    }
    return null;
  }

  #leftOf(owner: TurnOwner): number {
    if (owner.period !== this.#period) {
      owner.period = this.#period;
      owner.left = TURN_MILLISECONDS;
    }
    return owner.left;
  }

  #charge(now: number): void {
    const owner = this.#working;
    if (owner !== null) owner.left = this.#leftOf(owner) - (now - this.#since);
    this.#since = now;
  }
}
