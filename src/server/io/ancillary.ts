/*
 * Control messages between a session and the kernel. Descriptors become handles here, and handles descriptors.
 */

import type { ControlMessage } from "../../gen/sockbroker/v1/ancillary_pb.js";
import type { ControlOut, NativeSocket, Received } from "../../native/binding.js";
import { linux } from "../../native/linux.js";
import { type ControlInit, dataOf, handlesIn, viewOf } from "../codec/control.js";
import type { Session } from "../sessions/session.js";
import type { SocketEntry } from "../sockets/socket-entry.js";

const { SOL_SOCKET, SCM_RIGHTS, MSG_CTRUNC, MSG_CMSG_CLOEXEC } = linux;

/** Received control messages for the wire, and msg_flags with them: MSG_CTRUNC where descriptors had no room. */
export interface ReceivedControl {
  readonly messages: ControlInit[];
  readonly flags: number;
}

/** Writes the control messages of a received message for the wire. Descriptors become handles of the session. */
export function controlOf(session: Session, received: Received): ReceivedControl {
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
 * Adopts received descriptors into the session. Answers their handles, and msg_flags. They are inheritable unless
 * MSG_CMSG_CLOEXEC is among the flags, as recvmsg(2) makes them. Those that the quota leaves no room for are closed, and
 * MSG_CTRUNC says so, as when the kernel's own limit is reached: the message was taken, and cannot be refused any more.
 */
export function adoptReceived(
  session: Session,
  sockets: readonly NativeSocket[],
  flags: number,
): { readonly handles: bigint[]; readonly flags: number } {
  const handles: bigint[] = [];
  for (const socket of sockets) {
    const entry = session.adoptIfRoom(socket);
    if (entry === null) continue;
    entry.inheritable = (flags & MSG_CMSG_CLOEXEC) === 0;
    handles.push(entry.handle);
  }
  return { handles, flags: handles.length === sockets.length ? flags : flags | MSG_CTRUNC };
}

/** Reads control messages to send. Handles must be the session's own. */
export function controlFrom(session: Session, messages: readonly ControlMessage[]): ControlOut[] {
  return messages.map((message) => {
    const { level, type, view } = message;
    if (view.case === "rights") return rights(session, view.value.handles);
    if (view.case === undefined && level === SOL_SOCKET && type === SCM_RIGHTS && message.data.length >= 4) {
      return rights(session, handlesIn(message.data));
    }
    return { level, type, data: dataOf(message), sockets: null };
  });
}

/** An SCM_RIGHTS message, with the entries of its descriptors. */
interface Rights extends ControlOut {
  readonly passed: readonly SocketEntry[];
}

/** Makes an SCM_RIGHTS message of handles of the session. */
export function rights(session: Session, handles: readonly bigint[]): Rights {
  const passed = handles.map((handle) => session.entryToSend(handle));
  const sockets = passed.map(({ native }) => native as NativeSocket);
  return { level: SOL_SOCKET, type: SCM_RIGHTS, data: new Uint8Array(0), sockets, passed };
}

/** The entries whose descriptors a control message has. */
export function passedBy(message: ControlOut | Rights): readonly SocketEntry[] {
  return "passed" in message ? message.passed : [];
}
