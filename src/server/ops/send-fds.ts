import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { permittedControl } from "../access/views.js";
import type { DestinationOp } from "../context.js";
import { rights } from "../io/ancillary.js";
import { andThen } from "../io/perform.js";
import { sendMessage } from "./sendmsg.js";

/** Sends handles by sendmsg(2) with one SCM_RIGHTS. */
export const sendFds: DestinationOp<typeof SocketService.method.sendFds, "send", "ancillary"> = (
  ctx,
  request,
  entry,
  address,
) => {
  const control = permittedControl(ctx, [rights(ctx.session, request.handles)]);
  const sent = sendMessage(ctx, entry, address, { ...request, control });
  return andThen(sent, (bytes) => ({ sentBytes: BigInt(bytes) }));
};
