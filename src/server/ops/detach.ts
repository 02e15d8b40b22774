import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import type { Op } from "./op.js";

/** Answers the handle, which stays open: it is the client's object that ends. */
export const detach: Op<typeof SocketService.method.detach> = (ctx, request) => ({
  handle: ctx.session.entry(request.handle).handle,
});
