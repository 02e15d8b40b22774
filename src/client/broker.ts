import { create } from "@bufbuild/protobuf";
import type { AddressFamily, SocketType } from "../gen/sockbroker/v1/address_pb.js";
import { CloseSessionRequestSchema, SessionService } from "../gen/sockbroker/v1/session_service_pb.js";
import { closeChannel } from "../rpc/client-channel.js";
import { unaryCall } from "../rpc/unary-call.js";
import type { AddressInput, HostPort, SocketAddress } from "./address.js";
import { addressFromProto } from "./address-from-proto.js";
import { addressToProto } from "./address-to-proto.js";
import { Admin } from "./admin.js";
import { type BrokerContext, type CallOptions, type NetworkNamespace, netnsOf } from "./broker-context.js";
import * as order from "./byte-order.js";
import { type BytesInput, buffersOf, bytesOf, toBuffer } from "./bytes.js";
import { cmsgLen, cmsgSpace } from "./cmsg-size.js";
import type { Constants } from "./constants.js";
import {
  type DaemonLimits,
  type HostInfo,
  type SessionInfo,
  sessionFromProto,
  type WhoAmI,
  whoAmIFromProto,
} from "./daemon-info.js";
import { durationOf, roundedSeconds, secondsOf, timeoutOf } from "./duration.js";
import { ArgumentError, SocketError } from "./errors.js";
import { type HandleSource, handleOf } from "./handle.js";
import { hostText } from "./idna.js";
import * as text from "./inet-text.js";
import { int32 } from "./int32.js";
import { required } from "./required.js";
import * as resolver from "./resolver.js";
import { Socket } from "./socket.js";
import type { ReceiveOptions } from "./socket-receive.js";
import type { SendOptions } from "./socket-send.js";
import { Watcher, type WatchInterest } from "./watcher.js";

/** How to open a socket. */
export interface SocketOptions extends CallOptions {
  /** A handle to describe, in place of opening a socket: the same resource, not a duplicate. */
  readonly fileno?: HandleSource | undefined;
  /** The network namespace to open it in; unset: the daemon's own. */
  readonly netns?: NetworkNamespace | undefined;
}

/** How to connect by name. */
export interface CreateConnectionOptions extends CallOptions {
  /** Seconds for each attempt, and the new socket's own afterwards; null waits for ever. Unset: the default timeout. */
  readonly timeout?: number | null | undefined;
  /** Where to bind first. */
  readonly sourceAddress?: AddressInput | undefined;
  /** Fail with every attempt's error in the message, and not with the last alone. */
  readonly allErrors?: boolean | undefined;
  readonly netns?: NetworkNamespace | undefined;
}

/** How to listen by name. */
export interface CreateServerOptions extends CallOptions {
  /** AF_INET (unset) or AF_INET6; an address with a family of its own decides. */
  readonly family?: number | undefined;
  readonly backlog?: number | undefined;
  /** Set SO_REUSEPORT. */
  readonly reusePort?: boolean | undefined;
  /** Serve IPv4 too on an IPv6 socket. */
  readonly dualstackIpv6?: boolean | undefined;
  readonly netns?: NetworkNamespace | undefined;
}

/** Handles received over a unix socket. */
export interface ReceivedFds {
  readonly data: Buffer;
  /** New handles, the caller's to close; `Broker.socket` with `fileno` makes an object of one. */
  readonly fds: readonly bigint[];
  /** msg_flags; MSG_CTRUNC when some did not fit. */
  readonly flags: number;
  readonly address: SocketAddress | null;
}

/** A decision of the policy. */
export interface PolicyDecision {
  readonly allowed: boolean;
  /** Name of the rule that decides; "default" when none matches. */
  readonly rule: string;
  readonly principal: string;
  /** One sentence. */
  readonly reason: string;
}

/** A rule of the policy. */
export interface PolicyRule {
  readonly name: string;
  readonly allow: boolean;
  readonly principals: readonly string[];
  /** Verbs; "*" for all. */
  readonly operations: readonly string[];
  /** Endpoint patterns; "*" for all. */
  readonly endpoints: readonly string[];
}

/**
 * A session with a daemon, over a connection that comes back when it breaks: its methods are the functions of Python's socket module, in camelCase.
 *
 * The errors are those of `Socket`. `connect()` makes brokers.
 */
export class Broker implements AsyncDisposable {
  readonly #context: BrokerContext;
  readonly #who: WhoAmI;
  #closing: Promise<void> | null = null;

  /**
   * The token of a session that was asked for: a secret, with which `connect` resumes it; null for the broker's own, which
   * ends with it.
   */
  readonly sessionToken: string | null;
  /** What operators may do. */
  readonly admin: Admin;

  /** Not for callers: `connect` makes brokers. */
  constructor(context: BrokerContext, who: WhoAmI, sessionToken: string | null) {
    this.#context = context;
    this.#who = who;
    this.sessionToken = sessionToken;
    this.admin = new Admin(context);
  }

  /** Every constant of Python's socket module that the daemon's host defines, with its values there. */
  get constants(): Constants {
    return this.#context.constants;
  }

  /** The daemon's host. */
  get host(): HostInfo {
    return this.#context.host;
  }

  /** The daemon's limits for this caller. */
  get limits(): DaemonLimits {
    return this.#context.limits;
  }

  /** The daemon's version. */
  get daemonVersion(): string {
    return this.#who.daemonVersion;
  }

  /** As whom the daemon knows the caller, e.g. "uid:1000". */
  get principal(): string {
    return this.#who.principal;
  }

  /**
   * Ends the connection. What waits rejects with BROKER_CLOSED. Sockets of the broker's own session are closed; those of a
   * session that was asked for stay open until its lease runs out, or `closeSession`. Idempotent.
   */
  close(): Promise<void>;
  /** Closes a handle. Analogous to Python's `socket.close(fd)`. */
  close(fd: HandleSource, options?: CallOptions): Promise<void>;
  async close(...args: [fd?: HandleSource, options?: CallOptions]): Promise<void> {
    // By their number and not by `undefined`: a handle that is missing by mistake must not close the broker.
    if (args.length === 0) {
      this.#closing ??= this.#close();
      await this.#closing;
    } else {
      const [fd, { signal } = {}] = args;
      await this.#context.operations.call("close", { handle: handleOf(fd) }, signal);
    }
  }

  /** Ends the connection, as `close`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * Opens a socket. Analogous to socket(2) and Python's `socket.socket`. SOCK_NONBLOCK in the type makes the timeout 0.
   *
   * Typical errors: EAFNOSUPPORT, EPROTONOSUPPORT, EPERM, EMFILE.
   */
  async socket(family?: number, type?: number, proto?: number, options: SocketOptions = {}): Promise<Socket> {
    const { fileno, netns, signal } = options;
    if (typeof fileno === "bigint" && fileno < 0n) {
      throw new ArgumentError("value", "NEGATIVE_HANDLE", "socket", "negative file descriptor");
    }
    const init = {
      ...familyInit(family),
      ...this.#typeInit(type),
      ...(proto === undefined || proto === -1 ? {} : { protocol: proto }),
      ...(fileno === undefined ? {} : { fileno: handleOf(fileno) }),
      ...netnsOf(netns),
    };
    const { socket, timeout } = await this.#context.operations.call("socket", init, signal);
    return Socket.fromInfo(this.#context, socket, secondsOf(timeout));
  }

  /** Opens two connected sockets, of AF_UNIX unless told otherwise. Analogous to socketpair(2). */
  async socketpair(
    family?: number,
    type?: number,
    proto = 0,
    { signal }: CallOptions = {},
  ): Promise<readonly [Socket, Socket]> {
    const init = { ...familyInit(family), ...this.#typeInit(type), protocol: proto };
    const { first, second } = await this.#context.operations.call("socketpair", init, signal);
    const timeout = this.#initialTimeout(type);
    return [Socket.fromInfo(this.#context, first, timeout), Socket.fromInfo(this.#context, second, timeout)];
  }

  /**
   * Resolves a name on the daemon's host, opens a TCP socket and connects it, trying each address in turn. Analogous to
   * Python's `socket.create_connection`. Rejects with the last attempt's error, or a ResolverError.
   */
  async createConnection(
    address: { readonly host: string | Uint8Array; readonly port: number | string },
    options: CreateConnectionOptions = {},
  ): Promise<Socket> {
    const { timeout, sourceAddress, allErrors = false, netns, signal } = options;
    const { host, port } = address;
    const init = {
      host: hostText(host, "create_connection"),
      destination:
        typeof port === "string"
          ? ({ case: "service", value: port } as const)
          : ({ case: "port", value: port } as const),
      ...timeoutOf(timeout, "create_connection"),
      ...(sourceAddress === undefined
        ? {}
        : { sourceAddress: this.#encodeAddress(sourceAddress, "create_connection") }),
      allErrors,
      ...netnsOf(netns),
    };
    const { socket } = await this.#context.operations.call("createConnection", init, signal);
    const own = timeout === undefined ? this.#context.defaultTimeout : timeout;
    return Socket.fromInfo(this.#context, socket, own === null ? null : roundedSeconds(own));
  }

  /**
   * Opens a TCP socket with SO_REUSEADDR, binds it and listens. Analogous to Python's `socket.create_server`.
   *
   * Typical errors: EADDRINUSE, EACCES; ArgumentError of kind "value" for dual stack without IPv6.
   */
  async createServer(address: AddressInput, options: CreateServerOptions = {}): Promise<Socket> {
    const { family, backlog, reusePort = false, dualstackIpv6 = false, netns, signal } = options;
    if (family !== undefined && family !== AF_INET && family !== AF_INET6) {
      throw new SocketError("EAFNOSUPPORT", 97, "socket", "linux", "Address family not supported by protocol");
    }
    const init = {
      address: this.#encodeAddress(address, "create_server", family),
      ...(backlog === undefined ? {} : { backlog }),
      reusePort,
      dualstackIpv6,
      ...netnsOf(netns),
    };
    const { socket } = await this.#context.operations.call("createServer", init, signal);
    return Socket.fromInfo(this.#context, socket, this.#context.defaultTimeout);
  }

  /** Tells whether one IPv6 socket of the daemon's host can serve IPv4 as well. */
  async hasDualstackIpv6({ signal }: CallOptions = {}): Promise<boolean> {
    return (await this.#context.operations.call("hasDualstackIpv6", {}, signal)).supported;
  }

  /**
   * Duplicates a handle, described as the caller says, and by the kernel where that is -1. Analogous to Python's
   * `socket.fromfd`.
   */
  async fromfd(
    fd: HandleSource,
    family: number,
    type: number,
    proto = 0,
    { signal }: CallOptions = {},
  ): Promise<Socket> {
    const init = { handle: handleOf(fd), ...familyInit(family), ...this.#typeInit(type), protocol: proto };
    const { socket } = await this.#context.operations.call("fromfd", init, signal);
    return Socket.fromInfo(this.#context, socket, this.#initialTimeout(type));
  }

  /** Duplicates a handle, and answers the new one. Analogous to Python's `socket.dup(fd)`. */
  async dup(fd: HandleSource, { signal }: CallOptions = {}): Promise<bigint> {
    const { socket } = await this.#context.operations.call("dup", { handle: handleOf(fd) }, signal);
    return required(socket, "socket").handle;
  }

  /** Sends handles over a unix socket; they stay open here. Analogous to Python's `socket.send_fds`. */
  async sendFds(
    socket: HandleSource,
    buffers: Iterable<BytesInput>,
    fds: Iterable<HandleSource>,
    options: SendOptions & { readonly address?: AddressInput | undefined } = {},
  ): Promise<number> {
    const { flags = 0, address, timeout, signal } = options;
    const init = {
      handle: handleOf(socket),
      buffers: buffersOf(buffers, "send_fds"),
      handles: Array.from(fds, handleOf),
      flags: int32(flags, "send_fds"),
      ...(address === undefined ? {} : { address: this.#encodeAddress(address, "send_fds", AF_UNIX) }),
      ...timeoutOf(timeout, "send_fds"),
    };
    return Number((await this.#context.operations.call("sendFds", init, signal)).sentBytes);
  }

  /** Receives at most so many bytes and handles over a unix socket. Analogous to Python's `socket.recv_fds`. */
  async recvFds(
    socket: HandleSource,
    maxBytes: number,
    maxFds: number,
    { flags = 0, timeout, signal }: ReceiveOptions = {},
  ): Promise<ReceivedFds> {
    if (!Number.isInteger(maxBytes)) throw new TypeError("recv_fds(): a whole number of bytes is required");
    if (int32(maxFds, "recv_fds") < 0) {
      throw new ArgumentError("overflow", "LENGTH_OUT_OF_RANGE", "recv_fds", "CMSG_LEN() argument out of range");
    }
    const init = {
      handle: handleOf(socket),
      maxBytes: BigInt(maxBytes),
      maxHandles: maxFds,
      flags: int32(flags, "recv_fds"),
      ...timeoutOf(timeout, "recv_fds"),
    };
    const response = await this.#context.operations.call("recvFds", init, signal);
    return {
      data: toBuffer(response.data),
      fds: response.handles,
      flags: response.flags,
      address: addressFromProto(response.address, this.#context.unixPaths),
    };
  }

  /** Is Windows' only: rejects with NOT_SUPPORTED_ON_HOST elsewhere. Analogous to Python's `socket.fromshare`. */
  async fromshare(data: BytesInput, { signal }: CallOptions = {}): Promise<Socket> {
    const { socket } = await this.#context.operations.call("fromshare", { data: bytesOf(data, "fromshare") }, signal);
    return Socket.fromInfo(this.#context, socket, this.#context.defaultTimeout);
  }

  /** Answers the timeout of new sockets in seconds; null waits for ever. It belongs to the session. */
  async getdefaulttimeout({ signal }: CallOptions = {}): Promise<number | null> {
    const { timeout } = await this.#context.operations.call("getdefaulttimeout", {}, signal);
    this.#context.defaultTimeout = secondsOf(timeout);
    return this.#context.defaultTimeout;
  }

  /** Sets the timeout of new sockets in seconds; null waits for ever. Rejects as `Socket.settimeout`. */
  async setdefaulttimeout(timeout: number | null, { signal }: CallOptions = {}): Promise<void> {
    if (timeout === undefined) throw new TypeError("setdefaulttimeout(): a number of seconds or null is required");
    const init = timeout === null ? {} : { timeout: durationOf(timeout, "setdefaulttimeout") };
    await this.#context.operations.call("setdefaulttimeout", init, signal);
    this.#context.defaultTimeout = timeout === null ? null : roundedSeconds(timeout);
  }

  /**
   * Resolves a host and a service to addresses. Analogous to getaddrinfo(3). null stands for none. Typical errors:
   * EAI_NONAME, EAI_AGAIN, EAI_SERVICE; ArgumentError of kind "unicode".
   */
  async getaddrinfo(
    host: resolver.NameInput | null,
    service: resolver.NameInput | number | null,
    options: resolver.GetaddrinfoOptions = {},
  ): Promise<resolver.AddressInfo[]> {
    return resolver.getaddrinfo(this.#context, host, service, options);
  }

  /** Resolves a numeric address to a host and a service. Analogous to getnameinfo(3). `flags` are NI_*. */
  async getnameinfo(address: AddressInput, flags = 0, options: CallOptions = {}): Promise<resolver.NameInfo> {
    return resolver.getnameinfo(this.#context, address, flags, options);
  }

  /** Resolves a host to its first IPv4 address. Analogous to gethostbyname(3). Rejects with ResolverError. */
  async gethostbyname(hostname: resolver.NameInput, options: CallOptions = {}): Promise<string> {
    return resolver.gethostbyname(this.#context, hostname, options);
  }

  /** Resolves a host to its name, aliases and IPv4 addresses. Rejects with ResolverError or HostError. */
  async gethostbynameEx(hostname: resolver.NameInput, options: CallOptions = {}): Promise<resolver.HostEntry> {
    return resolver.gethostbynameEx(this.#context, hostname, options);
  }

  /** Resolves an address to a host's name, aliases and addresses. Rejects with ResolverError or HostError. */
  async gethostbyaddr(address: resolver.NameInput, options: CallOptions = {}): Promise<resolver.HostEntry> {
    return resolver.gethostbyaddr(this.#context, address, options);
  }

  /** Answers a fully qualified name, or the name itself where there is none; "" is the daemon's host. */
  async getfqdn(name = "", { signal }: CallOptions = {}): Promise<string> {
    return (await this.#context.operations.call("getfqdn", { name }, signal)).name;
  }

  /** Answers a service's port. `protocol` is "tcp" or "udp"; unset: any. Rejects with ArgumentError of kind "os". */
  async getservbyname(
    service: resolver.NameInput,
    protocol?: resolver.NameInput,
    options: CallOptions = {},
  ): Promise<number> {
    return resolver.getservbyname(this.#context, service, protocol, options);
  }

  /** Answers a port's service. `protocol` is "tcp" or "udp"; unset: any. Rejects with ArgumentError of kind "os". */
  async getservbyport(port: number, protocol?: resolver.NameInput, options: CallOptions = {}): Promise<string> {
    return resolver.getservbyport(this.#context, port, protocol, options);
  }

  /** Answers a protocol's number, e.g. of "icmp". Rejects with ArgumentError of kind "os". */
  async getprotobyname(protocol: resolver.NameInput, options: CallOptions = {}): Promise<number> {
    return resolver.getprotobyname(this.#context, protocol, options);
  }

  /** Lists the network interfaces of the daemon's host. */
  async ifNameindex({ signal }: CallOptions = {}): Promise<{ readonly index: number; readonly name: string }[]> {
    const { interfaces } = await this.#context.operations.call("ifNameindex", {}, signal);
    return interfaces.map(({ index, name }) => ({ index, name }));
  }

  /** Answers an interface's index. Rejects with ArgumentError of kind "os" when there is none. */
  async ifNametoindex(name: string, { signal }: CallOptions = {}): Promise<number> {
    if (typeof name !== "string") throw new TypeError("if_nametoindex(): text is required");
    if (name.includes("\0")) throw new ArgumentError("value", "EMBEDDED_NUL", "if_nametoindex", "embedded null byte");
    return (await this.#context.operations.call("ifNametoindex", { name }, signal)).index;
  }

  /** Answers an interface's name. Typical errors: ENXIO. */
  async ifIndextoname(index: number, { signal }: CallOptions = {}): Promise<string> {
    if (!Number.isInteger(index)) throw new TypeError("if_indextoname(): a whole number is required");
    return (await this.#context.operations.call("ifIndextoname", { index }, signal)).name;
  }

  /** Answers the name of the daemon's host. */
  async gethostname({ signal }: CallOptions = {}): Promise<string> {
    return (await this.#context.operations.call("gethostname", {}, signal)).hostname;
  }

  /** Sets the name of the daemon's host. Typical errors: EPERM, EINVAL (too long). */
  async sethostname(hostname: string | Uint8Array, { signal }: CallOptions = {}): Promise<void> {
    const bytes = typeof hostname === "string" ? Buffer.from(hostname) : bytesOf(hostname, "sethostname");
    await this.#context.operations.call(
      "sethostname",
      { name: resolver.nameOf(bytes, "hostname", "rawHostname") },
      signal,
    );
  }

  /** Tells whether the daemon's host was built with IPv6. */
  async hasIpv6({ signal }: CallOptions = {}): Promise<boolean> {
    return (await this.#context.operations.call("hasIpv6", {}, signal)).hasIpv6;
  }

  /** As the function of this name, for the daemon's host. */
  ntohl(value: number): number {
    return order.ntohl(value, this.host);
  }

  /** As the function of this name, for the daemon's host. */
  ntohs(value: number): number {
    return order.ntohs(value, this.host);
  }

  /** As the function of this name, for the daemon's host. */
  htonl(value: number): number {
    return order.htonl(value, this.host);
  }

  /** As the function of this name, for the daemon's host. */
  htons(value: number): number {
    return order.htons(value, this.host);
  }

  /** As the function of this name. */
  inetAton(address: string): Buffer {
    return text.inetAton(address);
  }

  /** As the function of this name. */
  inetNtoa(packed: BytesInput): string {
    return text.inetNtoa(packed);
  }

  /** As the function of this name. */
  inetPton(family: number, address: string): Buffer {
    return text.inetPton(family, address);
  }

  /** As the function of this name. */
  inetNtop(family: number, packed: BytesInput): string {
    return text.inetNtop(family, packed);
  }

  /** As the function of this name, for the daemon's host. */
  cmsgLen(lengthBytes: number): number {
    return cmsgLen(lengthBytes, this.host);
  }

  /** As the function of this name, for the daemon's host. */
  cmsgSpace(lengthBytes: number): number {
    return cmsgSpace(lengthBytes, this.host);
  }

  /**
   * Tells whether something would be allowed, and by which rule, without doing it. `operation` is a verb of the policy, e.g.
   * "connect"; another's `principal` takes the verb `admin`.
   */
  async explainPolicy(
    operation: string,
    options: CallOptions & { readonly address?: AddressInput; readonly principal?: string } = {},
  ): Promise<PolicyDecision> {
    const { address, principal = "", signal } = options;
    const encoded = address === undefined ? {} : { address: this.#encodeAddress(address, "explainPolicy") };
    const response = await this.#context.operations.call("explainPolicy", { operation, principal, ...encoded }, signal);
    return {
      allowed: response.allowed,
      rule: response.rule,
      principal: response.principal,
      reason: response.reason,
    };
  }

  /** Answers the rules that apply to the caller, in their order: the first match decides, and none denies. */
  async getEffectivePolicy({ signal }: CallOptions = {}): Promise<{ principal: string; rules: PolicyRule[] }> {
    const { principal, rules } = await this.#context.operations.call("getEffectivePolicy", {}, signal);
    return { principal, rules: rules.map(({ $typeName: _, $unknown: __, ...rule }) => rule) };
  }

  /** Answers how the daemon sees the caller, and what daemon it is. */
  async whoAmI({ signal }: CallOptions = {}): Promise<WhoAmI> {
    return whoAmIFromProto(await this.#context.operations.call("whoAmI", {}, signal));
  }

  /** Describes the session. */
  async getSession({ signal }: CallOptions = {}): Promise<SessionInfo> {
    const { session } = await this.#context.operations.call("getSession", {}, signal);
    return sessionFromProto(required(session, "session"));
  }

  /** Starts the lease anew, and answers how many seconds are left of it: null, for it does not run while one is connected. */
  async renewSession({ signal }: CallOptions = {}): Promise<number | null> {
    return secondsOf((await this.#context.operations.call("renewSession", {}, signal)).remainingLease);
  }

  /** Ends the session: its handles are closed, what waits is cancelled. The connection's own begins anew, empty. */
  async closeSession({ signal }: CallOptions = {}): Promise<void> {
    await this.#context.operations.call("closeSession", {}, signal);
  }

  /** Watches when handles become ready, as epoll(7) with EPOLLONESHOT and Python's `select.epoll`. */
  watch(interests: Iterable<WatchInterest>, options: CallOptions = {}): Watcher {
    const watcher = new Watcher(this.#context, options);
    watcher.watch(interests);
    return watcher;
  }

  async #close(): Promise<void> {
    const { channel, operations, ownsSession } = this.#context;
    try {
      const told = await operations.close({ session: ownsSession });
      if (told || !ownsSession) return;
      // The connection broke meanwhile; another one can still end the session, or there is no daemon that has it.
      const deadline = Date.now() + CLOSE_TIMEOUT_MS;
      await unaryCall(channel, SessionService.method.closeSession, create(CloseSessionRequestSchema), {
        deadline,
      }).catch(() => undefined);
    } finally {
      closeChannel(channel);
    }
  }

  #encodeAddress(address: AddressInput | HostPort, operation: string, family: number = AF_INET) {
    return addressToProto(address, { operation, family, unixPaths: this.#context.unixPaths });
  }

  #typeInit(type: number | undefined): { type: SocketType; typeFlags: number } | undefined {
    if (type === undefined || type === -1) return undefined;
    if (!Number.isInteger(type)) throw new TypeError("socket(): type must be a whole number");
    const { SOCK_NONBLOCK, SOCK_CLOEXEC } = this.constants;
    const typeFlags = type & (SOCK_NONBLOCK | SOCK_CLOEXEC);
    return { type: type & ~typeFlags, typeFlags };
  }

  #initialTimeout(type: number | undefined): number | null {
    const nonBlocking = type !== undefined && type !== -1 && (type & this.constants.SOCK_NONBLOCK) !== 0;
    return nonBlocking ? 0 : this.#context.defaultTimeout;
  }
}

/** How long a session may take to end over another connection, in milliseconds. */
const CLOSE_TIMEOUT_MS = 5_000;
const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;

/** Python's default for "not given" is -1. */
function familyInit(family: number | undefined): { family: AddressFamily } | undefined {
  if (family === undefined || family === -1) return undefined;
  if (!Number.isInteger(family)) throw new TypeError("socket(): family must be a whole number");
  return { family };
}
