import type { Logger } from "pino";

/** How long similar lines are counted instead of written. */
const QUIET_MS = 10_000;
/** Maximum number of kinds distinguished at the same time; lines beyond that share one kind. */
const MOST_KINDS = 1_024;
const OTHER = "other";

export interface Line<T extends object> {
  /** Lines of the same kind count as similar. Must not contain text that a caller chooses. */
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
 * For log lines that a caller can trigger: the first of its kind is written immediately, similar ones occasionally with
 * their number. Otherwise a caller could fill the disk.
 */
export class ThrottledLog {
  readonly #log: Logger;
  readonly #quietMs: number;
  readonly #kinds = new Map<string, Kind>();

  constructor(log: Logger, quietMs = QUIET_MS) {
    this.#log = log;
    this.#quietMs = quietMs;
  }

  /**
   * Writes or counts a line. Returns the fields of the last written line of its kind: this one's, or an earlier one's.
   */
  add<T extends object>({ kind, level, message, fields }: Line<T>, now = performance.now()): T {
    const name = this.#name(kind, now);
    const known = this.#kinds.get(name);
    if (known !== undefined && now - known.since < this.#quietMs) {
      known.alike += 1;
      return known.fields as T;
    }
    // The map is in the order in which lines were last written, so iteration starts with the oldest.
    this.#kinds.delete(name);
    this.#kinds.set(name, { since: now, alike: 0, fields });
    const written: object = { ...fields, alike: known?.alike ?? 0 };
    this.#log[level](written, message);
    return fields;
  }

  /** Returns the name under which a kind is counted: its own, or a shared one if there are too many. */
  #name(kind: string, now: number): string {
    if (this.#kinds.has(kind) || this.#kinds.size < MOST_KINDS) return kind;
    for (const [name, { since }] of this.#kinds) {
      if (now - since < this.#quietMs) break;
      this.#kinds.delete(name);
    }
    return this.#kinds.size < MOST_KINDS ? kind : OTHER;
  }
}
