import { ArgumentError_Kind } from "../../gen/sockbroker/v1/error_pb.js";
import { ArgumentFault } from "../errors.js";

/** msg_controllen is held to a socklen_t that a C int can count, as in CPython. */
const MAX_CONTROL_LENGTH = 2n ** 31n - 1n;

/** Computes CMSG_LEN or CMSG_SPACE. Throws OVERFLOW out of range. */
export function controlLength(compute: (length: number) => number, length: bigint, operation: string): bigint {
  if (length >= 0n && length <= MAX_CONTROL_LENGTH) {
    const result = BigInt(compute(Number(length)));
    if (result <= MAX_CONTROL_LENGTH) return result;
  }
  throw new ArgumentFault(
    ArgumentError_Kind.OVERFLOW,
    "LENGTH_OUT_OF_RANGE",
    operation,
    `${operation}() argument out of range`,
  );
}
