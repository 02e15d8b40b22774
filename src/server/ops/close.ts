import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import type { Op } from "../context.js";

/** Wraps close(2). Operations that wait on the handle end with EBADF. */
export const close: Op<typeof SocketService.method.close> = (ctx, request) => {
  ctx.session.close(request.handle);
  return {};
};
