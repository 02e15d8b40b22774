/*
 * Accepts connections on a unix socket, and learns who is there before a byte of HTTP/2 is parsed.
 *
 * When there is no descriptor left, what comes is looked at with a descriptor of the reserve: operators are served, and the
 * others wait, without a descriptor, until there is room; what has no room to wait stays in the kernel's backlog. Nothing
 * is cut.
 */

import { Socket } from "node:net";
import { constants } from "node:os";
import type { NativeAddon, NativeSocket, PeerCredentials } from "../../native/binding.js";
import { POLLIN } from "../../native/binding.js";
import { systemError } from "../../native/errno.js";
import type { PeerIdentity } from "../access/principal.js";
import { DeadConnections } from "./dead-connections.js";
import type { DescriptorReserve } from "./descriptor-reserve.js";
import { EndpointFile } from "./endpoint-file.js";
import { WaitingRoom } from "./waiting-room.js";

const { EAGAIN, EMFILE, ENFILE } = constants.errno;
/** Accepted in one turn of the loop, so that a flood of connections does not keep calls from being served. */
const ACCEPTS_PER_TURN = 64;
const MOST_WAITING = 1_024;
/** How often it is tried whether there is room for those who wait. */
const ROOM_MS = 100;
/** How often the endpoint's files and the connections are looked at, and those who wait and have gone are dropped from a full waiting room. */
const INSPECTION_MS = 1_000;
/** The connection, and what the kernel gives to know its peer by. */
const DESCRIPTORS_TO_LOOK = 2;

export interface UnixListenerOptions {
  readonly native: NativeAddon;
  readonly path: string;
  /** Permission bits of the socket's file. */
  readonly mode: number;
  readonly reserve: DescriptorReserve;
  /** Whether somebody is served out of the reserve. */
  readonly isOperator: (peer: PeerIdentity) => boolean;
  readonly onConnection: (socket: Socket, peer: PeerIdentity) => void;
  /** A connection that this very process made was closed. */
  readonly onOwnProcess: () => void;
  /** There are no descriptors left, and so many callers wait, besides those in the backlog. */
  readonly onFull: (waiting: number) => void;
  readonly onError: (error: Error) => void;
  /** Somebody removed the endpoint's file, and it is there again. */
  readonly onRestored: () => void;
  /** Callers do not find the daemon at its path any more. Said once, until they do again. */
  readonly onLost: (reason: string) => void;
}

export interface UnixListener {
  /** Stops accepting, and removes the socket's file if it is still this listener's. */
  close(): void;
}

/** Listens. Throws `StartupError`, or `SystemError` where descriptors are few. */
export function listenUnix(options: UnixListenerOptions): UnixListener {
  return new Listener(options);
}

class Listener implements UnixListener {
  readonly #options: UnixListenerOptions;
  readonly #endpoint: EndpointFile;
  readonly #waiting: WaitingRoom;
  readonly #dead: DeadConnections;
  /** Where connections come from: the endpoint's, and those whose file somebody removed and who still have some. */
  readonly #listeners = new Set<NativeSocket>();
  /** Accepted, and without room to wait. While there is one nothing more is accepted. */
  #held: NativeSocket | null = null;
  #room: NodeJS.Timeout | null = null;
  readonly #inspection: NodeJS.Timeout;
  #lost = false;

  constructor(options: UnixListenerOptions) {
    this.#options = options;
    this.#waiting = new WaitingRoom(options.native, MOST_WAITING);
    this.#dead = new DeadConnections(options.native);
    try {
      this.#endpoint = new EndpointFile(options);
    } catch (error) {
      this.#waiting.close();
      throw error;
    }
    this.#watch(this.#endpoint.listener);
    this.#inspection = setInterval(() => this.#inspect(), INSPECTION_MS).unref();
  }

  close(): void {
    clearInterval(this.#inspection);
    if (this.#room !== null) clearInterval(this.#room);
    this.#endpoint.release();
    for (const listener of this.#listeners) listener.close();
    this.#held?.close();
    this.#waiting.close();
  }

  #watch(listener: NativeSocket): void {
    this.#listeners.add(listener);
    listener.watch(POLLIN, () => this.#accept(listener));
  }

  #accept(listener: NativeSocket): void {
    for (let i = 0; i < ACCEPTS_PER_TURN && this.#held === null; i++) {
      const full = this.#room !== null || !this.#options.reserve.refill();
      const result = full ? -EMFILE : listener.accept();
      if (typeof result !== "number") {
        this.#admit(result.socket);
        continue;
      }
      if (result === -EAGAIN) return;
      if (!isFull(result)) continue;
      this.#makeThemWait();
      if (!this.#acceptFromReserve(listener)) return;
    }
    if (this.#held !== null) this.#pause();
  }

  /** From now on, until nobody waits, everyone waits. */
  #makeThemWait(): void {
    this.#room ??= setInterval(() => this.#serveWaiting(), ROOM_MS);
  }

  /** Looks at the next connection. False when there is none, or the reserve is used up. */
  #acceptFromReserve(listener: NativeSocket): boolean {
    return this.#options.reserve.lend(DESCRIPTORS_TO_LOOK, () => {
      const result = listener.accept();
      if (typeof result === "number") {
        if (result !== -EAGAIN) this.#pause();
        return false;
      }
      const { socket } = result;
      const credentials = socket.peerCredentials();
      if (typeof credentials !== "number" && this.#options.isOperator(credentials)) {
        this.#serve(socket, credentials);
        return true;
      }
      if (typeof credentials !== "number") credentials.pidfd?.close();
      this.#letWait(socket);
      return true;
    });
  }

  /** Leaves what comes in the backlog until there is room again. */
  #pause(): void {
    for (const listener of this.#listeners) listener.watch(0, null);
  }

  #serveWaiting(): void {
    while (this.#held === null && this.#options.reserve.refill()) {
      const next = this.#waiting.take();
      if (next === null) break;
      this.#admit(next);
    }
    if (this.#held !== null && this.#waiting.put(this.#held)) this.#held = null;
    if (this.#held !== null) return;
    const over = this.#waiting.count === 0 && this.#options.reserve.refill();
    if (over && this.#room !== null) {
      clearInterval(this.#room);
      this.#room = null;
    }
    for (const listener of this.#listeners) this.#watch(listener);
  }

  #admit(connection: NativeSocket): void {
    const credentials = connection.peerCredentials();
    if (isFull(credentials)) {
      // Who is there takes a descriptor too, and to have none is no reason to cut somebody off.
      this.#options.reserve.lend(1, () => this.#admitAs(connection, connection.peerCredentials()));
    } else {
      this.#admitAs(connection, credentials);
    }
  }

  #admitAs(connection: NativeSocket, credentials: PeerCredentials | number): void {
    if (isFull(credentials)) {
      this.#letWait(connection);
    } else if (typeof credentials === "number") {
      connection.close();
      this.#options.onError(systemError(credentials, "getsockopt"));
    } else {
      this.#serve(connection, credentials);
    }
  }

  #letWait(connection: NativeSocket): void {
    this.#makeThemWait();
    if (!this.#waiting.put(connection)) this.#held = connection;
    this.#options.onFull(this.#waiting.count);
  }

  #serve(connection: NativeSocket, { pid, uid, gid, pidfd }: PeerCredentials): void {
    // A process that is gone already cannot be told from another that got its number.
    const gone = pidfd !== null && pidfd.poll(POLLIN) !== 0;
    pidfd?.close();
    if (gone) {
      connection.close();
      return;
    }
    // A socket that a caller has here would be the daemon itself on the other side, whatever path led here, and an
    // operator. While this process lives the number is its own, and in its namespace it never reads 0.
    if (pid === process.pid) {
      connection.close();
      this.#options.onOwnProcess();
      return;
    }
    const fd = connection.release();
    const socket = new Socket({ fd, readable: true, writable: true });
    this.#dead.add(socket, fd);
    this.#options.onConnection(socket, { pid, uid, gid });
  }

  #inspect(): void {
    this.#dead.sweep();
    const { reserve, onLost, onRestored } = this.#options;
    if (this.#held !== null) reserve.lend(1, () => this.#waiting.sweep());
    const found = reserve.lend(DESCRIPTORS_TO_LOOK, () => this.#endpoint.inspect());
    if (found.state === "lost") {
      if (!this.#lost) onLost(found.reason);
      this.#lost = true;
      return;
    }
    this.#lost = false;
    if (found.state === "intact") return;
    this.#watch(this.#endpoint.listener);
    // Whoever had found the old file has connected by now, and is accepted as everyone is.
    this.#accept(found.old);
    this.#listeners.delete(found.old);
    found.old.close();
    onRestored();
  }
}

/** Whether a call failed because there are no descriptors left. */
function isFull(result: unknown): boolean {
  return result === -EMFILE || result === -ENFILE;
}
