import { endianness } from "node:os";
import { ArgumentError } from "./errors.js";

/** The part of a host's description that conversions depend on. A broker's `HostInfo` has it. */
export interface ByteOrderOf {
  /** "little" or "big". */
  readonly byteOrder: string;
}

const here: ByteOrderOf = { byteOrder: endianness() === "LE" ? "little" : "big" };

/** Converts 32 bits from network to host byte order. Analogous to ntohl(3). Throws ArgumentError beyond 32 bits. */
export function ntohl(value: number, host: ByteOrderOf = here): number {
  return swap32(value, "ntohl", host);
}

/** Converts 32 bits from host to network byte order. Analogous to htonl(3). Throws ArgumentError beyond 32 bits. */
export function htonl(value: number, host: ByteOrderOf = here): number {
  return swap32(value, "htonl", host);
}

/** Converts 16 bits from network to host byte order. Analogous to ntohs(3). Throws ArgumentError beyond 16 bits. */
export function ntohs(value: number, host: ByteOrderOf = here): number {
  return swap16(value, "ntohs", host);
}

/** Converts 16 bits from host to network byte order. Analogous to htons(3). Throws ArgumentError beyond 16 bits. */
export function htons(value: number, host: ByteOrderOf = here): number {
  return swap16(value, "htons", host);
}

function swap32(value: number, operation: string, host: ByteOrderOf): number {
  check(value, 32, operation);
  if (host.byteOrder === "big") return value;
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value);
  return bytes.readUInt32LE();
}

function swap16(value: number, operation: string, host: ByteOrderOf): number {
  check(value, 16, operation);
  return host.byteOrder === "big" ? value : ((value & 0xff) << 8) | (value >>> 8);
}

function check(value: number, bits: number, operation: string): void {
  if (typeof value !== "number" || !Number.isInteger(value))
    throw new TypeError(`${operation}(): expected a whole number`);
  if (value < 0) {
    const text = "can't convert negative number to unsigned";
    throw new ArgumentError("overflow", "INTEGER_OUT_OF_RANGE", operation, text);
  }
  if (value >= 2 ** bits) {
    const text =
      bits === 16
        ? `${operation}: Python int too large to convert to C 16-bit unsigned integer`
        : "int larger than 32 bits";
    throw new ArgumentError("overflow", "INTEGER_OUT_OF_RANGE", operation, text);
  }
}
