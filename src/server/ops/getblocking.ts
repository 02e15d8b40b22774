import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import type { Op } from "./op.js";

/** Tells whether the handle's timeout is not 0. */
export const getblocking: Op<typeof SocketService.method.getblocking> = (ctx, request) => ({
  blocking: ctx.session.entry(request.handle).timeout !== 0n,
});
