import type { Sockaddr } from "../../native/binding.js";
import type { Caller } from "../context.js";
import { type Checked, check, PolicyDenied } from "../policy/checked.js";
import type { Permission } from "../policy/policy.js";
import type { Socket } from "../sockets/socket-entry.js";
import { type About, CallerQuery, type Details, fieldsOf } from "./query.js";
import { type View, viewOf } from "./views.js";

/** The policy's endpoint for a socket that a process outside the daemon shares. */
export const SHARED_SOCKET = "shared:";

/** Checks a permission on something without an address, by its name in rules. Throws `PolicyDenied`. */
export function authoriseEndpoint(ctx: Caller, permission: Permission, endpoint: string): void {
  audited(ctx, new CallerQuery(ctx, permission, { details: { endpoint } }), null);
}

/** Like `authoriseEndpoint`, but returns the denial; null if allowed. */
export function refusal(ctx: Caller, permission: Permission, endpoint: string): PolicyDenied | null {
  try {
    authoriseEndpoint(ctx, permission, endpoint);
    return null;
  } catch (error) {
    if (error instanceof PolicyDenied) return error;
    throw error;
  }
}

/** Checks a permission without an address, and returns the caller as one that has it. Throws `PolicyDenied`. */
export function authorise<C extends Caller, P extends Permission>(
  ctx: C,
  permission: P,
  about?: Omit<About, "address">,
): Checked<C, P> {
  return audited(ctx, new CallerQuery(ctx, permission, about), ctx);
}

/** Tells whether a permission is allowed, without counting or logging a denial. */
export function isAllowed(caller: Caller, permission: Permission): boolean {
  return caller.services.policy.decide(new CallerQuery(caller, permission)).allowed;
}

/** Checks a permission on an address, and returns the address that may be used. Throws `PolicyDenied`. */
export function authoriseAddress<P extends Permission>(
  ctx: Caller,
  permission: P,
  address: Sockaddr,
  about?: Omit<About, "address">,
): Checked<Sockaddr, P> {
  return audited(ctx, new CallerQuery(ctx, permission, { ...about, address }), address);
}

/** Checks a permission on a socket, and returns the view of it that may be used. Throws `PolicyDenied`. */
export function authoriseSocket<P extends Permission>(
  ctx: Caller,
  permission: P,
  socket: Socket,
  details: Details | null = null,
): View<P> {
  return viewOf(authorise(ctx, permission, { socket, details }), socket);
}

function audited<T, P extends Permission>(ctx: Caller, query: CallerQuery<P>, value: T): Checked<T, P> {
  try {
    return check(ctx.services.policy, query, value);
  } catch (error) {
    if (error instanceof PolicyDenied) report(ctx.services, error);
    throw error;
  }
}

function report({ counters, throttled }: Caller["services"], { query, decision }: PolicyDenied): void {
  counters.denials += 1;
  throttled.add({
    kind: `denied ${query.principal} ${query.permission} ${decision.rule}`,
    level: "warn",
    message: "denied by policy",
    fields: { event: "denied", ...fieldsOf(query), rule: decision.rule },
  });
}
