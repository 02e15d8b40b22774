import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import type { SocketOp } from "../context.js";

/** Sets the handle's timeout to no limit or 0. */
export const setblocking: SocketOp<typeof SocketService.method.setblocking> = (_ctx, request, entry) => {
  entry.setTimeout(request.blocking ? null : 0n);
  return {};
};
