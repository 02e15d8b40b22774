import { AddressFamily, SocketType } from "../../gen/sockbroker/v1/address_pb.js";
import { ArgumentError_Kind } from "../../gen/sockbroker/v1/error_pb.js";
import type { CreateServerRequest, SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { linux } from "../../native/linux.js";
import { type View, viewOf } from "../access/views.js";
import type { Op } from "../context.js";
import { ArgumentFault, type ArgumentReason } from "../errors.js";
import { supportsDualstack } from "../host/dualstack.js";
import { startListening } from "../io/listen.js";
import { openSocket } from "../io/open-socket.js";
import { checkedAddress } from "../resolver/checked-address.js";
import { checkNumber, type SocketFacts } from "../sockets/socket-entry.js";
import { infoWithAddresses } from "../sockets/socket-info.js";

const { SOL_SOCKET, SO_REUSEADDR, SO_REUSEPORT, IPPROTO_IPV6, IPV6_V6ONLY } = linux;

/** socket(2), setsockopt(2), bind(2) and listen(2), like Python's create_server. */
export const createServer: Op<typeof SocketService.method.createServer, "socket" | "listen" | "setsockopt"> = async (
  ctx,
  request,
) => {
  const facts = serverFactsOf(request);
  const v6 = facts.family === AddressFamily.INET6;
  if (request.dualstackIpv6) {
    if (!supportsDualstack(ctx.services.kernel))
      throw value("NO_DUALSTACK", "dualstack_ipv6 not supported on this platform");
    if (!v6) throw value("DUALSTACK_FAMILY", "dualstack_ipv6 requires AF_INET6 family");
  }
  const address = await checkedAddress(ctx, "bind", facts, request.address, "bind");
  const entry = openSocket(ctx, facts.family, facts.type, facts.protocol, request);
  try {
    setOptions(entry, request, v6);
    checkNumber(viewOf(address, entry).bind(address), "bind");
    startListening(entry, request.backlog);
    return { socket: infoWithAddresses(entry) };
  } catch (error) {
    ctx.session.close(entry.handle);
    throw error;
  }
};

/** The socket that is opened. */
export function serverFactsOf({ address }: CreateServerRequest): SocketFacts {
  const family = address?.address.case === "inet6" ? AddressFamily.INET6 : AddressFamily.INET;
  return { family, type: SocketType.STREAM, protocol: 0 };
}

function setOptions(entry: View<"setsockopt">, request: CreateServerRequest, v6: boolean): void {
  // Errors are ignored, as in Python, because not every kernel that has these options allows them to be set.
  entry.setsockoptInt(SOL_SOCKET, SO_REUSEADDR, 1);
  if (request.reusePort) checkNumber(entry.setsockoptInt(SOL_SOCKET, SO_REUSEPORT, 1), "setsockopt");
  if (v6) entry.setsockoptInt(IPPROTO_IPV6, IPV6_V6ONLY, request.dualstackIpv6 ? 0 : 1);
}

function value(reason: ArgumentReason, text: string): ArgumentFault {
  return new ArgumentFault(ArgumentError_Kind.VALUE, reason, "create_server", text);
}
