import type { SocketRequest } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { systemError } from "../../native/errno.js";
import { type View, viewOf } from "../access/views.js";
import type { Permitted } from "../context.js";
import { openNetns } from "../host/netns.js";
import type { Permission } from "../policy/policy.js";

/** Opens a socket for the session, with its default timeout. Throws `SystemError`. */
export function openSocket<P extends Permission>(
  ctx: Permitted<P | "socket">,
  family: number,
  type: number,
  protocol: number,
  options: Pick<SocketRequest, "netns">,
): View<P | "socket"> {
  const netns = options.netns === undefined ? null : openNetns(ctx, options.netns);
  try {
    const opened = ctx.services.kernel.socket(family, type, protocol, netns);
    if (typeof opened === "number") throw systemError(opened, "socket");
    const entry = viewOf(ctx, ctx.session.adopt(opened, { family, type, protocol }));
    ctx.session.applyDefaultTimeout(entry);
    return entry;
  } finally {
    netns?.close();
  }
}
