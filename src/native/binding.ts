/**
 * The whole native surface on one page.
 *
 * The C++ side (`addon/`) declares the same names in the same order, so that the two can be reviewed side by side.
 *
 * Rules of the boundary:
 * - Native reports, TypeScript judges: a method answers its value, or `-errno` as a negative number when the kernel said
 *   no. Only a programming error (wrong argument type, use of a foreign object) throws, as a `TypeError`.
 * - Nothing here blocks: every descriptor is non-blocking and close-on-exec from birth. What would wait answers
 *   `-EAGAIN` (or `-EINPROGRESS`), and `NativeSocket.watch` tells when to try again.
 * - Records cross whole: every property is present, `null` where there is nothing.
 * - No descriptor number crosses, with one exception that says so: `NativeSocket.release`.
 * - Integers with 64 bits cross as `bigint`; every other number here fits a C `int` or `uint32_t`.
 */

/** A negated errno, e.g. `-11` for EAGAIN. Always below zero. */
export type NegatedErrno = number;

/** A kernel socket address, named after the members of its C struct. Text is decoded, byte order is the host's. */
export type Sockaddr =
  | { readonly kind: "inet"; readonly address: string; readonly port: number }
  | {
      readonly kind: "inet6";
      readonly address: string;
      readonly port: number;
      readonly flowinfo: number;
      readonly scopeId: number;
    }
  /** `path` as in sun_path: empty is unnamed, a leading NUL makes it abstract; no trailing NUL. */
  | { readonly kind: "unix"; readonly path: Uint8Array }
  | { readonly kind: "netlink"; readonly pid: number; readonly groups: number }
  /** `interface` is a name; `""` is none (index 0). `protocol` is an EtherType in host order. */
  | {
      readonly kind: "packet";
      readonly interface: string;
      readonly protocol: number;
      readonly packetType: number;
      readonly hardwareType: number;
      readonly hardwareAddress: Uint8Array;
    }
  /** CAN_RAW and CAN_BCM; `interface` `""` is every interface. */
  | { readonly kind: "can"; readonly interface: string }
  | { readonly kind: "isotp"; readonly interface: string; readonly rxId: number; readonly txId: number }
  | {
      readonly kind: "j1939";
      readonly interface: string;
      readonly name: bigint;
      readonly pgn: number;
      readonly address: number;
    }
  /** `addressType` is TIPC_ADDR_NAMESEQ, _NAME or _ID; v1..v3 in the order of Python's tuple. */
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
  /** Any other family: sa_family, and what follows it in the struct. */
  | { readonly kind: "raw"; readonly family: number; readonly data: Uint8Array };

/** A control message as sendmsg(2) takes it. `sockets` is for SCM_RIGHTS only; `data` is ignored there. */
export interface ControlOut {
  readonly level: number;
  readonly type: number;
  readonly data: Uint8Array;
  readonly sockets: readonly NativeSocket[] | null;
}

/** A control message as recvmsg(2) gave it. Descriptors (SCM_RIGHTS, SCM_PIDFD) arrive as objects, `data` is then empty. */
export interface ControlIn {
  readonly level: number;
  readonly type: number;
  readonly data: Uint8Array;
  readonly sockets: readonly NativeSocket[] | null;
}

/** One message from recvmsg(2). */
export interface Received {
  readonly data: Uint8Array;
  /** What recvmsg(2) returned; greater than `data.length` only with MSG_TRUNC among the input flags. */
  readonly length: number;
  /** msg_flags: MSG_TRUNC, MSG_CTRUNC, MSG_EOR, … */
  readonly flags: number;
  /** null where the kernel gave no address (connected streams). */
  readonly address: Sockaddr | null;
  readonly control: readonly ControlIn[];
}

/** One message for sendmsg(2) or sendmmsg(2). */
export interface Outgoing {
  readonly data: Uint8Array;
  readonly control: readonly ControlOut[];
  readonly address: Sockaddr | null;
}

/** Evidence about the process at the other end of a unix socket, as it was when it connected. */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  /** A pidfd from SO_PEERPIDFD, or null on a kernel without it. `poll(POLLIN)` is nonzero once the process is gone. */
  readonly pidfd: NativeSocket | null;
}

/** Bits for `watch` and `poll`; the values of poll(2)'s. */
export const POLLIN = 0x001;
export const POLLPRI = 0x002;
export const POLLOUT = 0x004;
export const POLLERR = 0x008;
export const POLLHUP = 0x010;
export const POLLRDHUP = 0x2000;

/**
 * Owns one descriptor, usually a socket; a received file or pipe is one too. Whoever serves such a file can make every call
 * on it wait, so it is not asked: it is always ready, cannot be watched (-EPERM) and has no ioctls (-ENOTTY). Pipes, eventfds,
 * timerfds, signalfds and pidfds can be polled and watched. After `close` or `release` every method
 * answers `-EBADF`, and `close` again answers 0. An object that is dropped without `close` is closed by the collector.
 */
export interface NativeSocket {
  /** SO_DOMAIN, SO_TYPE and SO_PROTOCOL as the kernel reports them; -1 each for what is not a socket. */
  readonly family: number;
  readonly type: number;
  readonly protocol: number;
  readonly closed: boolean;
  /** The number that the kernel has for a socket, the same for all descriptors of it; 0 for what is not a socket. */
  readonly inode: number;
  /** Whether `close` answers before the descriptor is closed. */
  readonly closesOnThread: boolean;

  /** bind(2). 0 or -errno. */
  bind(address: Sockaddr): number;
  /** listen(2). 0 or -errno. */
  listen(backlog: number): number;
  /** accept4(2). */
  accept(): { readonly socket: NativeSocket; readonly address: Sockaddr | null } | NegatedErrno;
  /** connect(2). 0 or -errno; -EINPROGRESS (-EAGAIN for unix) means not yet. */
  connect(address: Sockaddr): number;
  /** shutdown(2). 0 or -errno. */
  shutdown(how: number): number;
  /**
   * close(2), after the watch has ended. 0 or -errno. What close(2) waits for in any mode it waits for on a thread, and this
   * answers 0: a positive SO_LINGER, the grace period of a packet socket, transfers of CAN. Every file that was received is
   * closed on a thread.
   */
  close(): number;
  /** fcntl(2) F_DUPFD_CLOEXEC: another object on the same open description. */
  dup(): NativeSocket | NegatedErrno;
  /** getsockname(2). */
  getsockname(): Sockaddr | NegatedErrno;
  /** getpeername(2). */
  getpeername(): Sockaddr | NegatedErrno;

  /**
   * getsockopt(2) of an `int`; of SO_GET_FILTER, how many instructions the filter has. Options whose answer is the number
   * of a new descriptor (SO_PEERPIDFD, SCTP's peel-off), and TCP_ZEROCOPY_RECEIVE, which moves data into a mapping of the
   * descriptor, are -EOPNOTSUPP here and below.
   */
  getsockoptInt(level: number, name: number): { readonly value: number } | NegatedErrno;
  /**
   * getsockopt(2) into `size` bytes (1 to 65536), cut to the length the kernel answered. -EFAULT when the kernel writes more
   * than that. SO_GET_FILTER answers the array of struct sock_filter, -EINVAL when it does not fit.
   */
  getsockopt(level: number, name: number, size: number): Uint8Array | NegatedErrno;
  /**
   * setsockopt(2) of an `int`. 0 or -errno. Options whose value holds addresses or descriptors of this process
   * (netfilter's tables, SO_ATTACH_BPF, XDP_UMEM_REG, RDS_GET_MR), or that make a ring which only mmap(2) of the
   * descriptor reaches (PACKET_RX_RING, XDP_RX_RING), are -EOPNOTSUPP here and below: a caller has neither.
   */
  setsockoptInt(level: number, name: number, value: number): number;
  /**
   * setsockopt(2) of raw bytes, 65536 at most (-EINVAL). 0 or -errno. For SO_ATTACH_FILTER, SO_ATTACH_REUSEPORT_CBPF and
   * PACKET_FANOUT_DATA the value is the array of struct sock_filter itself, not the sock_fprog that points to it.
   */
  setsockopt(level: number, name: number, value: Uint8Array): number;
  /** setsockopt(2) with a NULL value and a length, as AF_ALG wants it. 0 or -errno. */
  setsockoptNull(level: number, name: number, length: number): number;

  /**
   * ioctl(2) for the requests that the addon knows the argument of (FIONREAD, SIOCOUTQ, SIOCATMARK, SIOCGIF*, …): an
   * `int` in and out, or bytes in and out. null when it does not know the request: an unknown request could make the
   * kernel write anywhere.
   *
   * The answer is as long as the argument. An argument that is shorter than the request's struct ends in zeros; what is
   * longer comes back as it was. Where the struct points to another, that follows it, and the address is not read:
   * SIOCETHTOOL takes and answers a struct ifreq and then ethtool's struct (-EOPNOTSUPP for commands that do more than
   * read). SIOCGIFCONF takes a struct ifconf, and answers it and then an array of struct ifreq, of `ifc_len` bytes;
   * there is none when the address was NULL.
   */
  ioctlInt(request: number, argument: number): { readonly value: number } | NegatedErrno | null;
  ioctl(request: number, argument: Uint8Array): Uint8Array | NegatedErrno | null;

  // Reads clamp `size` (and, for recvmmsg, count times size) to 16 MiB and `controlSize` to 64 KiB. Reads and writes add
  // MSG_DONTWAIT: O_NONBLOCK belongs to the open description, which other processes may share. MSG_ZEROCOPY is
  // -EOPNOTSUPP, because the kernel would read the memory after JavaScript has it back.

  /** recv(2) of at most `size` bytes. An empty array is a zero-byte read. For MSG_TRUNC among the flags use `recvmsg`. */
  recv(size: number, flags: number): Uint8Array | NegatedErrno;
  /** recv(2) into `target`, as much as fits: bytes, or -errno. */
  recvInto(target: Uint8Array, flags: number): number | NegatedErrno;
  /** recvmsg(2). MSG_CMSG_CLOEXEC is added for AF_UNIX, and shown in `flags` only if the caller passed it. */
  recvmsg(size: number, controlSize: number, flags: number): Received | NegatedErrno;
  /** recvmmsg(2): one to `count` messages, or -errno when there was not one. */
  recvmmsg(count: number, size: number, controlSize: number, flags: number): Received[] | NegatedErrno;
  /** send(2). Bytes sent, or -errno. MSG_NOSIGNAL is added where the family knows it. */
  send(data: Uint8Array, flags: number): number;
  /** sendmsg(2), gathering `data`. Bytes sent, or -errno. -EMSGSIZE beyond IOV_MAX buffers. */
  sendmsg(data: readonly Uint8Array[], control: readonly ControlOut[], flags: number, address: Sockaddr | null): number;
  /** sendmmsg(2). Messages sent (at least one), or -errno of the first. */
  sendmmsg(messages: readonly Outgoing[], flags: number): number;
  /**
   * sendfile(2) from the file in `source`, on one of 64 threads, because a file may take for ever to be read; offset null
   * uses and moves the file's own. Bytes sent, or -errno. Closing either object meanwhile changes nothing.
   */
  sendfile(source: NativeSocket, offset: bigint | null, count: number): Promise<number>;

  /** poll(2) with timeout zero: the events that hold now. */
  poll(events: number): number;
  /**
   * Sets what to watch for (uv_poll on the environment's loop): POLLIN, POLLOUT, POLLPRI and POLLRDHUP bits, 0
   * to stop.
   * `onReady` is called with the events that hold, again on every turn of the loop while they hold (level-triggered).
   * Errors and hang-ups are reported as every watched event. `onReady` null keeps the one there is. A watched object is
   * not collected, and its open description becomes non-blocking, even where a received file was not. 0 or -errno
   * (-EPERM: this descriptor cannot be polled).
   */
  watch(events: number, onReady: ((events: number) => void) | null): number;
  /** Whether the watch keeps the process alive. */
  ref(): void;
  unref(): void;

  /**
   * SO_PEERCRED and SO_PEERPIDFD of a connected unix socket. -ENOTCONN for any other socket; an errno from SO_PEERPIDFD
   * on a kernel that has it (-ESRCH, -EINVAL) means that the peer's process is gone.
   */
  peerCredentials(): PeerCredentials | NegatedErrno;
  /**
   * Gives up ownership and answers the descriptor's number, for `new net.Socket({ fd })` and nothing else. The one
   * place where a number reaches JavaScript. -EBADF when closed.
   */
  release(): number;
}

/** Why the resolver said no: an EAI_* code (with errno for EAI_SYSTEM), or an h_errno. */
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

/** struct hostent: addresses as text. */
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
   * socket(2), with SOCK_CLOEXEC and SOCK_NONBLOCK added to `type`. With `netns`, an object that `openNetns` gave, the
   * socket is made in that network namespace, by a thread that enters it and ends.
   */
  socket(family: number, type: number, protocol: number, netns: NativeSocket | null): NativeSocket | NegatedErrno;
  /** socketpair(2). */
  socketpair(family: number, type: number, protocol: number): [NativeSocket, NativeSocket] | NegatedErrno;
  /** open(2) of a namespace file such as /run/netns/NAME or /proc/PID/ns/net. -EINVAL when it is something else. */
  openNetns(path: string): NativeSocket | NegatedErrno;
  /**
   * open(2), creating, and flock(2) of a file for this process alone, until the object is closed or the process ends.
   * -EAGAIN while another has it. Its owner may remove the file before it lets go.
   */
  lockFile(path: string): NativeSocket | NegatedErrno;

  /**
   * Follows an open description for as long as it exists anywhere: here, in another process, or in a message that nobody has
   * received. 0 or -errno (-EPERM: files and directories cannot be followed). `id` replaces an earlier one if this
   * very descriptor is followed already.
   */
  follow(socket: NativeSocket, id: number): number;
  /** Follows a file that was received, from when it is closed until a thread has done so. */
  followClosing(file: NativeSocket, id: number): void;
  /** The ids of those that exist. */
  followed(): number[] | NegatedErrno;
  /** Whether both directions of a connection have ended. Takes the number that `release` gave. */
  hasHungUp(descriptor: number): boolean;

  /** getaddrinfo(3). Bytes, because names need not be UTF-8. */
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
   * How many threads the resolver may use at once, for the whole process; they start on demand and end when idle.
   * Look-ups beyond that wait in order.
   */
  setResolverThreads(count: number): void;
  /** gai_strerror(3), hstrerror(3), strerror(3). */
  gaiStrerror(code: number): string;
  hstrerror(code: number): string;
  strerror(errno: number): string;
  /** Every errno of this host. Of two names for one value, EAGAIN, EDEADLK and EOPNOTSUPP (not ENOTSUP). */
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
  /** The number of the user of that name: getpwnam_r(3). -ENOENT when there is none. */
  getpwnam(name: string): number | NegatedErrno;

  /** inet_aton(3): four bytes in network order, or null. */
  inetAton(text: string): Uint8Array | null;
  /** inet_pton(3): bytes in network order, null for bad text, -EAFNOSUPPORT. */
  inetPton(family: number, text: string): Uint8Array | NegatedErrno | null;
  /** inet_ntop(3) of 4 or 16 bytes. */
  inetNtop(family: number, packed: Uint8Array): string | NegatedErrno;
  /** CMSG_LEN(3), CMSG_SPACE(3). */
  cmsgLen(length: number): number;
  cmsgSpace(length: number): number;

  /** Every constant of Python's socket module that this host's headers define. */
  constants(): readonly NativeConstant[];

  /** The address codecs by themselves, for every family, whether or not this kernel has it, and the guarded buffer. */
  readonly testing: {
    /** The bytes of the struct, family first. */
    encodeSockaddr(address: Sockaddr): Uint8Array | NegatedErrno;
    /** `family`, `type` and `protocol` are the socket's: AF_CAN and AF_BLUETOOTH addresses depend on its protocol. */
    decodeSockaddr(bytes: Uint8Array, family: number, type: number, protocol: number): Sockaddr;
    /** Fills what getsockopt(2) and ioctl(2) write to, of which a call with fewer bytes uses the last. */
    fillGuarded(value: number): void;
    guardedBytes(): Uint8Array;
  };
}
