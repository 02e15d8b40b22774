import { AddressFamily } from "../gen/sockbroker/v1/address_pb.js";
import { type BytesInput, bytesOf } from "./bytes.js";
import { parseDotted } from "./dotted.js";
import { ArgumentError } from "./errors.js";
import { formatInet6, parseInet6 } from "./inet6-text.js";
import { localError } from "./local-error.js";

/**
 * Packs a dotted IPv4 address into 4 bytes, by the C library's lenient rules: one to four numbers, each decimal, octal
 * (0…) or hexadecimal (0x…); white space and everything after it is ignored. Analogous to inet_aton(3).
 *
 * Throws ArgumentError of kind "os" for invalid text.
 */
export function inetAton(text: string): Buffer {
  const packed = parseLenient(requireText(text, "inet_aton"));
  if (packed === null) throw illegal("inet_aton");
  return packed;
}

/**
 * Formats 4 bytes as a dotted IPv4 address. Analogous to inet_ntoa(3). Throws ArgumentError of kind "os" unless it has
 * 4 bytes.
 */
export function inetNtoa(packed: BytesInput): string {
  const bytes = bytesOf(packed, "inet_ntoa");
  if (bytes.length === 4) return bytes.join(".");
  throw new ArgumentError("os", "PACKED_LENGTH", "inet_ntoa", "packed IP wrong length for inet_ntoa");
}

/**
 * Packs an address into 4 or 16 bytes in network byte order. Analogous to inet_pton(3).
 *
 * Throws ArgumentError of kind "os" for invalid text, and SocketError EAFNOSUPPORT for families other than AF_INET and
 * AF_INET6.
 */
export function inetPton(family: number, text: string): Buffer {
  requireText(text, "inet_pton");
  if (family !== AddressFamily.INET && family !== AddressFamily.INET6) {
    throw localError("EAFNOSUPPORT", "inet_pton");
  }
  const packed = family === AddressFamily.INET ? parseDotted(text) : parseInet6(text);
  if (packed === null) throw illegal("inet_pton");
  return packed;
}

/**
 * Formats 4 or 16 bytes as text. Analogous to inet_ntop(3).
 *
 * Throws ArgumentError of kind "value" for a wrong length or another family.
 */
export function inetNtop(family: number, packed: BytesInput): string {
  const bytes = bytesOf(packed, "inet_ntop");
  if (family !== AddressFamily.INET && family !== AddressFamily.INET6) {
    throw new ArgumentError("value", "UNKNOWN_FAMILY", "inet_ntop", `unknown address family ${String(family)}`);
  }
  if (bytes.length !== (family === AddressFamily.INET ? 4 : 16)) {
    throw new ArgumentError("value", "PACKED_LENGTH", "inet_ntop", "invalid length of packed IP address string");
  }
  return family === AddressFamily.INET ? bytes.join(".") : formatInet6(bytes);
}

function parseLenient(text: string): Buffer | null {
  // glibc stops at the first white space and ignores the rest.
  const [address = ""] = text.split(/[ \t\n\v\f\r]/, 1);
  const values = address.split(".").map(parsePart);
  const last = values.pop();
  if (last === undefined || last === null || values.length > 3) return null;
  if (last >= 2 ** (8 * (4 - values.length))) return null;
  const packed = Buffer.alloc(4);
  packed.writeUInt32BE(last);
  for (const [index, value] of values.entries()) {
    if (value === null || value > 255) return null;
    packed[index] = value;
  }
  return packed;
}

function parsePart(part: string): number | null {
  if (/^0[0-7]*$/.test(part)) return Number.parseInt(part, 8);
  if (/^[1-9][0-9]*$/.test(part)) return Number(part);
  if (/^0[xX][0-9a-fA-F]+$/.test(part)) return Number(part);
  return null;
}

function requireText(text: unknown, operation: string): string {
  if (typeof text !== "string") throw new TypeError(`${operation}(): text is required`);
  if (text.includes("\0")) throw new ArgumentError("value", "EMBEDDED_NUL", operation, "embedded null character");
  return text;
}

function illegal(operation: string): ArgumentError {
  return new ArgumentError("os", "ILLEGAL_ADDRESS", operation, `illegal IP address string passed to ${operation}`);
}
