import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { timeoutFrom } from "../codec/duration.js";
import type { Op } from "../context.js";

/** Sets the session's timeout for new sockets. */
export const setdefaulttimeout: Op<typeof SocketService.method.setdefaulttimeout> = (ctx, request) => {
  ctx.session.defaultTimeout = timeoutFrom(request.timeout, "setdefaulttimeout");
  return {};
};
