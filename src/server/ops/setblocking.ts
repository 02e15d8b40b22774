import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import type { Op } from "./op.js";

/** Sets the handle's timeout to none or 0. */
export const setblocking: Op<typeof SocketService.method.setblocking> = (ctx, request) => {
  ctx.session.entry(request.handle).setTimeout(request.blocking ? null : 0n);
  return {};
};
