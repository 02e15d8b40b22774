import type { NativeAddon, NativeSocket } from "../../native/binding.js";
import { systemError } from "../../native/errno.js";
import { linux } from "../../native/linux.js";

const { AF_UNIX, SOCK_STREAM, SOL_SOCKET, SCM_RIGHTS, SO_SNDBUF, SO_SNDBUFFORCE, MSG_PEEK, POLLHUP } = linux;

/** Room for the control message of one descriptor. */
const CONTROL_BYTES = 64;
const MARK = Buffer.from([0]);
/** The kernel reduces this to its maximum. A waiting connection needs less than 1 KiB. */
const SEND_BUFFER_BYTES = 4 * 1024 * 1024;

/**
 * Connections that wait for a descriptor, in order. They wait in the kernel as messages in a socketpair, where they
 * need no descriptor: connections in a listener's backlog cannot be inspected out of order, so an operator behind
 * others could not be served.
 */
export class WaitingRoom {
  readonly #in: NativeSocket;
  readonly #out: NativeSocket;
  readonly #capacity: number;
  #count = 0;

  /** Throws `SystemError`. */
  constructor(native: NativeAddon, capacity: number) {
    const pair = native.socketpair(AF_UNIX, SOCK_STREAM, 0);
    if (typeof pair === "number") throw systemError(pair, "socketpair");
    [this.#in, this.#out] = pair;
    this.#capacity = capacity;
    if (this.#in.setsockoptInt(SOL_SOCKET, SO_SNDBUFFORCE, SEND_BUFFER_BYTES) < 0) {
      this.#in.setsockoptInt(SOL_SOCKET, SO_SNDBUF, SEND_BUFFER_BYTES);
    }
  }

  get count(): number {
    return this.#count;
  }

  /** Appends a connection, and closes it here. Returns false, without closing it, if there is no room. */
  put(connection: NativeSocket): boolean {
    if (this.#count >= this.#capacity) return false;
    const rights = { level: SOL_SOCKET, type: SCM_RIGHTS, data: Buffer.alloc(0), sockets: [connection] };
    if (this.#in.sendmsg([MARK], [rights], 0, null) < 0) return false;
    connection.close();
    this.#count += 1;
    return true;
  }

  /** Removes the first connection. Returns null if there is none, or no descriptor for it. */
  take(): NativeSocket | null {
    if (this.#count === 0) return null;
    // Peeks first: without a free descriptor the kernel would drop the connection that it cannot deliver.
    const first = this.#out.recvmsg(MARK.length, CONTROL_BYTES, MSG_PEEK);
    if (typeof first === "number") return null;
    const connection = first.control[0]?.sockets?.[0];
    if (connection === undefined) return null;
    this.#out.recv(MARK.length, 0);
    this.#count -= 1;
    return connection;
  }

  /** Removes connections whose callers have gone. Needs a descriptor. */
  sweep(): void {
    for (let left = this.#count; left > 0; left--) {
      const connection = this.take();
      if (connection === null) return;
      const gone = (connection.poll(POLLHUP) & POLLHUP) !== 0;
      if (gone || !this.put(connection)) connection.close();
    }
  }

  close(): void {
    this.#in.close();
    this.#out.close();
  }
}
