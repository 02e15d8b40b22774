/*
 * The composition root: creates and connects all parts of the daemon, and ends them in reverse order.
 */

import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import type { Logger } from "pino";
import { AdminService } from "../gen/sockbroker/v1/admin_service_pb.js";
import { ConversionService } from "../gen/sockbroker/v1/conversion_service_pb.js";
import { HostService } from "../gen/sockbroker/v1/host_service_pb.js";
import { InterfaceService } from "../gen/sockbroker/v1/interface_service_pb.js";
import { PolicyService } from "../gen/sockbroker/v1/policy_service_pb.js";
import { ResolverService } from "../gen/sockbroker/v1/resolver_service_pb.js";
import { SessionService } from "../gen/sockbroker/v1/session_service_pb.js";
import { SocketService } from "../gen/sockbroker/v1/socket_service_pb.js";
import { StreamService } from "../gen/sockbroker/v1/stream_service_pb.js";
import type { NativeAddon } from "../native/binding.js";
import { refuse } from "../rpc/server/refuse.js";
import type { BidiHandler, UnaryHandler } from "../rpc/server/routes.js";
import { createRpcServer, type RpcServer } from "../rpc/server/server.js";
import { refusal, SHARED_SOCKET } from "./access/authorise.js";
import type { PeerIdentity, Principal } from "./access/principal.js";
import { CallerQuery } from "./access/query.js";
import { statusOfError } from "./codec/status.js";
import type { Services } from "./context.js";
import { newCounters } from "./counters.js";
import { adminHandlers } from "./entry/admin.js";
import { countRefused, draining, type EntryPoint } from "./entry/invoke.js";
import { malformedBy } from "./entry/malformed.js";
import { openSession } from "./entry/open-session.js";
import { unaryHandlers } from "./entry/unary.js";
import { untilZero } from "./gauge.js";
import { tooFewDescriptors } from "./host/descriptor-limit.js";
import type { Limits } from "./limits.js";
import type { Policy } from "./policy/policy.js";
import { principalOf } from "./policy/principal-name.js";
import { newResolver } from "./resolver/resolver.js";
import { Sessions } from "./sessions/sessions.js";
import { Outliving } from "./sockets/outliving.js";
import { serveAttach } from "./streams/attach.js";
import { serveSession } from "./streams/session.js";
import { serveWatch } from "./streams/watch.js";
import { ThrottledLog } from "./throttled-log.js";
import { CallerMemory } from "./transport/caller-memory.js";
import { type Connection, Connections } from "./transport/connections.js";
import { DescriptorReserve } from "./transport/descriptor-reserve.js";
import { listenUnix, type UnixListener } from "./transport/unix-listener.js";

/** More than the look-ups of one principal, so that slow names of one do not block the others. */
const RESOLVER_THREADS = 64;

/** For operators, and for the daemon itself, when no other descriptors are left. */
const RESERVED_DESCRIPTORS = 16;

export interface DaemonOptions {
  readonly native: NativeAddon;
  readonly path: string;
  readonly mode: number;
  readonly policy: Policy;
  readonly limits: Limits;
  readonly log: Logger;
  readonly version: string;
  /** Called for each connection from this process, which is refused. */
  readonly onOwnProcess: (reason: string) => void;
  /** Called once, when everything is closed. */
  readonly onEnd: () => void;
}

export class Daemon {
  readonly #options: DaemonOptions;
  readonly #services: Services;
  readonly #sessions: Sessions;
  readonly #connections: Connections;
  readonly #rpc: RpcServer;
  readonly #listener: UnixListener;
  readonly #sockets = new Set<Socket>();
  #draining: Promise<void> | null = null;

  /** Starts serving. Throws `StartupError`. */
  constructor(options: DaemonOptions) {
    const { native, limits, log, policy, version } = options;
    const counters = newCounters();
    this.#options = options;
    native.setResolverThreads(RESOLVER_THREADS);
    this.#services = {
      kernel: native,
      policy,
      limits,
      counters,
      log,
      version,
      throttled: new ThrottledLog(log),
      resolver: newResolver(native),
      descriptors: reserveDescriptors(native),
    };
    this.#sessions = new Sessions({
      limits,
      counters,
      outliving: new Outliving(native),
      refusalOfShared: (principal) => refusal({ services: this.#services, principal }, "ancillary", SHARED_SOCKET),
    });
    const isAdmitted = (principal: Principal) => policy.decide(new CallerQuery({ principal }, "session")).allowed;
    const memory = new CallerMemory(limits, isAdmitted);
    this.#connections = new Connections({
      limits,
      counters,
      sessions: this.#sessions,
      memory,
      onFull: (principal, limit) =>
        this.#services.throttled.add({
          kind: `full ${limit} ${principal}`,
          level: "warn",
          message: "a caller has to wait, because it is at a limit",
          fields: { event: "limit", principal, limit },
        }),
    });
    this.#rpc = this.#createRpc();
    this.#listener = this.#listen(options);
  }

  #listen({ native, path, mode, policy }: DaemonOptions): UnixListener {
    const { log, descriptors, throttled } = this.#services;
    try {
      return listenUnix({
        native,
        path,
        mode,
        reserve: descriptors,
        isOperator: ({ uid }) =>
          policy.decide(new CallerQuery({ principal: { name: principalOf(uid) } }, "admin")).allowed,
        onConnection: (socket, peer) => this.#admit(socket, peer),
        onOwnProcess: () => this.#refuseOwn(),
        onFull: (waiting) =>
          throttled.add({
            kind: "no descriptors",
            level: "warn",
            message: "no descriptors are left: new callers wait",
            fields: { waiting },
          }),
        onError: (error) =>
          throttled.add({
            kind: `not accepted ${error.message}`,
            level: "error",
            message: "a connection could not be accepted",
            fields: { err: error },
          }),
        onRestored: () => log.warn({ path }, "the socket's file was missing, and was recreated"),
        onLost: (reason) => log.error({ path, reason }, "callers cannot find this daemon"),
      });
    } catch (error) {
      descriptors.close();
      throw error;
    }
  }

  /**
   * Refuses new work, waits for running calls until the grace period ends, ends the others with a retryable status, and
   * closes everything. Idempotent.
   */
  drain(graceMilliseconds: number): Promise<void> {
    this.#draining ??= this.#drain(graceMilliseconds);
    return this.#draining;
  }

  async #drain(grace: number): Promise<void> {
    this.#rpc.health.stop();
    this.#listener.close();
    const { connections, waiting, attachments } = this.#services.counters;
    await untilZero([waiting, attachments], grace);
    const reason = draining();
    for (const session of [...this.#sessions]) session.destroy(reason);
    // Lets each connection send the final statuses of the streams that ended with their session.
    this.#rpc.drain(STALL_MS);
    await untilZero([connections], DISCONNECT_MS);
    for (const socket of this.#sockets) socket.destroy();
    this.#rpc.close();
    this.#services.descriptors.close();
    this.#options.onEnd();
  }

  #admit(socket: Socket, peer: PeerIdentity): void {
    const { log } = this.#services;
    const connection = this.#file(socket, peer);
    if (connection === null) return;
    this.#sockets.add(socket);
    log.debug({ connection: connection.id, principal: connection.principal.name, pid: peer.pid }, "connected");
    socket.on("error", (error) => log.debug({ connection: connection.id, err: error }, "connection failed"));
    socket.on("close", () => this.#forget(socket, connection));
    this.#rpc.inject(socket, connection.id, connection.limits);
  }

  #file(socket: Socket, peer: PeerIdentity): Connection | null {
    const principal = principalOf(peer.uid);
    try {
      return this.#connections.add(principal, peer);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#refuse(principal, { principal, pid: peer.pid, reason });
      refuse(socket, reason);
      return null;
    }
  }

  /**
   * The connection is from a caller's socket that was connected to the daemon's own endpoint, or from a client in this
   * process.
   */
  #refuseOwn(): void {
    const reason =
      "it came from the daemon's own process, whose privileges no caller may have; clients must be in another process";
    this.#refuse("own process", { pid: process.pid, reason });
    this.#options.onOwnProcess(reason);
  }

  #refuse(kind: string, fields: object): void {
    this.#services.throttled.add({ kind: `refused ${kind}`, level: "warn", message: "connection refused", fields });
  }

  /** Logs a fault of the daemon. Returns the reference under which the log has it or a similar one. */
  #fault(cause: unknown): string {
    const { reference } = this.#services.throttled.add({
      kind: `fault ${placeOf(cause)}`,
      level: "error",
      message: "internal error",
      fields: { err: cause, reference: randomBytes(6).toString("hex") },
    });
    return reference;
  }

  #forget(socket: Socket, connection: Connection): void {
    this.#sockets.delete(socket);
    this.#connections.remove(connection);
    this.#services.log.debug({ connection: connection.id }, "disconnected");
  }

  #createRpc(): RpcServer {
    const statusOf = (error: unknown) => statusOfError(error, (cause) => this.#fault(cause));
    const malformed = malformedBy(this.#services.version);
    const entry: EntryPoint = {
      services: this.#services,
      connections: this.#connections,
      draining: () => this.#draining !== null,
      statusOf,
      malformed,
    };
    const unary = unaryHandlers(entry);
    const drain = (grace: number | null) => void this.drain(grace ?? DEFAULT_GRACE_MS);
    const admin = adminHandlers({ ...entry, sessions: this.#sessions, drain });
    return createRpcServer({
      statusOf,
      malformed: (cause) => {
        // A unary call that cannot be decoded does not reach a handler, so it is counted here.
        countRefused(this.#services.counters);
        return malformed(cause);
      },
      services: [
        {
          service: SessionService,
          unary: {
            ...unary,
            openSession: ((call, request) => openSession(entry, this.#sessions, call, request)) satisfies UnaryHandler,
          },
          bidiBytes: { session: ((call) => serveSession(entry, call)) satisfies BidiHandler },
        },
        { service: SocketService, unary },
        {
          service: StreamService,
          bidiBytes: {
            attach: ((call) => serveAttach(entry, call)) satisfies BidiHandler,
            watch: ((call) => serveWatch(entry, call)) satisfies BidiHandler,
          },
        },
        { service: ResolverService, unary },
        { service: InterfaceService, unary },
        { service: HostService, unary },
        { service: ConversionService, unary },
        { service: PolicyService, unary },
        { service: AdminService, ...admin },
      ],
    });
  }
}

/** Throws `StartupError` if hardly any descriptors would be left for callers. */
function reserveDescriptors(native: NativeAddon): DescriptorReserve {
  try {
    return new DescriptorReserve(native, RESERVED_DESCRIPTORS);
  } catch {
    throw tooFewDescriptors();
  }
}

/** Where an error was thrown. Unlike its text, a caller cannot influence it. */
function placeOf(cause: unknown): string {
  if (!(cause instanceof Error)) return typeof cause;
  const frame = /^ +at .*$/m.exec(cause.stack ?? "");
  return `${cause.name} ${frame?.[0].trim() ?? ""}`;
}

/** Default grace period for running calls when the daemon is drain requested. */
export const DEFAULT_GRACE_MS = 5_000;
/** A connection may send the final statuses of its streams while its caller reads something in this time. */
const STALL_MS = 400;
/** How long all connections may take. With the grace period it is less than the ten seconds of some supervisors. */
const DISCONNECT_MS = 4_000;
