import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import type { AddressOp } from "../context.js";
import { andThen } from "../io/perform.js";
import { sendMessage } from "../io/send.js";

/** Wraps sendto(2). */
export const sendto: AddressOp<typeof SocketService.method.sendto, "send"> = (ctx, request, entry, address) => {
  const { data, flags, timeout } = request;
  const sent = sendMessage(ctx, entry, "sendto", { buffers: [data], control: null, flags, timeout, address });
  return andThen(sent, (bytes) => ({ sentBytes: BigInt(bytes) }));
};
