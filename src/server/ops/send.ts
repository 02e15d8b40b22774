import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import type { SocketOp } from "../context.js";
import { andThen, perform } from "../io/perform.js";

/** Wraps send(2). */
export const send: SocketOp<typeof SocketService.method.send, "send"> = (ctx, request, entry) => {
  const data = [request.data];
  const sent = perform(ctx, entry, "write", "send", request, () => entry.send(data, null, request.flags, null));
  return andThen(sent, (bytes) => ({ sentBytes: BigInt(bytes) }));
};
