/*
 * What each permission grants of a socket.
 *
 * There is one object for a socket, its entry, and a view is a type of it: it has what `Socket` shows, and the methods of the
 * permissions that were asked. So a view costs nothing, and a call that was not asked for does not compile. Views are made
 * here alone, for a caller that was checked; `SocketEntry` itself is for the folders that own entries.
 */

import type { Sockaddr } from "../../native/binding.js";
import type { Checked } from "../policy/checked.js";
import type { Permission } from "../policy/policy.js";
import type { ControlToSend, Socket, SocketEntry } from "../sockets/socket-entry.js";

/** Members of an entry, by the permission that grants them. */
interface Granted extends Record<Permission, keyof SocketEntry> {
  session:
    | "readiness"
    | "setTimeout"
    | "inheritable"
    | "getsockname"
    | "getpeername"
    | "shutdown"
    | "receiving"
    | "sending"
    | "onDestroy";
  bind: "bind";
  listen: "listen";
  accept: "accept" | "undelivered" | "giveBack";
  connect: "connect" | "takeConnectError";
  send: "send" | "sendfile";
  receive:
    | "receive"
    | "receiveData"
    | "receiveBatch"
    | "receiveInto"
    | "receivingIsOver"
    | "observe"
    | "pushBack"
    | "keepError"
    | "hasUnsentData"
    | "showDrops"
    | "dropsTold";
  getsockopt: "getsockopt" | "getsockoptInt" | "takeError";
  setsockopt: "setsockopt" | "setsockoptInt" | "setsockoptNull";
  ioctl: "ioctl" | "ioctlInt";
  /** Control messages, which `send` takes as `Checked`. */
  ancillary: never;
  resolve: never;
  socket: never;
  netns: never;
  sethostname: never;
  admin: never;
}

/** A socket of whoever has these permissions. Nobody is handed one without `session`. */
export type View<P extends Permission> = Checked<Socket & Pick<SocketEntry, Granted["session" | P]>, "session" | P>;

/** What a permission was asked about: the context of a caller. */
interface Caller {
  readonly principal: { readonly name: string };
}

/** Gives the view of a socket that was granted: to a caller that was checked, or for an address that was. */
export function viewOf<P extends Permission>(_granted: Checked<Caller | Sockaddr, P>, socket: Socket): View<P> {
  return socket as View<P>;
}

/** Lets a caller that was checked send control messages. Credentials are checked one by one: see io/send-control.ts. */
export function permittedControl(
  _granted: Checked<Caller, "ancillary">,
  messages: readonly ControlToSend[],
): Checked<readonly ControlToSend[], "ancillary"> {
  return messages as Checked<readonly ControlToSend[], "ancillary">;
}
