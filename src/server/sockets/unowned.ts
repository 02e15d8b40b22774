import type { ControlIn, Received as NativeReceived, NativeSocket } from "../../native/binding.js";

/**
 * A descriptor that no handle names yet: opened, accepted, duplicated or received. It can be adopted by a session, or closed.
 * What else can be done with it takes a view of the adopted socket.
 */
export type Unowned = Pick<NativeSocket, "family" | "type" | "protocol" | "inode" | "closed" | "close">;

/** The native socket, for whoever becomes its owner. */
export function nativeOf(socket: Unowned): NativeSocket {
  return socket as NativeSocket;
}

/** A control message as recvmsg(2) gave it, with the descriptors that came in it. */
interface ReceivedControl extends Omit<ControlIn, "sockets"> {
  readonly sockets: readonly Unowned[] | null;
}

/** One message from recvmsg(2). */
export interface Received extends Omit<NativeReceived, "control"> {
  readonly control: readonly ReceivedControl[];
}
