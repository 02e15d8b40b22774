import { UsageError } from "./exit-codes.js";

/** Parses an integer option or argument. Throws UsageError. */
export function wholeNumber(text: string, what: string, least: number, most: number): number {
  const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new UsageError(`${what} takes a whole number from ${least} to ${most}, not ${JSON.stringify(text)}`);
}

/** Checks the range of a numeric port; any other text is the name of a service. Throws UsageError. */
export function checkPort(text: string, what: string, least: 0 | 1): void {
  // The C library would take 99999 modulo 65536, and would look up a negative number as a service name.
  if (/^[-+]?\d+$/.test(text)) wholeNumber(text, what, least, 65_535);
}

/** Parses a positive number of seconds. Throws UsageError. */
export function seconds(text: string, what: string): number {
  const number = /^\d{0,9}(\.\d{0,9})?$/.test(text) && /\d/.test(text) ? Number(text) : Number.NaN;
  if (number > 0) return number;
  throw new UsageError(`${what} takes a number of seconds, not ${JSON.stringify(text)}`);
}

/** Checks the number of arguments. Throws UsageError. */
export function checkCount(positionals: readonly string[], least: number, most: number, what: string): void {
  if (positionals.length < least) throw new UsageError(`${what} is missing`);
  if (positionals.length > most) throw new UsageError(`unexpected argument ${JSON.stringify(positionals[most])}`);
}
