import { isUtf8 } from "node:buffer";
import { BrokerError_Code } from "../../gen/sockbroker/v1/error_pb.js";
import { BrokerFault } from "../errors.js";
import { cString } from "./c-string.js";

/** A name in a request: an arm of text, one of bytes, or none that is set. */
interface NameArm {
  readonly case?: string | undefined;
  readonly value?: string | Uint8Array | undefined;
}

/** Answers a host's name: text, or bytes where it is no UTF-8. Throws MALFORMED_REQUEST where there is none. */
export function hostFrom(arm: NameArm, operation: string): string | Uint8Array {
  if (arm.value === undefined) throw new BrokerFault(BrokerError_Code.MALFORMED_REQUEST, `${operation} needs a name`);
  const name = cString(arm.value, operation);
  return name instanceof Uint8Array && isUtf8(name) ? Buffer.from(name).toString() : name;
}
