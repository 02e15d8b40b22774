import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { viewOf } from "../access/views.js";
import type { SocketOp } from "../context.js";
import { infoOf } from "../sockets/socket-info.js";

/** Wraps dup(2). The timeout is copied, O_NONBLOCK is shared. */
export const dup: SocketOp<typeof SocketService.method.dup> = (ctx, _request, original) => {
  const entry = viewOf(ctx, ctx.session.duplicate(original, original.facts));
  entry.setTimeout(original.blocking.timeout);
  return { socket: infoOf(entry) };
};
