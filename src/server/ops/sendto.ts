import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import type { AddressOp } from "../context.js";
import { authoriseFastOpen, openingFast } from "../io/fast-open.js";
import { andThen, perform } from "../io/perform.js";

/** Wraps sendto(2). */
export const sendto: AddressOp<typeof SocketService.method.sendto, "send"> = (ctx, request, entry, address) => {
  authoriseFastOpen(ctx, request.flags, address);
  const attempt = openingFast(entry, "sendto", request, (flags) => entry.send([request.data], null, flags, address));
  const sent = perform(ctx, entry, "write", "sendto", request, attempt);
  return andThen(sent, (bytes) => ({ sentBytes: BigInt(bytes) }));
};
