import { BrokerError_Code } from "../../gen/sockbroker/v1/error_pb.js";
import type { SessionService } from "../../gen/sockbroker/v1/session_service_pb.js";
import type { Op } from "../context.js";
import { BrokerFault } from "../errors.js";

/** Ends the session. */
export const closeSession: Op<typeof SessionService.method.closeSession> = (ctx) => {
  ctx.session.destroy(new BrokerFault(BrokerError_Code.CANCELLED, "the session was closed"));
  return {};
};
