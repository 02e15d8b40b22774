import { readdirSync } from "node:fs";
import { create } from "@bufbuild/protobuf";
import {
  type CloseHandleRequest,
  type DrainRequest,
  HandleInfoSchema,
  type ListHandlesRequest,
  type RevokeSessionRequest,
  type WatchHandlesRequest,
  type WatchHandlesResponse,
  WatchHandlesResponseSchema,
} from "../../gen/sockbroker/v1/admin_service_pb.js";
import { BrokerError_Code } from "../../gen/sockbroker/v1/error_pb.js";
import type { ServiceHandlers } from "../../rpc/server/routes.js";
import type { WritableServerCall } from "../../rpc/server/stream-calls.js";
import { isAllowed } from "../access/authorise.js";
import { millisecondsOf, timeoutFrom } from "../codec/duration.js";
import type { OpContext, Services } from "../context.js";
import { BrokerFault } from "../errors.js";
import { handleInfoOf } from "../sessions/handle-info.js";
import { sessionInfoOf } from "../sessions/session-info.js";
import type { Sessions } from "../sessions/sessions.js";
import { LONGEST_TIMER_MS } from "../sockets/readiness.js";
import { calls } from "./calls.js";
import { everyHandle, pageOfHandles, type Sight } from "./handle-pages.js";
import { admitStream, admitTo, cancelled, type EntryPoint } from "./invoke.js";

const DEFAULT_INTERVAL_MS = 1_000;
const SHORTEST_INTERVAL_MS = 100;

export interface AdminDeps extends EntryPoint {
  readonly sessions: Sessions;
  /** Starts draining; null means the daemon's own grace period. */
  readonly drain: (graceMilliseconds: number | null) => void;
}

/** AdminService. Calls that change something, and seeing sessions of others, require the permission `admin`. */
export function adminHandlers(deps: AdminDeps): Pick<ServiceHandlers, "unary" | "writable"> {
  const { sessions } = deps;
  return {
    unary: {
      listSessions: (call) => {
        const visible = sightOf(admitTo(deps, call, calls.listSessions));
        return { sessions: [...sessions].filter(visible).map(sessionInfoOf) };
      },
      listHandles: (call, request: ListHandlesRequest) => {
        const { sessionId } = request;
        const visible = sightOf(admitTo(deps, call, calls.listHandles));
        return pageOfHandles(
          sessions,
          (session) => visible(session) && (sessionId === "" || session.id === sessionId),
          request,
        );
      },
      closeHandle: (call, request: CloseHandleRequest) => {
        admitTo(deps, call, calls.closeHandle);
        if (request.handle === 0n) throw new BrokerFault(BrokerError_Code.MALFORMED_REQUEST, "handle is not set");
        const session = sessions.byId(request.sessionId);
        const closed = session?.find(request.handle) != null;
        if (closed) session?.close(request.handle);
        return { closed };
      },
      revokeSession: (call, request: RevokeSessionRequest) => {
        admitTo(deps, call, calls.revokeSession);
        const session = sessions.byId(request.sessionId);
        session?.destroy(new BrokerFault(BrokerError_Code.CANCELLED, "the session was revoked by an operator"));
        return { revoked: session !== null };
      },
      drain: (call, request: DrainRequest) => {
        const { services, principal } = admitTo(deps, call, calls.drain);
        services.log.info({ event: "drain", principal: principal.name }, "drain requested");
        const grace = timeoutFrom(request.grace, "drain");
        deps.drain(grace === null ? null : millisecondsOf(grace));
        return {};
      },
      getStatistics: (call) => statistics(admitTo(deps, call, calls.getStatistics).services),
    },
    writable: {
      watchHandles: (call: WritableServerCall<WatchHandlesResponse>, request: WatchHandlesRequest) => {
        const ctx = admitStream(deps, call, calls.watchHandles);
        if (ctx === null) return;
        try {
          watchHandles(sessions, sightOf(ctx), call, request);
        } catch (error) {
          call.fail(deps.statusOf(error));
        }
      },
    },
  };
}

function sightOf(ctx: OpContext): Sight {
  return isAllowed(ctx, "admin") ? () => true : ({ principal }) => principal === ctx.principal;
}

/** Writes the list if it differs from the last one written, unless the caller has not read that yet. */
function watchHandles(
  sessions: Sessions,
  visible: Sight,
  call: WritableServerCall<WatchHandlesResponse>,
  request: WatchHandlesRequest,
): void {
  const asked = timeoutFrom(request.interval, "watch_handles");
  const milliseconds = asked === null ? DEFAULT_INTERVAL_MS : Math.max(SHORTEST_INTERVAL_MS, millisecondsOf(asked));
  let last: string | null = null;
  let ready = true;
  const look = (): void => {
    if (!ready) return;
    const handles = [...everyHandle(sessions, visible)].map(([session, entry]) =>
      create(HandleInfoSchema, handleInfoOf(session, entry)),
    );
    const state = handles.map(({ sessionId, socket, state }) => `${sessionId}/${socket?.handle}/${state}`).join();
    if (state === last) return;
    last = state;
    ready = false;
    call.write(create(WatchHandlesResponseSchema, { handles }), () => {
      ready = true;
    });
  };
  // Node treats a longer delay as 1 ms.
  const timer = setInterval(look, Math.min(milliseconds, LONGEST_TIMER_MS));
  call.signal(cancelled()).addEventListener("abort", () => clearInterval(timer));
  look();
}

function statistics({ counters, descriptors }: Services) {
  // Both are read from /proc, which takes a descriptor.
  const [openDescriptors, residentBytes] = descriptors.lend(1, (): [number, bigint] => [
    readdirSync("/proc/self/fd").length,
    BigInt(process.memoryUsage.rss()),
  ]);
  return {
    connections: counters.connections.value,
    sessions: counters.sessions,
    handles: counters.handles,
    waitingOperations: counters.waiting.value,
    streams: counters.attachments.value + counters.watches.value,
    timers: counters.timers,
    openDescriptors,
    residentBytes,
    operationsTotal: BigInt(counters.operations),
    operationsFailedTotal: BigInt(counters.operationsFailed),
    handlesOpenedTotal: BigInt(counters.handlesOpened),
    denialsTotal: BigInt(counters.denials),
  };
}
