import { create } from "@bufbuild/protobuf";
import { AddressFamily, type SocketType } from "../gen/sockbroker/v1/address_pb.js";
import { CloseSessionRequestSchema, SessionService } from "../gen/sockbroker/v1/session_service_pb.js";
import { closeChannel } from "../rpc/client-channel.js";
import { unaryCall } from "../rpc/unary-call.js";
import type { AddressInput, HostPort, SocketAddress } from "./address.js";
import { addressFromProto } from "./address-from-proto.js";
import { addressToProto } from "./address-to-proto.js";
import { Admin } from "./admin.js";
import { type BrokerContext, type CallOptions, type NetworkNamespace, netnsOf } from "./broker-context.js";
import * as order from "./byte-order.js";
import { type BytesInput, buffersToSend, bytesOf, toBuffer } from "./bytes.js";
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
import { ArgumentError } from "./errors.js";
import { type HandleSource, handleOf } from "./handle.js";
import { hostText } from "./idna.js";
import * as text from "./inet-text.js";
import { int32 } from "./int32.js";
import { localError } from "./local-error.js";
import { required } from "./required.js";
import * as resolver from "./resolver.js";
import { Socket } from "./socket.js";
import type { ReceiveOptions } from "./socket-receive.js";
import type { SendOptions } from "./socket-send.js";
import { Watcher, type WatchInterest } from "./watcher.js";

/** Options of `Broker.socket`. */
export interface SocketOptions extends CallOptions {
  /** A handle to describe instead of opening a socket. It is not duplicated. */
  readonly fileno?: HandleSource | undefined;
  /** The network namespace to open the socket in; unset: the daemon's own. */
  readonly netns?: NetworkNamespace | undefined;
}

/** Options of `Broker.createConnection`. */
export interface CreateConnectionOptions extends CallOptions {
  /**
   * Timeout of each attempt, and afterwards of the new socket, in seconds; null means no limit. Unset: the default
   * timeout.
   */
  readonly timeout?: number | null | undefined;
  /** Address to bind to first. */
  readonly sourceAddress?: AddressInput | undefined;
  /** Fail with the errors of all attempts in the message, not only the last. */
  readonly allErrors?: boolean | undefined;
  readonly netns?: NetworkNamespace | undefined;
}

/** Options of `Broker.createServer`. */
export interface CreateServerOptions extends CallOptions {
  /** AF_INET (default) or AF_INET6. The family of the address, if it has one, takes precedence. */
  readonly family?: number | undefined;
  readonly backlog?: number | undefined;
  /** Set SO_REUSEPORT. */
  readonly reusePort?: boolean | undefined;
  /** Also serve IPv4 on an IPv6 socket. */
  readonly dualstackIpv6?: boolean | undefined;
  readonly netns?: NetworkNamespace | undefined;
}

/** Handles received over a unix socket. */
export interface ReceivedFds {
  readonly data: Buffer;
  /** New handles, which the caller has to close. `Broker.socket` with `fileno` creates an object for one. */
  readonly fds: readonly bigint[];
  /** msg_flags, with MSG_CTRUNC if some handles did not fit. */
  readonly flags: number;
  readonly address: SocketAddress | null;
}

/** A decision of the policy. */
export interface PolicyDecision {
  readonly allowed: boolean;
  /** Name of the rule that decides; "default" if no rule matches. */
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
  /** Permissions; "*" for all. */
  readonly permissions: readonly string[];
  /** Endpoint patterns; "*" for all. */
  readonly endpoints: readonly string[];
}

/**
 * A session with a daemon, over a connection that is re-established when it breaks. Its methods are the functions of
 * Python's socket module, in camelCase.
 *
 * The errors are those of `Socket`. Create one with `connect()`.
 */
export class Broker implements AsyncDisposable {
  readonly #context: BrokerContext;
  readonly #who: WhoAmI;
  #closing: Promise<void> | null = null;

  /**
   * The token of a session that was requested: a secret, with which `connect` resumes it. null for the broker's own
   * session, which ends with it.
   */
  readonly sessionToken: string | null;
  /** Functions for operators. */
  readonly admin: Admin;

  /** Internal: use `connect`. */
  constructor(context: BrokerContext, who: WhoAmI, sessionToken: string | null) {
    this.#context = context;
    this.#who = who;
    this.sessionToken = sessionToken;
    this.admin = new Admin(context);
  }

  /** Every constant of Python's socket module that the daemon's host defines, with its value there. */
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

  /** The principal as which the daemon authenticated the caller, e.g. "uid:1000". */
  get principal(): string {
    return this.#who.principal;
  }

  /**
   * Ends the connection. Waiting calls reject with BROKER_CLOSED. Sockets of the broker's own session are closed; those
   * of a requested session stay open until its lease expires, or `closeSession`. Idempotent.
   */
  close(): Promise<void>;
  /** Closes a handle. Analogous to Python's `socket.close(fd)`. */
  close(fd: HandleSource, options?: CallOptions): Promise<void>;
  async close(...args: [fd?: HandleSource, options?: CallOptions]): Promise<void> {
    // Distinguished by the number of arguments: a handle that is undefined by mistake must not close the broker.
    if (args.length === 0) {
      this.#closing ??= this.#close();
      await this.#closing;
    } else {
      const [fd, { signal } = {}] = args;
      await this.#context.operations.call("close", { handle: handleOf(fd) }, signal);
    }
  }

  /** Ends the connection, like `close`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * Opens a socket. Analogous to socket(2) and Python's `socket.socket`. SOCK_NONBLOCK in the type sets the timeout to
   * 0.
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

  /** Opens two connected sockets, AF_UNIX by default. Analogous to socketpair(2). */
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
    if (family !== undefined && family !== AddressFamily.INET && family !== AddressFamily.INET6) {
      throw localError("EAFNOSUPPORT", "socket");
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

  /** Tells whether one IPv6 socket of the daemon's host can also serve IPv4. */
  async hasDualstackIpv6({ signal }: CallOptions = {}): Promise<boolean> {
    return (await this.#context.operations.call("hasDualstackIpv6", {}, signal)).supported;
  }

  /**
   * Duplicates a handle, and describes the duplicate with the given family, type and protocol; -1 means the kernel's
   * value. Analogous to Python's `socket.fromfd`.
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

  /** Duplicates a handle, and returns the new one. Analogous to Python's `socket.dup(fd)`. */
  async dup(fd: HandleSource, { signal }: CallOptions = {}): Promise<bigint> {
    const { socket } = await this.#context.operations.call("dup", { handle: handleOf(fd) }, signal);
    return required(socket, "socket").handle;
  }

  /** Sends handles over a unix socket; they stay open. Analogous to Python's `socket.send_fds`. */
  async sendFds(
    socket: HandleSource,
    buffers: Iterable<BytesInput>,
    fds: Iterable<HandleSource>,
    options: SendOptions & { readonly address?: AddressInput | undefined } = {},
  ): Promise<number> {
    const { flags = 0, address, timeout, signal } = options;
    const init = {
      handle: handleOf(socket),
      buffers: buffersToSend(buffers, "send_fds"),
      handles: Array.from(fds, handleOf),
      flags: int32(flags, "send_fds"),
      ...(address === undefined ? {} : { address: this.#encodeAddress(address, "send_fds", AddressFamily.UNIX) }),
      ...timeoutOf(timeout, "send_fds"),
    };
    return Number((await this.#context.operations.call("sendFds", init, signal)).sentBytes);
  }

  /**
   * Receives up to `maxBytes` bytes and `maxFds` handles over a unix socket. Analogous to Python's `socket.recv_fds`.
   */
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

  /** Windows only: rejects with NOT_SUPPORTED_ON_HOST elsewhere. Analogous to Python's `socket.fromshare`. */
  async fromshare(data: BytesInput, { signal }: CallOptions = {}): Promise<Socket> {
    const { socket } = await this.#context.operations.call("fromshare", { data: bytesOf(data, "fromshare") }, signal);
    return Socket.fromInfo(this.#context, socket, this.#context.defaultTimeout);
  }

  /** Returns the session's timeout for new sockets, in seconds; null means no limit. */
  async getdefaulttimeout({ signal }: CallOptions = {}): Promise<number | null> {
    const { timeout } = await this.#context.operations.call("getdefaulttimeout", {}, signal);
    this.#context.defaultTimeout = secondsOf(timeout);
    return this.#context.defaultTimeout;
  }

  /** Sets the session's timeout for new sockets, in seconds; null means no limit. Rejects like `Socket.settimeout`. */
  async setdefaulttimeout(timeout: number | null, { signal }: CallOptions = {}): Promise<void> {
    if (timeout === undefined) throw new TypeError("setdefaulttimeout(): a number of seconds or null is required");
    const init = timeout === null ? {} : { timeout: durationOf(timeout, "setdefaulttimeout") };
    await this.#context.operations.call("setdefaulttimeout", init, signal);
    this.#context.defaultTimeout = timeout === null ? null : roundedSeconds(timeout);
  }

  /**
   * Resolves a host and a service to addresses. Analogous to getaddrinfo(3). null means none. Typical errors:
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

  /** Returns a fully qualified name, or the given name if there is none; "" means the daemon's host. */
  async getfqdn(name = "", { signal }: CallOptions = {}): Promise<string> {
    return (await this.#context.operations.call("getfqdn", { name }, signal)).name;
  }

  /** Returns a service's port. `protocol` is "tcp" or "udp"; unset: any. Rejects with ArgumentError of kind "os". */
  async getservbyname(
    service: resolver.NameInput,
    protocol?: resolver.NameInput,
    options: CallOptions = {},
  ): Promise<number> {
    return resolver.getservbyname(this.#context, service, protocol, options);
  }

  /** Returns a port's service. `protocol` is "tcp" or "udp"; unset: any. Rejects with ArgumentError of kind "os". */
  async getservbyport(port: number, protocol?: resolver.NameInput, options: CallOptions = {}): Promise<string> {
    return resolver.getservbyport(this.#context, port, protocol, options);
  }

  /** Returns a protocol's number, e.g. of "icmp". Rejects with ArgumentError of kind "os". */
  async getprotobyname(protocol: resolver.NameInput, options: CallOptions = {}): Promise<number> {
    return resolver.getprotobyname(this.#context, protocol, options);
  }

  /** Lists the network interfaces of the daemon's host. */
  async ifNameindex({ signal }: CallOptions = {}): Promise<{ readonly index: number; readonly name: string }[]> {
    const { interfaces } = await this.#context.operations.call("ifNameindex", {}, signal);
    return interfaces.map(({ index, name }) => ({ index, name }));
  }

  /** Returns an interface's index. Rejects with ArgumentError of kind "os" if there is no such interface. */
  async ifNametoindex(name: string, { signal }: CallOptions = {}): Promise<number> {
    if (typeof name !== "string") throw new TypeError("if_nametoindex(): text is required");
    if (name.includes("\0")) throw new ArgumentError("value", "EMBEDDED_NUL", "if_nametoindex", "embedded null byte");
    return (await this.#context.operations.call("ifNametoindex", { name }, signal)).index;
  }

  /** Returns an interface's name. Typical errors: ENXIO. */
  async ifIndextoname(index: number, { signal }: CallOptions = {}): Promise<string> {
    if (!Number.isInteger(index)) throw new TypeError("if_indextoname(): a whole number is required");
    return (await this.#context.operations.call("ifIndextoname", { index }, signal)).name;
  }

  /** Returns the name of the daemon's host. */
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

  /** Tells whether the daemon was built with IPv6 support. */
  async hasIpv6({ signal }: CallOptions = {}): Promise<boolean> {
    return (await this.#context.operations.call("hasIpv6", {}, signal)).hasIpv6;
  }

  /** Like the function of the same name, for the daemon's host. */
  ntohl(value: number): number {
    return order.ntohl(value, this.host);
  }

  /** Like the function of the same name, for the daemon's host. */
  ntohs(value: number): number {
    return order.ntohs(value, this.host);
  }

  /** Like the function of the same name, for the daemon's host. */
  htonl(value: number): number {
    return order.htonl(value, this.host);
  }

  /** Like the function of the same name, for the daemon's host. */
  htons(value: number): number {
    return order.htons(value, this.host);
  }

  /** Like the function of the same name. */
  inetAton(address: string): Buffer {
    return text.inetAton(address);
  }

  /** Like the function of the same name. */
  inetNtoa(packed: BytesInput): string {
    return text.inetNtoa(packed);
  }

  /** Like the function of the same name. */
  inetPton(family: number, address: string): Buffer {
    return text.inetPton(family, address);
  }

  /** Like the function of the same name. */
  inetNtop(family: number, packed: BytesInput): string {
    return text.inetNtop(family, packed);
  }

  /** Like the function of the same name, for the daemon's host. */
  cmsgLen(lengthBytes: number): number {
    return cmsgLen(lengthBytes, this.host);
  }

  /** Like the function of the same name, for the daemon's host. */
  cmsgSpace(lengthBytes: number): number {
    return cmsgSpace(lengthBytes, this.host);
  }

  /**
   * Tells whether a permission would be granted, and by which rule, without any effect. Another principal than the
   * caller requires the permission `admin`.
   */
  async explainPolicy(
    permission: string,
    options: CallOptions & { readonly address?: AddressInput; readonly principal?: string } = {},
  ): Promise<PolicyDecision> {
    const { address, principal = "", signal } = options;
    const encoded = address === undefined ? {} : { address: this.#encodeAddress(address, "explainPolicy") };
    const response = await this.#context.operations.call(
      "explainPolicy",
      { permission, principal, ...encoded },
      signal,
    );
    return {
      allowed: response.allowed,
      rule: response.rule,
      principal: response.principal,
      reason: response.reason,
    };
  }

  /**
   * Returns the rules that apply to the caller, in order. The first rule that matches decides; if no rule matches, the
   * request is denied.
   */
  async getEffectivePolicy({ signal }: CallOptions = {}): Promise<{ principal: string; rules: PolicyRule[] }> {
    const { principal, rules } = await this.#context.operations.call("getEffectivePolicy", {}, signal);
    return { principal, rules: rules.map(({ $typeName: _, $unknown: __, ...rule }) => rule) };
  }

  /** Returns how the daemon identifies the caller, and the daemon's version, features and limits. */
  async whoAmI({ signal }: CallOptions = {}): Promise<WhoAmI> {
    return whoAmIFromProto(await this.#context.operations.call("whoAmI", {}, signal));
  }

  /** Describes the session. */
  async getSession({ signal }: CallOptions = {}): Promise<SessionInfo> {
    const { session } = await this.#context.operations.call("getSession", {}, signal);
    return sessionFromProto(required(session, "session"));
  }

  /**
   * Restarts the lease, and returns the seconds until it expires; null while a client is connected, because the lease
   * does not run then.
   */
  async renewSession({ signal }: CallOptions = {}): Promise<number | null> {
    return secondsOf((await this.#context.operations.call("renewSession", {}, signal)).remainingLease);
  }

  /**
   * Ends the session: its handles are closed, and waiting operations are cancelled. A connection's own session is
   * replaced by a new, empty one.
   */
  async closeSession({ signal }: CallOptions = {}): Promise<void> {
    await this.#context.operations.call("closeSession", {}, signal);
  }

  /** Watches for handles becoming ready, like epoll(7) with EPOLLONESHOT and Python's `select.epoll`. */
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
      // The connection broke. Another connection can still end the session, unless the daemon that has it is gone.
      const deadline = Date.now() + CLOSE_TIMEOUT_MS;
      await unaryCall(channel, SessionService.method.closeSession, create(CloseSessionRequestSchema), {
        deadline,
      }).catch(() => undefined);
    } finally {
      closeChannel(channel);
    }
  }

  #encodeAddress(address: AddressInput | HostPort, operation: string, family: number = AddressFamily.INET) {
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

/** How long ending a session over another connection may take, in milliseconds. */
const CLOSE_TIMEOUT_MS = 5_000;

/** -1 is Python's default and means "not given". */
function familyInit(family: number | undefined): { family: AddressFamily } | undefined {
  if (family === undefined || family === -1) return undefined;
  if (!Number.isInteger(family)) throw new TypeError("socket(): family must be a whole number");
  return { family };
}
