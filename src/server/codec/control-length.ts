import { ArgumentError_Kind } from "../../gen/sockbroker/v1/error_pb.js";
import { ArgumentFault } from "../errors.js";

/** CPython limits msg_controllen to a socklen_t that fits a C int. */
const MAX_CONTROL_LENGTH = 2n ** 31n - 1n;

/**
 * Computes CMSG_LEN or CMSG_SPACE. Throws OVERFLOW under CPython's condition: the length plus the size for `least`
 * bytes exceeds the limit.
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
