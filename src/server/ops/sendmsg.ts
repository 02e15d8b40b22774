import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import type { DestinationOp } from "../context.js";
import { andThen } from "../io/perform.js";
import { sendMessage } from "../io/send.js";
import { controlToSend } from "../io/send-control.js";

/** Wraps sendmsg(2). */
export const sendmsg: DestinationOp<typeof SocketService.method.sendmsg, "send"> = (ctx, request, entry, address) => {
  const control = controlToSend(ctx, request.ancillaryData);
  const { buffers, flags, timeout } = request;
  const sent = sendMessage(ctx, entry, "sendmsg", { buffers, control, flags, timeout, address });
  return andThen(sent, (bytes) => ({ sentBytes: BigInt(bytes) }));
};
