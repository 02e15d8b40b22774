/*
 * A daemon in its own process, and callers that only use grpc-js and the generated messages, so that tests of the
 * daemon do not depend on the typed client.
 */

import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import {
  create,
  type DescMessage,
  type DescMethodBiDiStreaming,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import { Client, type ClientDuplexStream, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import type { Status } from "../../src/gen/google/rpc/status_pb.js";
import { AdminService, type GetStatisticsResponse } from "../../src/gen/sockbroker/v1/admin_service_pb.js";
import { BrokerError_Code } from "../../src/gen/sockbroker/v1/error_pb.js";
import {
  type Operation,
  type OperationResult,
  type SessionResponse,
  SessionService,
} from "../../src/gen/sockbroker/v1/session_service_pb.js";
import { SocketService } from "../../src/gen/sockbroker/v1/socket_service_pb.js";
import { type ServerFrame, StreamService } from "../../src/gen/sockbroker/v1/stream_service_pb.js";
import { cancelCall } from "../../src/rpc/cancel-call.js";
import { clientMethod } from "../../src/rpc/service-definition.js";
import { detailOf, type ErrorDetail, fromGrpcStatus } from "../../src/rpc/status.js";
import { type Daemon, startDaemon } from "./daemon.js";

/** Waits until a condition holds. On a timeout, fails with its description. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  milliseconds = 20_000,
): Promise<void> {
  const deadline = performance.now() + milliseconds;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`waited ${milliseconds} ms in vain until ${what}`);
    await delay(5);
  }
}

/** A typed error of the daemon. */
export class RawError extends Error {
  override readonly name = "RawError";
  readonly detail: ErrorDetail | null;
  constructor(readonly status: Status) {
    super(`${status.code}: ${status.message}`);
    this.detail = detailOf(status);
  }

  /** "HANDLE_NOT_FOUND", "ECONNRESET", "TIMEOUT", "PORT_OUT_OF_RANGE", … */
  get symbol(): string {
    const { detail } = this;
    switch (detail?.$typeName) {
      case "sockbroker.v1.BrokerError":
        return BrokerError_Code[detail.code];
      case "sockbroker.v1.SocketError":
      case "sockbroker.v1.ResolverError":
      case "sockbroker.v1.HostError":
        return detail.symbol;
      case "sockbroker.v1.ArgumentError":
        return detail.reason;
      case "sockbroker.v1.TimeoutError":
        return "TIMEOUT";
      case "sockbroker.v1.PolicyDenial":
        return "DENIED";
      default:
        return `untyped ${this.status.code}`;
    }
  }
}

/** The symbol of the error that a promise rejects with, or "ok". */
export async function symbolOf(outcome: Promise<unknown>): Promise<string> {
  try {
    await outcome;
    return "ok";
  } catch (error) {
    if (error instanceof RawError) return error.symbol;
    throw error;
  }
}

export class RawDaemon implements AsyncDisposable {
  readonly #daemon: Daemon;

  static async start(...args: readonly string[]): Promise<RawDaemon> {
    return new RawDaemon(await startDaemon({ args }));
  }

  private constructor(daemon: Daemon) {
    this.#daemon = daemon;
  }

  get path(): string {
    return this.#daemon.endpoint.replace("unix://", "");
  }

  get directory(): string {
    return this.#daemon.directory;
  }

  get pid(): number {
    return this.#daemon.pid;
  }

  /** What it logged: one object for each line. */
  get log(): readonly Record<string, unknown>[] {
    return this.#daemon.log;
  }

  /** The faults that it logged. */
  get faults(): readonly unknown[] {
    return this.#daemon.log.filter(({ msg }) => msg === "internal error");
  }

  client(options: RawClientOptions = {}): RawClient {
    return new RawClient(this.path, options);
  }

  /** The limit of open descriptors of its process. */
  get descriptorLimit(): number {
    const limits = readFileSync(`/proc/${this.#daemon.pid}/limits`, "utf8");
    return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#daemon.kill();
  }
}

export interface RawClientOptions {
  /** Token of a leased session. */
  readonly token?: string;
  /** The HTTP/2 receive window for the daemon's messages; unset: 64 KiB. */
  readonly windowBytes?: number;
}

export interface RawCallOptions {
  readonly signal?: AbortSignal;
  readonly token?: string;
  /** Replaces the metadata with the token. */
  readonly metadata?: Metadata;
}

/** One connection. */
export class RawClient implements Disposable {
  readonly #client: Client;
  readonly #token: string | null;

  constructor(path: string, { token, windowBytes }: RawClientOptions = {}) {
    this.#token = token ?? null;
    this.#client = new Client(`unix:${path}`, credentials.createInsecure(), {
      "grpc.use_local_subchannel_pool": 1,
      "grpc.enable_retries": 0,
      "grpc.max_receive_message_length": -1,
      "grpc.max_send_message_length": -1,
      ...(windowBytes === undefined ? {} : { "grpc-node.flow_control_window": windowBytes }),
    });
  }

  /** Rejects with `RawError`. */
  unary<M extends DescMethodUnary>(
    method: M,
    init: MessageInitShape<M["input"]>,
    options: RawCallOptions = {},
  ): Promise<MessageShape<M["output"]>> {
    return this.bytes(method, create(method.input as DescMessage, init) as MessageShape<M["input"]>, options);
  }

  /** Makes a unary call with a message, or with bytes that may be invalid. */
  bytes<M extends DescMethodUnary>(
    method: M,
    request: MessageShape<M["input"]> | Uint8Array,
    options: RawCallOptions = {},
  ): Promise<MessageShape<M["output"]>> {
    const { path, requestSerialize, responseDeserialize } = clientMethod(method);
    const serialize = (message: MessageShape<M["input"]> | Uint8Array) =>
      message instanceof Uint8Array ? Buffer.from(message) : requestSerialize(message);
    return new Promise((resolve, reject) => {
      const settle = (error: ServiceError | null, response?: MessageShape<M["output"]>): void => {
        if (response !== undefined) resolve(response);
        else reject(error === null ? new Error("no response") : new RawError(fromGrpcStatus(error)));
      };
      const metadata = options.metadata ?? this.#metadata(options.token);
      const call = this.#client.makeUnaryRequest(path, serialize, responseDeserialize, request, metadata, settle);
      options.signal?.addEventListener("abort", () => cancelCall(call), { once: true });
    });
  }

  bidi<M extends DescMethodBiDiStreaming>(method: M, options: RawCallOptions = {}): RawStream<M> {
    const { path, requestSerialize, responseDeserialize } = clientMethod(method);
    const serialize = (message: unknown) =>
      message instanceof Uint8Array ? Buffer.from(message) : requestSerialize(message as MessageShape<M["input"]>);
    const call = this.#client.makeBidiStreamRequest(
      path,
      serialize,
      responseDeserialize,
      options.metadata ?? this.#metadata(options.token),
    );
    return new RawStream(method, call as never);
  }

  /** Returns the first message of a server-streaming call, which is then cancelled. Rejects with `RawError`. */
  first<M extends DescMethodServerStreaming>(
    method: M,
    init: MessageInitShape<M["input"]>,
  ): Promise<MessageShape<M["output"]>> {
    const { path, requestSerialize, responseDeserialize } = clientMethod(method);
    const request = create(method.input as DescMessage, init) as MessageShape<M["input"]>;
    const call = this.#client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      this.#metadata(),
    );
    return new Promise((resolve, reject) => {
      call.on("error", (error: ServiceError) => reject(new RawError(fromGrpcStatus(error))));
      call.once("data", (message: MessageShape<M["output"]>) => {
        resolve(message);
        cancelCall(call);
      });
    });
  }

  /** Opens a Session stream. */
  session(options: { readonly token?: string } = {}): RawSession {
    return new RawSession(this.bidi(SessionService.method.session, options));
  }

  /** Attaches, and waits for `attached`. */
  async attach(start: AttachInit): Promise<RawStream<typeof StreamService.method.attach>> {
    const stream = this.bidi(StreamService.method.attach);
    await stream.write({ frame: { case: "attach", value: start } });
    await frame(stream, "attached");
    return stream;
  }

  statistics(): Promise<GetStatisticsResponse> {
    return this.unary(AdminService.method.getStatistics, {});
  }

  /** The statistics once this is the only connection and nothing is open, so that nothing of earlier tests is left. */
  async quiet(): Promise<GetStatisticsResponse> {
    let now = await this.statistics();
    await until("what was before is gone", async () => {
      now = await this.statistics();
      return now.connections === 1 && now.handles + now.waitingOperations + now.streams === 0;
    });
    return now;
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }

  #metadata(token: string | null = this.#token): Metadata {
    const metadata = new Metadata();
    if (token !== null) metadata.set("sockbroker-session", token);
    return metadata;
  }
}

type AttachInit = Extract<
  NonNullable<MessageInitShape<typeof StreamService.method.attach.input>["frame"]>,
  { case: "attach" }
>["value"];

/** A stream that is read only on request. */
export class RawStream<M extends DescMethodBiDiStreaming> implements Disposable {
  readonly #method: M;
  readonly #call: ClientDuplexStream<unknown, MessageShape<M["output"]>>;
  #status: Status | null = null;
  #wake: (() => void) | null = null;
  #onDrain: (() => void)[] = [];

  constructor(method: M, call: ClientDuplexStream<unknown, MessageShape<M["output"]>>) {
    this.#method = method;
    this.#call = call;
    call.on("readable", () => this.#wakeUp());
    call.on("end", () => this.#wakeUp());
    call.on("error", () => undefined);
    call.on("drain", () => this.#drained());
    call.on("status", (status) => {
      this.#status = fromGrpcStatus(status);
      this.#wakeUp();
      this.#drained();
    });
  }

  /** Sends a message, or bytes that may be invalid. Settles when there is room for another. */
  write(init: MessageInitShape<M["input"]> | Uint8Array): Promise<void> {
    const message = init instanceof Uint8Array ? init : create(this.#method.input, init);
    if (this.#status !== null || this.#call.write(message)) return Promise.resolve();
    return new Promise((resolve) => this.#onDrain.push(resolve));
  }

  /** The next message; null if the stream ended with OK. Throws `RawError`. */
  async next(): Promise<MessageShape<M["output"]> | null> {
    for (;;) {
      const message = this.#call.read() as MessageShape<M["output"]> | null;
      if (message !== null) return message;
      if (this.#status !== null) {
        if (this.#status.code === 0) return null;
        throw new RawError(this.#status);
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Reads to the end, and returns all messages. Throws `RawError`. */
  async rest(): Promise<MessageShape<M["output"]>[]> {
    const messages: MessageShape<M["output"]>[] = [];
    for (let message = await this.next(); message !== null; message = await this.next()) messages.push(message);
    return messages;
  }

  halfClose(): void {
    this.#call.end();
  }

  cancel(): void {
    cancelCall(this.#call);
  }

  [Symbol.dispose](): void {
    cancelCall(this.#call);
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  #drained(): void {
    for (const resolve of this.#onDrain.splice(0)) resolve();
  }
}

export type Frame = ServerFrame["frame"];
type FrameKind = Exclude<Frame["case"], undefined>;
type FrameValue<K extends FrameKind> = Extract<Exclude<Frame, { case: undefined }>, { case: K }>["value"];

/** The next frame of an attach stream, which must be of the given kind. Throws `RawError`. */
export async function frame<K extends FrameKind>(
  stream: RawStream<typeof StreamService.method.attach>,
  kind: K,
): Promise<FrameValue<K>> {
  const next = await stream.next();
  if (next?.frame.case !== kind) throw new Error(`expected ${kind}, not ${next?.frame.case ?? "the end"}`);
  return next.frame.value as FrameValue<K>;
}

export type Verb = NonNullable<Operation["request"]["case"]>;
export type RequestOf<V extends Verb> =
  Extract<MessageInitShape<typeof SessionService.method.session.input>, object> extends {
    operations?: (infer O)[];
  }
    ? O extends { request?: infer R }
      ? R extends { case: V; value: infer I }
        ? I
        : never
      : never
    : never;
export type ResponseOf<V extends Verb> = Extract<OperationResult["outcome"], { case: V }>["value"];

/** Operations over a Session stream. */
export class RawSession implements Disposable {
  readonly stream: RawStream<typeof SessionService.method.session>;
  readonly #waiting = new Map<bigint, { resolve: (value: never) => void; reject: (error: unknown) => void }>();
  #lastId = 0n;
  /** The error for operations after the stream has ended. */
  #over: Error | null = null;
  /** Settles when the stream has ended: with null, or with the error. */
  readonly ended: Promise<RawError | null>;

  constructor(stream: RawStream<typeof SessionService.method.session>) {
    this.stream = stream;
    this.ended = this.#read();
  }

  /** Starts an operation, and returns its id and a promise of its result. */
  begin<V extends Verb>(
    verb: V,
    value: RequestOf<V>,
  ): { readonly opId: bigint; readonly done: Promise<ResponseOf<V>> } {
    this.#lastId += 1n;
    const opId = this.#lastId;
    const done = this.expect<V>(opId);
    void this.stream.write({ operations: [{ opId, request: { case: verb, value } as never }] });
    return { opId, done };
  }

  /** Performs an operation. */
  op<V extends Verb>(verb: V, value: RequestOf<V>): Promise<ResponseOf<V>> {
    return this.begin(verb, value).done;
  }

  /** The result of an operation that the caller sends itself. */
  expect<V extends Verb>(opId: bigint): Promise<ResponseOf<V>> {
    const done = new Promise<ResponseOf<V>>((resolve, reject) => {
      if (this.#over === null) this.#waiting.set(opId, { resolve: resolve as (value: never) => void, reject });
      else reject(this.#over);
    });
    // An unhandled rejection is expected for operations that the end of a test interrupts.
    done.catch(() => undefined);
    return done;
  }

  cancel(...opIds: bigint[]): void {
    void this.stream.write({ cancelOpIds: opIds });
  }

  [Symbol.dispose](): void {
    this.stream.cancel();
  }

  async #read(): Promise<RawError | null> {
    let end: RawError | null = null;
    try {
      for (let response = await this.stream.next(); response !== null; response = await this.stream.next()) {
        this.#settle(response);
      }
    } catch (error) {
      if (!(error instanceof RawError)) throw error;
      end = error;
    }
    this.#over = end ?? new Error("the stream ended");
    for (const { reject } of this.#waiting.values()) reject(this.#over);
    return end;
  }

  #settle({ results }: SessionResponse): void {
    for (const { opId, outcome } of results) {
      const waiting = this.#waiting.get(opId);
      this.#waiting.delete(opId);
      if (outcome.case === "error") waiting?.reject(new RawError(outcome.value));
      else waiting?.resolve(outcome.value as never);
    }
  }
}

export const LOOPBACK = { address: { case: "inet", value: { host: "127.0.0.1", port: 0 } } } as const;

export function inet(port: number, host = "127.0.0.1") {
  return { address: { case: "inet", value: { host, port } } } as const;
}

export function abstract(name: string) {
  return {
    address: { case: "unixDomain", value: { name: { case: "abstractName", value: Buffer.from(name) } } },
  } as const;
}

/** A socket of the daemon that is connected to a loopback port. */
export async function connectedTo(client: RawClient, port: number): Promise<bigint> {
  const { socket } = await client.unary(SocketService.method.socket, {});
  const handle = handleOf(socket);
  await client.unary(SocketService.method.connectTo, { handle, address: inet(port) });
  return handle;
}

export function handleOf(socket: { readonly handle: bigint } | undefined): bigint {
  if (socket === undefined) throw new Error("no socket in the response");
  return socket.handle;
}

/** The port that a socket of the daemon is bound to. */
export function portOf(
  address: { readonly address: { case?: string | undefined; value?: unknown } } | undefined,
): number {
  const value = address?.address.value as { port?: number } | undefined;
  if (value?.port === undefined) throw new Error("no port in the address");
  return value.port;
}

/** Pseudo-random numbers, the same for the same seed (xorshift32). */
export function seeded(seed: number): (below: number) => number {
  let state = seed | 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** The seed of this run: SOCKBROKER_TEST_SEED, or a new one each time. Tests print it when they fail. */
export function chooseSeed(): number {
  const given = Number(process.env.SOCKBROKER_TEST_SEED ?? Number.NaN);
  return Number.isInteger(given) ? given : Math.floor(Math.random() * 2 ** 31);
}
