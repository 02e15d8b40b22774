/*
 * The methods of a socket that each permission grants.
 *
 * There is one object for a socket, its entry, and views are types of it: a view has the members of `Socket`, and the
 * methods that the checked permissions grant. So a view costs nothing at run time, and a call without a permission does
 * not compile. Only this module creates views, for a caller that was checked; `SocketEntry` itself is only for the
 * folders that own entries.
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
  accept: "accept" | "takeGivenBack" | "giveBack";
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
    | "pushBackError"
    | "bytesTaken"
    | "keepError"
    | "hasUnsentData"
    | "showDrops"
    | "dropsTold"
    | "dropCounters";
  getsockopt: "getsockopt" | "getsockoptInt";
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

/** A socket for a caller that has these permissions. `session` is always among them. */
export type View<P extends Permission> = Checked<Socket & Pick<SocketEntry, Granted["session" | P]>, "session" | P>;

/** The context of a caller that a permission was checked for. */
interface Caller {
  readonly principal: { readonly name: string };
}

/** Returns the view of a socket that was granted, to a checked caller or for a checked address. */
export function viewOf<P extends Permission>(_granted: Checked<Caller | Sockaddr, P>, socket: Socket): View<P> {
  return socket as View<P>;
}

/**
 * Marks control messages as permitted for a checked caller. Credentials are checked separately: see io/send-control.ts.
 */
export function permittedControl(
  _granted: Checked<Caller, "ancillary">,
  messages: readonly ControlToSend[],
): Checked<readonly ControlToSend[], "ancillary"> {
  return messages as Checked<readonly ControlToSend[], "ancillary">;
}
