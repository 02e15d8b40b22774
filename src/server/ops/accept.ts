import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import type { SocketOp } from "../context.js";
import { acceptNext, adoptAccepted } from "../io/accept.js";
import { andThen, perform } from "../io/perform.js";

/** Wraps accept4(2). */
export const accept: SocketOp<typeof SocketService.method.accept, "accept"> = (ctx, request, entry) => {
  const waiting = { timeout: request.timeout, flags: 0 };
  const accepted = perform(ctx, entry, "data", "accept", waiting, () => acceptNext(entry));
  return andThen(accepted, (next) => ({ socket: adoptAccepted(ctx, entry, next) }));
};
