import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { type Case, type Json, type Outcome, stepLabel } from "./case-file.js";

/** An entry of differences.json: an intended difference, with its reason. */
interface Entry {
  readonly reason: string;
  /** The versions of Python that it applies to: from `since`, and before `before`. Unset: all. */
  readonly since?: string;
  readonly before?: string;
  /** The cases: ids with `*` for any text. */
  readonly cases: readonly string[];
  /** The client's outcomes that differ from CPython's, by step, as named by `stepLabel`; "s.recv#2" is the second. */
  readonly gives: { readonly [step: string]: Json };
}

/** An intended difference in one step of some cases. */
export interface Difference {
  readonly cases: string;
  readonly step: string;
  readonly gives: Json;
  readonly reason: string;
}

/** Reads the entries of differences.json for this version of Python. */
export function loadDifferences(python: string): Difference[] {
  const text = readFileSync(new URL("differences.json", import.meta.url), "utf8");
  const entries = (JSON.parse(text) as readonly Entry[]).filter(
    ({ since = "0", before = "99" }) => compareVersions(python, since) >= 0 && compareVersions(python, before) < 0,
  );
  return entries.flatMap(({ reason, cases, gives }) =>
    cases.flatMap((pattern) =>
      Object.entries(gives).map(([step, value]) => ({ cases: pattern, step, gives: value, reason })),
    ),
  );
}

/**
 * Compares the oracle's outcomes with the client's, and returns a line for each error. A step with an intended
 * difference must differ, and in the way given; the differences found are added to `met`.
 */
export function complaints(
  { id, steps, results = [] }: Pick<Case, "id" | "steps" | "results">,
  outcomes: readonly Outcome[],
  differences: readonly Difference[],
  met: Set<Difference>,
): string[] {
  const lines: string[] = [];
  const seen = new Map<string, number>();
  for (const [index, step] of steps.entries()) {
    const label = stepLabel(step, steps);
    const nth = (seen.get(label) ?? 0) + 1;
    seen.set(label, nth);
    const theirs = comparable(results[index]);
    const ours = comparable(outcomes[index]);
    const difference = differences.find(
      (one) => (one.step === label || one.step === `${label}#${nth}`) && matches(one.cases, id),
    );
    if (difference !== undefined) met.add(difference);
    const wanted = difference === undefined ? theirs : difference.gives;
    if (!isDeepStrictEqual(ours, wanted)) {
      const as = difference === undefined ? "" : `, and was to give ${JSON.stringify(wanted)}`;
      const call = `step ${index + 1}, ${label}(${JSON.stringify(step.args ?? [])
        .slice(1, -1)
        .slice(0, 80)})`;
      lines.push(`${call}: CPython gave ${JSON.stringify(theirs)}, sockbroker ${JSON.stringify(ours)}${as}`);
    } else if (difference !== undefined && isDeepStrictEqual(ours, theirs)) {
      lines.push(`step ${index + 1}, ${label}: agrees, and was to differ: ${difference.reason}`);
    }
    // Steps after one that hung did not run.
    if (outcomes[index]?.hung) break;
  }
  return lines;
}

/**
 * The parts of an outcome that are compared. Texts depend on the language, so they are only compared for an OSError
 * without an errno.
 */
function comparable(outcome: Outcome | undefined): Json {
  if (outcome === undefined) return null;
  const { error, ...rest } = outcome;
  if (error === undefined) return rest as Json;
  const { kind, errno, symbol, message } = error;
  if (kind === "other") return { ...rest, error: { kind, message: message ?? "" } } as Json;
  if (kind !== "os") return { ...rest, error: { kind, ...(errno === undefined ? {} : { errno }) } } as Json;
  return { ...rest, error: errno === null ? { kind, message: message ?? "" } : { kind, errno, symbol } } as Json;
}

/** Below, at or above 0, by the first two numbers. */
function compareVersions(one: string, other: string): number {
  const [major = 0, minor = 0] = one.split(".").map(Number);
  const [otherMajor = 0, otherMinor = 0] = other.split(".").map(Number);
  return major - otherMajor || minor - otherMinor;
}

/** Whether a case's id matches a pattern. */
export function matches(pattern: string, id: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "s").test(id);
}
