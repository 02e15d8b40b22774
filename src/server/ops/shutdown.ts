import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import type { SocketOp } from "../context.js";
import { checkNumber } from "../sockets/socket-entry.js";

/** Wraps shutdown(2). */
export const shutdown: SocketOp<typeof SocketService.method.shutdown> = (_ctx, request, entry) => {
  checkNumber(entry.shutdown(request.how), "shutdown");
  return {};
};
