import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import type { Op } from "../context.js";
import { supportsDualstack } from "../host/dualstack.js";

/** Tests it by creating a socket, as Python does. */
export const hasDualstackIpv6: Op<typeof SocketService.method.hasDualstackIpv6, "socket"> = (ctx) => ({
  supported: supportsDualstack(ctx.services.kernel),
});
