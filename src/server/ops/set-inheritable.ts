import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import type { SocketOp } from "../context.js";

/** Sets the flag. The daemon's own descriptors are never inherited. */
export const setInheritable: SocketOp<typeof SocketService.method.setInheritable> = (_ctx, request, entry) => {
  entry.inheritable = request.inheritable;
  return {};
};
