import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { type View, viewOf } from "../access/views.js";
import type { Permitted, SocketOp } from "../context.js";
import type { Socket, SocketFacts } from "../sockets/socket-entry.js";
import { infoOf } from "../sockets/socket-info.js";

/** Wraps dup(2). The timeout is copied, O_NONBLOCK is shared. */
export const dup: SocketOp<typeof SocketService.method.dup> = (ctx, _request, original) => {
  const entry = duplicate(ctx, original, original.facts);
  entry.setTimeout(original.timeout);
  return { socket: infoOf(entry) };
};

/** Creates a new handle for the open description of another, with the given facts. */
export function duplicate(ctx: Permitted<"session">, original: Socket, facts: SocketFacts): View<"session"> {
  return viewOf(ctx, ctx.session.duplicate(original, facts));
}
