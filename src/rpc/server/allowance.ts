/** How many of something a connection may do: at once, and per second after that. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/** Counts something that a connection does, against what it is allowed. */
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
    const { burst, perSecond } = this.#rate;
    const now = performance.now();
    this.#left = Math.min(burst, this.#left + ((now - this.#at) / 1_000) * perSecond);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
