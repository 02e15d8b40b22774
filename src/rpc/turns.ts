/** Time after which streams with more to read have to wait for a later turn of the event loop. */
const TURN_MILLISECONDS = 2;

/**
 * Shares the event loop between streams. A caller can send thousands of small messages at once, and grpc-js delivers
 * them all in one turn, in which nobody else is served.
 */
export class Turns {
  readonly #waiting: (() => void)[] = [];
  #began: number | null = null;

  /**
   * Call it after each message. If the turn's time is spent, returns true and calls `resume` in a later turn; until
   * then the caller must not read more. Waiting streams resume in the order in which they began to wait.
   */
  waitIfSpent(resume: () => void): boolean {
    const began = this.#began ?? this.#begin();
    if (performance.now() - began < TURN_MILLISECONDS) return false;
    this.#waiting.push(resume);
    return true;
  }

  #begin(): number {
    this.#began = performance.now();
    setImmediate(() => this.#next());
    return this.#began;
  }

  #next(): void {
    this.#began = null;
    const resume = this.#waiting.shift();
    if (resume === undefined) return;
    this.#begin();
    resume();
  }
}
