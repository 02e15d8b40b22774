/** Streams that have more to read go on in a later turn of the loop once a turn has taken so long. */
const TURN_MILLISECONDS = 2;

/**
 * Shares the loop between streams. A caller can send thousands of small messages at once, and grpc-js hands them all over
 * in one turn, in which nobody else is answered.
 */
export class Turns {
  readonly #waiting: (() => void)[] = [];
  #began: number | null = null;

  /**
   * Asked after each message. Answers whether the turn has been long enough; then `resume` is called in a later one, and
   * until then nothing more may be read. Those who wait go on one after the other, in the order in which they came.
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
