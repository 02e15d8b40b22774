import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { notSupportedOnHost } from "../errors.js";
import type { Op } from "./op.js";

/** WSADuplicateSocket: Windows only. */
export const share: Op<typeof SocketService.method.share> = (ctx, request) => {
  ctx.session.entry(request.handle);
  throw notSupportedOnHost("socket.share is Windows only");
};
