import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { notSupportedOnHost } from "../errors.js";
import type { SocketOp } from "./op.js";

/** WSADuplicateSocket: Windows only. */
export const share: SocketOp<typeof SocketService.method.share> = (_ctx, _request, _entry) => {
  throw notSupportedOnHost("socket.share is Windows only");
};
