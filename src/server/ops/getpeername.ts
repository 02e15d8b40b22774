import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { addressField } from "../codec/address.js";
import type { SocketOp } from "../context.js";
import { checkResult } from "../sockets/socket-entry.js";

/** Wraps getpeername(2). */
export const getpeername: SocketOp<typeof SocketService.method.getpeername> = (_ctx, _request, entry) => {
  return addressField("address", checkResult(entry.getpeername(), "getpeername"));
};
