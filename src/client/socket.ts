import { type AddressFamily, SocketType } from "../gen/sockbroker/v1/address_pb.js";
import type { SocketInfo } from "../gen/sockbroker/v1/socket_pb.js";
import type { AddressInput, SocketAddress } from "./address.js";
import { Attachment as AttachmentOf, type AttachOptions } from "./attachment.js";
import type { BrokerContext, CallOptions, WaitOptions } from "./broker-context.js";
import { type BytesInput, bytesOf, toBuffer } from "./bytes.js";
import { durationOf, roundedSeconds, timeoutOf } from "./duration.js";
import { BrokerError, SocketError } from "./errors.js";
import type { Frame as FrameOf } from "./frames.js";
import { int32 } from "./int32.js";
import { EBADF } from "./linux.js";
import { required } from "./required.js";
import { createDuplex, type DuplexSource, type SocketDuplex, type SocketDuplexOptions } from "./socket-duplex.js";
import { type FileSource, type SendFileOptions, sendfile } from "./socket-file.js";
import {
  type GetOptionOptions,
  getsockopt,
  type Linger,
  type OptionInput,
  type SetOptionOptions,
  setsockopt,
} from "./socket-options.js";
import * as receive from "./socket-receive.js";
import * as transmit from "./socket-send.js";
import { decodeAddress, encodeAddress, perform, type SocketState, socketState } from "./socket-state.js";
import { createWebStreams, type WebStreams, type WebStreamsOptions } from "./web-streams.js";

/** A data stream on one socket: see `Socket.attach`. */
export type Attachment = AttachmentOf<Socket>;

/** What an attachment delivers, in order. */
export type Frame = FrameOf<Socket>;

/** An accepted connection and its peer. */
export interface Accepted {
  readonly socket: Socket;
  /** The peer's address; null if the kernel returned none. */
  readonly address: SocketAddress | null;
}

/** The addresses of a connected socket. */
export interface ConnectedAddresses {
  readonly localAddress: SocketAddress | null;
  readonly peerAddress: SocketAddress | null;
}

/** Chunk size of `chunks()`, and the largest message that `messages()` returns untruncated. */
const ITERATION_BYTES = 64 * 1024;

/**
 * A socket that the daemon owns. Its methods are those of Python's socket objects, in camelCase.
 *
 * Common to all methods that call the daemon: an argument of the wrong type is a TypeError before anything is sent; an
 * error of the kernel is a SocketError; a timeout a SocketTimeoutError; a denial by the policy a PolicyDenial; a
 * missing handle or connection a BrokerError. After `close()` they reject with a SocketError EBADF. Buffers may be
 * reused as soon as the method has returned its promise. Python's `makefile()` is `duplex()`.
 */
export class Socket implements AsyncDisposable {
  readonly #state: SocketState;
  #detached = false;

  /** Internal: use the methods of `Broker`. */
  constructor(state: SocketState) {
    this.#state = state;
  }

  /** Creates the object for a socket that the daemon opened. Internal. */
  static fromInfo(context: BrokerContext, info: SocketInfo | undefined, timeout: number | null): Socket {
    return new Socket(socketState(context, required(info, "socket"), timeout));
  }

  /** The session's id for the socket, also after it was closed. */
  get handle(): bigint {
    return this.#state.handle;
  }

  /** AF_*. */
  get family(): AddressFamily {
    return this.#state.family;
  }

  /** SOCK_*, without flags. */
  get type(): SocketType {
    return this.#state.type;
  }

  /** The value given when it was opened. */
  get proto(): number {
    return this.#state.proto;
  }

  /** Like `gettimeout()`. */
  get timeout(): number | null {
    return this.#state.timeout;
  }

  /** Whether the object was closed or detached. */
  get closed(): boolean {
    return this.#state.closed;
  }

  /** Returns the handle, or -1n if the object was closed or detached. Analogous to Python's `socket.fileno`. */
  fileno(): bigint {
    return this.#state.closed ? -1n : this.#state.handle;
  }

  /**
   * Binds to an address, and returns the effective one. Analogous to bind(2).
   *
   * Typical errors: EADDRINUSE, EACCES, EADDRNOTAVAIL, EINVAL (already bound).
   */
  async bind(address: AddressInput, { signal }: CallOptions = {}): Promise<SocketAddress | null> {
    const init = { handle: this.handle, address: encodeAddress(this.#state, address, "bind") };
    const response = await perform(this.#state, "bind", init, signal);
    return decodeAddress(this.#state, response.localAddress);
  }

  /**
   * Makes the socket accept connections, and returns its address. Analogous to listen(2). Typical errors: EOPNOTSUPP.
   */
  async listen(backlog?: number, { signal }: CallOptions = {}): Promise<SocketAddress | null> {
    const init = { handle: this.handle, ...(backlog === undefined ? {} : { backlog: int32(backlog, "listen") }) };
    const response = await perform(this.#state, "listen", init, signal);
    return decodeAddress(this.#state, response.localAddress);
  }

  /**
   * Accepts the next connection, with the broker's default timeout. Analogous to accept(2).
   *
   * Typical errors: EINVAL (not listening), EMFILE.
   */
  async accept(options: WaitOptions = {}): Promise<Accepted> {
    const init = { handle: this.handle, ...timeoutOf(options.timeout, "accept") };
    const { socket } = await perform(this.#state, "accept", init, options.signal);
    const { context } = this.#state;
    return {
      socket: Socket.fromInfo(context, socket, context.defaultTimeout),
      address: decodeAddress(this.#state, socket?.peerAddress),
    };
  }

  /**
   * Connects to an address, or sets a datagram socket's peer. Analogous to connect(2).
   *
   * Typical errors: ECONNREFUSED, EISCONN, ENETUNREACH, ETIMEDOUT; EINPROGRESS with timeout 0.
   */
  async connect(address: AddressInput, options: WaitOptions = {}): Promise<ConnectedAddresses> {
    const target = encodeAddress(this.#state, address, "connect");
    const init = { handle: this.handle, address: target, ...timeoutOf(options.timeout, "connect") };
    const response = await perform(this.#state, "connectTo", init, options.signal);
    return {
      localAddress: decodeAddress(this.#state, response.localAddress),
      peerAddress: decodeAddress(this.#state, response.peerAddress),
    };
  }

  /**
   * Connects, and returns 0 or the kernel's errno (positive, of the daemon's host): EAGAIN if the timeout expired.
   * Analogous to Python's `socket.connect_ex`. Other errors still reject.
   */
  async connectEx(address: AddressInput, options: WaitOptions = {}): Promise<number> {
    const target = encodeAddress(this.#state, address, "connect_ex");
    if (this.#state.closed) return EBADF;
    const init = { handle: this.handle, address: target, ...timeoutOf(options.timeout, "connect_ex") };
    return (await perform(this.#state, "connectEx", init, options.signal)).errorNumber;
  }

  /** Shuts down SHUT_RD (0), SHUT_WR (1) or SHUT_RDWR (2). Analogous to shutdown(2). Typical errors: ENOTCONN. */
  async shutdown(how: number, { signal }: CallOptions = {}): Promise<void> {
    await perform(this.#state, "shutdown", { handle: this.handle, how: int32(how, "shutdown") }, signal);
  }

  /**
   * Closes the socket. Operations that wait on it end with EBADF. Idempotent, and without effect once the broker was
   * closed. Analogous to close(2).
   */
  async close(): Promise<void> {
    if (this.#state.closed) return;
    this.#state.closed = true;
    const { context, handle } = this.#state;
    try {
      await context.operations.call("close", { handle });
    } catch (error) {
      if (!endedWithSession(error, context)) throw error;
    }
  }

  /** Closes the socket. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * Returns the handle and leaves it open: this object is closed, and the caller owns the handle. A second call returns
   * -1n. Analogous to Python's `socket.detach`.
   */
  async detach({ signal }: CallOptions = {}): Promise<bigint> {
    if (this.#detached || this.#state.closed) return -1n;
    const { handle } = await perform(this.#state, "detach", { handle: this.handle }, signal);
    this.#detached = true;
    this.#state.closed = true;
    return handle;
  }

  /** Creates a second handle for the same open description, with the same timeout. Analogous to dup(2). */
  async dup({ signal }: CallOptions = {}): Promise<Socket> {
    const { socket } = await perform(this.#state, "dup", { handle: this.handle }, signal);
    return Socket.fromInfo(this.#state.context, socket, this.#state.timeout);
  }

  /** Tells whether child processes are meant to inherit the handle. Analogous to Python's `socket.get_inheritable`. */
  async getInheritable({ signal }: CallOptions = {}): Promise<boolean> {
    return (await perform(this.#state, "getInheritable", { handle: this.handle }, signal)).inheritable;
  }

  /** Sets whether child processes are meant to inherit the handle. The daemon's own descriptors are never inherited. */
  async setInheritable(inheritable: boolean, { signal }: CallOptions = {}): Promise<void> {
    if (typeof inheritable !== "boolean") throw new TypeError("set_inheritable(): a boolean is required");
    await perform(this.#state, "setInheritable", { handle: this.handle, inheritable }, signal);
  }

  /** Returns the local address. Analogous to getsockname(2). */
  async getsockname({ signal }: CallOptions = {}): Promise<SocketAddress | null> {
    const { address } = await perform(this.#state, "getsockname", { handle: this.handle }, signal);
    return decodeAddress(this.#state, address);
  }

  /** Returns the peer's address. Analogous to getpeername(2). Typical errors: ENOTCONN. */
  async getpeername({ signal }: CallOptions = {}): Promise<SocketAddress | null> {
    const { address } = await perform(this.#state, "getpeername", { handle: this.handle }, signal);
    return decodeAddress(this.#state, address);
  }

  /**
   * Returns an option's value: an int; raw bytes with `maxBytes`; a typed value with `format`. Analogous to
   * getsockopt(2).
   *
   * Typical errors: ENOPROTOOPT; ArgumentError of kind "os" for maxBytes beyond 1024.
   */
  getsockopt(level: number, name: number, options: GetOptionOptions & { format: "linger" }): Promise<Linger>;
  getsockopt(level: number, name: number, options: GetOptionOptions & { format: "timeval" }): Promise<number>;
  getsockopt(level: number, name: number, options: GetOptionOptions & { maxBytes: number }): Promise<Buffer>;
  getsockopt(level: number, name: number, options?: CallOptions): Promise<number>;
  async getsockopt(level: number, name: number, options: GetOptionOptions = {}): Promise<number | Buffer | Linger> {
    return getsockopt(this.#state, level, name, options);
  }

  /** Sets an option. Analogous to setsockopt(2). Typical errors: ENOPROTOOPT, EINVAL (wrong size), EPERM. */
  async setsockopt(level: number, name: number, value: OptionInput, options: SetOptionOptions = {}): Promise<void> {
    await setsockopt(this.#state, level, name, value, options);
  }

  /**
   * Sets the timeout of operations, in seconds as in Python (not milliseconds): null means no limit, 0 means not to
   * wait. It is rounded up to nanoseconds. Rejects with ArgumentError for NaN, a negative number, or more than 292
   * years.
   */
  async settimeout(timeout: number | null, { signal }: CallOptions = {}): Promise<void> {
    if (timeout === undefined) throw new TypeError("settimeout(): a number of seconds or null is required");
    const init = timeout === null ? {} : { timeout: durationOf(timeout, "settimeout") };
    await perform(this.#state, "settimeout", { handle: this.handle, ...init }, signal);
    this.#state.timeout = timeout === null ? null : roundedSeconds(timeout);
  }

  /** Returns the timeout in seconds; null means no limit. Also after `close()`. */
  gettimeout(): number | null {
    return this.#state.timeout;
  }

  /** Same as `settimeout(null)` for true, and `settimeout(0)` for false. */
  async setblocking(blocking: boolean, { signal }: CallOptions = {}): Promise<void> {
    if (typeof blocking !== "boolean") throw new TypeError("setblocking(): a boolean is required");
    await perform(this.#state, "setblocking", { handle: this.handle, blocking }, signal);
    this.#state.timeout = blocking ? null : 0;
  }

  /** Tells whether the timeout is not 0. Also after `close()`. */
  getblocking(): boolean {
    return this.#state.timeout !== 0;
  }

  /**
   * Receives up to `maxBytes` bytes. An empty result means end of data on a stream, and an empty message on other
   * sockets. Analogous to recv(2).
   *
   * Typical errors: EAGAIN, ECONNRESET, ENOTCONN.
   */
  async recv(maxBytes: number, options: receive.ReceiveOptions = {}): Promise<Buffer> {
    return receive.recv(this.#state, maxBytes, options);
  }

  /**
   * Receives into a buffer, and returns the number of bytes; with MSG_TRUNC in the flags, the message's real length.
   */
  async recvInto(buffer: BytesInput, options: receive.ReceiveIntoOptions = {}): Promise<number> {
    return receive.recvInto(this.#state, buffer, options);
  }

  /**
   * Returns bytes that were received and not used to a stream socket: the next receive returns them, on this socket or on
   * a duplicate, before all other data. For a socket that is handed on, for example by `sendFds`.
   *
   * Typical errors: `ArgumentError` for more bytes than were received; HANDLE_BUSY while an attachment receives.
   */
  async pushBack(data: BytesInput, options: CallOptions = {}): Promise<void> {
    return receive.pushBack(this.#state, data, options);
  }

  /** Receives bytes and their sender's address. Analogous to recvfrom(2). */
  async recvfrom(maxBytes: number, options: receive.ReceiveOptions = {}): Promise<receive.ReceivedFrom> {
    return receive.recvfrom(this.#state, maxBytes, options);
  }

  /** Receives into a buffer, and returns the number of bytes and their sender. */
  async recvfromInto(buffer: BytesInput, options: receive.ReceiveIntoOptions = {}): Promise<receive.ReceivedFromInto> {
    return receive.recvfromInto(this.#state, buffer, options);
  }

  /**
   * Receives bytes, ancillary data, flags and the sender's address. Analogous to recvmsg(2). Descriptors arrive as new
   * handles, which the caller has to close.
   */
  async recvmsg(maxBytes: number, options: receive.ReceiveMessageOptions = {}): Promise<receive.ReceivedMessage> {
    return receive.recvmsg(this.#state, maxBytes, options);
  }

  /** Like `recvmsg`, distributing the bytes over several buffers. */
  async recvmsgInto(
    buffers: Iterable<BytesInput>,
    options: receive.ReceiveMessageOptions = {},
  ): Promise<receive.ReceivedMessageInto> {
    return receive.recvmsgInto(this.#state, buffers, options);
  }

  /**
   * Sends bytes, and returns how many the kernel accepted: on a stream possibly fewer than given. Analogous to send(2).
   *
   * Typical errors: EAGAIN, EPIPE, ECONNRESET, EMSGSIZE, EDESTADDRREQ.
   */
  async send(data: BytesInput, options: transmit.SendOptions = {}): Promise<number> {
    return transmit.send(this.#state, data, options);
  }

  /**
   * Sends all bytes. The timeout applies to the whole operation. If it rejects, the number of bytes sent is unknown.
   */
  async sendall(data: BytesInput, options: transmit.SendOptions = {}): Promise<void> {
    await transmit.sendall(this.#state, data, options);
  }

  /** Sends bytes to an address. Analogous to sendto(2). */
  async sendto(data: BytesInput, address: AddressInput, options: transmit.SendOptions = {}): Promise<number> {
    return transmit.sendto(this.#state, data, address, options);
  }

  /**
   * Sends one message from several buffers, with ancillary data. Analogous to sendmsg(2). More than 1024 buffers are
   * EMSGSIZE.
   */
  async sendmsg(buffers: Iterable<BytesInput>, options: transmit.SendMessageOptions = {}): Promise<number> {
    return transmit.sendmsg(this.#state, buffers, options);
  }

  /** Sends to an AF_ALG socket. Analogous to Python's `socket.sendmsg_afalg`. */
  async sendmsgAfalg(buffers: Iterable<BytesInput>, options: transmit.SendAfalgOptions): Promise<number> {
    return transmit.sendmsgAfalg(this.#state, buffers, options);
  }

  /**
   * Sends a file, and returns the number of bytes sent. A file of this process is read here; a file for which the
   * session has a handle is sent by the daemon. Analogous to Python's `socket.sendfile`; the position of an open file
   * does not change.
   */
  async sendfile(file: FileSource, options: SendFileOptions = {}): Promise<number> {
    return sendfile(this.#state, file, options);
  }

  /**
   * Performs an ioctl(2) whose argument type the daemon knows. An int argument returns an int, bytes return bytes in
   * the layout of the daemon's host.
   *
   * Typical errors: ENOTTY, EINVAL; NOT_SUPPORTED_ON_HOST for an unknown request.
   */
  ioctl(request: number | bigint, argument: number, options?: CallOptions): Promise<number>;
  ioctl(request: number | bigint, argument: BytesInput, options?: CallOptions): Promise<Buffer>;
  async ioctl(
    request: number | bigint,
    argument: number | BytesInput,
    { signal }: CallOptions = {},
  ): Promise<number | Buffer> {
    const input =
      typeof argument === "number"
        ? ({ case: "integer", value: int32(argument, "ioctl") } as const)
        : ({ case: "data", value: bytesOf(argument, "ioctl") } as const);
    const init = { handle: this.handle, request: BigInt(request), argument: input };
    const { result } = await perform(this.#state, "ioctl", init, signal);
    return result.case === "data" ? toBuffer(result.value) : (result.value ?? 0);
  }

  /** Windows only: rejects with NOT_SUPPORTED_ON_HOST elsewhere. Analogous to Python's `socket.share`. */
  async share(processId: number, { signal }: CallOptions = {}): Promise<Buffer> {
    return toBuffer((await perform(this.#state, "share", { handle: this.handle, processId }, signal)).data);
  }

  /**
   * Iterates over accepted connections, each of which the caller has to close. Ends when the socket is closed. Leaving
   * the loop loses no connection.
   */
  async *connections(options: WaitOptions = {}): AsyncGenerator<Accepted, void, undefined> {
    yield* this.#repeat(() => this.accept(options));
  }

  /**
   * Iterates over the messages of a datagram, raw or CAN socket. Ends when the socket is closed, and for SOCK_SEQPACKET
   * at an empty message, which is how the end of such a connection reads.
   */
  async *messages(
    options: receive.ReceiveMessageOptions & { maxBytes?: number } = {},
  ): AsyncGenerator<receive.ReceivedMessage, void, undefined> {
    const { maxBytes = ITERATION_BYTES } = options;
    for await (const message of this.#repeat(() => this.recvmsg(maxBytes, options))) {
      if (message.length === 0 && this.type === SocketType.SEQPACKET) return;
      yield message;
    }
  }

  /** Iterates over the bytes of a stream, until its end or until the socket is closed. */
  async *chunks(options: receive.ReceiveOptions & { maxBytes?: number } = {}): AsyncGenerator<Buffer, void, undefined> {
    const { maxBytes = ITERATION_BYTES } = options;
    for await (const chunk of this.#repeat(() => this.recv(maxBytes, options))) {
      if (chunk.length === 0) return;
      yield chunk;
    }
  }

  /** Iterates over `connections()`, `messages()` or `chunks()`, depending on the socket. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Accepted | receive.ReceivedMessage | Buffer, void, undefined> {
    if (this.type !== SocketType.STREAM && this.type !== SocketType.SEQPACKET) yield* this.messages();
    else if (await this.#isListening()) yield* this.connections();
    else if (this.type === SocketType.STREAM) yield* this.chunks();
    else yield* this.messages();
  }

  /**
   * Creates a Node stream for a connected stream socket, over attachments. Corresponds to Python's `makefile()`.
   *
   * The peer's end of data is 'end'; `end()` shuts down writing, and reading continues; `destroy()`, or the end of both
   * directions, closes the socket. A reset is an 'error' with code ECONNRESET. A reader that stops reading stops the
   * sender. The callback of a write is called when the kernel has accepted its bytes, and 'finish' is emitted when it
   * has accepted everything. The stream also has the properties and methods of `net.Socket`.
   */
  duplex(options: SocketDuplexOptions = {}): SocketDuplex {
    if (this.type !== SocketType.STREAM) throw new TypeError("duplex(): only SOCK_STREAM sockets have bytes");
    return createDuplex(this.#duplexSource(), options);
  }

  /**
   * Creates a pair of web streams, with the semantics of `duplex()`: closing the writable shuts down writing, and
   * reading continues; the end of both, cancelling one or aborting the other closes the socket.
   */
  webStreams(options: WebStreamsOptions = {}): WebStreams {
    if (this.type !== SocketType.STREAM) throw new TypeError("webStreams(): only SOCK_STREAM sockets have bytes");
    return createWebStreams(this.#duplexSource(), options);
  }

  /** Attaches a stream of typed frames, the fastest way to transfer data. Typical errors: HANDLE_BUSY. */
  async attach(options: AttachOptions = {}): Promise<Attachment> {
    const { context } = this.#state;
    const accepted = (info: SocketInfo): Socket => Socket.fromInfo(context, info, context.defaultTimeout);
    return AttachmentOf.open({ state: this.#state, accepted }, options);
  }

  #duplexSource(): DuplexSource {
    return {
      attach: (direction) => this.attach({ direction }),
      constants: this.#state.context.constants,
      setsockopt: (level, name, value) => this.setsockopt(level, name, value),
      close: () => this.close(),
      pushBack: (data) => this.pushBack(data),
      isClosed: () => this.closed,
    };
  }

  async *#repeat<T>(next: () => Promise<T>): AsyncGenerator<T, void, undefined> {
    while (!this.#state.closed) {
      let item: T;
      try {
        item = await next();
      } catch (error) {
        // Another part of the program ends the loop by closing the socket.
        if (this.#state.closed && error instanceof SocketError && error.code === "EBADF") return;
        throw error;
      }
      yield item;
    }
  }

  async #isListening(): Promise<boolean> {
    const { SOL_SOCKET, SO_ACCEPTCONN } = this.#state.context.constants;
    return (await this.getsockopt(SOL_SOCKET, SO_ACCEPTCONN)) !== 0;
  }
}

/** Whether the handle ended with its session, so that there is nothing left to close. */
function endedWithSession(error: unknown, context: BrokerContext): boolean {
  if (!(error instanceof BrokerError)) return false;
  // A requested session outlives a broker that lost its daemon; its handles are then still open.
  if (context.operations.ended && context.ownsSession) return true;
  return error.code === "BROKER_CLOSED" || error.code === "SESSION_NOT_FOUND" || error.code === "LEASE_EXPIRED";
}
