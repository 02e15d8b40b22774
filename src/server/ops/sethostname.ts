import { BrokerError_Code } from "../../gen/sockbroker/v1/error_pb.js";
import type { HostService } from "../../gen/sockbroker/v1/host_service_pb.js";
import type { Op } from "../context.js";
import { BrokerFault } from "../errors.js";
import { checkNumber } from "../sockets/socket-entry.js";

/** Wraps sethostname(2). */
export const sethostname: Op<typeof HostService.method.sethostname, "sethostname"> = (ctx, request) => {
  const { value } = request.name;
  if (value === undefined) throw new BrokerFault(BrokerError_Code.MALFORMED_REQUEST, "sethostname needs a name");
  checkNumber(ctx.services.kernel.sethostname(Buffer.from(value)), "sethostname");
  return {};
};
