import { create } from "@bufbuild/protobuf";
import { type Duration, DurationSchema } from "@bufbuild/protobuf/wkt";
import { ArgumentError_Kind } from "../../gen/sockbroker/v1/error_pb.js";
import { ArgumentFault } from "../errors.js";

const NANOS = 1_000_000_000n;
const MAX_NANOS = 2n ** 63n - 1n;

/** Returns a timeout in nanoseconds, or null (no limit) if unset. Throws `ArgumentFault`. */
export function timeoutFrom(duration: Duration | undefined, operation: string): bigint | null {
  if (duration === undefined) return null;
  const nanos = duration.seconds * NANOS + BigInt(duration.nanos);
  if (nanos < 0n) {
    throw new ArgumentFault(ArgumentError_Kind.VALUE, "TIMEOUT_NEGATIVE", operation, "Timeout value out of range");
  }
  if (nanos > MAX_NANOS) {
    throw new ArgumentFault(
      ArgumentError_Kind.OVERFLOW,
      "TIMEOUT_OUT_OF_RANGE",
      operation,
      "timeout doesn't fit into C timeval",
    );
  }
  return nanos;
}

export function durationOf(nanos: bigint): Duration {
  return create(DurationSchema, { seconds: nanos / NANOS, nanos: Number(nanos % NANOS) });
}

/** The field of a message; absent for null, which means no limit. */
export function timeoutField(nanos: bigint | null): { timeout: Duration } | Record<never, never> {
  return nanos === null ? {} : { timeout: durationOf(nanos) };
}

export function millisecondsOf(nanos: bigint): number {
  return Number(nanos) / 1e6;
}

export function durationOfMilliseconds(milliseconds: number): Duration {
  return durationOf(BigInt(Math.round(milliseconds * 1e6)));
}
