import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { timeoutField } from "../codec/duration.js";
import type { Op } from "../context.js";

/** Returns the session's timeout for new sockets. */
export const getdefaulttimeout: Op<typeof SocketService.method.getdefaulttimeout> = (ctx) =>
  timeoutField(ctx.session.defaultTimeout);
