import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { systemError } from "../../native/errno.js";
import type { OpContext } from "../context.js";
import type { SocketOp } from "../entry/row.js";
import type { SocketEntry, SocketFacts } from "../sockets/socket-entry.js";
import { infoOf } from "../sockets/socket-info.js";

/** Wraps dup(2). The timeout is copied, O_NONBLOCK is shared. */
export const dup: SocketOp<typeof SocketService.method.dup> = (ctx, _request, original) => {
  const entry = duplicate(ctx, original, original.facts);
  entry.setTimeout(original.timeout);
  return { socket: infoOf(entry) };
};

/** Creates a new handle for the open description of another, with the given facts. */
export function duplicate(ctx: OpContext, original: SocketEntry, facts: SocketFacts): SocketEntry {
  const native = original.native.dup();
  if (typeof native === "number") throw systemError(native, "dup");
  return ctx.session.adopt(native, facts, original.description);
}
