import { ArgumentError } from "./errors.js";

/** Returns a C int. Throws TypeError if it is not an integer, ArgumentError beyond 32 bits. */
export function int32(value: number, operation: string): number {
  if (typeof value !== "number" || !Number.isInteger(value)) {
    throw new TypeError(`${operation}(): a whole number is required`);
  }
  if (value !== (value | 0)) {
    const text = `signed integer is ${value > 0 ? "greater than maximum" : "less than minimum"}`;
    throw new ArgumentError("overflow", "INTEGER_OUT_OF_RANGE", operation, text);
  }
  return value;
}
