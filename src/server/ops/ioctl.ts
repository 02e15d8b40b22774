import { BrokerError_Code } from "../../gen/sockbroker/v1/error_pb.js";
import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { linux } from "../../native/linux.js";
import type { SocketOp } from "../context.js";
import { BrokerFault, notSupportedOnHost } from "../errors.js";
import { checkResult } from "../sockets/socket-entry.js";

const FIONREAD = BigInt(linux.FIONREAD);

/** The kernel's `unsigned int cmd`. */
const MAX_REQUEST = 2n ** 32n - 1n;

/** Wraps ioctl(2), for requests that the addon knows. */
export const ioctl: SocketOp<typeof SocketService.method.ioctl, "ioctl"> = (_ctx, request, entry) => {
  // The kernel would truncate a larger number, and perform another ioctl.
  if (request.request > MAX_REQUEST) known(request.request, null);
  const code = Number(request.request);
  const { argument } = request;
  if (argument.case === "integer") {
    const result = known(request.request, entry.ioctlInt(code, argument.value));
    const { value } = checkResult(result, "ioctl");
    const readAhead = request.request === FIONREAD ? entry.pushedBackBytes : 0;
    return { result: { case: "integer", value: value + readAhead } };
  }
  if (argument.case === "data") {
    const result = known(request.request, entry.ioctl(code, argument.value));
    return { result: { case: "data", value: checkResult(result, "ioctl") } };
  }
  throw new BrokerFault(BrokerError_Code.MALFORMED_REQUEST, "ioctl needs an argument");
};

function known<T>(request: bigint, result: T | null): T {
  if (result === null) throw notSupportedOnHost(`ioctl 0x${request.toString(16)} is not one that the broker knows`);
  return result;
}
