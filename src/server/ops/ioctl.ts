import { endianness } from "node:os";
import { BrokerError_Code } from "../../gen/sockbroker/v1/error_pb.js";
import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { linux } from "../../native/linux.js";
import type { SocketOp } from "../context.js";
import { BrokerFault, notSupportedOnHost } from "../errors.js";
import { checkResult } from "../sockets/socket-entry.js";

const FIONREAD = BigInt(linux.FIONREAD);
const SIZEOF_INT = 4;
/** More can be pushed back than an `int` can tell. */
const MAX_INT = 2 ** 31 - 1;

/** The kernel's `unsigned int cmd`. */
const MAX_REQUEST = 2n ** 32n - 1n;

/** Wraps ioctl(2), for requests that the addon knows. */
export const ioctl: SocketOp<typeof SocketService.method.ioctl, "ioctl"> = (_ctx, request, entry) => {
  // The kernel would truncate a larger number, and perform another ioctl.
  if (request.request > MAX_REQUEST) known(request.request, null);
  const code = Number(request.request);
  const { argument } = request;
  const pushedBack = request.request === FIONREAD ? entry.pushedBackBytes : 0;
  if (argument.case === "integer") {
    const result = known(request.request, entry.ioctlInt(code, argument.value));
    const { value } = checkResult(result, "ioctl");
    return { result: { case: "integer", value: Math.min(value + pushedBack, MAX_INT) } };
  }
  if (argument.case === "data") {
    const result = checkResult(known(request.request, entry.ioctl(code, argument.value)), "ioctl");
    if (pushedBack > 0 && result.length >= SIZEOF_INT) addToInt(result, pushedBack);
    return { result: { case: "data", value: result } };
  }
  throw new BrokerFault(BrokerError_Code.MALFORMED_REQUEST, "ioctl needs an argument");
};

/** Adds to the `int` at the beginning. */
function addToInt(bytes: Uint8Array, value: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = endianness() === "LE";
  view.setInt32(0, Math.min(view.getInt32(0, little) + value, MAX_INT), little);
}

function known<T>(request: bigint, result: T | null): T {
  if (result === null) throw notSupportedOnHost(`ioctl 0x${request.toString(16)} is unknown to the broker`);
  return result;
}
