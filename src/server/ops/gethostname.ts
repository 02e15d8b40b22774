import type { HostService } from "../../gen/sockbroker/v1/host_service_pb.js";
import { systemError } from "../../native/errno.js";
import type { Op } from "../context.js";

/** Wraps gethostname(2). */
export const gethostname: Op<typeof HostService.method.gethostname> = (ctx) => {
  const hostname = ctx.services.kernel.gethostname();
  if (typeof hostname === "number") throw systemError(hostname, "gethostname");
  return { hostname };
};
