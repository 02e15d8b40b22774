import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { addressField } from "../codec/address.js";
import type { SocketOp } from "../context.js";
import { checkResult } from "../sockets/socket-entry.js";

/** Wraps getsockname(2). */
export const getsockname: SocketOp<typeof SocketService.method.getsockname> = (_ctx, _request, entry) => {
  return addressField("address", checkResult(entry.getsockname(), "getsockname"));
};
