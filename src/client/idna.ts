import { domainToASCII } from "node:url";
import type { ArgumentReason } from "../rpc/argument-reasons.js";
import { ArgumentError } from "./errors.js";

const LABEL_BYTES = 63;
/** The characters that RFC 3490 treats as a full stop. */
const DOTS = /[.\u3002\uff0e\uff61]/u;

/**
 * Encodes a host for a look-up, by the rules of Python's "idna" codec: each label has 1 to 63 bytes, and the last may
 * be empty. Bytes are used unchanged. Throws ArgumentError of kind "unicode".
 */
export function encodeHost(host: string | Uint8Array, operation: string): Uint8Array {
  if (!(host instanceof Uint8Array)) requireText(host, operation);
  if (typeof host === "string" ? host.includes("\0") : host.includes(0)) throw nulError(operation);
  if (host instanceof Uint8Array) return host;
  const ascii = isAscii(host) ? host : toAscii(host, operation);
  const labels = ascii.split(".");
  const last = labels.pop() ?? "";
  if (labels.some((label) => label.length === 0 || label.length > LABEL_BYTES)) {
    throw unicodeError(operation, "LABEL_EMPTY_OR_TOO_LONG", "label empty or too long");
  }
  if (last.length > LABEL_BYTES) throw unicodeError(operation, "LABEL_TOO_LONG", "label too long");
  return Buffer.from(ascii, "latin1");
}

/**
 * Encodes the host of a socket address: ASCII text unchanged, without the codec's rules for labels, as in CPython;
 * other text by IDNA; bytes unchanged.
 */
export function hostText(host: string | Uint8Array, operation: string): string {
  const text = host instanceof Uint8Array ? Buffer.from(host).toString("utf8") : host;
  requireText(text, operation);
  if (text.includes("\0")) throw nulError(operation);
  return isAscii(text) || host instanceof Uint8Array
    ? text
    : Buffer.from(encodeHost(text, operation)).toString("latin1");
}

function toAscii(host: string, operation: string): string {
  return host
    .split(DOTS)
    .map((label) => (isAscii(label) ? label : labelToAscii(label, operation)))
    .join(".");
}

function labelToAscii(label: string, operation: string): string {
  // Node implements UTS 46, Python's codec IDNA 2003, which maps these four characters away and would look up another
  // name.
  const mapped = label
    .replaceAll(/[\u200c\u200d]/gu, "")
    .replaceAll("ß", "ss")
    .replaceAll("ς", "σ");
  const prepared = mapped.normalize("NFKC").toLowerCase();
  // Node would treat a label of digits as an IPv4 address and expand it.
  if (isAscii(prepared)) return prepared;
  const ascii = domainToASCII(prepared);
  if (ascii === "") throw unicodeError(operation, "LABEL_NOT_ENCODABLE", "encoding with 'idna' codec failed");
  return ascii;
}

function requireText(host: unknown, operation: string): asserts host is string {
  if (typeof host !== "string") throw new TypeError(`${operation}(): host must be text or bytes`);
}

function nulError(operation: string): TypeError {
  return new TypeError(`${operation}(): host name must not contain null character`);
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return false;
  return true;
}

function unicodeError(operation: string, code: ArgumentReason, message: string): ArgumentError {
  return new ArgumentError("unicode", code, operation, message);
}
