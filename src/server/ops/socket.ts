import { AddressFamily, SocketType } from "../../gen/sockbroker/v1/address_pb.js";
import type { SocketRequest, SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { systemError } from "../../native/errno.js";
import { linux } from "../../native/linux.js";
import { authorise } from "../access/authorise.js";
import { viewOf } from "../access/views.js";
import { timeoutField } from "../codec/duration.js";
import type { Op, Permitted } from "../context.js";
import { openSocket } from "../io/open-socket.js";
import { infoOf } from "../sockets/socket-info.js";

const { SOCK_NONBLOCK } = linux;

/** Wraps socket(2), or describes an open handle. */
export const socket: Op<typeof SocketService.method.socket> = (ctx, request) => {
  if (request.fileno !== undefined) return describe(ctx, request, request.fileno);
  const family = request.family ?? AddressFamily.INET;
  const type = request.type ?? SocketType.STREAM;
  const protocol = request.protocol ?? 0;
  const permitted = authorise(ctx, "socket", { details: { opens: { family, type, protocol } } });
  const entry = openSocket(permitted, family, type, protocol, request);
  if ((request.typeFlags & SOCK_NONBLOCK) !== 0) entry.setTimeout(0n);
  return { socket: infoOf(entry), ...timeoutField(entry.blocking.timeout) };
};

/** `socket(fileno=…)`: unset facts are the kernel's. The handle is the same. */
function describe(ctx: Permitted<"session">, request: SocketRequest, handle: bigint) {
  // `entry` would treat 0 as an unset field.
  if (handle === 0n) throw ctx.session.handleNotFound(handle);
  const entry = viewOf(ctx, ctx.session.entry(handle));
  const { state } = entry;
  if (state.type < 0) {
    const result = entry.getsockname();
    if (typeof result === "number") throw systemError(result, "getsockname");
  }
  ctx.session.applyDefaultTimeout(entry);
  if ((request.typeFlags & SOCK_NONBLOCK) !== 0) entry.setTimeout(0n);
  const socket = {
    handle: entry.handle,
    family: request.family ?? state.family,
    type: request.type ?? state.type,
    protocol: request.protocol ?? state.protocol,
  };
  return { socket, ...timeoutField(entry.blocking.timeout) };
}
