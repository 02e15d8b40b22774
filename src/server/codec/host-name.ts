import { isUtf8 } from "node:buffer";
import { BrokerError_Code } from "../../gen/sockbroker/v1/error_pb.js";
import { BrokerFault } from "../errors.js";
import { cString } from "./c-string.js";

/** A name in a request: a text arm, a bytes arm, or neither. */
interface NameArm {
  readonly case?: string | undefined;
  readonly value?: string | Uint8Array | undefined;
}

/** Returns a host name: text, or bytes if it is not valid UTF-8. Throws MALFORMED_REQUEST if it is missing. */
export function hostFrom(arm: NameArm, operation: string): string | Uint8Array {
  if (arm.value === undefined) throw new BrokerFault(BrokerError_Code.MALFORMED_REQUEST, `${operation} needs a name`);
  const name = cString(arm.value, operation);
  return name instanceof Uint8Array && isUtf8(name) ? Buffer.from(name).toString() : name;
}
