import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { addressField } from "../codec/address.js";
import type { SocketOp } from "../context.js";
import { startListening } from "../io/listen.js";

/** Wraps listen(2). */
export const listen: SocketOp<typeof SocketService.method.listen, "listen"> = (_ctx, request, entry) => {
  startListening(entry, request.backlog);
  return addressField("localAddress", entry.addresses().local);
};
