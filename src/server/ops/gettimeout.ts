import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { timeoutField } from "../codec/duration.js";
import type { Op } from "./op.js";

/** Answers the handle's timeout. */
export const gettimeout: Op<typeof SocketService.method.gettimeout> = (ctx, request) =>
  timeoutField(ctx.session.entry(request.handle).timeout);
