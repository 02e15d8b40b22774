import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import type { SocketOp } from "../context.js";

/** Tells whether the handle's timeout is not 0. */
export const getblocking: SocketOp<typeof SocketService.method.getblocking> = (_ctx, _request, entry) => ({
  blocking: entry.blocking.timeout !== 0n,
});
