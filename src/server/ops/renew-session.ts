import type { SessionService } from "../../gen/sockbroker/v1/session_service_pb.js";
import { durationOfMilliseconds } from "../codec/duration.js";
import type { Op } from "../entry/row.js";

/** Starts the lease anew. For an implicit or attended session there is nothing to do. */
export const renewSession: Op<typeof SessionService.method.renewSession> = (ctx) => {
  ctx.session.renew();
  const left = ctx.session.remainingLease;
  return left === null ? {} : { remainingLease: durationOfMilliseconds(left) };
};
