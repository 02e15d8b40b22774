import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import type { SocketOp } from "../entry/row.js";
import { infoOf } from "../sockets/socket-info.js";
import { duplicate } from "./dup.js";

/** Linux's SOCK_NONBLOCK. */
const SOCK_NONBLOCK = 0o4000;

/**
 * Wraps dup(2), with the session's default timeout: the handle's own is not copied. What is not said is what the kernel
 * says.
 */
export const fromfd: SocketOp<typeof SocketService.method.fromfd> = (ctx, request, original) => {
  const { native } = original;
  const entry = duplicate(ctx, original, {
    family: request.family > 0 ? request.family : native.family,
    type: request.type > 0 ? request.type : native.type,
    protocol: request.protocol >= 0 ? request.protocol : native.protocol,
  });
  ctx.session.applyDefaultTimeout(entry);
  if ((request.typeFlags & SOCK_NONBLOCK) !== 0) entry.setTimeout(0n);
  return { socket: infoOf(entry) };
};
