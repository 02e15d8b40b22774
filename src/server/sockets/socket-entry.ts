/* The record behind a handle. */

import { constants } from "node:os";
import type { ControlOut, NativeAddon, NativeSocket, Sockaddr } from "../../native/binding.js";
import { systemError } from "../../native/errno.js";
import { linux } from "../../native/linux.js";
import type { Checked } from "../policy/checked.js";
import { Blocking } from "./blocking.js";
import type { OpenDescription } from "./open-description.js";
import type { QuotaOwner } from "./pushback.js";
import { Queue } from "./queue.js";
import { Readiness } from "./readiness.js";
import { SocketState } from "./socket-state.js";
import type { AcceptedSocket, Received, Unowned } from "./unowned.js";

const { AF_INET, AF_INET6, IPPROTO_MPTCP, IPPROTO_TCP, SOCK_SEQPACKET, SOCK_STREAM } = linux;
const { SOL_SOCKET, SO_ERROR, SO_LINGER, SO_RXQ_OVFL } = linux;
const { MSG_ERRQUEUE, MSG_OOB, MSG_PEEK, MSG_TRUNC } = linux;

/** Flags with which a receive does not take data from the queue that pushed-back data is put before. */
const TAKES_NO_DATA = MSG_ERRQUEUE | MSG_OOB | MSG_PEEK;
const { EAGAIN, EPIPE } = constants.errno;

/** struct linger with a timeout of 0, with which close(2) resets the connection. */
const RESET_ON_CLOSE = new Uint8Array(Int32Array.of(1, 0).buffer);
const INTERNET_FAMILIES = [AF_INET, AF_INET6];
const TCP_PROTOCOLS = [IPPROTO_TCP, IPPROTO_MPTCP];

/** A session's id for a socket. */
export type Handle = bigint & { readonly handle: unique symbol };

/** Family, type and protocol, from the kernel or from the caller that opened the socket. */
export interface SocketFacts {
  readonly family: number;
  readonly type: number;
  readonly protocol: number;
}

/** A control message for sendmsg(2). `sockets` are sent as descriptors with SCM_RIGHTS, where `data` is ignored. */
export interface ControlToSend extends Omit<ControlOut, "sockets"> {
  readonly sockets: readonly Socket[] | null;
}

/**
 * What can be seen of a socket without further permissions. Anything else requires a view, for which the policy was
 * asked: see access/views.ts.
 */
export interface Socket
  extends Readonly<
    Pick<
      SocketEntry,
      | "handle"
      | "facts"
      | "state"
      | "isStream"
      | "isTcp"
      | "zeroReadIsEnd"
      | "openedAt"
      | "inheritable"
      | "receivedBytes"
      | "sentBytes"
      | "waiting"
      | "refusal"
      | "hasPushedBack"
      | "pushedBackBytes"
      | "addresses"
    >
  > {
  readonly blocking: Pick<Blocking, "timeout" | "waitLimit">;
}

/** The entry of a `Socket`, for the folders that own entries. */
export function entryOf(socket: Socket): SocketEntry {
  return socket as SocketEntry;
}

/** A system call of the addon that takes a socket itself. */
type Follow = Pick<NativeAddon, "follow" | "followClosing">;

export class SocketEntry {
  readonly #native: NativeSocket;
  readonly state: SocketState;
  readonly readiness: Readiness;
  readonly isStream: boolean;
  /** TCP or MPTCP. */
  readonly isTcp: boolean;
  /** Whether reading no bytes means end of data. */
  readonly zeroReadIsEnd: boolean;
  readonly openedAt = performance.now();
  readonly blocking: Blocking;
  inheritable = false;
  receivedBytes = 0;
  sentBytes = 0;
  /** Whether an attach stream uses the direction. */
  receiving = false;
  sending = false;
  /** Whether an attach stream has data that the caller has not received. Null if there is no such stream. */
  hasUnsentData: (() => boolean) | null = null;
  /** Why the handle can only be closed any more, with its descriptor already closed; else null. */
  refusal: Error | null = null;
  /** Called when the descriptor is closed. */
  readonly onDestroy = new Queue<() => void>();
  readonly #owner: QuotaOwner;

  /** @param owner Whom the memory of data that is pushed back here counts for. */
  constructor(
    readonly handle: Handle,
    native: NativeSocket,
    readonly facts: SocketFacts,
    readonly description: OpenDescription,
    owner: QuotaOwner,
  ) {
    this.#native = native;
    this.#owner = owner;
    this.state = new SocketState(native);
    this.readiness = new Readiness(native);
    this.blocking = new Blocking(description);
    // The kernel's values, because `facts` are only for display.
    const { type } = native;
    this.isStream = type === SOCK_STREAM;
    this.isTcp = TCP_PROTOCOLS.includes(native.protocol) && INTERNET_FAMILIES.includes(native.family);
    this.zeroReadIsEnd = type === SOCK_STREAM || type === SOCK_SEQPACKET;
    description.addReader(this);
  }

  /** Operations that wait. */
  get waiting(): number {
    return this.readiness.waiting;
  }

  setTimeout(timeout: bigint | null): void {
    this.blocking.setTimeout(timeout);
  }

  getsockname(): Sockaddr | number {
    return this.#native.getsockname();
  }

  getpeername(): Sockaddr | number {
    return this.#native.getpeername();
  }

  shutdown(how: number): number {
    return this.#native.shutdown(how);
  }

  /** dup(2): another descriptor of the same open description. */
  dup(): Unowned | number {
    return this.#native.dup();
  }

  bind(address: Checked<Sockaddr, "bind">): number {
    return this.#native.bind(address);
  }

  listen(backlog: number): number {
    return this.#native.listen(backlog);
  }

  accept(): AcceptedSocket | number {
    return this.#native.accept();
  }

  connect(address: Checked<Sockaddr, "connect">): number {
    return this.#native.connect(address);
  }

  /** Takes SO_ERROR, as an errno: the result of connecting, 0 if it succeeded. */
  takeConnectError(): number {
    const result = this.#native.getsockoptInt(SOL_SOCKET, SO_ERROR);
    return typeof result === "number" ? -result : result.value;
  }

  /** getsockopt(2) for an `int`. SO_ERROR is first the error that was kept. */
  getsockoptInt(level: number, name: number): { readonly value: number } | number {
    const kept = isSoError(level, name) ? this.takeError() : null;
    return kept === null ? this.#native.getsockoptInt(level, name) : { value: -kept };
  }

  /** getsockopt(2) for bytes. SO_ERROR is first the error that was kept. */
  getsockopt(level: number, name: number, size: number): Uint8Array | number {
    const kept = isSoError(level, name) ? this.takeError() : null;
    if (kept === null) return this.#native.getsockopt(level, name, size);
    return new Uint8Array(Int32Array.of(-kept).buffer).subarray(0, size);
  }

  setsockoptInt(level: number, name: number, value: number): number {
    return this.#native.setsockoptInt(level, name, value);
  }

  setsockopt(level: number, name: number, value: Uint8Array): number {
    return this.#native.setsockopt(level, name, value);
  }

  setsockoptNull(level: number, name: number, length: number): number {
    return this.#native.setsockoptNull(level, name, length);
  }

  /** Enables or disables the count of dropped messages in received messages. Returns 0 or -errno. */
  showDrops(show: boolean): number {
    return this.#native.setsockoptInt(SOL_SOCKET, SO_RXQ_OVFL, show ? 1 : 0);
  }

  ioctlInt(request: number, argument: number): { readonly value: number } | number | null {
    return this.#native.ioctlInt(request, argument);
  }

  ioctl(request: number, argument: Uint8Array): Uint8Array | number | null {
    return this.#native.ioctl(request, argument);
  }

  /** sendmsg(2). Bytes sent, or -errno. */
  send(
    data: readonly Uint8Array[],
    control: Checked<readonly ControlToSend[], "ancillary"> | null,
    flags: number,
    address: Checked<Sockaddr, "send"> | null,
  ): number {
    const [only] = data;
    const plain = address === null && control === null && data.length === 1 && only !== undefined;
    const sent = plain
      ? this.#native.send(only, flags)
      : this.#native.sendmsg(
          data,
          control === null ? NO_CONTROL : control.map(SocketEntry.#withNatives),
          flags,
          address,
        );
    if (sent > 0) this.sentBytes += sent;
    return sent === -EPIPE ? this.#whyBroken() : sent;
  }

  /** sendfile(2) on a thread, from a file at an offset. Bytes sent, or -errno. */
  async sendfile(file: Socket, offset: bigint, count: number): Promise<number> {
    const sent = await this.#native.sendfile(entryOf(file).#native, offset, count);
    if (sent > 0) this.sentBytes += sent;
    return sent;
  }

  /** recvmsg(2), returning pushed-back messages first. */
  receive(size: number, controlSize: number, flags: number): Received | number {
    const waiting = this.#takePushedBack(size, flags);
    if (waiting !== null) return waiting;
    const received = this.#native.recvmsg(size, controlSize, flags);
    if (typeof received !== "number") this.#count(received.data.length, flags);
    return received;
  }

  /**
   * Whether shutdown(2) has ended receiving. Only then does a datagram socket have an end of data: a receive without a
   * time limit returns no bytes, others EAGAIN.
   */
  get receivingIsOver(): boolean {
    return !this.zeroReadIsEnd && this.state.receivingHasEnded;
  }

  /** recvmmsg(2), returning pushed-back messages first. At least one message, or -errno. */
  receiveBatch(count: number, size: number, controlSize: number, flags: number): readonly Received[] | number {
    const waiting = this.#takePushedBack(size, flags);
    if (typeof waiting === "number") return waiting;
    if (waiting !== null) return [waiting];
    const batch = this.#native.recvmmsg(count, size, controlSize, flags);
    if (typeof batch !== "number") {
      for (const message of batch) this.#count(message.data.length, flags);
    }
    return batch;
  }

  /** recv(2), returning pushed-back data first. Cheaper than `receive`. */
  receiveData(size: number, flags: number): Received | Uint8Array | number {
    if (this.description.pushback !== null || (flags & MSG_TRUNC) !== 0) return this.receive(size, 0, flags);
    const data = this.#native.recv(size, flags);
    if (typeof data !== "number") this.#count(data.length, flags);
    return data;
  }

  /** recv(2) into the caller's memory. Bytes received, or -errno. Pushed-back data is returned directly. */
  receiveInto(target: Uint8Array): Received | number {
    if (this.description.pushback !== null) return this.receive(target.length, 0, 0);
    const received = this.#native.recvInto(target, 0);
    if (received > 0) this.#count(received, 0);
    return received;
  }

  /**
   * Calls back with the POLL* events that hold, of the given ones, whenever they may have changed. Returns a function that
   * stops this.
   */
  observe(events: number, notify: (events: number) => void): () => void {
    return this.readiness.observe(events, notify);
  }

  /** How many of the messages that the kernel dropped were reported to a caller. */
  get dropsTold(): number {
    return this.description.dropsTold;
  }

  set dropsTold(total: number) {
    this.description.dropsTold = total;
  }

  /** How many attach streams, here or on duplicates, have enabled the count in received messages for themselves. */
  get dropCounters(): number {
    return this.description.dropCounters;
  }

  set dropCounters(count: number) {
    this.description.dropCounters = count;
  }

  /** Puts messages back for the next receive, on this handle or on a duplicate. */
  pushBack(messages: readonly Received[]): void {
    this.description.pushBack(messages, this.#owner, this);
  }

  /** Bytes that were taken from the kernel, on this handle or on a duplicate, and are not pushed back. */
  get bytesTaken(): number {
    return this.description.takenBytes - this.pushedBackBytes;
  }

  /**
   * Keeps an error that a receive took from the kernel, as -errno, for the next receive, for a send that fails with
   * EPIPE, and for SO_ERROR. Otherwise a reset would look like the end of data. Waiting operations need no wake-up,
   * because the kernel reports the socket as readable from then on.
   */
  keepError(error: number): void {
    this.description.keepError(error);
  }

  /** Keeps an error that a caller returned, of which the kernel may show nothing any more. */
  pushBackError(error: number): void {
    this.keepError(error);
    this.description.nudge();
  }

  /** Removes and returns the error that was kept, as -errno; null if there is none. */
  takeError(): number | null {
    return this.description.takeError();
  }

  /**
   * Makes close(2) reset the connection if there is unread data here. The kernel does so for its own unread data, but
   * does not know of data already taken from it, and the peer would believe that everything was received. Only for the
   * last handle of a socket.
   */
  resetIfUnread(): void {
    const unread = this.pushedBackBytes > 0 || this.hasUnsentData?.() === true;
    if (unread && this.isTcp && !this.#native.closed) this.#native.setsockopt(SOL_SOCKET, SO_LINGER, RESET_ON_CLOSE);
  }

  /** Removes and returns the next accepted socket that was given back, which come before the kernel's; null if none. */
  takeGivenBack(): AcceptedSocket | null {
    return this.description.takeGivenBack();
  }

  /** Puts accepted sockets back for the next accept, on this handle or on a duplicate. They count as handles of `owner`. */
  giveBack(accepted: readonly AcceptedSocket[], owner: QuotaOwner): void {
    this.description.giveBack(accepted, owner);
  }

  /** Whether a receive or an accept would return something that the kernel does not know of. */
  get hasPushedBack(): boolean {
    return this.description.hasPushedBack;
  }

  /** Number of pushed-back bytes. */
  get pushedBackBytes(): number {
    return this.description.pushback?.byteLength ?? 0;
  }

  /** Lets what waits on this handle look for data again. */
  nudge(): void {
    this.readiness.nudge(() => this.hasPushedBack);
  }

  /** The addresses for a `SocketInfo`; null if the kernel returns none. */
  addresses(): { local: Sockaddr | null; peer: Sockaddr | null } {
    const local = this.#native.getsockname();
    const peer = this.#native.getpeername();
    return { local: typeof local === "number" ? null : local, peer: typeof peer === "number" ? null : peer };
  }

  /** Has the addon follow its open description as `id`. 0 or -errno. */
  follow(addon: Follow, id: number): number {
    return addon.follow(this.#native, id);
  }

  /** Has the addon follow its open description as `id` until a thread has closed it. */
  followClosing(addon: Follow, id: number): void {
    addon.followClosing(this.#native, id);
  }

  /** Ends waiting operations with `reason`, and closes the descriptor. Returns the result of close(2): 0 or -errno. */
  destroy(reason: unknown): number {
    this.readiness.failAll(reason);
    const result = this.#native.close();
    this.#leave();
    return result;
  }

  /** Ends everything that uses it with `reason`, but does not close the descriptor, which gets another owner. */
  release(reason: unknown): void {
    this.readiness.failAll(reason);
    this.#leave();
  }

  #leave(): void {
    // An attach stream pushes back for the duplicates what it has.
    for (const callback of this.onDestroy) callback();
    this.onDestroy.clear();
    this.description.removeReader(this);
  }

  /** A control message for the addon, with the descriptors of the sockets that go with it. */
  static #withNatives(message: ControlToSend): ControlOut {
    const sockets = message.sockets?.map((socket) => entryOf(socket).#native) ?? null;
    return { ...message, sockets };
  }

  #whyBroken(): number {
    return this.takeError() ?? -EPIPE;
  }

  #count(bytes: number, flags: number): void {
    this.receivedBytes += bytes;
    if ((flags & TAKES_NO_DATA) === 0) this.description.takenBytes += bytes;
  }

  /** Adds the kernel's data to what a MSG_PEEK sees of pushed-back data: what follows must not look like it is not there. */
  #withKernelData(taken: Received, size: number, flags: number): Received {
    if (taken.data.length >= size) return taken;
    const more = this.#native.recv(size - taken.data.length, flags);
    if (typeof more === "number") return taken;
    const data = Buffer.concat([taken.data, more]);
    return { ...taken, data, length: data.length };
  }

  #takePushedBack(size: number, flags: number): Received | number | null {
    const { description } = this;
    const { pushback } = description;
    if (pushback === null || (flags & (MSG_OOB | MSG_ERRQUEUE)) !== 0) return null;
    const taken = pushback.take(size, { keep: (flags & MSG_PEEK) !== 0, isStream: this.isStream });
    if (pushback.isEmpty) description.pushback = null;
    const sees = this.isStream && (flags & MSG_PEEK) !== 0 && typeof taken === "object" && taken !== null;
    return sees ? this.#withKernelData(taken, size, flags) : taken;
  }
}

const NO_CONTROL: readonly never[] = [];

function isSoError(level: number, name: number): boolean {
  return level === SOL_SOCKET && name === SO_ERROR;
}

/** Returns the value of a system call, or throws its error. Callers handle EAGAIN first. */
export function checkResult<T>(result: T | number, syscall: string): Exclude<T, number> {
  if (typeof result === "number" && result < 0) throw systemError(result, syscall);
  return result as Exclude<T, number>;
}

/** Like `checkResult`, for calls whose value is a number. */
export function checkNumber(result: number, syscall: string): number {
  if (result < 0) throw systemError(result, syscall);
  return result;
}

export function isAgain(result: unknown): boolean {
  return result === -EAGAIN;
}
