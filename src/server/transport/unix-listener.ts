/*
 * Accepts connections on a unix socket, and identifies the peer before any HTTP/2 is parsed.
 *
 * When there are no descriptors left, a new connection is accepted with a descriptor of the reserve. Operators are
 * served; other connections wait, without a descriptor, until there is room. Connections beyond that stay in the
 * kernel's backlog. None is dropped.
 */

import { Socket } from "node:net";
import { constants } from "node:os";
import type { NativeAddon, NativeSocket, PeerCredentials } from "../../native/binding.js";
import { systemError } from "../../native/errno.js";
import { linux } from "../../native/linux.js";
import type { PeerIdentity } from "../access/principal.js";
import { DeadConnections } from "./dead-connections.js";
import type { DescriptorReserve } from "./descriptor-reserve.js";
import { EndpointFile } from "./endpoint-file.js";
import { WaitingRoom } from "./waiting-room.js";

const { POLLIN } = linux;
const { EAGAIN, EMFILE, ENFILE } = constants.errno;
/** Limit for one turn of the event loop, so that a flood of connections does not delay calls. */
const ACCEPTS_PER_TURN = 64;
const MOST_WAITING = 1_024;
/** Interval at which waiting connections are retried. */
const ROOM_MS = 100;
/**
 * Interval at which the endpoint's files and the connections are inspected, and closed connections are removed from a
 * full waiting room.
 */
const INSPECTION_MS = 1_000;
/** The connection and its peer's pidfd. */
const DESCRIPTORS_TO_LOOK = 2;

export interface UnixListenerOptions {
  readonly native: NativeAddon;
  readonly path: string;
  /** Permission bits of the socket file. */
  readonly mode: number;
  readonly reserve: DescriptorReserve;
  /** Whether a peer is served with descriptors of the reserve. */
  readonly isOperator: (peer: PeerIdentity) => boolean;
  readonly onConnection: (socket: Socket, peer: PeerIdentity) => void;
  /** Called when a connection from this process was closed. */
  readonly onOwnProcess: () => void;
  /** Called when there are no descriptors left, with the number of waiting connections, not counting the backlog. */
  readonly onFull: (waiting: number) => void;
  readonly onError: (error: Error) => void;
  /** Called when the endpoint's file was removed and has been recreated. */
  readonly onRestored: () => void;
  /** Called when callers can no longer reach the daemon at its path; not again until they can. */
  readonly onLost: (reason: string) => void;
}

export interface UnixListener {
  /** Stops accepting, and removes the socket file if it still belongs to this listener. */
  close(): void;
}

/** Starts listening. Throws `StartupError`, or `SystemError` if there are too few descriptors. */
export function listenUnix(options: UnixListenerOptions): UnixListener {
  return new Listener(options);
}

class Listener implements UnixListener {
  readonly #options: UnixListenerOptions;
  readonly #endpoint: EndpointFile;
  readonly #waiting: WaitingRoom;
  readonly #dead: DeadConnections;
  /**
   * Listening sockets: the endpoint's, and earlier ones whose file was removed but which still have connections in
   * their backlog.
   */
  readonly #listeners = new Set<NativeSocket>();
  /** An accepted connection for which the waiting room has no space. While there is one, nothing is accepted. */
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

  /** From now on all new connections wait, until none is left waiting. */
  #makeThemWait(): void {
    this.#room ??= setInterval(() => this.#serveWaiting(), ROOM_MS);
  }

  /**
   * Accepts the next connection with descriptors of the reserve. Returns false if there is none, or the reserve is used
   * up.
   */
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

  /** Leaves new connections in the backlog until there is room. */
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
      // Reading the peer's credentials takes a descriptor too; the lack of one is no reason to drop the connection.
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
    // If the process has ended, its pid may already belong to another process.
    const gone = pidfd !== null && pidfd.poll(POLLIN) !== 0;
    pidfd?.close();
    if (gone) {
      connection.close();
      return;
    }
    // A connection from this process means that a caller has connected a brokered socket to the daemon. Its peer
    // credentials would be the daemon's own, an operator's. The pid is unique while this process lives, and is never 0
    // in its own namespace.
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
    // Connections that reached the old file are accepted normally.
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
