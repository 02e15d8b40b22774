/*
 * The entry point of all calls. Unary calls and streams are admitted by `admit`. All operations are performed by
 * `invoke`, according to their row of the table; all streams are counted, and keep their session, by `enterStream`.
 */

import type { Status } from "../../gen/google/rpc/status_pb.js";
import type { SocketAddress } from "../../gen/sockbroker/v1/address_pb.js";
import { BrokerError_Code } from "../../gen/sockbroker/v1/error_pb.js";
import type { Call } from "../../rpc/server/call.js";
import { authorise } from "../access/authorise.js";
import type { About } from "../access/query.js";
import type { OpContext, Permitted, Services } from "../context.js";
import type { Counters } from "../counters.js";
import { BrokerFault } from "../errors.js";
import type { Permission } from "../policy/policy.js";
import { checkedAddress } from "../resolver/checked-address.js";
import type { Socket } from "../sockets/socket-entry.js";
import type { Connection, Connections } from "../transport/connections.js";
import type { AnyRow, Callers } from "./row.js";

/** Dependencies of the entry point. */
export interface EntryPoint {
  readonly services: Services;
  readonly connections: Connections;
  /** Whether the daemon is draining. */
  readonly draining: () => boolean;
  /** Converts an error to a status. */
  readonly statusOf: (error: unknown) => Status;
  /** Creates the error for a message that cannot be decoded. */
  readonly malformed: (cause: unknown) => Error;
}

/** When a call may be made, and by whom. */
type Terms = Callers & { readonly whileDraining?: true };

/** The permission that a call requires. */
interface Needs<P extends Permission> {
  readonly permission: P;
}

/** The fields of a request that permissions are checked for. */
interface Judged {
  readonly handle?: bigint;
  readonly address?: SocketAddress | undefined;
}

/**
 * Admits a call: finds its principal and session. Throws UNAUTHENTICATED, SESSION_NOT_FOUND, DRAINING or
 * `PolicyDenied`.
 */
function admit(entry: EntryPoint, call: Call, terms: Terms): OpContext {
  const connection = connectionOf(entry, call, terms);
  const session = entry.connections.sessionOf(call, connection);
  const ctx = {
    services: entry.services,
    session,
    principal: connection.principal,
    peer: connection.peer,
    unread: connection.limits.accounts.unread,
    signal: () => call.signal(cancelled()),
  };
  if (terms.strangers !== true) authorise(ctx, "session");
  return ctx;
}

/** Finds the connection of a call. Throws UNAUTHENTICATED or DRAINING. */
function connectionOf(entry: EntryPoint, call: Call, terms: Terms): Connection {
  if (entry.draining() && terms.whileDraining !== true) throw draining();
  return entry.connections.of(call);
}

/** Admits a call that opens a session, because it has none yet. Throws UNAUTHENTICATED, DRAINING or `PolicyDenied`. */
export function admitWithoutSession(entry: EntryPoint, call: Call, terms: Terms & Needs<"session">): Connection {
  const connection = connectionOf(entry, call, terms);
  authorise({ ...connection, services: entry.services }, terms.permission);
  return connection;
}

/** Admits a call that is not an operation, and checks its permission. Throws like `admit`. */
export function admitTo<P extends Permission>(entry: EntryPoint, call: Call, terms: Terms & Needs<P>): Permitted<P> {
  const ctx = admit(entry, call, terms);
  ask(ctx, terms);
  return ctx as Permitted<P>;
}

/** Admits a stream. If it is refused, ends it with the reason and returns null. */
export function admitStream<P extends Permission>(
  entry: EntryPoint,
  call: Call & { fail(status: Status): void },
  terms: Terms & Needs<P>,
): Permitted<P> | null {
  try {
    return admitTo(entry, call, terms);
  } catch (error) {
    call.fail(entry.statusOf(error));
    return null;
  }
}

/**
 * Counts a stream, and keeps its session from expiring. Calls back with the reason if the session ends before the stream
 * does. Returns a function that ends this, which may be called more than once.
 */
export function enterStream(
  { services, session }: OpContext,
  kind: "attachments" | "watches" | null,
  onSessionEnd: (reason: unknown) => void,
): () => void {
  const gauge = kind === null ? null : services.counters[kind];
  const release = session.retain();
  gauge?.enter();
  const onAbort = (): void => onSessionEnd(session.signal.reason);
  session.signal.addEventListener("abort", onAbort);
  let open = true;
  return () => {
    if (!open) return;
    open = false;
    session.signal.removeEventListener("abort", onAbort);
    gauge?.leave();
    release();
  };
}

/** Performs the operation of a unary call. Its session does not expire while it waits, and its lease is restarted. */
export function invokeUnary(entry: EntryPoint, call: Call, row: AnyRow, request: object): object | Promise<object> {
  const { counters } = entry.services;
  counters.operations += 1;
  try {
    const ctx = admit(entry, call, row);
    ctx.session.renew();
    const result = run(entry, ctx, row, request);
    if (!(result instanceof Promise)) return result;
    return result.catch((error: unknown) => fail(counters, error)).finally(ctx.session.retain());
  } catch (error) {
    return fail(counters, error);
  }
}

/** Performs an operation of an admitted caller. Returns a promise only if it has to wait. Count it if it fails. */
export function invoke(entry: EntryPoint, ctx: OpContext, row: AnyRow, request: Judged): object | Promise<object> {
  entry.services.counters.operations += 1;
  return run(entry, ctx, row, request);
}

/** Finds the subject of an operation, checks its permissions, and runs it. */
function run(entry: EntryPoint, ctx: OpContext, row: AnyRow, request: Judged): object | Promise<object> {
  if (entry.draining() && row.whileDraining !== true) throw draining();
  if (row.subject === "nothing") {
    const about = aboutOf(row, null, request);
    ask(ctx, row, about);
    if (row.also !== undefined) askAlso(ctx, row, request, about);
    return row.run(ctx as never, request as never, undefined as never, undefined as never);
  }
  const socket = ctx.session.entry(request.handle ?? 0n);
  const about = aboutOf(row, socket, request);
  if (row.also !== undefined) askAlso(ctx, row, request, about);
  const { operation } = row;
  if (operation === undefined || (row.subject === "destination" && request.address === undefined)) {
    ask(ctx, row, about);
    return row.run(ctx as never, request as never, socket as never, null as never);
  }
  const address = checkedAddress(ctx, row.permission, socket, request.address, operation);
  return address instanceof Promise
    ? address.then((checked) => row.run(ctx as never, request as never, socket as never, checked as never))
    : row.run(ctx as never, request as never, socket as never, address as never);
}

/** What the permissions of an operation are for. */
function aboutOf({ details }: AnyRow, socket: Socket | null, request: object): About {
  return details === undefined ? { socket } : { socket, details: details(request as never) };
}

/** Checks a permission other than `session`, which `admit` has checked. */
function ask(ctx: OpContext, { permission }: Callers, about?: About): void {
  if (permission !== undefined && permission !== "session") authorise(ctx, permission, about);
}

function askAlso(ctx: OpContext, { also = [] }: AnyRow, request: object, about: About): void {
  for (const { permission, when } of also) {
    if (when === undefined || when(request as never, ctx)) authorise(ctx, permission, about);
  }
}

/** Counts that an operation has failed. Operations are only counted in this file. */
export function countFailed(counters: Counters): void {
  counters.operationsFailed += 1;
}

/** Counts an operation that fails before it can be invoked. */
export function countRefused(counters: Counters): void {
  counters.operations += 1;
  countFailed(counters);
}

function fail(counters: Counters, error: unknown): never {
  countFailed(counters);
  throw error;
}

/** The error for new work while the daemon is draining. */
export function draining(): BrokerFault {
  return new BrokerFault(BrokerError_Code.DRAINING, "the daemon is ending");
}

/** The error of an operation that its caller cancelled. */
export function cancelled(): BrokerFault {
  return new BrokerFault(BrokerError_Code.CANCELLED, "cancelled by the caller");
}
