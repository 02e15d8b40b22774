import { constants } from "node:os";
import type { Sockaddr } from "../../native/binding.js";
import { linux } from "../../native/linux.js";
import { authoriseAddress } from "../access/authorise.js";
import type { OpContext } from "../context.js";
import type { Wait } from "../sockets/readiness.js";
import type { Socket } from "../sockets/socket-entry.js";

const { MSG_FASTOPEN } = linux;

const { EAGAIN, EINPROGRESS } = constants.errno;

/** MSG_FASTOPEN connects, so it also requires the permission `connect` for the address. Throws `PolicyDenied`. */
export function authoriseFastOpen(ctx: OpContext, socket: Socket, flags: number, address: Sockaddr | null): void {
  if ((flags & MSG_FASTOPEN) !== 0 && address !== null) authoriseAddress(ctx, "connect", address, { socket });
}

/**
 * Makes the attempts of a send with MSG_FASTOPEN behave like those of a blocking caller. On a non-blocking descriptor
 * it starts connecting, returns EINPROGRESS and sends no data unless there was a cookie, so further attempts are made
 * without the flag. Other sends are unchanged.
 */
export function openingFast(wait: Wait, flags: number, send: (flags: number) => number): () => number {
  if ((flags & MSG_FASTOPEN) === 0 || wait.milliseconds === 0) return () => send(flags);
  let opening = false;
  return () => {
    const sent = send(opening ? flags & ~MSG_FASTOPEN : flags);
    if (sent !== -EINPROGRESS) return sent;
    opening = true;
    return -EAGAIN;
  };
}
