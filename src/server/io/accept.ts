import { constants } from "node:os";
import { type View, viewOf } from "../access/views.js";
import { addressField } from "../codec/address.js";
import type { Permitted } from "../context.js";
import type { Socket } from "../sockets/socket-entry.js";
import { infoOf } from "../sockets/socket-info.js";
import type { AcceptedSocket } from "../sockets/unowned.js";

const { errno } = constants;

/**
 * Errors of accept(2) for a connection that failed before it was accepted. The listener still works, so the next
 * connection is tried. EPERM comes from the firewall. EOPNOTSUPP is not included, because a socket that cannot listen
 * returns it.
 */
const transient: ReadonlySet<number> = new Set(
  [
    errno.ECONNABORTED,
    errno.EPROTO,
    errno.ENOPROTOOPT,
    errno.ENETDOWN,
    errno.ENETUNREACH,
    errno.EHOSTUNREACH,
    errno.EPERM,
  ].map((number) => -number),
);

/** Accepts the next connection, skipping failed ones. Returns -errno if there is none. */
export function acceptNext(entry: View<"accept">): AcceptedSocket | number {
  const givenBack = entry.takeGivenBack();
  if (givenBack !== null) return givenBack;
  for (;;) {
    const result = entry.accept();
    if (typeof result !== "number" || !transient.has(result)) return result;
  }
}

/** Gives an accepted socket a handle, with the session's default timeout, and describes it. */
export function adoptAccepted(ctx: Permitted<"session">, listener: Socket, accepted: AcceptedSocket) {
  const entry = viewOf(ctx, ctx.session.adopt(accepted.socket, listener.facts));
  ctx.session.applyDefaultTimeout(entry);
  const local = entry.getsockname();
  return {
    ...infoOf(entry),
    ...addressField("localAddress", typeof local === "number" ? null : local),
    ...addressField("peerAddress", accepted.address),
  };
}
