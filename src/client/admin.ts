import { create, type DescMethodUnary, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import {
  AdminService,
  WatchHandlesRequestSchema,
  type HandleInfo as WireHandleInfo,
} from "../gen/sockbroker/v1/admin_service_pb.js";
import { serverStreamCall } from "../rpc/server-stream-call.js";
import { unaryCall } from "../rpc/unary-call.js";
import type { SocketAddress } from "./address.js";
import { addressFromProto } from "./address-from-proto.js";
import type { BrokerContext, CallOptions } from "./broker-context.js";
import { toBuffer } from "./bytes.js";
import { type SessionInfo, sessionFromProto } from "./daemon-info.js";
import { durationOf, secondsOf } from "./duration.js";
import { errorFromCall } from "./error-from-status.js";
import { createUnixPaths } from "./unix-paths.js";

/** Describes a handle, as ss(8) shows it. */
export interface HandleInfo {
  readonly sessionId: string;
  readonly principal: string;
  readonly handle: bigint;
  /** AF_*, SOCK_* and protocol. */
  readonly family: number;
  readonly type: number;
  readonly proto: number;
  readonly localAddress: SocketAddress | null;
  readonly peerAddress: SocketAddress | null;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  /** Operations waiting on it. */
  readonly waitingOperations: number;
  /** Bytes in the kernel's queues; for a listening socket, its pending connections and backlog. */
  readonly receiveQueue: number;
  readonly sendQueue: number;
  /** "ESTAB", "LISTEN", … for TCP; "" otherwise. */
  readonly state: string;
  /** struct tcp_info in the layout of the daemon's host; empty unless TCP. */
  readonly tcpInfo: Buffer;
  /** Seconds since it was opened. */
  readonly age: number;
}

/** Counters of the daemon: current values, then (`…Total`) totals since it started. */
export interface Statistics {
  readonly connections: number;
  readonly sessions: number;
  readonly handles: number;
  readonly waitingOperations: number;
  readonly streams: number;
  readonly timers: number;
  readonly openDescriptors: number;
  readonly residentBytes: number;
  readonly operationsTotal: number;
  readonly operationsFailedTotal: number;
  readonly handlesOpenedTotal: number;
  readonly denialsTotal: number;
}

/**
 * Functions for operators: principals to which the policy grants the permission `admin`. Other callers get a
 * PolicyDenial, except from the lists of sessions and handles, which then contain only their own.
 */
export class Admin {
  readonly #context: BrokerContext;

  /** Internal: `Broker.admin` is one. */
  constructor(context: BrokerContext) {
    this.#context = context;
  }

  /** Lists all sessions, oldest first. */
  async listSessions({ signal }: CallOptions = {}): Promise<SessionInfo[]> {
    const { sessions } = await this.#call(AdminService.method.listSessions, {}, signal);
    return sessions.map(sessionFromProto);
  }

  /** Lists open handles, oldest first: those of one session, or all. */
  async *listHandles({
    sessionId = "",
    signal,
  }: CallOptions & { sessionId?: string } = {}): AsyncGenerator<HandleInfo, void, undefined> {
    let pageToken = "";
    do {
      const page = await this.#call(AdminService.method.listHandles, { sessionId, pageToken }, signal);
      yield* page.handles.map(handleFromProto);
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
  }

  /** Yields the list of open handles, and again each time it changed, at most once per `interval` seconds. */
  async *watchHandles({
    interval,
    signal,
  }: CallOptions & { interval?: number } = {}): AsyncGenerator<HandleInfo[], void, undefined> {
    const init = interval === undefined ? {} : { interval: durationOf(interval, "watchHandles") };
    const request = create(WatchHandlesRequestSchema, init);
    try {
      const stream = serverStreamCall(this.#context.channel, AdminService.method.watchHandles, request, signal);
      for await (const { handles } of stream) yield handles.map(handleFromProto);
    } catch (error) {
      throw errorFromCall(error);
    }
  }

  /** Closes a handle of any session. Returns false if there was none. */
  async closeHandle(sessionId: string, handle: bigint, { signal }: CallOptions = {}): Promise<boolean> {
    return (await this.#call(AdminService.method.closeHandle, { sessionId, handle }, signal)).closed;
  }

  /** Ends a session and closes its handles. Returns false if there was none. */
  async revokeSession(sessionId: string, { signal }: CallOptions = {}): Promise<boolean> {
    return (await this.#call(AdminService.method.revokeSession, { sessionId }, signal)).revoked;
  }

  /** Makes the daemon refuse new work, end running work within `grace` seconds (unset: its own setting), and exit. */
  async drain({ grace, signal }: CallOptions & { grace?: number } = {}): Promise<void> {
    const init = grace === undefined ? {} : { grace: durationOf(grace, "drain") };
    await this.#call(AdminService.method.drain, init, signal);
  }

  /** Returns the daemon's counters. */
  async getStatistics({ signal }: CallOptions = {}): Promise<Statistics> {
    const { $typeName: _, $unknown: __, ...wire } = await this.#call(AdminService.method.getStatistics, {}, signal);
    return {
      ...wire,
      residentBytes: Number(wire.residentBytes),
      operationsTotal: Number(wire.operationsTotal),
      operationsFailedTotal: Number(wire.operationsFailedTotal),
      handlesOpenedTotal: Number(wire.handlesOpenedTotal),
      denialsTotal: Number(wire.denialsTotal),
    };
  }

  async #call<M extends DescMethodUnary>(
    method: M,
    init: MessageInitShape<M["input"]>,
    signal: AbortSignal | undefined,
  ): Promise<MessageShape<M["output"]>> {
    try {
      return await unaryCall(this.#context.channel, method, create(method.input as M["input"], init), { signal });
    } catch (error) {
      throw errorFromCall(error);
    }
  }
}

/** Addresses of other programs' sockets are shown as the kernel returns them. */
const asBound = createUnixPaths();

function handleFromProto(wire: WireHandleInfo): HandleInfo {
  const { sessionId, principal, socket, waitingOperations, state } = wire;
  return {
    sessionId,
    principal,
    handle: socket?.handle ?? 0n,
    family: socket?.family ?? 0,
    type: socket?.type ?? 0,
    proto: socket?.protocol ?? 0,
    localAddress: addressFromProto(socket?.localAddress, asBound),
    peerAddress: addressFromProto(socket?.peerAddress, asBound),
    receivedBytes: Number(wire.receivedBytes),
    sentBytes: Number(wire.sentBytes),
    waitingOperations,
    receiveQueue: Number(wire.receiveQueue),
    sendQueue: Number(wire.sendQueue),
    state,
    tcpInfo: toBuffer(wire.tcpInfo),
    age: secondsOf(wire.age) ?? 0,
  };
}
