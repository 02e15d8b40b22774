/*
 * The one way in. Unary calls and streams are let in by `admit`; an operation, whichever way it came, is performed by
 * `invoke`, after what its row of the table demands.
 */

import type { Status } from "../../gen/google/rpc/status_pb.js";
import type { SocketAddress } from "../../gen/sockbroker/v1/address_pb.js";
import { BrokerError_Code } from "../../gen/sockbroker/v1/error_pb.js";
import type { Call } from "../../rpc/call.js";
import { authorise, checkedAddress } from "../access/authorise.js";
import type { OpContext, Services } from "../context.js";
import type { Counters } from "../counters.js";
import { BrokerFault } from "../errors.js";
import type { Connections } from "../transport/connections.js";
import type { AnyRow, Callers } from "./row.js";

/** What it takes to let calls in. */
export interface EntryPoint {
  readonly services: Services;
  readonly connections: Connections;
  /** Whether the daemon is ending. */
  readonly draining: () => boolean;
  /** Turns what was thrown into a status. */
  readonly statusOf: (error: unknown) => Status;
  /** Makes the error for a message that does not decode. */
  readonly malformed: (cause: unknown) => Error;
}

/** When a call may be made, and by whom. */
type Terms = Callers & { readonly whileDraining?: true };

/** The fields that say what is judged. */
interface Judged {
  readonly handle?: bigint;
  readonly address?: SocketAddress | undefined;
}

/**
 * Lets a call in: finds its principal and session. Throws UNAUTHENTICATED, SESSION_NOT_FOUND, DRAINING or `PolicyDenied`.
 */
function admit(entry: EntryPoint, call: Call, terms: Terms): OpContext {
  if (entry.draining() && terms.whileDraining !== true) throw draining();
  const connection = entry.connections.of(call);
  const session = entry.connections.sessionOf(call, connection);
  const ctx = {
    services: entry.services,
    session,
    principal: connection.principal,
    peer: connection.peer,
    signal: () => call.signal(cancelled()),
  };
  if (terms.strangers !== true) authorise(ctx, "session");
  return ctx;
}

/** Lets a call in that is no operation, and asks for its permission. Throws what `admit` throws. */
export function admitTo(entry: EntryPoint, call: Call, terms: Terms): OpContext {
  const ctx = admit(entry, call, terms);
  ask(ctx, terms);
  return ctx;
}

/** Lets a stream in, or ends it with the reason why not and answers null. */
export function admitStream(
  entry: EntryPoint,
  call: Call & { fail(status: Status): void },
  terms: Terms,
): OpContext | null {
  try {
    return admitTo(entry, call, terms);
  } catch (error) {
    call.fail(entry.statusOf(error));
    return null;
  }
}

/** Performs the operation of a unary call. Its session does not expire while it waits, and its lease starts anew. */
export function invokeUnary(entry: EntryPoint, call: Call, row: AnyRow, request: object): object | Promise<object> {
  const { counters } = entry.services;
  countBegun(counters);
  try {
    const ctx = admit(entry, call, row);
    ctx.session.renew();
    const result = invoke(entry, ctx, row, request);
    if (!(result instanceof Promise)) return result;
    return result.catch((error: unknown) => fail(counters, error)).finally(ctx.session.retain());
  } catch (error) {
    return fail(counters, error);
  }
}

/**
 * Performs an operation: finds what it is about, asks the policy, and runs it. A promise only where something has to be
 * waited for.
 */
export function invoke(entry: EntryPoint, ctx: OpContext, row: AnyRow, request: Judged): object | Promise<object> {
  if (entry.draining() && row.whileDraining !== true) throw draining();
  if (row.subject === "nothing") {
    ask(ctx, row);
    if (row.also !== undefined) askAlso(ctx, row, request);
    return row.run(ctx, request as never, undefined as never, undefined as never);
  }
  const socket = ctx.session.entry(request.handle ?? 0n);
  if (row.also !== undefined) askAlso(ctx, row, request);
  const { operation } = row;
  if (operation === undefined || (row.subject === "destination" && request.address === undefined)) {
    ask(ctx, row);
    return row.run(ctx, request as never, socket as never, null as never);
  }
  const address = checkedAddress(ctx, row.permission, socket.facts, request.address, operation);
  return address instanceof Promise
    ? address.then((checked) => row.run(ctx, request as never, socket as never, checked as never))
    : row.run(ctx, request as never, socket as never, address as never);
}

/** Asks for a permission beyond that of being let in. */
function ask(ctx: OpContext, { permission }: Callers): void {
  if (permission !== undefined && permission !== "session") authorise(ctx, permission);
}

function askAlso(ctx: OpContext, { also = [] }: AnyRow, request: object): void {
  for (const { permission, when } of also) {
    if (when === undefined || when(request as never, ctx)) authorise(ctx, permission);
  }
}

/** Counts an operation. The one place that does, as `countFailed` is for those that fail. */
export function countBegun(counters: Counters): void {
  counters.operations += 1;
}

export function countFailed(counters: Counters): void {
  counters.operationsFailed += 1;
}

function fail(counters: Counters, error: unknown): never {
  countFailed(counters);
  throw error;
}

/** What new work is refused with when the daemon is ending. */
export function draining(): BrokerFault {
  return new BrokerFault(BrokerError_Code.DRAINING, "the daemon is ending");
}

/** What an operation rejects with when its caller cancelled it. */
export function cancelled(): BrokerFault {
  return new BrokerFault(BrokerError_Code.CANCELLED, "cancelled by the caller");
}
