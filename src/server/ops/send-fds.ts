import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { permittedControl } from "../access/views.js";
import type { DestinationOp } from "../context.js";
import { rights } from "../io/ancillary.js";
import { andThen } from "../io/perform.js";
import { sendMessage } from "../io/send.js";

/** Sends handles by sendmsg(2) with one SCM_RIGHTS. */
export const sendFds: DestinationOp<typeof SocketService.method.sendFds, "send", "ancillary"> = (
  ctx,
  request,
  entry,
  address,
) => {
  const control = permittedControl(ctx, [rights(ctx.session, request.handles)]);
  const { buffers, flags, timeout } = request;
  const sent = sendMessage(ctx, entry, "sendmsg", { buffers, control, flags, timeout, address });
  return andThen(sent, (bytes) => ({ sentBytes: BigInt(bytes) }));
};
