import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { addressField } from "../codec/address.js";
import type { SocketOp } from "../context.js";
import { controlOf } from "../io/ancillary.js";
import { andThen } from "../io/perform.js";
import { ancillarySize, receiveMessage } from "../io/receive.js";

/** Wraps recvmsg(2). Descriptors become handles of the session. */
export const recvmsg: SocketOp<typeof SocketService.method.recvmsg, "receive"> = (ctx, request, entry) => {
  const controlSize = ancillarySize(request.maxAncillaryBytes);
  return andThen(receiveMessage(ctx, entry, "recvmsg", request, controlSize), (received) => {
    const control = controlOf(ctx.session, received);
    return {
      data: received.data,
      lengthBytes: BigInt(received.length),
      ancillaryData: control.messages,
      flags: control.flags,
      ...addressField("address", received.address),
    };
  });
};
