import { ArgumentError } from "./errors.js";

/**
 * Makes the error for a request that could not be encoded: a number beyond its field is Python's OverflowError, and
 * something that is no number a TypeError.
 */
export function requestError(operation: string, cause: unknown): Error {
  const text = cause instanceof Error ? cause.message : String(cause);
  if (cause instanceof RangeError || /invalid u?int(32|64): -?\d+$/.test(text)) {
    return new ArgumentError("overflow", "INTEGER_OUT_OF_RANGE", operation, `${operation}(): integer out of range`);
  }
  return new TypeError(`${operation}(): ${text}`, { cause });
}
