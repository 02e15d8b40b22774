/*
 * Accepts connections on a unix socket, and learns who is there before a byte of HTTP/2 is parsed.
 *
 * A path that is taken is looked at before it is given up on: a socket that nobody answers on was left behind by a daemon
 * that was killed, and is replaced; one that is answered is another daemon's, and is refused. A lock beside the socket,
 * held for the daemon's life, keeps two that start at once from both finding it stale.
 */

import { chmodSync, lstatSync, rmSync, unlinkSync } from "node:fs";
import { Socket } from "node:net";
import { constants } from "node:os";
import type { NativeAddon, NativeSocket } from "../../native/binding.js";
import { POLLIN } from "../../native/binding.js";
import { systemError } from "../../native/errno.js";
import type { PeerIdentity } from "../principal.js";
import { StartupError } from "../startup-error.js";

const { EADDRINUSE, EAGAIN, ECONNREFUSED, EMFILE, ENFILE } = constants.errno;
const AF_UNIX = 1;
const SOCK_STREAM = 1;
const BACKLOG = 4096;
/** Accepted in one turn of the loop, so that a flood of connections does not keep calls from being served. */
const ACCEPTS_PER_TURN = 64;
const REST_WHEN_FULL_MS = 100;

export interface UnixListenerOptions {
  readonly native: NativeAddon;
  readonly path: string;
  /** Permission bits of the socket's file. */
  readonly mode: number;
  readonly onConnection: (socket: Socket, peer: PeerIdentity) => void;
  /** A connection that this very process made was closed. */
  readonly onOwnProcess: () => void;
  readonly onError: (error: Error) => void;
}

export interface UnixListener {
  /** Stops accepting, and removes the socket's file if it is still this listener's. */
  close(): void;
}

/** Listens. Throws `StartupError`. */
export function listenUnix(options: UnixListenerOptions): UnixListener {
  const { native, path } = options;
  const lock = native.lockFile(`${path}.lock`);
  if (lock === -EAGAIN) throw inUse(path);
  if (typeof lock === "number") throw startupError(path, systemError(lock, "open"));
  const unlock = (): void => {
    rmSync(`${path}.lock`, { force: true });
    lock.close();
  };
  try {
    const close = listen(options);
    return {
      close: () => {
        close();
        unlock();
      },
    };
  } catch (error) {
    unlock();
    throw error instanceof StartupError ? error : startupError(path, error);
  }
}

/** Listens on a path that nobody else of our kind is at. Answers how to stop. */
function listen(options: UnixListenerOptions): () => void {
  const { native, path } = options;
  const listener = native.socket(AF_UNIX, SOCK_STREAM, 0, null);
  if (typeof listener === "number") throw systemError(listener, "socket");
  try {
    bindReplacingStale(native, listener, path);
    // Nobody can connect before listen(2), so nobody gets in under a wider mode.
    chmodSync(path, options.mode);
    const result = listener.listen(BACKLOG);
    if (result < 0) throw systemError(result, "listen");
  } catch (error) {
    listener.close();
    throw error;
  }
  const { ino } = lstatSync(path);
  let rest: NodeJS.Timeout | null = null;
  const watch = (): void => {
    listener.watch(POLLIN, () => {
      const full = acceptSome(listener, options);
      if (!full) return;
      listener.watch(0, null);
      rest = setTimeout(watch, REST_WHEN_FULL_MS);
    });
  };
  watch();
  return () => {
    if (rest !== null) clearTimeout(rest);
    listener.close();
    removeOwn(path, ino);
  };
}

/** Answers true when there is no descriptor left to accept with. */
function acceptSome(listener: NativeSocket, options: UnixListenerOptions): boolean {
  for (let i = 0; i < ACCEPTS_PER_TURN; i++) {
    const accepted = listener.accept();
    if (typeof accepted !== "number") {
      admit(accepted.socket, options);
      continue;
    }
    if (accepted === -EAGAIN) return false;
    const full = accepted === -EMFILE || accepted === -ENFILE;
    if (full) options.onError(systemError(accepted, "accept"));
    if (full) return true;
  }
  return false;
}

function admit(connection: NativeSocket, options: UnixListenerOptions): void {
  const credentials = connection.peerCredentials();
  if (typeof credentials === "number") {
    connection.close();
    options.onError(systemError(credentials, "getsockopt"));
    return;
  }
  const { pid, uid, gid, pidfd } = credentials;
  // A process that is gone already cannot be told from another that got its number.
  const gone = pidfd !== null && pidfd.poll(POLLIN) !== 0;
  pidfd?.close();
  if (gone) {
    connection.close();
    return;
  }
  // A socket that a caller has here would be the daemon itself on the other side, whatever path led here, and an operator.
  // While this process lives the number is its own, and in its namespace it never reads 0.
  if (pid === process.pid) {
    connection.close();
    options.onOwnProcess();
    return;
  }
  options.onConnection(new Socket({ fd: connection.release(), readable: true, writable: true }), { pid, uid, gid });
}

function bindReplacingStale(native: NativeAddon, listener: NativeSocket, path: string): void {
  const address = { kind: "unix", path: Buffer.from(path) } as const;
  let result = listener.bind(address);
  if (result === -EADDRINUSE) {
    removeStale(native, path);
    result = listener.bind(address);
  }
  if (result < 0) throw systemError(result, "bind");
}

function removeStale(native: NativeAddon, path: string): void {
  if (!lstatSync(path).isSocket()) throw new StartupError(`${path} exists and is not a socket`);
  const probe = native.socket(AF_UNIX, SOCK_STREAM, 0, null);
  if (typeof probe === "number") throw systemError(probe, "socket");
  const result = probe.connect({ kind: "unix", path: Buffer.from(path) });
  probe.close();
  if (result !== -ECONNREFUSED) throw inUse(path);
  unlinkSync(path);
}

function removeOwn(path: string, ino: number): void {
  try {
    if (lstatSync(path).ino === ino) unlinkSync(path);
  } catch {
    // Gone already.
  }
}

function inUse(path: string): StartupError {
  return new StartupError(`another daemon is listening on ${path}`, "in-use");
}

function startupError(path: string, error: unknown): StartupError {
  const code = (error as NodeJS.ErrnoException).code;
  const text = error instanceof Error ? error.message : String(error);
  if (code === "EACCES" || code === "EPERM") {
    return new StartupError(`no permission to listen on ${path}: ${text}`, "permission");
  }
  return new StartupError(`cannot listen on ${path}: ${text}`);
}
