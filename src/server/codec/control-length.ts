import { ArgumentError_Kind } from "../../gen/sockbroker/v1/error_pb.js";
import { ArgumentFault } from "../errors.js";

/** msg_controllen is held to a socklen_t that a C int can count, as in CPython. */
const MAX_CONTROL_LENGTH = 2n ** 31n - 1n;

/**
 * Computes CMSG_LEN or CMSG_SPACE. Throws OVERFLOW for a length that leaves no room for what `compute` makes of `least`,
 * which is how CPython draws the line.
 */
export function controlLength(
  compute: (length: number) => number,
  least: 0 | 1,
  length: bigint,
  operation: string,
): bigint {
  if (length >= 0n && length <= MAX_CONTROL_LENGTH - BigInt(compute(least))) return BigInt(compute(Number(length)));
  throw new ArgumentFault(
    ArgumentError_Kind.OVERFLOW,
    "LENGTH_OUT_OF_RANGE",
    operation,
    `${operation}() argument out of range`,
  );
}
