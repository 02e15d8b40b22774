import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import type { Op } from "./op.js";

/** Answers the handle if it is open. */
export const fileno: Op<typeof SocketService.method.fileno> = (ctx, request) => ({
  handle: ctx.session.entry(request.handle).handle,
});
