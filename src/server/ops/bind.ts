import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { addressField } from "../codec/address.js";
import type { AddressOp } from "../context.js";
import { checkNumber } from "../sockets/socket-entry.js";

/** Wraps bind(2). */
export const bind: AddressOp<typeof SocketService.method.bind, "bind"> = (_ctx, _request, entry, address) => {
  checkNumber(entry.bind(address), "bind");
  return addressField("localAddress", entry.addresses().local);
};
