import { constants } from "node:os";
import { ArgumentError_Kind, BrokerError_Code } from "../../gen/sockbroker/v1/error_pb.js";
import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { systemError } from "../../native/errno.js";
import type { SocketOp } from "../context.js";
import { ArgumentFault, type ArgumentReason, BrokerFault } from "../errors.js";
import { pushbackCost } from "../sockets/pushback.js";

const { ENOTCONN } = constants.errno;

/** The kernel's MAX_ERRNO. */
const MAX_ERRNO = 4095;

/**
 * Puts bytes that the caller has received before the socket's other data: no more than were taken from the kernel, or a
 * caller could fill the memory with data of its own.
 */
export const pushBack: SocketOp<typeof SocketService.method.pushBack, "receive"> = (ctx, request, entry) => {
  const { data, errorNumber } = request;
  if (!entry.isStream) throw value("NOT_A_STREAM", "push_back needs a SOCK_STREAM type socket");
  if (errorNumber > MAX_ERRNO) throw value("INTEGER_OUT_OF_RANGE", `${errorNumber} is not an errno`);
  // No receive would take the error, and it would be reported as a connection to accept.
  if (entry.state.isListening) throw systemError(-ENOTCONN, "push_back");
  // The stream's data in transit would be received or pushed back after these bytes, which came after it.
  if (entry.receiving) {
    throw new BrokerFault(BrokerError_Code.HANDLE_BUSY, "an attach stream receives from the handle");
  }
  if (data.length > entry.bytesTaken) {
    throw value("MORE_THAN_RECEIVED", `${data.length} bytes, and ${entry.bytesTaken} were received from the socket`);
  }
  ctx.principal.pushedBack.require(pushbackCost(data));
  if (data.length > 0) {
    // A copy, because these bytes may be a small part of a large message.
    entry.pushBack([{ data: Buffer.from(data), length: data.length, flags: 0, address: null, control: [] }]);
  }
  if (errorNumber > 0) entry.pushBackError(-errorNumber);
  return {};
};

function value(reason: ArgumentReason, text: string): ArgumentFault {
  return new ArgumentFault(ArgumentError_Kind.VALUE, reason, "push_back", text);
}
