import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { timeoutFrom } from "../codec/duration.js";
import type { Op } from "./op.js";

/** Sets the handle's timeout. */
export const settimeout: Op<typeof SocketService.method.settimeout> = (ctx, request) => {
  ctx.session.entry(request.handle).setTimeout(timeoutFrom(request.timeout, "settimeout"));
  return {};
};
