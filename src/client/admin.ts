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

/** What is to be seen of a handle, as ss(8) shows it. */
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
  /** Operations that wait on it. */
  readonly waitingOperations: number;
  /** Bytes in the kernel's queues; of a listening socket, connections and backlog. */
  readonly receiveQueue: number;
  readonly sendQueue: number;
  /** "ESTAB", "LISTEN", … for TCP; "" otherwise. */
  readonly state: string;
  /** struct tcp_info in the layout of the daemon's host; empty for all but TCP. */
  readonly tcpInfo: Buffer;
  /** Seconds since it was opened. */
  readonly age: number;
}

/** Counters of the daemon: what lives now, then (`…Total`) what has been since it began. */
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
 * What operators may do: principals that the policy gives the verb `admin`. Others get a PolicyDenial, but from the lists of
 * sessions and handles, which have only their own for them.
 */
export class Admin {
  readonly #context: BrokerContext;

  /** Not for callers: `Broker.admin` is one. */
  constructor(context: BrokerContext) {
    this.#context = context;
  }

  /** Lists every session, oldest first. */
  async listSessions({ signal }: CallOptions = {}): Promise<SessionInfo[]> {
    const { sessions } = await this.#call(AdminService.method.listSessions, {}, signal);
    return sessions.map(sessionFromProto);
  }

  /** Lists open handles, oldest first: of one session, or of all. */
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

  /** Answers the list of open handles, and again each time it changed, at most once an interval (in seconds). */
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

  /** Closes a handle of any session; answers false when there was none. */
  async closeHandle(sessionId: string, handle: bigint, { signal }: CallOptions = {}): Promise<boolean> {
    return (await this.#call(AdminService.method.closeHandle, { sessionId, handle }, signal)).closed;
  }

  /** Ends a session and closes its handles; answers false when there was none. */
  async revokeSession(sessionId: string, { signal }: CallOptions = {}): Promise<boolean> {
    return (await this.#call(AdminService.method.revokeSession, { sessionId }, signal)).revoked;
  }

  /** Lets the daemon refuse new work, end the old within so many seconds (unset: its own setting), and exit. */
  async drain({ grace, signal }: CallOptions & { grace?: number } = {}): Promise<void> {
    const init = grace === undefined ? {} : { grace: durationOf(grace, "drain") };
    await this.#call(AdminService.method.drain, init, signal);
  }

  /** Answers the daemon's counters. */
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

/** The names of other programs' sockets are shown as the kernel has them. */
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
