import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import type { SocketOp } from "../entry/row.js";
import { andThen, perform } from "../io/perform.js";

const none: readonly never[] = [];

/** Wraps send(2). */
export const send: SocketOp<typeof SocketService.method.send> = (ctx, request, entry) => {
  const data = [request.data];
  const sent = perform(ctx, entry, "write", "send", request, () => entry.send(data, none, request.flags, null));
  return andThen(sent, (bytes) => ({ sentBytes: BigInt(bytes) }));
};
