import { constants } from "node:os";
import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import type { Sockaddr } from "../../native/binding.js";
import { systemError } from "../../native/errno.js";
import { linux } from "../../native/linux.js";
import { addressField } from "../codec/address.js";
import type { OpContext } from "../context.js";
import type { AddressOp } from "../entry/row.js";
import { andThen, type Waiting, waitOf } from "../io/perform.js";
import type { Checked } from "../policy/checked.js";
import { AGAIN } from "../sockets/readiness.js";
import type { SocketEntry } from "../sockets/socket-entry.js";

const { SOL_SOCKET, SO_ERROR } = linux;

const { EAGAIN, EALREADY, EINPROGRESS, EISCONN, ENOTCONN } = constants.errno;

/** Wraps connect(2), and waits until it is done. */
export const connectTo: AddressOp<typeof SocketService.method.connectTo> = (ctx, request, entry, address) =>
  andThen(completeConnect(ctx, entry, address, { timeout: request.timeout, flags: 0 }), () =>
    connectedAddresses(entry),
  );

/**
 * Connects, and waits for the outcome: the socket becomes writable, and SO_ERROR has what came of it. Throws EINPROGRESS
 * when it may not wait. When the wait ends early the kernel goes on, as it does for Python.
 *
 * Where Python's socket is blocking, its next connect(2) begins anew. Here the descriptor is not, and for TCP it is another
 * connect(2) that ends such an attempt and says what came of it: without it, the caller's next one would answer for this
 * one, with 0 or ECONNABORTED. (With a timeout Python's own does, and so does this.)
 */
export function completeConnect(
  ctx: OpContext,
  entry: SocketEntry,
  address: Checked<Sockaddr>,
  waiting: Waiting,
): undefined | Promise<undefined> {
  const wait = waitOf(ctx, entry, "connect", waiting);
  const again = wait.milliseconds === null && entry.isTcp;
  let begun = false;
  /** Whether what it waits for is an attempt of an earlier call. */
  let joined = false;
  return entry.readiness.perform("write", wait, () => {
    const error = begun && !again ? outcome(entry) : -entry.connect(address);
    // An attempt that has failed and was asked before has no error left; vsock's stays "in progress" all the same.
    if (error === 0 && joined && entry.native.getpeername() === -ENOTCONN) throw systemError(-EALREADY, "connect");
    if (error === 0 || (begun && error === EISCONN)) return undefined;
    const unfinished = error === EINPROGRESS || (error === EALREADY && wait.milliseconds === null);
    if (unfinished && wait.milliseconds !== 0) {
      joined = !begun && error === EALREADY;
      begun = true;
      return AGAIN;
    }
    // A unix listener whose backlog is full: the kernel would let a blocking caller wait, and has nothing to poll for.
    if (error === EAGAIN && wait.milliseconds === null) return AGAIN;
    throw systemError(-error, "connect");
  });
}

export function connectedAddresses(entry: SocketEntry) {
  const { local, peer } = entry.addresses();
  return { ...addressField("localAddress", local), ...addressField("peerAddress", peer) };
}

function outcome(entry: SocketEntry): number {
  const result = entry.native.getsockoptInt(SOL_SOCKET, SO_ERROR);
  return typeof result === "number" ? -result : result.value;
}
