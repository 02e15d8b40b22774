import { BrokerError } from "./errors.js";

/** Returns a field that the API guarantees. Throws if a foreign daemon left it out. */
export function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new BrokerError("UNKNOWN", `the daemon's response has no ${what}`);
  return value;
}
