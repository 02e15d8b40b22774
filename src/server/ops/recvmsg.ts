import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import type { SocketOp } from "../context.js";
import { messageOf } from "../io/ancillary.js";
import { andThen } from "../io/perform.js";
import { receiveMessage } from "../io/receive.js";

/** Wraps recvmsg(2). Descriptors become handles of the session. */
export const recvmsg: SocketOp<typeof SocketService.method.recvmsg, "receive"> = (ctx, request, entry) => {
  const received = receiveMessage(ctx, entry, "recvmsg", request, request.maxAncillaryBytes);
  return andThen(received, (message) => messageOf(ctx.session, message));
};
