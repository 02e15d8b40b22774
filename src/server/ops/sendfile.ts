import { ArgumentError_Kind } from "../../gen/sockbroker/v1/error_pb.js";
import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { type NativeSocket, POLLOUT } from "../../native/binding.js";
import { systemError } from "../../native/errno.js";
import { ArgumentFault } from "../errors.js";
import { AGAIN, PARTLY } from "../sockets/readiness.js";
import { isAgain } from "../sockets/socket-entry.js";
import type { SocketOp } from "./op.js";
import { andThen, waitOf } from "./perform.js";

/** One call's share, and a turn of the loop's: others wait meanwhile, and for longer when the file is not in memory. */
const MAX_CHUNK = 256 * 1024;

/** Wraps sendfile(2), from a file that the session holds. The timeout is for the whole. */
export const sendfile: SocketOp<typeof SocketService.method.sendfile> = (ctx, request, entry) => {
  const file = ctx.session.entry(request.fileHandle);
  const wait = waitOf(ctx, entry, "sendfile", { timeout: request.timeout, flags: 0 });
  if (!entry.isStream) throw value("NOT_A_STREAM", "only SOCK_STREAM type sockets are supported");
  if (wait.milliseconds === 0) throw value("NON_BLOCKING", "non-blocking sockets are not supported");
  let sent = 0n;
  const total = entry.readiness.perform("write", wait, () => {
    for (;;) {
      const left = request.countBytes === undefined ? BigInt(MAX_CHUNK) : request.countBytes - sent;
      if (left <= 0n) return sent;
      const chunk = left < BigInt(MAX_CHUNK) ? Number(left) : MAX_CHUNK;
      const result = entry.native.sendfile(file.native as NativeSocket, request.offsetBytes + sent, chunk);
      if (isAgain(result)) return AGAIN;
      if (result < 0) throw systemError(result, "sendfile");
      if (result === 0) return sent;
      sent += BigInt(result);
      entry.sentBytes += result;
      // While there is room the rest has to wait for its turn. When there is none, a file that ends here is still told at once.
      if (entry.native.poll(POLLOUT) !== 0) return PARTLY;
    }
  });
  return andThen(total, (sentBytes) => ({ sentBytes }));
};

function value(reason: string, text: string): ArgumentFault {
  return new ArgumentFault(ArgumentError_Kind.VALUE, reason, "sendfile", text);
}
