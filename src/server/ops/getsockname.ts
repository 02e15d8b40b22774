import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { addressField } from "../codec/address.js";
import { checkResult } from "../sockets/socket-entry.js";
import type { Op } from "./op.js";

/** Wraps getsockname(2). */
export const getsockname: Op<typeof SocketService.method.getsockname> = (ctx, request) => {
  const { native } = ctx.session.entry(request.handle);
  return addressField("address", checkResult(native.getsockname(), "getsockname"));
};
