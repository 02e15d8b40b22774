import { ArgumentError_Kind } from "../../gen/sockbroker/v1/error_pb.js";
import { ArgumentFault } from "../errors.js";

/**
 * Returns text or bytes for a C function, which would end at a NUL. Throws VALUE if it contains one, as Python does.
 */
export function cString<T extends string | Uint8Array>(text: T, operation: string): T {
  if (typeof text === "string" ? !text.includes("\0") : !text.includes(0)) return text;
  throw new ArgumentFault(ArgumentError_Kind.VALUE, "EMBEDDED_NUL", operation, "embedded null character");
}
