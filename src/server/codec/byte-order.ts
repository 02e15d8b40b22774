import { endianness } from "node:os";
import { ArgumentError_Kind } from "../../gen/sockbroker/v1/error_pb.js";
import { ArgumentFault } from "../errors.js";

const little = endianness() === "LE";

/** Converts 32 bits between host and network byte order. Throws OVERFLOW for a larger value. */
export function swap32(value: bigint, operation: string): number {
  if (value > 0xffffffffn) throw overflow(operation, "int larger than 32 bits");
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(Number(value));
  return little ? bytes.readUInt32LE() : bytes.readUInt32BE();
}

/** Converts 16 bits between host and network byte order. Throws OVERFLOW for a larger value. */
export function swap16(value: bigint, operation: string): number {
  if (value > 0xffffn)
    throw overflow(operation, `${operation}: Python int too large to convert to C 16-bit unsigned integer`);
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(Number(value));
  return little ? bytes.readUInt16LE() : bytes.readUInt16BE();
}

function overflow(operation: string, text: string): ArgumentFault {
  return new ArgumentFault(ArgumentError_Kind.OVERFLOW, "INTEGER_OUT_OF_RANGE", operation, text);
}
