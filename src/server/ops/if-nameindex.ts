import type { InterfaceService } from "../../gen/sockbroker/v1/interface_service_pb.js";
import type { Op } from "../context.js";
import { checkResult } from "../sockets/socket-entry.js";

/** Wraps if_nameindex(3). */
export const ifNameindex: Op<typeof InterfaceService.method.ifNameindex> = (ctx) => ({
  interfaces: checkResult(ctx.services.kernel.ifNameindex(), "if_nameindex"),
});
