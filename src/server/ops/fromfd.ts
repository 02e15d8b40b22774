import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { infoOf } from "../codec/socket-info.js";
import { duplicate } from "./dup.js";
import type { Op } from "./op.js";

/** Linux's SOCK_NONBLOCK. */
const SOCK_NONBLOCK = 0o4000;

/** Wraps dup(2), with the session's default timeout: the handle's own is not copied. */
export const fromfd: Op<typeof SocketService.method.fromfd> = (ctx, request) => {
  const { family, type, protocol } = request;
  const entry = duplicate(ctx, ctx.session.entry(request.handle), { family, type, protocol });
  ctx.session.applyDefaultTimeout(entry);
  if ((request.typeFlags & SOCK_NONBLOCK) !== 0) entry.setTimeout(0n);
  return { socket: infoOf(entry) };
};
