import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import type { Op } from "./op.js";

/** Tells whether the client means to share the handle with its children. */
export const getInheritable: Op<typeof SocketService.method.getInheritable> = (ctx, request) => ({
  inheritable: ctx.session.entry(request.handle).inheritable,
});
