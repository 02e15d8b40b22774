import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { authorise } from "../authorise.js";
import { rights } from "../codec/control.js";
import type { Op } from "./op.js";
import { andThen } from "./perform.js";
import { sendMessage } from "./sendmsg.js";

/** Sends handles by sendmsg(2) with one SCM_RIGHTS. */
export const sendFds: Op<typeof SocketService.method.sendFds> = (ctx, request) => {
  const entry = ctx.session.entry(request.handle);
  authorise(ctx, "ancillary");
  const control = [rights(ctx.session, request.handles)];
  const sent = sendMessage(ctx, entry, "sendmsg", { ...request, control });
  return andThen(sent, (bytes) => ({ sentBytes: BigInt(bytes) }));
};
