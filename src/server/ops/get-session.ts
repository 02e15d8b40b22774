import type { SessionService } from "../../gen/sockbroker/v1/session_service_pb.js";
import { sessionInfoOf } from "../codec/session-info.js";
import type { Op } from "./op.js";

/** Describes the session. */
export const getSession: Op<typeof SessionService.method.getSession> = (ctx) => ({
  session: sessionInfoOf(ctx.session),
});
