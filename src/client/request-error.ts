import { ArgumentError } from "./errors.js";

/**
 * Creates the error for a request that could not be encoded: Python's OverflowError for a number that does not fit its
 * field, TypeError if it is not a number.
 */
export function requestError(operation: string, cause: unknown): Error {
  const text = cause instanceof Error ? cause.message : String(cause);
  if (cause instanceof RangeError || /invalid u?int(32|64): -?\d+$/.test(text)) {
    return new ArgumentError("overflow", "INTEGER_OUT_OF_RANGE", operation, `${operation}(): integer out of range`);
  }
  return new TypeError(`${operation}(): ${text}`, { cause });
}
