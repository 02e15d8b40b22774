import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import type { SocketOp } from "../context.js";

/** Returns the handle, which stays open; only the client's object ends. */
export const detach: SocketOp<typeof SocketService.method.detach> = (_ctx, _request, entry) => ({
  handle: entry.handle,
});
