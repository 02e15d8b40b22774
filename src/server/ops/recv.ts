import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import type { SocketOp } from "../context.js";
import { andThen } from "../io/perform.js";
import { receiveData } from "../io/receive.js";
import type { Received } from "../sockets/unowned.js";

/** Wraps recv(2). */
export const recv: SocketOp<typeof SocketService.method.recv, "receive"> = (ctx, request, entry) =>
  andThen(receiveData(ctx, entry, "recv", request), encode);

function encode(received: Received | Uint8Array) {
  return received instanceof Uint8Array
    ? { data: received, lengthBytes: BigInt(received.length) }
    : { data: received.data, lengthBytes: BigInt(received.length) };
}
