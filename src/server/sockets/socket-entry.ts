/*
 * The record behind a handle.
 *
 * Python distinguishes two things that are easily confused: the timeout belongs to the handle, O_NONBLOCK to the open
 * description, which duplicates share. The kernel's O_NONBLOCK is always set here, so the flag as the caller set it is
 * kept in `OpenDescription`. `waitLimit` is the only place that combines both.
 */

import { constants } from "node:os";
import type { ControlOut, NativeSocket, Received, Sockaddr } from "../../native/binding.js";
import { systemError } from "../../native/errno.js";
import { linux } from "../../native/linux.js";
import { millisecondsOf } from "../codec/duration.js";
import type { Checked } from "../policy/checked.js";
import type { OpenDescription } from "./open-description.js";
import { Pushback } from "./pushback.js";
import { Readiness } from "./readiness.js";

const { AF_INET, AF_INET6, IPPROTO_MPTCP, IPPROTO_TCP, SOCK_SEQPACKET, SOCK_STREAM } = linux;
const { SOL_SOCKET, SO_LINGER } = linux;
const { MSG_DONTWAIT, MSG_ERRQUEUE, MSG_OOB, MSG_PEEK, MSG_TRUNC } = linux;
const { POLLERR, POLLHUP, POLLRDHUP } = linux;
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

/** The result of accept(2). */
export interface AcceptedSocket {
  readonly socket: NativeSocket;
  readonly address: Sockaddr | null;
}

export class SocketEntry {
  readonly readiness: Readiness;
  readonly isStream: boolean;
  /** TCP or MPTCP. */
  readonly isTcp: boolean;
  /** Whether reading no bytes means end of data. */
  readonly zeroReadIsEnd: boolean;
  readonly openedAt = performance.now();
  /** In nanoseconds; null means no limit. Use `setTimeout` to change it. */
  timeout: bigint | null = null;
  inheritable = false;
  receivedBytes = 0;
  sentBytes = 0;
  /** Whether an attach stream uses the direction. */
  receiving = false;
  sending = false;
  /** Whether an attach stream has data that the caller has not received. Null if there is no such stream. */
  hasUnsentData: (() => boolean) | null = null;
  /** Accepted sockets whose callers went away before receiving them. They come before the kernel's. */
  readonly undelivered: AcceptedSocket[] = [];
  /** Why the handle can only be closed any more, with its descriptor already closed; else null. */
  refusal: Error | null = null;
  /** Called when the descriptor is closed. */
  readonly onDestroy = new Set<() => void>();
  #pushback: Pushback | null = null;

  constructor(
    readonly handle: Handle,
    /** Without the methods that take addresses: `bind`, `connect` and `send` of this class only accept checked ones. */
    readonly native: Omit<NativeSocket, "bind" | "connect" | "sendmsg" | "sendmmsg">,
    readonly facts: SocketFacts,
    readonly description: OpenDescription,
  ) {
    this.readiness = new Readiness(this.#native);
    // The kernel's values, because `facts` are only for display.
    const { type } = native;
    this.isStream = type === SOCK_STREAM;
    this.isTcp = TCP_PROTOCOLS.includes(native.protocol) && INTERNET_FAMILIES.includes(native.family);
    this.zeroReadIsEnd = type === SOCK_STREAM || type === SOCK_SEQPACKET;
  }

  get #native(): NativeSocket {
    return this.native as NativeSocket;
  }

  /** Sets the timeout, and accordingly O_NONBLOCK of the open description, as Python does. */
  setTimeout(timeout: bigint | null): void {
    this.timeout = timeout;
    this.description.nonblocking = timeout !== null;
  }

  /**
   * How long an operation may wait, in milliseconds: null means no limit, 0 not to wait. A timeout above zero applies
   * even with MSG_DONTWAIT, as in Python. Without one the open description decides, and an operation does not wait for
   * the error queue.
   */
  waitLimit(requested: bigint | null | undefined, flags: number): number | null {
    if (requested !== undefined) return requested === null ? null : millisecondsOf(requested);
    if (this.timeout !== null && this.timeout > 0n) return millisecondsOf(this.timeout);
    if (this.description.nonblocking || (flags & (MSG_DONTWAIT | MSG_ERRQUEUE)) !== 0) return 0;
    return null;
  }

  /**
   * SO_RCVTIMEO or SO_SNDTIMEO in milliseconds; null if unset. The kernel only applies it to blocking calls, which the
   * daemon does not make.
   */
  kernelTimeout(option: "SO_RCVTIMEO" | "SO_SNDTIMEO"): number | null {
    const timeval = this.native.getsockopt(SOL_SOCKET, linux[option], 16);
    if (typeof timeval === "number" || timeval.length !== 16) return null;
    const [seconds = 0n, micros = 0n] = new BigInt64Array(timeval.slice().buffer);
    return seconds === 0n && micros === 0n ? null : Number(seconds) * 1000 + Number(micros) / 1000;
  }

  bind(address: Checked<Sockaddr>): number {
    return this.#native.bind(address);
  }

  connect(address: Checked<Sockaddr>): number {
    return this.#native.connect(address);
  }

  /** sendmsg(2). Bytes sent, or -errno. */
  send(
    data: readonly Uint8Array[],
    control: readonly ControlOut[],
    flags: number,
    address: Checked<Sockaddr> | null,
  ): number {
    const [only] = data;
    const plain = address === null && control.length === 0 && data.length === 1 && only !== undefined;
    const sent = plain ? this.native.send(only, flags) : this.#native.sendmsg(data, control, flags, address);
    if (sent > 0) this.sentBytes += sent;
    return sent === -EPIPE ? this.#whyBroken() : sent;
  }

  /** recvmsg(2), returning pushed-back messages first. */
  receive(size: number, controlSize: number, flags: number): Received | number {
    const waiting = this.#takePushedBack(size, flags);
    if (waiting !== null) return waiting;
    const received = this.native.recvmsg(size, controlSize, flags);
    if (typeof received !== "number") this.receivedBytes += received.data.length;
    return received;
  }

  /**
   * Whether shutdown(2) has ended receiving. Only then does a datagram socket have an end of data: a receive without a
   * time limit returns no bytes, others EAGAIN.
   */
  get receivingIsOver(): boolean {
    return !this.zeroReadIsEnd && (this.native.poll(POLLRDHUP) & POLLRDHUP) !== 0;
  }

  /** Whether no more data will arrive. */
  get hasEnded(): boolean {
    return (this.native.poll(POLLRDHUP) & (POLLRDHUP | POLLERR | POLLHUP)) !== 0;
  }

  /** recvmmsg(2), returning pushed-back messages first. At least one message, or -errno. */
  receiveBatch(count: number, size: number, controlSize: number, flags: number): readonly Received[] | number {
    const waiting = this.#takePushedBack(size, flags);
    if (typeof waiting === "number") return waiting;
    if (waiting !== null) return [waiting];
    const batch = this.native.recvmmsg(count, size, controlSize, flags);
    if (typeof batch !== "number") {
      for (const message of batch) this.receivedBytes += message.data.length;
    }
    return batch;
  }

  /** recv(2), returning pushed-back data first. Cheaper than `receive`. */
  receiveData(size: number, flags: number): Received | Uint8Array | number {
    if (this.#pushback !== null || (flags & MSG_TRUNC) !== 0) return this.receive(size, 0, flags);
    const data = this.native.recv(size, flags);
    if (typeof data !== "number") this.receivedBytes += data.length;
    return data;
  }

  /** recv(2) into the caller's memory. Bytes received, or -errno. Pushed-back data is returned directly. */
  receiveInto(target: Uint8Array): Received | number {
    if (this.#pushback !== null) return this.receive(target.length, 0, 0);
    const received = this.native.recvInto(target, 0);
    if (received > 0) this.receivedBytes += received;
    return received;
  }

  /** Puts messages back for the next receive. */
  pushBack(messages: readonly Received[]): void {
    if (messages.length === 0) return;
    this.#pushback ??= new Pushback();
    this.#pushback.unshift(messages);
    this.readiness.nudge();
  }

  /**
   * Keeps an error that a receive took from the kernel, as -errno, for the next receive, for a send that fails with
   * EPIPE, and for SO_ERROR. Otherwise a reset would look like the end of data. Waiting operations need no wake-up,
   * because the kernel reports the socket as readable from then on.
   */
  keepError(error: number): void {
    this.#pushback ??= new Pushback();
    this.#pushback.keepError(error);
  }

  /** Removes and returns the error that was kept, as -errno; null if there is none. */
  takeError(): number | null {
    const error = this.#pushback?.takeError() ?? null;
    if (this.#pushback?.isEmpty) this.#pushback = null;
    return error;
  }

  /**
   * Makes close(2) reset the connection if there is unread data here. The kernel does so for its own unread data, but
   * does not know of data already taken from it, and the peer would believe that everything was received. Only for the
   * last handle of a socket.
   */
  resetIfUnread(): void {
    const unread = this.pushedBackBytes > 0 || this.hasUnsentData?.() === true;
    if (unread && this.isTcp && !this.native.closed) this.native.setsockopt(SOL_SOCKET, SO_LINGER, RESET_ON_CLOSE);
  }

  /** Puts accepted sockets back for the next accept. */
  giveBack(accepted: readonly AcceptedSocket[]): void {
    if (accepted.length === 0) return;
    this.undelivered.unshift(...accepted);
    this.readiness.nudge();
  }

  /** Whether a receive or an accept would return something that the kernel does not know of. */
  get hasPushedBack(): boolean {
    return this.#pushback !== null || this.undelivered.length > 0;
  }

  /** Number of pushed-back bytes. */
  get pushedBackBytes(): number {
    return this.#pushback?.byteLength ?? 0;
  }

  /** The addresses for a `SocketInfo`; null if the kernel returns none. */
  addresses(): { local: Sockaddr | null; peer: Sockaddr | null } {
    const local = this.native.getsockname();
    const peer = this.native.getpeername();
    return { local: typeof local === "number" ? null : local, peer: typeof peer === "number" ? null : peer };
  }

  /** Ends waiting operations with `reason`, and closes the descriptor. Returns the result of close(2): 0 or -errno. */
  destroy(reason: unknown): number {
    this.readiness.failAll(reason);
    for (const { socket } of this.undelivered.splice(0)) socket.close();
    const result = this.native.close();
    for (const callback of this.onDestroy) callback();
    this.onDestroy.clear();
    return result;
  }

  #whyBroken(): number {
    return this.takeError() ?? -EPIPE;
  }

  #takePushedBack(size: number, flags: number): Received | number | null {
    if (this.#pushback === null || (flags & (MSG_OOB | MSG_ERRQUEUE)) !== 0) return null;
    const taken = this.#pushback.take(size, { keep: (flags & MSG_PEEK) !== 0, isStream: this.isStream });
    if (this.#pushback.isEmpty) this.#pushback = null;
    return taken;
  }
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
