/** A number of things that live now, such as connections, and whoever waits for there to be none. */
export class Gauge {
  #value = 0;
  readonly #onZero = new Set<() => void>();

  get value(): number {
    return this.#value;
  }

  enter(): void {
    this.#value += 1;
  }

  leave(): void {
    this.#value -= 1;
    if (this.#value > 0) return;
    for (const callback of this.#onZero) callback();
  }

  /** Calls back whenever the last one has left. Answers how to stop that. */
  whenZero(callback: () => void): () => void {
    this.#onZero.add(callback);
    return () => this.#onZero.delete(callback);
  }
}

/** Settles when all of these are zero at once, or after so many milliseconds. */
export function untilZero(gauges: readonly Gauge[], milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const check = (): void => {
      if (gauges.every(({ value }) => value === 0)) finish();
    };
    const finish = (): void => {
      clearTimeout(timer);
      for (const stop of stops) stop();
      resolve();
    };
    const timer = setTimeout(finish, milliseconds);
    const stops = gauges.map((gauge) => gauge.whenZero(check));
    check();
  });
}
