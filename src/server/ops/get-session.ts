import type { SessionService } from "../../gen/sockbroker/v1/session_service_pb.js";
import type { Op } from "../context.js";
import { sessionInfoOf } from "../sessions/session-info.js";

/** Describes the session. */
export const getSession: Op<typeof SessionService.method.getSession> = (ctx) => ({
  session: sessionInfoOf(ctx.session),
});
