import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import type { SocketOp } from "../context.js";
import { notSupportedOnHost } from "../errors.js";

/** WSADuplicateSocket: Windows only. */
export const share: SocketOp<typeof SocketService.method.share> = (_ctx, _request, _entry) => {
  throw notSupportedOnHost("socket.share is Windows only");
};
