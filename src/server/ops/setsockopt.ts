import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import type { SocketOp } from "../context.js";
import { setOption } from "../io/set-option.js";
import { checkNumber } from "../sockets/socket-entry.js";

/** Wraps setsockopt(2). */
export const setsockopt: SocketOp<typeof SocketService.method.setsockopt, "setsockopt"> = (ctx, request, entry) => {
  checkNumber(setOption(ctx, entry, request), "setsockopt");
  return {};
};
