import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { linux } from "../../native/linux.js";
import { viewOf } from "../access/views.js";
import type { SocketOp } from "../context.js";
import { infoOf } from "../sockets/socket-info.js";

const { SOCK_NONBLOCK } = linux;

/** Wraps dup(2), with the session's default timeout instead of the handle's. Unset facts are the kernel's. */
export const fromfd: SocketOp<typeof SocketService.method.fromfd> = (ctx, request, original) => {
  const { state } = original;
  const facts = {
    family: request.family > 0 ? request.family : state.family,
    type: request.type > 0 ? request.type : state.type,
    protocol: request.protocol >= 0 ? request.protocol : state.protocol,
  };
  const entry = viewOf(ctx, ctx.session.duplicate(original, facts));
  ctx.session.applyDefaultTimeout(entry);
  if ((request.typeFlags & SOCK_NONBLOCK) !== 0) entry.setTimeout(0n);
  return { socket: infoOf(entry) };
};
