import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { systemError } from "../../native/errno.js";
import type { SocketOp } from "../context.js";
import { andThen, waitOf } from "../io/perform.js";
import { AGAIN, PARTLY } from "../sockets/readiness.js";
import { isAgain } from "../sockets/socket-entry.js";

/**
 * Sends everything by send(2). The timeout applies to the whole operation, and no other send comes between the pieces.
 */
export const sendall: SocketOp<typeof SocketService.method.sendall, "send"> = (ctx, request, entry) => {
  let rest = request.data;
  const done = entry.readiness.perform("write", waitOf(ctx, entry, "send", request), () => {
    const { length } = rest;
    do {
      const sent = entry.send([rest], null, request.flags, null);
      if (sent < 0) {
        if (isAgain(sent)) return rest.length < length ? PARTLY : AGAIN;
        throw systemError(sent, "send");
      }
      rest = rest.subarray(sent);
    } while (rest.length > 0);
    return {};
  });
  return andThen(done, () => ({}));
};
