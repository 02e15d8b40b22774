import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import type { Op } from "./op.js";

/** Records it. No descriptor of the daemon's is ever inherited. */
export const setInheritable: Op<typeof SocketService.method.setInheritable> = (ctx, request) => {
  ctx.session.entry(request.handle).inheritable = request.inheritable;
  return {};
};
