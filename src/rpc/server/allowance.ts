/** How many times something may happen: at once, and per second after that. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/** Counts something that a connection or a principal does, against what it is allowed. */
export class Allowance {
  readonly #rate: Rate;
  #left: number;
  #at = performance.now();

  constructor(rate: Rate) {
    this.#rate = rate;
    this.#left = rate.burst;
  }

  /** Counts one. Returns false if that was one too many. */
  take(): boolean {
    if (this.isSpent) return false;
    this.#left -= 1;
    return true;
  }

  /** Whether one more would be too many. */
  get isSpent(): boolean {
    this.#refill();
    return this.#left < 1;
  }

  /** Whether nothing is counted any more. */
  get isFull(): boolean {
    this.#refill();
    return this.#left === this.#rate.burst;
  }

  #refill(): void {
    const { burst, perSecond } = this.#rate;
    const now = performance.now();
    this.#left = Math.min(burst, this.#left + ((now - this.#at) / 1_000) * perSecond);
    this.#at = now;
  }
}
