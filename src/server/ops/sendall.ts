import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import type { SocketOp } from "../context.js";
import { andThen, waitOf } from "../io/perform.js";
import { sendingAll } from "../io/send.js";

/**
 * Sends everything by send(2). The timeout applies to the whole operation, and no other send comes between the pieces.
 */
export const sendall: SocketOp<typeof SocketService.method.sendall, "send"> = (ctx, request, entry) => {
  const wait = waitOf(ctx, entry, "send", request);
  const done = entry.readiness.perform("write", wait, sendingAll(entry, [request.data], request.flags));
  return andThen(done, () => ({}));
};
