import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { addressField } from "../codec/address.js";
import type { SocketOp } from "../context.js";
import { andThen } from "../io/perform.js";
import { receiveMessage } from "../io/receive.js";

/** Wraps recvfrom(2). */
export const recvfrom: SocketOp<typeof SocketService.method.recvfrom, "receive"> = (ctx, request, entry) =>
  andThen(receiveMessage(ctx, entry, "recvfrom", request, 0n), (received) => ({
    data: received.data,
    lengthBytes: BigInt(received.length),
    ...addressField("address", received.address),
  }));
