import type { Logger } from "pino";

/** How long like lines are counted and not written. */
const QUIET_MS = 10_000;
/** Kinds of line that are told apart at the same time; beyond them all others are one kind. */
const MOST_KINDS = 1_024;
const OTHER = "other";

export interface Line<T extends object> {
  /** What lines must have in common to be alike. Never made of text that a caller chooses. */
  readonly kind: string;
  readonly level: "info" | "warn" | "error";
  readonly message: string;
  readonly fields: T;
}

interface Kind {
  since: number;
  alike: number;
  fields: object;
}

/**
 * For lines that a caller can cause: the first of its kind is written at once, and like ones once in a while with their
 * number. Otherwise a caller could fill the disk.
 */
export class ThrottledLog {
  readonly #log: Logger;
  readonly #quietMs: number;
  readonly #kinds = new Map<string, Kind>();

  constructor(log: Logger, quietMs = QUIET_MS) {
    this.#log = log;
    this.#quietMs = quietMs;
  }

  /** Writes or counts a line. Answers the fields of the line of its kind that was written last: this one's, or an earlier one's. */
  add<T extends object>({ kind, level, message, fields }: Line<T>, now = performance.now()): T {
    const name = this.#name(kind, now);
    const known = this.#kinds.get(name);
    if (known !== undefined && now - known.since < this.#quietMs) {
      known.alike += 1;
      return known.fields as T;
    }
    // The order of the map is that of the last written line: what is oldest is looked at first.
    this.#kinds.delete(name);
    this.#kinds.set(name, { since: now, alike: 0, fields });
    const written: object = { ...fields, alike: known?.alike ?? 0 };
    this.#log[level](written, message);
    return fields;
  }

  /** Under which name a kind is counted: its own, unless too many are. */
  #name(kind: string, now: number): string {
    if (this.#kinds.has(kind) || this.#kinds.size < MOST_KINDS) return kind;
    for (const [name, { since }] of this.#kinds) {
      if (now - since < this.#quietMs) break;
      this.#kinds.delete(name);
    }
    return this.#kinds.size < MOST_KINDS ? kind : OTHER;
  }
}
