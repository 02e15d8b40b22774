import type { HostService } from "../../gen/sockbroker/v1/host_service_pb.js";
import { authorise } from "../authorise.js";
import { checkNumber } from "../sockets/socket-entry.js";
import type { Op } from "./op.js";

/** Wraps sethostname(2). */
export const sethostname: Op<typeof HostService.method.sethostname> = (ctx, request) => {
  authorise(ctx, "sethostname");
  checkNumber(ctx.services.native.sethostname(request.hostname), "sethostname");
  return {};
};
