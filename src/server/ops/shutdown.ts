import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { checkNumber } from "../sockets/socket-entry.js";
import type { Op } from "./op.js";

/** Wraps shutdown(2). */
export const shutdown: Op<typeof SocketService.method.shutdown> = (ctx, request) => {
  checkNumber(ctx.session.entry(request.handle).native.shutdown(request.how), "shutdown");
  return {};
};
