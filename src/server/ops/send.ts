import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { authorise } from "../authorise.js";
import type { Op } from "./op.js";
import { andThen, perform } from "./perform.js";

const none: readonly never[] = [];

/** Wraps send(2). */
export const send: Op<typeof SocketService.method.send> = (ctx, request) => {
  const entry = ctx.session.entry(request.handle);
  authorise(ctx, "send");
  const data = [request.data];
  const sent = perform(ctx, entry, "write", "send", request, () => entry.send(data, none, request.flags, null));
  return andThen(sent, (bytes) => ({ sentBytes: BigInt(bytes) }));
};
