import { AddressFamily, SocketType } from "../../gen/sockbroker/v1/address_pb.js";
import type { NativeSocket } from "../../native/binding.js";
import { linux } from "../../native/linux.js";

const { SOL_SOCKET, SO_ACCEPTCONN, SO_MEMINFO, SO_RCVTIMEO, SO_RXQ_OVFL, SO_SNDTIMEO } = linux;
const { FIONREAD, IPPROTO_TCP, SIOCOUTQ, SK_MEMINFO_DROPS, SK_MEMINFO_VARS, TCP_INFO } = linux;
const { POLLERR, POLLHUP, POLLRDHUP } = linux;

/** An array of uint32_t. */
const MEMINFO_BYTES = 4 * SK_MEMINFO_VARS;
const TCP_INFO_BYTES = 256;

/** What the daemon itself reads from the kernel about a socket. Nothing here changes the socket or consumes data. */
export class SocketState {
  readonly #native: NativeSocket;

  constructor(native: NativeSocket) {
    this.#native = native;
  }

  /** SO_DOMAIN, SO_TYPE and SO_PROTOCOL; -1 each for a file that is not a socket. */
  get family(): number {
    return this.#native.family;
  }

  get type(): number {
    return this.#native.type;
  }

  get protocol(): number {
    return this.#native.protocol;
  }

  get inode(): number {
    return this.#native.inode;
  }

  get closed(): boolean {
    return this.#native.closed;
  }

  /** Whether close(2) runs on a thread. */
  get closesOnThread(): boolean {
    return this.#native.closesOnThread;
  }

  /** poll(2): the events that hold now, or -errno. */
  poll(events: number): number {
    return this.#native.poll(events);
  }

  /** Whether shutdown(2), or the end of the peer's data, has ended receiving. */
  get receivingHasEnded(): boolean {
    return (this.poll(POLLRDHUP) & POLLRDHUP) !== 0;
  }

  /** Whether no more data will arrive, also because of an error or a hang-up. */
  get hasEnded(): boolean {
    return (this.poll(POLLRDHUP) & (POLLRDHUP | POLLERR | POLLHUP)) !== 0;
  }

  /** SO_ACCEPTCONN. */
  get isListening(): boolean {
    return (this.#integer(SO_ACCEPTCONN) ?? 0) !== 0;
  }

  /** SO_RCVTIMEO in milliseconds; null if unset. */
  get receiveTimeout(): number | null {
    return this.#timeval(SO_RCVTIMEO);
  }

  /** SO_SNDTIMEO in milliseconds; null if unset. */
  get sendTimeout(): number | null {
    return this.#timeval(SO_SNDTIMEO);
  }

  /**
   * SO_RXQ_OVFL: whether received messages contain the count of dropped ones. null if the socket does not support it.
   */
  get showsDrops(): boolean | null {
    const value = this.#integer(SO_RXQ_OVFL);
    return value === null ? null : value !== 0;
  }

  /** How many messages the kernel has dropped, as 32 bits, from SO_MEMINFO; null if unknown. */
  get drops(): number | null {
    const info = this.#native.getsockopt(SOL_SOCKET, SO_MEMINFO, MEMINFO_BYTES);
    if (typeof info === "number" || info.length < MEMINFO_BYTES) return null;
    return new Uint32Array(info.slice().buffer)[SK_MEMINFO_DROPS] ?? null;
  }

  /** FIONREAD; 0 if the descriptor has no such queue. */
  get unreadBytes(): number {
    return this.#queue(FIONREAD);
  }

  /** SIOCOUTQ; 0 if the descriptor has no such queue. */
  get unsentBytes(): number {
    return this.#queue(SIOCOUTQ);
  }

  /** struct tcp_info; empty unless TCP. */
  get tcpInfo(): Uint8Array {
    const { family, type, protocol } = this.#native;
    const inet = family === AddressFamily.INET || family === AddressFamily.INET6;
    if (!inet || type !== SocketType.STREAM || protocol !== IPPROTO_TCP) return new Uint8Array(0);
    const info = this.#native.getsockopt(IPPROTO_TCP, TCP_INFO, TCP_INFO_BYTES);
    return typeof info === "number" ? new Uint8Array(0) : info;
  }

  /**
   * The process that created the peer of a connected unix socket, or -errno: -EMFILE and -ENFILE if it cannot be
   * determined.
   */
  get peerProcess(): number {
    const peer = this.#native.peerCredentials();
    if (typeof peer === "number") return peer;
    peer.pidfd?.close();
    return peer.pid;
  }

  #integer(option: number): number | null {
    const result = this.#native.getsockoptInt(SOL_SOCKET, option);
    return typeof result === "number" ? null : result.value;
  }

  #timeval(option: number): number | null {
    const timeval = this.#native.getsockopt(SOL_SOCKET, option, 16);
    if (typeof timeval === "number" || timeval.length !== 16) return null;
    const [seconds = 0n, micros = 0n] = new BigInt64Array(timeval.slice().buffer);
    return seconds === 0n && micros === 0n ? null : Number(seconds) * 1000 + Number(micros) / 1000;
  }

  #queue(request: number): number {
    const result = this.#native.ioctlInt(request, 0);
    return result === null || typeof result === "number" ? 0 : result.value;
  }
}
