import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import type { SocketOp } from "../context.js";

/** Tells whether child processes of the client are meant to inherit the handle. */
export const getInheritable: SocketOp<typeof SocketService.method.getInheritable> = (_ctx, _request, entry) => ({
  inheritable: entry.inheritable,
});
