import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { addressField } from "../codec/address.js";
import type { SocketOp } from "../context.js";
import { checkNumber } from "../sockets/socket-entry.js";

/** Python's default: 128, or SOMAXCONN if less, which it never is on Linux. */
export const DEFAULT_BACKLOG = 128;

/** Wraps listen(2). */
export const listen: SocketOp<typeof SocketService.method.listen, "listen"> = (_ctx, request, entry) => {
  checkNumber(entry.listen(Math.max(0, request.backlog ?? DEFAULT_BACKLOG)), "listen");
  return addressField("localAddress", entry.addresses().local);
};
