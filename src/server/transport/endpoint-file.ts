/*
 * The files of a unix endpoint: the socket, and a lock beside it.
 *
 * If the path is taken, it is first probed: a socket that does not accept connections was left behind by a daemon that
 * was killed, and is replaced; one that does belongs to another daemon, and startup fails. The lock is held for the
 * daemon's lifetime and prevents two daemons that start at the same time from both treating the socket as stale. Only
 * the holder of the file under the lock's name may recreate the socket, and a daemon only removes its own files.
 */

import { chmodSync, lstatSync, unlinkSync } from "node:fs";
import { constants } from "node:os";
import type { NativeAddon, NativeSocket } from "../../native/binding.js";
import { systemError } from "../../native/errno.js";
import { linux } from "../../native/linux.js";
import { StartupError } from "../startup-error.js";

const { AF_UNIX, SOCK_STREAM } = linux;

const { EADDRINUSE, EAGAIN, ECONNREFUSED } = constants.errno;
const BACKLOG = 4096;

export interface EndpointFileOptions {
  readonly native: NativeAddon;
  readonly path: string;
  /** Permission bits of the socket file. */
  readonly mode: number;
}

/** Identifies a file. No other file can have the same values as long as it is open here. */
interface Identity {
  readonly dev: bigint;
  readonly ino: bigint;
}

/** A listening socket and the identity of its file. */
interface Bound {
  readonly listener: NativeSocket;
  readonly file: Identity;
}

interface Lock {
  readonly held: NativeSocket;
  readonly file: Identity | null;
}

/** Result of an inspection. */
export type Inspection =
  | { readonly state: "intact" }
  /** The socket file was gone and has been recreated. */
  | { readonly state: "restored"; readonly old: NativeSocket }
  /** Callers cannot reach this daemon at the path. */
  | { readonly state: "lost"; readonly reason: string };

export class EndpointFile {
  readonly #options: EndpointFileOptions;
  #lock: Lock;
  #bound: Bound;

  /** Creates the files. Throws `StartupError`. */
  constructor(options: EndpointFileOptions) {
    const { native, path } = options;
    this.#options = options;
    const lock = takeLock(native, path);
    if (lock === -EAGAIN) throw inUse(path);
    if (typeof lock === "number") throw startupError(path, systemError(lock, "open"));
    this.#lock = lock;
    try {
      this.#bound = bindReplacingStale(options);
    } catch (error) {
      this.#unlock();
      throw error instanceof StartupError ? error : startupError(path, error);
    }
  }

  get listener(): NativeSocket {
    return this.#bound.listener;
  }

  /**
   * Checks that the files still exist and belong to this daemon, and recreates missing ones unless something else is in
   * their place.
   */
  inspect(): Inspection {
    const { path } = this.#options;
    const mine = this.#holdLock();
    if (mine !== null) return { state: "lost", reason: mine };
    const found = identityOf(path);
    if (same(found, this.#bound.file)) return { state: "intact" };
    if (found !== null) return { state: "lost", reason: "something else is at its path" };
    const old = this.#bound.listener;
    try {
      this.#bound = bind(this.#options);
      return { state: "restored", old };
    } catch (error) {
      return { state: "lost", reason: `its file is missing and cannot be recreated: ${messageOf(error)}` };
    }
  }

  /** Stops listening, and removes the daemon's own files. */
  release(): void {
    this.#bound.listener.close();
    removeOwn(this.#options.path, this.#bound.file);
    this.#unlock();
  }

  /** Returns null, or why the lock cannot be held. */
  #holdLock(): string | null {
    const { native, path } = this.#options;
    const found = identityOf(`${path}.lock`);
    if (same(found, this.#lock.file)) return null;
    if (found !== null) return "another daemon has its lock";
    const lock = takeLock(native, path);
    if (lock === -EAGAIN) return "another daemon has its lock";
    if (typeof lock === "number") return `its lock cannot be recreated: ${systemError(lock, "open").message}`;
    this.#lock.held.close();
    this.#lock = lock;
    return null;
  }

  #unlock(): void {
    removeOwn(`${this.#options.path}.lock`, this.#lock.file);
    this.#lock.held.close();
  }
}

function takeLock(native: NativeAddon, path: string): Lock | number {
  const held = native.lockFile(`${path}.lock`);
  return typeof held === "number" ? held : { held, file: identityOf(`${path}.lock`) };
}

function bindReplacingStale(options: EndpointFileOptions): Bound {
  try {
    return bind(options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).errno !== EADDRINUSE) throw error;
    removeStale(options.native, options.path);
    return bind(options);
  }
}

/** Throws `SystemError`. */
function bind({ native, path, mode }: EndpointFileOptions): Bound {
  const listener = native.socket(AF_UNIX, SOCK_STREAM, 0, null);
  if (typeof listener === "number") throw systemError(listener, "socket");
  let file: Identity | null = null;
  try {
    const bound = listener.bind({ kind: "unix", path: Buffer.from(path) });
    if (bound < 0) throw systemError(bound, "bind");
    file = identityOf(path);
    // Before listen(2), because until then nobody can connect under a wider mode.
    chmodSync(path, mode);
    const listening = listener.listen(BACKLOG);
    if (listening < 0) throw systemError(listening, "listen");
    if (file === null) throw new Error(`${path} is gone again`);
    return { listener, file };
  } catch (error) {
    listener.close();
    removeOwn(path, file);
    throw error;
  }
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

function removeOwn(path: string, file: Identity | null): void {
  try {
    if (file !== null && same(identityOf(path), file)) unlinkSync(path);
  } catch {
    // The directory may have been replaced by someone else's.
  }
}

function identityOf(path: string): Identity | null {
  try {
    const { dev, ino } = lstatSync(path, { bigint: true });
    return { dev, ino };
  } catch {
    return null;
  }
}

function same(found: Identity | null, file: Identity | null): boolean {
  return found !== null && file !== null && found.dev === file.dev && found.ino === file.ino;
}

function inUse(path: string): StartupError {
  return new StartupError(`another daemon is listening on ${path}`, "in-use");
}

function startupError(path: string, error: unknown): StartupError {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "EACCES" || code === "EPERM") {
    return new StartupError(`no permission to listen on ${path}: ${messageOf(error)}`, "permission");
  }
  return new StartupError(`cannot listen on ${path}: ${messageOf(error)}`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
