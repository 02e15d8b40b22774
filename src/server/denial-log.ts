import type { Logger } from "pino";
import type { PolicyDenied } from "./policy/checked.js";

/** How long a like denial is counted and not logged. */
const QUIET_MS = 10_000;
/** Kinds of denial that are counted at the same time; beyond them each is logged. */
const MOST_KINDS = 1_024;

/**
 * Logs denials: the first of its kind at once, and like ones once every ten seconds with their number. Otherwise whoever
 * is denied could fill the disk.
 */
export class DenialLog {
  readonly #log: Logger;
  readonly #kinds = new Map<string, { since: number; suppressed: number }>();

  constructor(log: Logger) {
    this.#log = log;
  }

  add({ query, decision }: PolicyDenied, now = performance.now()): void {
    const { principal, verb, endpoint } = query;
    const kind = `${principal} ${verb} ${decision.rule}`;
    const known = this.#kinds.get(kind);
    if (known !== undefined && now - known.since < QUIET_MS) {
      known.suppressed += 1;
      return;
    }
    if (known === undefined && this.#kinds.size >= MOST_KINDS) this.#kinds.clear();
    this.#kinds.set(kind, { since: now, suppressed: 0 });
    const { rule } = decision;
    const alike = known?.suppressed ?? 0;
    this.#log.warn({ event: "denied", principal, verb, endpoint, rule, alike }, "denied by policy");
  }
}
