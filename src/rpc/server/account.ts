/** How many continue in one turn of the event loop: thousands may wait, and the first few may take all the room. */
const MOST_WOKEN = 32;

/**
 * Counts memory of one kind that callers make the daemon hold, for its owner: a connection, as a part of its principal. What is
 * held already cannot be refused, so a limit says when no more is begun: who asks then waits until there is room.
 *
 * Each part of an account may hold its `share` even while the whole is full. So one connection that leaves nothing to the others
 * of its principal slows them down, and does not stop them.
 */
export class Account {
  readonly #parent: Account | null;
  readonly #onFull: () => void;
  readonly #waiting = new Map<() => void, Account>();
  #held = 0;
  #waking = false;

  constructor(
    readonly limit: number,
    readonly share: number,
    parent: Account | null = null,
    onFull: () => void = () => undefined,
  ) {
    this.#parent = parent;
    this.#onFull = onFull;
  }

  /** How many bytes are held. */
  get held(): number {
    return this.#held;
  }

  /** Whether no more may be begun. */
  get isFull(): boolean {
    return this.#fullPart() !== null;
  }

  /** Counts bytes that are held from now on. */
  add(bytes: number): void {
    this.#held += bytes;
    this.#parent?.add(bytes);
  }

  give(bytes: number): void {
    this.#held -= bytes;
    if (this.#waiting.size > 0) this.#wakeSoon();
    this.#parent?.give(bytes);
  }

  /** If no more may be begun, returns true, and calls `resume` in a later turn of the event loop when there is room. */
  waitIfFull(resume: () => void): boolean {
    const full = this.#fullPart();
    if (full === null) return false;
    full.#waiting.set(resume, this);
    full.#onFull();
    return true;
  }

  /** Takes back `waitIfFull`. */
  withdraw(resume: () => void): void {
    this.#waiting.delete(resume);
    this.#parent?.withdraw(resume);
  }

  /** The account at its limit that this one has to wait for. */
  #fullPart(): Account | null {
    if (this.#held >= this.limit) return this;
    const parent = this.#parent;
    return parent === null || this.#held < this.share ? null : parent.#fullPart();
  }

  #wakeSoon(): void {
    if (this.#waking) return;
    this.#waking = true;
    setImmediate(() => {
      this.#waking = false;
      let left = MOST_WOKEN;
      for (const [resume, account] of [...this.#waiting]) {
        if (account.isFull || !this.#waiting.delete(resume)) continue;
        resume();
        left -= 1;
        if (left === 0) {
          this.#wakeSoon();
          return;
        }
      }
    });
  }
}

/** What a caller makes the daemon hold. */
export interface Accounts {
  /** Requests that wait to be performed. */
  readonly waiting: Account;
  /** Responses that the caller has not read. */
  readonly unread: Account;
}
