import type { ProcessLife } from "./process-life.js";

/**
 * Delay before the first check of a process whose session is no longer retained: its connection ends a moment before
 * the process does.
 */
const FIRST_WAIT_MS = 5;
/** Interval between checks of a process that has been running for long. */
const LONGEST_WAIT_MS = 1_000;
/** Maximum number of checks in one turn of the event loop. */
const BATCH = 64;
/**
 * Pause after checking, as a multiple of its duration, which limits checking to 2 % of a core however many processes
 * there are.
 */
const PAUSE = 50;

interface Watched {
  readonly life: ProcessLife;
  readonly onGone: Set<() => void>;
  wait: number;
  due: number;
}

/**
 * Calls back when processes have ended. There is one timer, and one check for a process however many sessions it has.
 */
export class ProcessWatch {
  /** Processes not checked for long. A process is in one of the two maps. */
  readonly #recent = new Map<string, Watched>();
  /** In order of due time, because all have the same interval. */
  readonly #settled = new Map<string, Watched>();
  #timer: NodeJS.Timeout | null = null;
  #wake = Number.POSITIVE_INFINITY;
  #pauseEnd = 0;

  /** Calls back once the process has ended. Returns a function that stops watching. */
  watch(life: ProcessLife, onGone: () => void): () => void {
    const soon = performance.now() + FIRST_WAIT_MS;
    const watched = this.#take(life.key) ?? { life, onGone: new Set(), wait: 0, due: soon };
    watched.onGone.add(onGone);
    watched.wait = FIRST_WAIT_MS;
    // Never later than before: otherwise a process with frequent new sessions would never be checked.
    watched.due = Math.min(watched.due, soon);
    this.#recent.set(life.key, watched);
    this.#wakeAt(watched.due);
    return () => {
      if (watched.onGone.delete(onGone) && watched.onGone.size === 0) this.#forget(life.key);
    };
  }

  #look(): void {
    this.#wake = Number.POSITIVE_INFINITY;
    const start = performance.now();
    let left = BATCH;
    for (const group of [this.#recent, this.#settled]) {
      for (const watched of group.values()) {
        if (left === 0 || (watched.due > start && group === this.#settled)) break;
        if (watched.due > start) continue;
        left -= 1;
        this.#lookAt(watched, start);
      }
    }
    const end = performance.now();
    this.#pauseEnd = end + Math.min(PAUSE * (end - start), LONGEST_WAIT_MS);
    for (const { due } of this.#recent.values()) this.#wakeAt(due);
    const [next] = this.#settled.values();
    if (next !== undefined) this.#wakeAt(next.due);
  }

  #lookAt(watched: Watched, now: number): void {
    const { key } = watched.life;
    this.#take(key);
    if (!watched.life.lives()) {
      const callbacks = [...watched.onGone];
      watched.onGone.clear();
      for (const onGone of callbacks) onGone();
      return;
    }
    watched.wait = Math.min(watched.wait * 2, LONGEST_WAIT_MS);
    watched.due = now + watched.wait;
    (watched.wait < LONGEST_WAIT_MS ? this.#recent : this.#settled).set(key, watched);
  }

  #take(key: string): Watched | undefined {
    const watched = this.#recent.get(key) ?? this.#settled.get(key);
    this.#recent.delete(key);
    this.#settled.delete(key);
    return watched;
  }

  #forget(key: string): void {
    this.#take(key);
    if (this.#recent.size + this.#settled.size > 0) return;
    clearTimeout(this.#timer ?? undefined);
    this.#wake = Number.POSITIVE_INFINITY;
  }

  #wakeAt(due: number): void {
    const wake = Math.max(due, this.#pauseEnd);
    if (wake >= this.#wake) return;
    this.#wake = wake;
    clearTimeout(this.#timer ?? undefined);
    this.#timer = setTimeout(() => this.#look(), wake - performance.now());
  }
}
