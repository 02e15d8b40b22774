import { constants } from "node:os";
import type { Sockaddr } from "../../native/binding.js";
import { systemError } from "../../native/errno.js";
import type { View } from "../access/views.js";
import { addressField } from "../codec/address.js";
import type { OpContext } from "../context.js";
import type { Checked } from "../policy/checked.js";
import { AGAIN } from "../sockets/readiness.js";
import type { Socket } from "../sockets/socket-entry.js";
import { type Waiting, waitOf } from "./perform.js";

const { EAGAIN, EALREADY, EINPROGRESS, EISCONN, ENOTCONN } = constants.errno;

/**
 * Connects, and waits for the result: the socket becomes writable, and SO_ERROR has the result. Throws EINPROGRESS if
 * it may not wait. If the wait ends early the kernel continues, as in Python.
 *
 * If Python's socket is blocking, its next connect(2) starts again. Here the descriptor is non-blocking, and for TCP
 * only another connect(2) ends such an attempt and returns its result: without it, the caller's next connect would
 * return the result of this one, 0 or ECONNABORTED. (With a timeout Python's does that too, and so does this.)
 */
export function completeConnect(
  ctx: OpContext,
  entry: View<"connect">,
  address: Checked<Sockaddr, "connect">,
  waiting: Waiting,
): undefined | Promise<undefined> {
  const wait = waitOf(ctx, entry, "connect", waiting);
  const again = wait.milliseconds === null && entry.isTcp;
  let begun = false;
  /** Whether it waits for an attempt of an earlier call. */
  let joined = false;
  return entry.readiness.perform("write", wait, () => {
    const error = begun && !again ? entry.takeConnectError() : -entry.connect(address);
    // SO_ERROR was already consumed, so 0 does not mean connected. For vsock the socket then stays in the connecting
    // state.
    if (error === 0 && joined && entry.getpeername() === -ENOTCONN) throw systemError(-EALREADY, "connect");
    if (error === 0 || (begun && error === EISCONN)) return undefined;
    const unfinished = error === EINPROGRESS || (error === EALREADY && wait.milliseconds === null);
    if (unfinished && wait.milliseconds !== 0) {
      joined = !begun && error === EALREADY;
      begun = true;
      return AGAIN;
    }
    // The backlog of a unix listener is full. The kernel would let a blocking caller wait, but there is no event to
    // poll for.
    if (error === EAGAIN && wait.milliseconds === null) return AGAIN;
    throw systemError(-error, "connect");
  });
}

export function connectedAddresses(entry: Socket) {
  const { local, peer } = entry.addresses();
  return { ...addressField("localAddress", local), ...addressField("peerAddress", peer) };
}
