/**
 * The whole native interface.
 *
 * The C++ side (`addon/`) declares the same names in the same order, so that the two can be compared side by side.
 *
 * Rules of the boundary:
 * - Native code reports, TypeScript decides: a method returns its value, or `-errno` when the system call failed. It
 *   throws only for programming errors (a wrong argument type, an object of another kind), as a `TypeError`.
 * - Nothing here blocks: every descriptor is created non-blocking and close-on-exec. A call that would block returns
 *   `-EAGAIN` (or `-EINPROGRESS`), and `NativeSocket.watch` reports when to retry.
 * - Records are complete: every property is present, `null` where there is no value.
 * - Descriptor numbers do not reach JavaScript, except through `NativeSocket.release`.
 * - 64-bit integers are `bigint`; every other number fits a C `int` or `uint32_t`.
 */

import type { LinuxName } from "./linux-names.js";

/** A negated errno, e.g. `-11` for EAGAIN. Always negative. */
export type NegatedErrno = number;

/**
 * A kernel socket address, named after the members of its C struct. Text is decoded; numbers are in host byte order.
 */
export type Sockaddr =
  | { readonly kind: "inet"; readonly address: string; readonly port: number }
  | {
      readonly kind: "inet6";
      readonly address: string;
      readonly port: number;
      readonly flowinfo: number;
      readonly scopeId: number;
    }
  /** `path` as in sun_path: empty means unnamed, a leading NUL means abstract; no trailing NUL. */
  | { readonly kind: "unix"; readonly path: Uint8Array }
  | { readonly kind: "netlink"; readonly pid: number; readonly groups: number }
  /** `interface` is a name; `""` means none (index 0). `protocol` is an EtherType in host byte order. */
  | {
      readonly kind: "packet";
      readonly interface: string;
      readonly protocol: number;
      readonly packetType: number;
      readonly hardwareType: number;
      readonly hardwareAddress: Uint8Array;
    }
  /** CAN_RAW and CAN_BCM. `interface` `""` means every interface. */
  | { readonly kind: "can"; readonly interface: string }
  | { readonly kind: "isotp"; readonly interface: string; readonly rxId: number; readonly txId: number }
  | {
      readonly kind: "j1939";
      readonly interface: string;
      readonly name: bigint;
      readonly pgn: number;
      readonly address: number;
    }
  /** `addressType` is TIPC_ADDR_NAMESEQ, _NAME or _ID. v1..v3 are in the order of Python's tuple. */
  | {
      readonly kind: "tipc";
      readonly addressType: number;
      readonly v1: number;
      readonly v2: number;
      readonly v3: number;
      readonly scope: number;
    }
  | {
      readonly kind: "alg";
      readonly type: string;
      readonly name: string;
      readonly feature: number;
      readonly mask: number;
    }
  | { readonly kind: "vsock"; readonly cid: number; readonly port: number }
  | {
      readonly kind: "l2cap";
      readonly bdaddr: string;
      readonly psm: number;
      readonly cid: number;
      readonly bdaddrType: number;
    }
  | { readonly kind: "rfcomm"; readonly bdaddr: string; readonly channel: number }
  | { readonly kind: "hci"; readonly device: number; readonly channel: number }
  | { readonly kind: "sco"; readonly bdaddr: string }
  | { readonly kind: "qipcrtr"; readonly node: number; readonly port: number }
  /** Any other family: sa_family and the bytes that follow it in the struct. */
  | { readonly kind: "raw"; readonly family: number; readonly data: Uint8Array };

/** A control message for sendmsg(2). `sockets` is for SCM_RIGHTS only, where `data` is ignored. */
export interface ControlOut {
  readonly level: number;
  readonly type: number;
  readonly data: Uint8Array;
  readonly sockets: readonly NativeSocket[] | null;
}

/** A control message from recvmsg(2). Descriptors (SCM_RIGHTS, SCM_PIDFD) arrive in `sockets`; `data` is then empty. */
export interface ControlIn {
  readonly level: number;
  readonly type: number;
  readonly data: Uint8Array;
  readonly sockets: readonly NativeSocket[] | null;
}

/** One message from recvmsg(2). */
export interface Received {
  readonly data: Uint8Array;
  /** The return value of recvmsg(2). Greater than `data.length` only if MSG_TRUNC was passed. */
  readonly length: number;
  /** msg_flags: MSG_TRUNC, MSG_CTRUNC, MSG_EOR, … */
  readonly flags: number;
  /** null if the kernel returned no address (connected streams). */
  readonly address: Sockaddr | null;
  readonly control: readonly ControlIn[];
}

/** Credentials of the process at the other end of a unix socket, as they were when it connected. */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  /** A pidfd from SO_PEERPIDFD, or null if the kernel lacks it. `poll(POLLIN)` is nonzero once the process is gone. */
  readonly pidfd: NativeSocket | null;
}

/**
 * Owns one descriptor: usually a socket, but it may be a received file or pipe. The process that serves a received
 * file can make any call on it block, so no call is made: it is always ready, cannot be watched (-EPERM) and has no ioctls (-ENOTTY).
 * Pipes, eventfds, timerfds, signalfds and pidfds can be polled and watched. After `close` or `release` every method
 * returns `-EBADF`, except that `close` returns 0. An object that is garbage-collected is closed.
 */
export interface NativeSocket {
  /** SO_DOMAIN, SO_TYPE and SO_PROTOCOL as the kernel reports them; -1 each for a file that is not a socket. */
  readonly family: number;
  readonly type: number;
  readonly protocol: number;
  readonly closed: boolean;
  /** The kernel's inode number of a socket, the same for all its descriptors; 0 for a file that is not a socket. */
  readonly inode: number;
  /** Whether `close` returns before the descriptor is closed. */
  readonly closesOnThread: boolean;

  /** bind(2). 0 or -errno. */
  bind(address: Sockaddr): number;
  /** listen(2). 0 or -errno. */
  listen(backlog: number): number;
  /** accept4(2). */
  accept(): { readonly socket: NativeSocket; readonly address: Sockaddr | null } | NegatedErrno;
  /** connect(2). 0 or -errno; -EINPROGRESS (-EAGAIN for unix) while the connection is not established yet. */
  connect(address: Sockaddr): number;
  /** shutdown(2). 0 or -errno. */
  shutdown(how: number): number;
  /**
   * close(2), after ending the watch. 0 or -errno. If close(2) can block (a positive SO_LINGER, the grace period of a
   * packet socket, CAN transfers), it runs on a thread and this returns 0. Every received file is closed on a thread.
   */
  close(): number;
  /** fcntl(2) F_DUPFD_CLOEXEC: a new object for the same open description. */
  dup(): NativeSocket | NegatedErrno;
  /** getsockname(2). */
  getsockname(): Sockaddr | NegatedErrno;
  /** getpeername(2). */
  getpeername(): Sockaddr | NegatedErrno;

  /**
   * getsockopt(2) of an `int`. For SO_GET_FILTER, the number of instructions of the filter. Options that return the
   * number of a new descriptor (SO_PEERPIDFD, SCTP's peel-off), and TCP_ZEROCOPY_RECEIVE, which moves data into a
   * mapping of the descriptor, give -EOPNOTSUPP here and below.
   */
  getsockoptInt(level: number, name: number): { readonly value: number } | NegatedErrno;
  /**
   * getsockopt(2) into `size` bytes (1 to 65536), truncated to the length that the kernel returned. -EFAULT if the
   * kernel writes more than that. SO_GET_FILTER returns the array of struct sock_filter, or -EINVAL if it does not fit.
   */
  getsockopt(level: number, name: number, size: number): Uint8Array | NegatedErrno;
  /**
   * setsockopt(2) of an `int`. 0 or -errno. Options whose value contains pointers or descriptors of this process
   * (netfilter's tables, SO_ATTACH_BPF, XDP_UMEM_REG, RDS_GET_MR), or that create a ring reachable only by mmap(2) of
   * the descriptor (PACKET_RX_RING, XDP_RX_RING), give -EOPNOTSUPP here and below.
   */
  setsockoptInt(level: number, name: number, value: number): number;
  /**
   * setsockopt(2) of raw bytes, at most 65536 (-EINVAL). 0 or -errno. For SO_ATTACH_FILTER, SO_ATTACH_REUSEPORT_CBPF
   * and PACKET_FANOUT_DATA the value is the array of struct sock_filter, not the sock_fprog that points to it.
   */
  setsockopt(level: number, name: number, value: Uint8Array): number;
  /** setsockopt(2) with a NULL value and a length, for AF_ALG. 0 or -errno. */
  setsockoptNull(level: number, name: number, length: number): number;

  /**
   * ioctl(2) for requests whose argument type the addon knows (FIONREAD, SIOCOUTQ, SIOCATMARK, SIOCGIF*, …): an `int`
   * in and out, or bytes in and out. null for an unknown request, which could make the kernel write anywhere.
   *
   * The result is as long as the argument. An argument shorter than the request's struct is padded with zeros; extra
   * bytes are returned unchanged. If the struct points to another one, the other one follows it in the bytes, and the
   * pointer is ignored: SIOCETHTOOL takes and returns a struct ifreq followed by ethtool's struct (-EOPNOTSUPP for
   * commands that do more than read). SIOCGIFCONF takes a struct ifconf and returns it followed by an array of struct
   * ifreq, `ifc_len` bytes long, which is omitted if the pointer was NULL.
   */
  ioctlInt(request: number, argument: number): { readonly value: number } | NegatedErrno | null;
  ioctl(request: number, argument: Uint8Array): Uint8Array | NegatedErrno | null;

  // Reads limit `size` (for recvmmsg, count times size) to 16 MiB and `controlSize` to 64 KiB. Reads and writes add
  // MSG_DONTWAIT, because other processes may share the open description and clear O_NONBLOCK. MSG_ZEROCOPY gives
  // -EOPNOTSUPP, because the kernel would read the buffer after JavaScript has reused it.

  /** recv(2) of at most `size` bytes. An empty array is a zero-byte read. Use `recvmsg` for MSG_TRUNC. */
  recv(size: number, flags: number): Uint8Array | NegatedErrno;
  /** recv(2) into `target`, as much as fits. Bytes received, or -errno. */
  recvInto(target: Uint8Array, flags: number): number | NegatedErrno;
  /** recvmsg(2). MSG_CMSG_CLOEXEC is added for AF_UNIX, and reported in `flags` only if the caller passed it. */
  recvmsg(size: number, controlSize: number, flags: number): Received | NegatedErrno;
  /** recvmmsg(2): one to `count` messages, or -errno if there was none. */
  recvmmsg(count: number, size: number, controlSize: number, flags: number): Received[] | NegatedErrno;
  /** send(2). Bytes sent, or -errno. MSG_NOSIGNAL is added for families that support it. */
  send(data: Uint8Array, flags: number): number;
  /** sendmsg(2) with `data` as its buffers. Bytes sent, or -errno. -EMSGSIZE for more than IOV_MAX buffers. */
  sendmsg(data: readonly Uint8Array[], control: readonly ControlOut[], flags: number, address: Sockaddr | null): number;
  /**
   * sendfile(2) from the file in `source`, on one of 64 threads, because reading a file may block indefinitely. A null
   * offset uses and advances the file's own. Bytes sent, or -errno. Closing either object meanwhile has no effect on
   * the transfer.
   */
  sendfile(source: NativeSocket, offset: bigint | null, count: number): Promise<number>;

  /** poll(2) with a timeout of 0: the events that hold now. */
  poll(events: number): number;
  /**
   * Sets what to watch for (uv_poll on the environment's loop): POLLIN, POLLOUT, POLLPRI and POLLRDHUP bits; 0 stops.
   * `onReady` is called with the events that hold, on every loop iteration while they hold (level-triggered). Errors
   * and hang-ups are reported as all watched events. A null `onReady` keeps the current callback. A watched object is
   * not garbage-collected, and its open description becomes non-blocking, even that of a received file. 0 or -errno
   * (-EPERM: the descriptor cannot be polled).
   */
  watch(events: number, onReady: ((events: number) => void) | null): number;
  /** Whether the watch keeps the process alive. */
  ref(): void;
  unref(): void;

  /**
   * SO_PEERCRED and SO_PEERPIDFD of a connected unix socket. -ENOTCONN for any other socket. An errno from SO_PEERPIDFD
   * on a kernel that has it (-ESRCH, -EINVAL) means that the peer's process is gone.
   */
  peerCredentials(): PeerCredentials | NegatedErrno;
  /**
   * Gives up ownership and returns the descriptor's number, for `new net.Socket({ fd })` only. The only place where a
   * number reaches JavaScript. -EBADF when closed.
   */
  release(): number;
}

/** A resolver failure: an EAI_* code (with errno for EAI_SYSTEM), or an h_errno. */
export interface ResolverFailure {
  readonly kind: "eai" | "herrno";
  readonly code: number;
  readonly errno: number;
}

export interface AddressInfo {
  readonly family: number;
  readonly type: number;
  readonly protocol: number;
  readonly canonicalName: string;
  readonly address: Sockaddr;
}

/** struct hostent, with addresses as text. */
export interface HostEntry {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly addresses: readonly string[];
}

/** `value` is a string only where Python's is (BDADDR_ANY, BDADDR_LOCAL). */
export interface NativeConstant {
  readonly name: string;
  readonly value: bigint | string | boolean;
}

export interface NativeAddon {
  /**
   * socket(2), with SOCK_CLOEXEC and SOCK_NONBLOCK added to `type`. With `netns`, from `openNetns`, the socket is
   * created in that network namespace, by a thread that enters it and exits.
   */
  socket(family: number, type: number, protocol: number, netns: NativeSocket | null): NativeSocket | NegatedErrno;
  /** socketpair(2). */
  socketpair(family: number, type: number, protocol: number): [NativeSocket, NativeSocket] | NegatedErrno;
  /**
   * open(2) of a namespace file such as /run/netns/NAME or /proc/PID/ns/net. -EINVAL if it is not a network namespace.
   */
  openNetns(path: string): NativeSocket | NegatedErrno;
  /**
   * open(2) with O_CREAT and flock(2) of a file, exclusively, until the object is closed or the process ends. -EAGAIN
   * while another process holds the lock. The owner may remove the file before it releases the lock.
   */
  lockFile(path: string): NativeSocket | NegatedErrno;

  /**
   * Tracks an open description for as long as it exists anywhere: in this process, in another one, or in a message that
   * nobody has received. 0 or -errno (-EPERM: files and directories cannot be tracked). If this descriptor is already
   * tracked, `id` replaces its earlier id.
   */
  follow(socket: NativeSocket, id: number): number;
  /** Tracks a received file from when it is closed until a thread has finished closing it. */
  followClosing(file: NativeSocket, id: number): void;
  /** The ids of the tracked descriptions that still exist. */
  followed(): number[] | NegatedErrno;
  /** Whether both directions of a connection have ended. Takes the descriptor number from `release`. */
  hasHungUp(descriptor: number): boolean;

  /** getaddrinfo(3). Takes bytes, because names need not be UTF-8. */
  getaddrinfo(
    host: Uint8Array | null,
    service: Uint8Array | null,
    family: number,
    type: number,
    protocol: number,
    flags: number,
  ): Promise<AddressInfo[] | ResolverFailure>;
  /** getnameinfo(3). */
  getnameinfo(address: Sockaddr, flags: number): Promise<{ host: string; service: string } | ResolverFailure>;
  /** gethostbyname2_r(3) for `family`. */
  gethostbyname(name: Uint8Array, family: number): Promise<HostEntry | ResolverFailure>;
  /** gethostbyaddr_r(3) of a numeric IPv4 or IPv6 address. */
  gethostbyaddr(address: string): Promise<HostEntry | ResolverFailure>;
  /** getservbyname_r(3): the port in host order, or null. */
  getservbyname(name: Uint8Array, protocol: Uint8Array | null): Promise<number | null>;
  /** getservbyport_r(3) of a port in host order. */
  getservbyport(port: number, protocol: Uint8Array | null): Promise<string | null>;
  /** getprotobyname_r(3). */
  getprotobyname(name: Uint8Array): Promise<number | null>;
  /**
   * Sets how many threads the resolver may use, for the whole process. They start on demand and exit when idle. Further
   * look-ups are queued.
   */
  setResolverThreads(count: number): void;
  /** gai_strerror(3), hstrerror(3), strerror(3). */
  gaiStrerror(code: number): string;
  hstrerror(code: number): string;
  strerror(errno: number): string;
  /**
   * Every errno of this host. Where two names share a value, EAGAIN, EDEADLK and EOPNOTSUPP (not ENOTSUP) are listed.
   */
  errnos(): readonly { readonly name: string; readonly value: number }[];

  /** if_nameindex(3). */
  ifNameindex(): { index: number; name: string }[] | NegatedErrno;
  /** if_nametoindex(3). */
  ifNametoindex(name: string): number;
  /** if_indextoname(3). */
  ifIndextoname(index: number): string | NegatedErrno;

  /** gethostname(2), sethostname(2). */
  gethostname(): string | NegatedErrno;
  sethostname(name: Uint8Array): number;
  /** getpwnam_r(3): the uid of the user of that name. -ENOENT if there is none. */
  getpwnam(name: string): number | NegatedErrno;

  /** inet_aton(3): four bytes in network order, or null. */
  inetAton(text: string): Uint8Array | null;
  /** inet_pton(3): bytes in network order, null for invalid text, -EAFNOSUPPORT. */
  inetPton(family: number, text: string): Uint8Array | NegatedErrno | null;
  /** inet_ntop(3) of 4 or 16 bytes. */
  inetNtop(family: number, packed: Uint8Array): string | NegatedErrno;
  /** CMSG_LEN(3), CMSG_SPACE(3). */
  cmsgLen(length: number): number;
  cmsgSpace(length: number): number;

  /** Every constant of Python's socket module that this host's headers define. */
  constants(): readonly NativeConstant[];

  /** Linux constants by name. */
  readonly linux: Readonly<Record<LinuxName, number>>;
}
