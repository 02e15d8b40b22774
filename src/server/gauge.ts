/** A current number of things, such as connections, which can be awaited to become zero. */
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

  /** Calls back whenever the value becomes zero. Returns a function that stops that. */
  whenZero(callback: () => void): () => void {
    this.#onZero.add(callback);
    return () => this.#onZero.delete(callback);
  }
}

/** Settles when all gauges are zero at the same time, or after the given time. */
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
