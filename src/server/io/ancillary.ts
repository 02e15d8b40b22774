/*
 * Converts control messages between a session and the kernel: descriptors to handles, and handles to descriptors.
 */

import { constants } from "node:os";
import type { ControlMessage } from "../../gen/sockbroker/v1/ancillary_pb.js";
import { systemError } from "../../native/errno.js";
import { linux } from "../../native/linux.js";
import { addressField } from "../codec/address.js";
import { type ControlInit, dataOf, handlesIn, viewOf } from "../codec/control.js";
import type { Session } from "../sessions/session.js";
import type { ControlToSend } from "../sockets/socket-entry.js";
import type { Received, Unowned } from "../sockets/unowned.js";

const { SOL_SOCKET, SCM_RIGHTS, MSG_CTRUNC, MSG_CMSG_CLOEXEC } = linux;
const { EINVAL } = constants.errno;

/** The kernel's maximum of descriptors in one message. */
export const MOST_RIGHTS = 253;

/** Converts a received message to a RecvmsgResponse, or to a message of an attach stream. */
export function messageOf(session: Session, received: Received) {
  const control = controlOf(session, received);
  return {
    data: received.data,
    lengthBytes: BigInt(received.length),
    ancillaryData: control.messages,
    flags: control.flags,
    ...addressField("address", received.address),
  };
}

/** Received control messages for the API, with msg_flags: MSG_CTRUNC if there was no room for some descriptors. */
interface ReceivedControl {
  readonly messages: ControlInit[];
  readonly flags: number;
}

/** Converts the control messages of a received message. Descriptors become handles of the session. */
function controlOf(session: Session, received: Received): ReceivedControl {
  let { flags } = received;
  const messages = received.control.map((message) => {
    const { level, type, data, sockets } = message;
    if (sockets === null) return { level, type, data, view: viewOf(message) };
    const adopted = adoptReceived(session, sockets, received.flags);
    flags |= adopted.flags;
    return { level, type, data, view: { case: "rights" as const, value: { handles: adopted.handles } } };
  });
  return { messages, flags };
}

/**
 * Adopts received descriptors into the session. Returns their handles and msg_flags. They are inheritable unless
 * MSG_CMSG_CLOEXEC is among the flags, as with recvmsg(2). If the quota has no room, they are closed and MSG_CTRUNC is
 * set, as when the kernel's own limit is reached, because a received message can no longer be refused.
 */
export function adoptReceived(
  session: Session,
  sockets: readonly Unowned[],
  flags: number,
): { readonly handles: bigint[]; readonly flags: number } {
  const handles: bigint[] = [];
  for (const socket of sockets) {
    const entry = session.adoptIfRoom(socket, { inheritable: (flags & MSG_CMSG_CLOEXEC) === 0 });
    if (entry !== null) handles.push(entry.handle);
  }
  return { handles, flags: handles.length === sockets.length ? flags : flags | MSG_CTRUNC };
}

/** Converts control messages to send. Handles must belong to the session. */
export function controlFrom(session: Session, messages: readonly ControlMessage[]): ControlToSend[] {
  return messages.map((message) => {
    const { level, type, view } = message;
    if (view.case === "rights") return rights(session, view.value.handles);
    if (view.case === undefined && level === SOL_SOCKET && type === SCM_RIGHTS && message.data.length >= 4) {
      return rights(session, handlesIn(message.data.subarray(0, (MOST_RIGHTS + 1) * 4)));
    }
    return { level, type, data: dataOf(message), sockets: null };
  });
}

/**
 * Creates an SCM_RIGHTS message from handles of the session. Fails like the kernel if there are too many, before they are
 * looked up: a request can have a million.
 */
export function rights(session: Session, handles: readonly bigint[]): ControlToSend {
  if (handles.length > MOST_RIGHTS) throw systemError(-EINVAL, "sendmsg");
  const sockets = handles.map((handle) => session.entryToSend(handle));
  return { level: SOL_SOCKET, type: SCM_RIGHTS, data: new Uint8Array(0), sockets };
}
