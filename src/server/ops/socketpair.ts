import { AddressFamily, SocketType } from "../../gen/sockbroker/v1/address_pb.js";
import type { SocketpairRequest, SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { systemError } from "../../native/errno.js";
import { linux } from "../../native/linux.js";
import { viewOf } from "../access/views.js";
import type { Op } from "../context.js";
import type { SocketFacts } from "../sockets/socket-entry.js";
import { infoOf } from "../sockets/socket-info.js";

const { SOCK_NONBLOCK } = linux;

/** Wraps socketpair(2). */
export const socketpair: Op<typeof SocketService.method.socketpair, "socket"> = (ctx, request) => {
  const { family, type, protocol } = pairFactsOf(request);
  const pair = ctx.services.kernel.socketpair(family, type, protocol);
  if (typeof pair === "number") throw systemError(pair, "socketpair");
  const [first, second] = ctx.session.adoptAll(pair, { family, type, protocol });
  for (const entry of [viewOf(ctx, first), viewOf(ctx, second)]) {
    ctx.session.applyDefaultTimeout(entry);
    if ((request.typeFlags & SOCK_NONBLOCK) !== 0) entry.setTimeout(0n);
  }
  return { first: infoOf(first), second: infoOf(second) };
};

/** What is opened, with Python's defaults. */
export function pairFactsOf({ family, type, protocol }: SocketpairRequest): SocketFacts {
  return { family: family ?? AddressFamily.UNIX, type: type ?? SocketType.STREAM, protocol };
}
