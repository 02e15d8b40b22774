/** The expanded steps of a case, and their outcomes, as oracle.py prints them. README.md describes both. */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** One step: a call, an attribute, the end of a started call, or a preparation. */
export interface Step {
  readonly call?: string;
  readonly on?: string;
  readonly args?: readonly Json[];
  readonly kw?: { readonly [name: string]: Json };
  /** The variables for the value, or for its items. */
  readonly as?: string | readonly string[];
  /** Reads an attribute of `on`. */
  readonly get?: string;
  /** Starts the call, and continues when it waits or has ended. */
  readonly start?: string;
  /** Waits for a started call. */
  readonly await?: string;
  /** Records only the type of the value, or its type and length. */
  readonly only?: "type" | "length";
  /** Ranges of bytes that differ between runs. */
  readonly mask?: readonly (readonly [number, number])[];
  readonly maskAncillary?: readonly (readonly [number, number])[];
  /** Repeats the call until it fails with an error. */
  readonly until?: "error";
  /** Records whether the call took at least this many seconds. */
  readonly atLeast?: number;
  /** Creates a file. */
  readonly file?: { readonly path: Json; readonly content?: Json };
  /** Creates sockets for the descriptors in a result. */
  readonly adopt?: Json;
  /** Names a value. */
  readonly let?: Json;
  /** Replaces the call in differences.json and reports. */
  readonly label?: string;
}

/** The error of a step, in language-independent terms. */
export interface NeutralError {
  readonly kind: string;
  readonly errno?: number | null;
  readonly symbol?: string;
  readonly message?: string;
  /** Only in the oracle's output: the whole text, and the exception's class. */
  readonly text?: string;
  readonly type?: string;
}

/** The outcome of a step. */
export interface Outcome {
  readonly value?: Json;
  readonly error?: NeutralError;
  readonly buffers?: readonly Json[];
  readonly waited?: boolean;
  readonly started?: string | boolean;
  readonly done?: boolean;
  readonly unset?: string;
  readonly hung?: boolean;
}

/** A case, expanded. */
export interface Case {
  readonly id: string;
  readonly file: string;
  readonly needs: readonly string[];
  /** The languages that it is for; null for all. */
  readonly languages: readonly string[] | null;
  /** Why it cannot run here, or null. */
  readonly skip: string | null;
  readonly steps: readonly Step[];
  /** Unset if it was skipped. */
  readonly results?: readonly Outcome[];
  /** Why CPython's outcome cannot be used: it hung, or the case is invalid. Unset otherwise. */
  readonly broken?: string;
}

/** The output of oracle.py. */
export interface OracleReport {
  readonly module: string;
  readonly python: string;
  readonly machine: string;
  readonly cases: readonly Case[];
}

/**
 * The name of a step in reports and in differences.json: "s.recv", "getaddrinfo", "s.family"; an awaited call has its
 * own name.
 */
export function stepLabel(step: Step, steps: readonly Step[] = []): string {
  if (step.label !== undefined) return step.label;
  const begun = step.await === undefined ? undefined : steps.find(({ start }) => start === step.await);
  const { on, call, get } = begun ?? step;
  const name = call ?? get ?? Object.keys(step)[0] ?? "";
  return on === undefined ? name : `${on}.${name}`;
}
