import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import type { SocketOp } from "../context.js";

/** Returns the handle if it is open. */
export const fileno: SocketOp<typeof SocketService.method.fileno> = (_ctx, _request, entry) => ({
  handle: entry.handle,
});
