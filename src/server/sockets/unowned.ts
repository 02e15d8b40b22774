import type { ControlIn, Received as NativeReceived, NativeSocket, Sockaddr } from "../../native/binding.js";

/**
 * A descriptor without a handle: opened, accepted, duplicated or received. It can be adopted by a session, or closed.
 * Anything else requires a view of the adopted socket.
 */
export type Unowned = Pick<NativeSocket, "family" | "type" | "protocol" | "inode" | "closed" | "close">;

/** The native socket, for its new owner. */
export function nativeOf(socket: Unowned): NativeSocket {
  return socket as NativeSocket;
}

/** The result of accept(2). */
export interface AcceptedSocket {
  readonly socket: Unowned;
  readonly address: Sockaddr | null;
}

/** A control message from recvmsg(2), with the descriptors that it carried. */
interface ReceivedControl extends Omit<ControlIn, "sockets"> {
  readonly sockets: readonly Unowned[] | null;
}

/** One message from recvmsg(2). */
export interface Received extends Omit<NativeReceived, "control"> {
  readonly control: readonly ReceivedControl[];
}
