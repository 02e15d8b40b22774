import type { InterfaceService } from "../../gen/sockbroker/v1/interface_service_pb.js";
import { systemError } from "../../native/errno.js";
import type { Op } from "../context.js";

/** Wraps if_indextoname(3). */
export const ifIndextoname: Op<typeof InterfaceService.method.ifIndextoname> = (ctx, request) => {
  const name = ctx.services.kernel.ifIndextoname(request.index);
  if (typeof name === "number") throw systemError(name, "if_indextoname");
  return { name };
};
