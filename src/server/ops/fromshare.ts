import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import type { Op } from "../context.js";
import { notSupportedOnHost } from "../errors.js";

/** WSASocket with the result of Share: Windows only. */
export const fromshare: Op<typeof SocketService.method.fromshare> = () => {
  throw notSupportedOnHost("socket.fromshare is Windows only");
};
