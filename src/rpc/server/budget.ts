/**
 * Memory that several streams share. Streams that want more than is left wait, and are served in the order of asking. A budget
 * can be a part of a larger one: what it grants is taken from both.
 *
 * When nothing is granted, the first to ask is served whatever it asks for, or it would wait forever.
 */
export class Budget {
  readonly #parent: Budget | null;
  readonly #waiting = new Set<Waiting>();
  #granted = 0;

  constructor(
    readonly limit: number,
    parent: Budget | null = null,
  ) {
    this.#parent = parent;
  }

  /** How many bytes are granted. */
  get granted(): number {
    return this.#granted;
  }

  /** Whether nothing is granted and nobody waits. */
  get isIdle(): boolean {
    return this.#granted === 0 && this.#waiting.size === 0;
  }

  /** Asks for bytes. Calls back when they are granted: immediately, or when others have released theirs. */
  reserve(bytes: number, onGranted: () => void): Reservation {
    return new BudgetReservation(this.#chain(), bytes, onGranted);
  }

  #chain(): Budget[] {
    return this.#parent === null ? [this] : [this, ...this.#parent.#chain()];
  }

  /** @internal */
  enter(waiting: Waiting): void {
    this.#waiting.add(waiting);
    this.#serve();
  }

  /** @internal */
  withdraw(waiting: Waiting): void {
    this.#waiting.delete(waiting);
    this.#serve();
  }

  /** @internal */
  giveBack(bytes: number): void {
    this.#granted -= bytes;
    this.#serve();
  }

  #serve(): void {
    for (const waiting of this.#waiting) {
      if (this.#granted > 0 && this.#granted + waiting.bytes > this.limit) return;
      this.#waiting.delete(waiting);
      this.#granted += waiting.bytes;
      waiting.onGranted();
    }
  }
}

/** Memory that is granted, or asked for. */
export interface Reservation {
  readonly granted: boolean;
  /** Gives the memory back, or stops waiting for it. May be called more than once. */
  release(): void;
}

interface Waiting {
  readonly bytes: number;
  readonly onGranted: () => void;
}

/**
 * Takes from one budget after the other, the smallest first. All wait in this order, so that nobody waits for a larger
 * budget while those who hold it wait for a smaller one.
 */
class BudgetReservation implements Reservation, Waiting {
  readonly #budgets: readonly Budget[];
  readonly #onAllGranted: () => void;
  /** How many of the budgets have granted it. */
  #grants = 0;
  #released = false;

  constructor(
    budgets: readonly Budget[],
    readonly bytes: number,
    onAllGranted: () => void,
  ) {
    this.#budgets = budgets;
    this.#onAllGranted = onAllGranted;
    budgets[0]?.enter(this);
  }

  get granted(): boolean {
    return this.#grants === this.#budgets.length;
  }

  onGranted(): void {
    this.#grants += 1;
    const next = this.#budgets[this.#grants];
    if (next === undefined) this.#onAllGranted();
    else next.enter(this);
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#budgets[this.#grants]?.withdraw(this);
    for (const budget of this.#budgets.slice(0, this.#grants)) budget.giveBack(this.bytes);
  }
}
