import { SocketType } from "../../gen/sockbroker/v1/address_pb.js";
import { ArgumentError_Kind, BrokerError_Code } from "../../gen/sockbroker/v1/error_pb.js";
import type { CreateConnectionRequest, SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import type { AddressInfo } from "../../native/binding.js";
import { SystemError } from "../../native/errno.js";
import { authoriseAddress } from "../access/authorise.js";
import { viewOf } from "../access/views.js";
import { portFrom } from "../codec/address.js";
import { cString } from "../codec/c-string.js";
import type { Op, Permitted } from "../context.js";
import { ArgumentFault, BrokerFault, OperationTimeout } from "../errors.js";
import { completeConnect } from "../io/connect.js";
import { openSocket } from "../io/open-socket.js";
import { requestedTimeout } from "../io/perform.js";
import { checkedAddress } from "../resolver/checked-address.js";
import { checkNumber, type Socket } from "../sockets/socket-entry.js";
import { infoWithAddresses } from "../sockets/socket-info.js";

/** getaddrinfo(3), then socket(2) and connect(2) for each address until one succeeds. */
export const createConnection: Op<typeof SocketService.method.createConnection, "socket"> = async (ctx, request) => {
  const timeout = requestedTimeout(request.timeout, "connect");
  const service = serviceOf(request.destination);
  const host = Buffer.from(cString(request.host, "create_connection"));
  const candidates = await ctx.services.resolver.run(ctx, (kernel) =>
    kernel.getaddrinfo(host, Buffer.from(service), 0, SocketType.STREAM, 0, 0),
  );
  const errors: Error[] = [];
  for (const candidate of candidates) {
    try {
      const entry = await attempt(ctx, request, candidate, timeout);
      return { socket: infoWithAddresses(entry) };
    } catch (error) {
      if (!(error instanceof SystemError || error instanceof OperationTimeout)) throw error;
      errors.push(error);
    }
  }
  throw failure(errors, request.allErrors);
};

function serviceOf(destination: CreateConnectionRequest["destination"]): string {
  switch (destination.case) {
    case "port":
      return String(portFrom(destination.value, "connect"));
    case "service":
      return cString(destination.value, "create_connection");
    default:
      throw new BrokerFault(BrokerError_Code.MALFORMED_REQUEST, "create_connection needs a port or a service");
  }
}

async function attempt(
  ctx: Permitted<"socket">,
  request: CreateConnectionRequest,
  candidate: AddressInfo,
  timeout: bigint | null | undefined,
): Promise<Socket> {
  const { family, type, protocol } = candidate;
  const entry = openSocket(ctx, family, type, protocol, request);
  try {
    if (timeout !== undefined) entry.setTimeout(timeout);
    if (request.sourceAddress !== undefined) {
      const source = await checkedAddress(ctx, "bind", entry, request.sourceAddress, "bind");
      checkNumber(viewOf(source, entry).bind(source), "bind");
    }
    const address = authoriseAddress(ctx, "connect", candidate.address, { socket: entry });
    await completeConnect(ctx, viewOf(address, entry), address, { timeout: undefined, flags: 0 });
    return entry;
  } catch (error) {
    // The session may have ended meanwhile, and the entry with it.
    if (ctx.session.find(entry.handle) !== null) ctx.session.close(entry.handle);
    throw error;
  }
}

function failure(errors: readonly Error[], all: boolean): Error {
  const last = errors.at(-1);
  if (last === undefined) {
    return new ArgumentFault(
      ArgumentError_Kind.OS,
      "NO_ADDRESSES",
      "create_connection",
      "getaddrinfo returns an empty list",
    );
  }
  if (!all || !(last instanceof SystemError)) return last;
  const messages = errors.map((error) => error.message).join("; ");
  return new SystemError(last.code, last.errno, last.syscall, `create_connection failed: ${messages}`);
}
