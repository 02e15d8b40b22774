import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import type { SocketOp } from "../entry/row.js";

/** Answers the handle, which stays open: it is the client's object that ends. */
export const detach: SocketOp<typeof SocketService.method.detach> = (_ctx, _request, entry) => ({
  handle: entry.handle,
});
