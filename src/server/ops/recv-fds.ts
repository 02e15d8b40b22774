import { ArgumentError_Kind } from "../../gen/sockbroker/v1/error_pb.js";
import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { addressField } from "../codec/address.js";
import type { SocketOp } from "../context.js";
import { ArgumentFault } from "../errors.js";
import { adoptReceived, MOST_RIGHTS } from "../io/ancillary.js";
import { andThen } from "../io/perform.js";
import { receiveMessage } from "../io/receive.js";

const SIZEOF_INT = 4;

/** Receives handles by recvmsg(2). */
export const recvFds: SocketOp<typeof SocketService.method.recvFds, "receive"> = (ctx, request, entry) => {
  if (request.maxHandles < 0) {
    throw new ArgumentFault(
      ArgumentError_Kind.VALUE,
      "ANCILLARY_SIZE",
      "recvmsg",
      "invalid ancillary data buffer length",
    );
  }
  const room = ctx.services.kernel.cmsgLen(Math.min(request.maxHandles, MOST_RIGHTS) * SIZEOF_INT);
  return andThen(receiveMessage(ctx, entry, "recvmsg", request, BigInt(room)), (received) => ({
    data: received.data,
    ...adoptReceived(
      ctx.session,
      received.control.flatMap((message) => message.sockets ?? []),
      received.flags,
    ),
    ...addressField("address", received.address),
  }));
};
