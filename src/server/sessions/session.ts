/*
 * Lifetimes are a tree: principal → session → handle → descriptor. A handle ends by `close` here, a session by
 * `destroy`, and both use `SocketEntry.destroy`.
 *
 * An implicit session lives as long as its connection. A leased one lives while a stream is open on it (`retain`), and
 * for the duration of its lease after the last.
 */

import { randomBytes } from "node:crypto";
import { setMaxListeners } from "node:events";
import { constants } from "node:os";
import { BrokerError_Code } from "../../gen/sockbroker/v1/error_pb.js";
import { systemError } from "../../native/errno.js";
import { linux } from "../../native/linux.js";
import type { Principal } from "../access/principal.js";
import type { Counters } from "../counters.js";
import { BrokerFault } from "../errors.js";
import { isShared, OpenDescription } from "../sockets/open-description.js";
import type { Outliving } from "../sockets/outliving.js";
import { startTimer } from "../sockets/readiness.js";
import { entryOf, type Handle, type Socket, SocketEntry, type SocketFacts } from "../sockets/socket-entry.js";
import { nativeOf, type Unowned } from "../sockets/unowned.js";
import { FIRST_HANDLE, type HandleNumbers, newHandleNumbers } from "./handle-numbers.js";
import type { ProcessLife } from "./process-life.js";
import type { ProcessWatch } from "./process-watch.js";
import { Quota } from "./quota.js";

const { AF_VSOCK } = linux;

const { EBADF, ECONNRESET, EOPNOTSUPP, EPERM } = constants.errno;

/** Family, type and protocol as the kernel reports them. */
function factsOf({ family, type, protocol }: SocketFacts): SocketFacts {
  return { family, type, protocol };
}

export interface Lease {
  readonly milliseconds: number;
  /** The process with which the session ends; null if it does not depend on one. */
  readonly process: ProcessLife | null;
}

export interface SessionOptions {
  /** Number of sessions opened before it. */
  readonly ordinal: number;
  readonly principal: Principal;
  readonly name: string;
  /** null for an implicit session. */
  readonly lease: Lease | null;
  readonly counters: Counters;
  readonly outliving: Outliving;
  readonly processes: ProcessWatch;
  readonly maxWaiting: number;
  /** Why the principal may not have sockets that processes outside the daemon share; null if it may. */
  readonly refusalOfShared: () => Error | null;
  /** Called when a process outside the daemon has received a socket. */
  readonly onShared: (description: OpenDescription) => void;
  /** Called once, with the reason. */
  readonly onEnd: (reason: BrokerFault) => void;
}

export class Session {
  readonly id = randomBytes(6).toString("hex");
  /** 128 random bits, which give access to the session if the principal is the same. */
  readonly token = randomBytes(16).toString("hex");
  readonly ordinal: number;
  readonly principal: Principal;
  readonly name: string;
  readonly lease: Lease | null;
  /** Waiting operations. */
  readonly waiting: Quota;
  /** In nanoseconds; null means no limit. */
  defaultTimeout: bigint | null = null;

  readonly #options: SessionOptions;
  readonly #entries = new Map<bigint, SocketEntry>();
  readonly #ending = new AbortController();
  readonly #numbers: HandleNumbers;
  /** Smaller handles belong to earlier sessions. */
  readonly #firstHandle: bigint;
  readonly #began = new Date();
  #retained = 0;
  #cancelLease: (() => void) | null = null;
  #stopLooking: (() => void) | null = null;
  #expiresAt = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.ordinal = options.ordinal;
    this.principal = options.principal;
    this.name = options.name;
    this.lease = options.lease;
    // All implicit sessions of a principal use one sequence of handles: otherwise a caller whose connection was
    // silently re-established could use an old handle and reach a new socket.
    this.#numbers = options.lease === null ? options.principal.implicitHandles : newHandleNumbers();
    this.#firstHandle = this.#numbers.next;
    // Each stream of the session adds a listener, and their number is not limited.
    setMaxListeners(0, this.#ending.signal);
    this.waiting = new Quota("operations waiting in one session", options.maxWaiting);
    this.renew();
  }

  get entries(): Iterable<Socket> {
    return this.#entries.values();
  }

  get handleCount(): number {
    return this.#entries.size;
  }

  /** Aborts when the session ends, with the reason. */
  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  get ended(): boolean {
    return this.#ending.signal.aborted;
  }

  /** Milliseconds until the session expires; null while it is retained, and for an implicit one. */
  get remainingLease(): number | null {
    return this.#cancelLease === null ? null : Math.max(0, this.#expiresAt - performance.now());
  }

  /**
   * Finds a handle of this session. Throws HANDLE_NOT_FOUND, MALFORMED_REQUEST for 0 (an unset field), or why the
   * handle is withheld.
   */
  entry(handle: bigint): Socket {
    return this.#entry(handle);
  }

  handleNotFound(handle: bigint): BrokerFault {
    const older = this.lease === null && handle >= FIRST_HANDLE && handle < this.#firstHandle;
    const why = older
      ? `: it was opened before this connection's session began, at ${this.#began.toISOString()}, and a handle ends with the connection that opened it unless its session is leased`
      : "";
    return new BrokerFault(BrokerError_Code.HANDLE_NOT_FOUND, `this session has no handle ${handle}${why}`);
  }

  /** Returns the entry of a handle that is not withheld, or null. */
  find(handle: bigint): Socket | null {
    const entry = this.#entries.get(handle);
    return entry === undefined || entry.refusal !== null ? null : entry;
  }

  /**
   * Takes ownership of a new socket, and gives it a handle. If the principal has too many, closes it and throws.
   */
  adopt(socket: Unowned, facts: SocketFacts): Socket {
    return this.#adopt(socket, facts, new OpenDescription());
  }

  /** Creates another handle for the open description of a socket, with the given facts. Throws `SystemError`. */
  duplicate(socket: Socket, facts: SocketFacts): Socket {
    const original = entryOf(socket);
    const copy = original.dup();
    if (typeof copy === "number") throw systemError(copy, "dup");
    return this.#adopt(copy, facts, original.description);
  }

  /** Adopts a received descriptor. If there is no room, closes it and returns null. */
  adoptIfRoom(socket: Unowned, { inheritable }: { readonly inheritable: boolean }): Socket | null {
    try {
      const entry = this.#adopt(socket, factsOf(socket), this.#options.outliving.descriptionOf(socket));
      entry.inheritable = inheritable;
      this.#withholdShared(entry);
      return entry;
    } catch (error) {
      if (error instanceof BrokerFault) return null;
      throw error;
    }
  }

  /**
   * Finds a handle to be sent by SCM_RIGHTS, and counts its open description for this principal for as long as it
   * exists anywhere. Throws HANDLE_NOT_FOUND, or EOPNOTSUPP for a file, whose lifetime cannot be tracked.
   */
  entryToSend(handle: bigint): Socket {
    const entry = this.#entry(handle);
    const error = this.#options.outliving.follow(entry, this.principal);
    if (error < 0) throw systemError(error === -EPERM ? -EOPNOTSUPP : error, "sendmsg");
    return entry;
  }

  /** Adopts all or none: if the quota has no room for one, all are closed. */
  adoptAll<T extends readonly Unowned[]>(sockets: T, facts: SocketFacts): { readonly [K in keyof T]: Socket } {
    const entries: SocketEntry[] = [];
    try {
      for (const socket of sockets) entries.push(this.#adopt(socket, facts, new OpenDescription()));
    } catch (error) {
      for (const entry of entries) this.#close(entry, error);
      for (const socket of sockets.slice(entries.length)) socket.close();
      throw error;
    }
    return entries as { readonly [K in keyof T]: Socket };
  }

  /** Applies the session's default timeout, as Python does for every new socket. */
  applyDefaultTimeout(socket: Socket): void {
    entryOf(socket).blocking.setDefaultTimeout(this.defaultTimeout);
  }

  /** Withholds the handles of an open description that a process outside the daemon now shares. */
  withhold(description: OpenDescription): void {
    for (const entry of this.#entries.values()) {
      if (entry.description === description) this.#withholdShared(entry);
    }
  }

  /** Marks a socket as shared with a process outside the daemon, and withholds all its handles that may not be kept. */
  share(socket: Socket): void {
    const { description } = entryOf(socket);
    const { followed } = description;
    if (followed === null || followed.shared) return;
    followed.shared = true;
    this.#options.onShared(description);
  }

  /** Closes a handle. Throws HANDLE_NOT_FOUND, or the error of close(2) except ECONNRESET, as in Python. */
  close(handle: bigint): void {
    const entry = this.#entries.get(handle) ?? this.#entry(handle);
    const result = this.#close(entry, systemError(-EBADF, "close"));
    if (result < 0 && result !== -ECONNRESET) throw systemError(result, "close");
  }

  /**
   * Removes a socket from the session without closing it. Its handle is not reused. The caller was not told of it, but may
   * have guessed it: what waits on it would otherwise share the descriptor with the next owner, and end its watch.
   */
  release(handle: Handle): void {
    const entry = this.#entry(handle);
    this.#forget(entry);
    entry.release(this.handleNotFound(handle));
  }

  /** Keeps the session from expiring until the returned function is called. */
  retain(): () => void {
    this.#retained += 1;
    this.#stopLease();
    let retained = true;
    return () => {
      if (!retained) return;
      retained = false;
      this.#retained -= 1;
      this.renew();
    };
  }

  /** Restarts the lease. */
  renew(): void {
    this.#cancelLease?.();
    this.#cancelLease = null;
    if (this.lease === null || this.#retained > 0 || this.ended) return;
    const { milliseconds, process } = this.lease;
    this.#expiresAt = performance.now() + milliseconds;
    const { counters, processes } = this.#options;
    counters.timers += 1;
    const cancel = startTimer(milliseconds, () => {
      this.destroy(new BrokerFault(BrokerError_Code.LEASE_EXPIRED, "the lease of the session expired"));
    });
    this.#cancelLease = () => {
      counters.timers -= 1;
      cancel();
    };
    if (process === null) return;
    this.#stopLooking ??= processes.watch(process, () => {
      this.destroy(new BrokerFault(BrokerError_Code.CANCELLED, "the process of the session has ended"));
    });
  }

  /** Ends the session: waiting operations end with `reason`, and every handle is closed. Idempotent. */
  destroy(reason: BrokerFault): void {
    if (this.ended) return;
    this.#stopLease();
    this.#ending.abort(reason);
    for (const entry of [...this.#entries.values()]) this.#close(entry, reason);
    this.#options.onEnd(reason);
  }

  #entry(handle: bigint): SocketEntry {
    const entry = this.#entries.get(handle);
    if (entry !== undefined) {
      if (entry.refusal !== null) throw entry.refusal;
      return entry;
    }
    if (handle === 0n) throw new BrokerFault(BrokerError_Code.MALFORMED_REQUEST, "handle is not set");
    throw this.handleNotFound(handle);
  }

  #adopt(socket: Unowned, facts: SocketFacts, description: OpenDescription): SocketEntry {
    const { outliving, counters } = this.#options;
    const { handles } = this.principal;
    outliving.addHandle(description);
    try {
      if (this.ended) throw this.#ending.signal.reason;
      if (handles.isFull) outliving.look();
      handles.take();
    } catch (error) {
      socket.close();
      outliving.removeHandle(description);
      throw error;
    }
    const handle = this.#numbers.next as Handle;
    this.#numbers.next += 1n;
    const entry = new SocketEntry(handle, nativeOf(socket), facts, description, this.principal.pushedBack);
    this.#entries.set(handle, entry);
    counters.handles += 1;
    counters.handlesOpened += 1;
    return entry;
  }

  /**
   * Withholds a socket that a process outside the daemon shares, if the policy does not allow the principal to have
   * such: the other process can make any system call on it block indefinitely, and data sent on it has the daemon's
   * identity.
   */
  #withholdShared(entry: SocketEntry): void {
    if (entry.state.family < 0 || !isShared(entry.description)) return;
    const refusal = this.#options.refusalOfShared();
    if (refusal === null) return;
    entry.refusal = refusal;
    // Following a socket polls it, and for vsock that takes a lock which the other process may hold.
    if (entry.state.closesOnThread && entry.state.family !== AF_VSOCK) {
      this.#options.outliving.follow(entry, this.principal);
    }
    entry.destroy(refusal);
  }

  #close(entry: SocketEntry, reason: unknown): number {
    const { handles, followed, fromOutside } = entry.description;
    if (handles === 1 && followed === null && !fromOutside) entry.resetIfUnread();
    // Followed before it is forgotten, so that it is counted until it is closed.
    if (entry.state.closesOnThread) {
      if (entry.state.family < 0) this.#options.outliving.followClosing(entry, this.principal);
      else this.#options.outliving.follow(entry, this.principal);
    }
    this.#forget(entry);
    return entry.destroy(reason);
  }

  #forget(entry: SocketEntry): void {
    this.#entries.delete(entry.handle);
    this.principal.handles.give();
    this.#options.outliving.removeHandle(entry.description);
    this.#options.counters.handles -= 1;
  }

  #stopLease(): void {
    this.#cancelLease?.();
    this.#cancelLease = null;
    this.#stopLooking?.();
    this.#stopLooking = null;
  }
}
