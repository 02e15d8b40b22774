import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Duration, DurationSchema } from "@bufbuild/protobuf/wkt";
import type { TimeoutSchema } from "../gen/sockbroker/v1/socket_pb.js";
import { ArgumentError } from "./errors.js";

const NANOS = 1_000_000_000n;

/**
 * Makes a duration of seconds, rounded up to nanoseconds as Python does.
 *
 * Throws TypeError for what is no number, ArgumentError for NaN, a negative number, or one beyond 2^63 nanoseconds.
 */
export function durationOf(seconds: number, operation: string): MessageInitShape<typeof DurationSchema> {
  if (typeof seconds !== "number") throw new TypeError(`${operation}(): a timeout is a number of seconds, or null`);
  if (Number.isNaN(seconds)) throw argumentError("value", "TIMEOUT_NAN", operation, "Invalid value NaN (not a number)");
  const nanoseconds = Math.ceil(seconds * 1e9);
  if (!(Math.abs(nanoseconds) < 2 ** 63)) {
    throw argumentError("overflow", "TIMEOUT_OUT_OF_RANGE", operation, "timestamp out of range for platform time_t");
  }
  if (seconds < 0) throw argumentError("value", "TIMEOUT_NEGATIVE", operation, "Timeout value out of range");
  const whole = BigInt(nanoseconds);
  return { seconds: whole / NANOS, nanos: Number(whole % NANOS) };
}

/** Answers a duration in seconds, or null (for ever) where there is none. */
export function secondsOf(duration: Duration | undefined): number | null {
  return duration === undefined ? null : Number(duration.seconds) + duration.nanos / 1e9;
}

/** Makes the `timeout` of a request: undefined is the socket's own, null for ever. */
export function timeoutOf(
  timeout: number | null | undefined,
  operation: string,
): { timeout: MessageInitShape<typeof TimeoutSchema> } | undefined {
  if (timeout === undefined) return undefined;
  if (timeout === null) return { timeout: { limit: { case: "unlimited", value: true } } };
  return { timeout: { limit: { case: "duration", value: durationOf(timeout, operation) } } };
}

/** Rounds a timeout as the daemon does, for the socket's own record of it. */
export function roundedSeconds(seconds: number): number {
  return Math.ceil(seconds * 1e9) / 1e9;
}

function argumentError(kind: "value" | "overflow", code: string, operation: string, message: string): ArgumentError {
  return new ArgumentError(kind, code, operation, message);
}
