import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Duration, DurationSchema } from "@bufbuild/protobuf/wkt";
import type { TimeoutSchema } from "../gen/sockbroker/v1/socket_pb.js";
import type { ArgumentReason } from "../rpc/argument-reasons.js";
import { ArgumentError } from "./errors.js";

const NANOS = 1_000_000_000n;

/**
 * Converts seconds to a duration, rounded up to nanoseconds as in Python.
 *
 * Throws TypeError if it is not a number, ArgumentError for NaN, a negative number, or one beyond 2^63 nanoseconds.
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

/** Returns a duration in seconds; null (no limit) if unset. */
export function secondsOf(duration: Duration | undefined): number | null {
  return duration === undefined ? null : Number(duration.seconds) + duration.nanos / 1e9;
}

/** Returns the `timeout` of a request: undefined means the socket's own, null no limit. */
export function timeoutOf(
  timeout: number | null | undefined,
  operation: string,
): { timeout: MessageInitShape<typeof TimeoutSchema> } | undefined {
  if (timeout === undefined) return undefined;
  if (timeout === null) return { timeout: { limit: { case: "unlimited", value: true } } };
  return { timeout: { limit: { case: "duration", value: durationOf(timeout, operation) } } };
}

/** Rounds a timeout like the daemon, for the value kept with the socket. */
export function roundedSeconds(seconds: number): number {
  return Math.ceil(seconds * 1e9) / 1e9;
}

function argumentError(
  kind: "value" | "overflow",
  code: ArgumentReason,
  operation: string,
  message: string,
): ArgumentError {
  return new ArgumentError(kind, code, operation, message);
}
