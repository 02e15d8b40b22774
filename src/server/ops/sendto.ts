import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { authoriseFastOpen, openingFast } from "./fast-open.js";
import type { AddressOp } from "./op.js";
import { andThen, perform } from "./perform.js";

/** Wraps sendto(2). */
export const sendto: AddressOp<typeof SocketService.method.sendto> = (ctx, request, entry, address) => {
  authoriseFastOpen(ctx, request.flags, address);
  const attempt = openingFast(entry, "sendto", request, (flags) => entry.send([request.data], [], flags, address));
  const sent = perform(ctx, entry, "write", "sendto", request, attempt);
  return andThen(sent, (bytes) => ({ sentBytes: BigInt(bytes) }));
};
