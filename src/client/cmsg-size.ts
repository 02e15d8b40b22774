import { ArgumentError } from "./errors.js";

/** The part of a host's description that the size of a control message depends on. A broker's `HostInfo` has it. */
export interface PointerSizeOf {
  /** Size of a C pointer of the daemon's host, in bytes. */
  readonly pointerBytes: number;
}

const SOCKLEN_MAX = 2 ** 31 - 1;
const lp64: PointerSizeOf = { pointerBytes: 8 };

/**
 * Returns the length of a control message with `lengthBytes` bytes of data, without trailing padding. Analogous to
 * CMSG_LEN(3).
 *
 * Without a host, a 64-bit host is assumed. Throws ArgumentError if out of range.
 */
export function cmsgLen(lengthBytes: number, host: PointerSizeOf = lp64): number {
  return check(lengthBytes, headerBytes(host), "CMSG_LEN") + headerBytes(host);
}

/**
 * Returns the space that a control message with `lengthBytes` bytes of data occupies. Analogous to CMSG_SPACE(3). See
 * `cmsgLen`.
 */
export function cmsgSpace(lengthBytes: number, host: PointerSizeOf = lp64): number {
  const padded = Math.ceil(check(lengthBytes, headerBytes(host) + host.pointerBytes, "CMSG_SPACE") / host.pointerBytes);
  return headerBytes(host) + padded * host.pointerBytes;
}

/** struct cmsghdr is a size_t and two ints, aligned to a size_t. */
function headerBytes({ pointerBytes }: PointerSizeOf): number {
  return Math.ceil((pointerBytes + 8) / pointerBytes) * pointerBytes;
}

function check(lengthBytes: number, overheadBytes: number, operation: string): number {
  if (typeof lengthBytes !== "number" || !Number.isInteger(lengthBytes)) {
    throw new TypeError(`${operation}(): expected a whole number`);
  }
  if (lengthBytes < 0 || lengthBytes > SOCKLEN_MAX - overheadBytes) {
    throw new ArgumentError("overflow", "LENGTH_OUT_OF_RANGE", operation, `${operation}() argument out of range`);
  }
  return lengthBytes;
}
