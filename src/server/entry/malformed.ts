import { BrokerError_Code } from "../../gen/sockbroker/v1/error_pb.js";
import { UnknownField } from "../../rpc/decode-strictly.js";
import { BrokerFault } from "../errors.js";

/** Creates the error for a request that this daemon could not decode. */
export function malformedBy(version: string): (cause: unknown) => BrokerFault {
  return (cause) => {
    if (cause instanceof UnknownField) {
      const text = `this daemon is of version ${version}, and its ${cause.message}: it is older than its caller`;
      return new BrokerFault(BrokerError_Code.UNKNOWN_REQUEST, text);
    }
    const text = cause instanceof Error ? cause.message : String(cause);
    return new BrokerFault(BrokerError_Code.MALFORMED_REQUEST, `the request does not decode: ${text}`);
  };
}
