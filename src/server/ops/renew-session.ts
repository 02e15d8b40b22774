import type { SessionService } from "../../gen/sockbroker/v1/session_service_pb.js";
import { durationOfMilliseconds } from "../codec/duration.js";
import type { Op } from "../context.js";

/** Restarts the lease. No effect on an implicit or retained session. */
export const renewSession: Op<typeof SessionService.method.renewSession> = (ctx) => {
  ctx.session.renew();
  const left = ctx.session.remainingLease;
  return left === null ? {} : { remainingLease: durationOfMilliseconds(left) };
};
