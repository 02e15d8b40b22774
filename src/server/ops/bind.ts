import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { checkedAddress } from "../authorise.js";
import { addressField } from "../codec/address.js";
import { checkNumber } from "../sockets/socket-entry.js";
import type { Op } from "./op.js";
import { andThen } from "./perform.js";

/** Wraps bind(2). */
export const bind: Op<typeof SocketService.method.bind> = (ctx, request) => {
  const entry = ctx.session.entry(request.handle);
  return andThen(checkedAddress(ctx, "bind", entry.facts, request.address, "bind"), (address) => {
    checkNumber(entry.bind(address), "bind");
    return addressField("localAddress", entry.addresses().local);
  });
};
