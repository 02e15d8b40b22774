/*
 * Sent control messages: which credentials they may contain, and what happens to sockets that leave the daemon with
 * them.
 */

import { constants, endianness } from "node:os";
import { AddressFamily } from "../../gen/sockbroker/v1/address_pb.js";
import type { ControlMessage } from "../../gen/sockbroker/v1/ancillary_pb.js";
import { BrokerError_Code } from "../../gen/sockbroker/v1/error_pb.js";
import type { Sockaddr } from "../../native/binding.js";
import { linux } from "../../native/linux.js";
import { authorise, authoriseEndpoint, SHARED_SOCKET } from "../access/authorise.js";
import type { PeerIdentity } from "../access/principal.js";
import { permittedControl, type View } from "../access/views.js";
import type { OpContext } from "../context.js";
import { BrokerFault } from "../errors.js";
import type { Checked } from "../policy/checked.js";
import type { ControlToSend, Socket } from "../sockets/socket-entry.js";
import { controlFrom } from "./ancillary.js";

const { SOL_SOCKET, SCM_CREDENTIALS } = linux;

const { EMFILE, ENFILE } = constants.errno;

const SIZEOF_UCRED = 12;

/**
 * Converts control messages to send; null if there are none. Throws `PolicyDenied` for those that the caller may not
 * send.
 */
export function controlToSend(
  ctx: OpContext,
  messages: readonly ControlMessage[],
): Checked<readonly ControlToSend[], "ancillary"> | null {
  if (messages.length === 0) return null;
  const control = controlFrom(ctx.session, messages);
  const permitted = permittedControl(authorise(ctx, "ancillary"), control);
  for (const message of permitted) authoriseCredentials(ctx, message);
  return permitted;
}

/** With the daemon's privileges the kernel would accept any process, user and group as the sender. */
function authoriseCredentials(ctx: OpContext, { level, type, data }: ControlToSend): void {
  if (level !== SOL_SOCKET || type !== SCM_CREDENTIALS || data.length < SIZEOF_UCRED) return;
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const little = endianness() === "LE";
  const [pid, uid, gid] = [view.getInt32(0, little), view.getUint32(4, little), view.getUint32(8, little)];
  if (isCaller(ctx.peer, { pid, uid, gid })) return;
  authoriseEndpoint(ctx, "ancillary", `credentials:${pid}:${uid}:${gid}`);
}

function isCaller(peer: PeerIdentity, named: PeerIdentity): boolean {
  return peer.pid === named.pid && peer.uid === named.uid && peer.gid === named.gid;
}

/**
 * `SocketEntry.send` for a message that may carry descriptors. A socket that thereby reaches a process outside the
 * daemon is withheld from principals that may not share it. Throws `PolicyDenied` for a unix socket that may not leave
 * the daemon, because its peer credentials would be the daemon's, and UNREAD_DATA for a socket that would leave without
 * data that was pushed back.
 */
export function sendWithControl(
  ctx: OpContext,
  entry: View<"send">,
  data: readonly Uint8Array[],
  control: Checked<readonly ControlToSend[], "ancillary"> | null,
  flags: number,
  address: Checked<Sockaddr, "send"> | null,
): number {
  if (control === null) return entry.send(data, control, flags, address);
  const passed = control.flatMap(({ sockets }) => sockets ?? []);
  if (passed.length === 0) return entry.send(data, control, flags, address);
  const inside = staysInside(entry);
  if (typeof inside === "number") return inside;
  if (!inside) {
    if (passed.some(({ state }) => state.family === AddressFamily.UNIX)) {
      authoriseEndpoint(ctx, "ancillary", SHARED_SOCKET);
    }
    if (passed.some(({ hasPushedBack }) => hasPushedBack)) {
      const text =
        "data received from the socket is pushed back, and a process outside the daemon could not receive it";
      throw new BrokerFault(BrokerError_Code.UNREAD_DATA, text);
    }
  }
  const sent = entry.send(data, control, flags, address);
  if (sent >= 0 && !inside) for (const shared of passed) ctx.session.share(shared);
  return sent;
}

/**
 * Whether data sent on a socket arrives at a socket of the daemon. For connected sockets the kernel knows the peer's
 * process; an unconnected one may be read by anyone. -errno if there is no descriptor to find out with.
 */
function staysInside({ state, zeroReadIsEnd }: Socket): boolean | number {
  if (state.family !== AddressFamily.UNIX || !zeroReadIsEnd) return false;
  const peer = state.peerProcess;
  return peer === -EMFILE || peer === -ENFILE ? peer : peer === process.pid;
}
