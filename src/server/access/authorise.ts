import type { SocketAddress } from "../../gen/sockbroker/v1/address_pb.js";
import type { Sockaddr } from "../../native/binding.js";
import type { OpContext } from "../context.js";
import { type Checked, check, PolicyDenied } from "../policy/checked.js";
import type { Permission } from "../policy/policy.js";
import { resolveAddress } from "../resolver/resolve-address.js";
import type { SocketFacts } from "../sockets/socket-entry.js";
import { endpointOf } from "./endpoint.js";

/** Whom the policy is asked about. */
type Caller = Pick<OpContext, "services" | "principal">;

/** What the policy calls a socket that a process outside the daemon has too. */
export const SHARED_SOCKET = "shared:";

/** Checks a permission on something that has no address, under the name that rules have for it. Throws `PolicyDenied`. */
export function authoriseEndpoint(ctx: Caller, permission: Permission, endpoint: string): void {
  audited(ctx, permission, endpoint, null);
}

/** Answers the denial of a permission on such a thing, or null when it is allowed. */
export function refusal(ctx: Caller, permission: Permission, endpoint: string): PolicyDenied | null {
  try {
    authoriseEndpoint(ctx, permission, endpoint);
    return null;
  } catch (error) {
    if (error instanceof PolicyDenied) return error;
    throw error;
  }
}

/** Checks a permission that has no address. Throws `PolicyDenied`. */
export function authorise(ctx: Caller, permission: Permission): void {
  audited(ctx, permission, null, null);
}

/** Tells whether a permission is allowed, where a no is an answer and not a refusal: nothing is counted or logged. */
export function isAllowed({ services, principal }: Caller, permission: Permission): boolean {
  return services.policy.decide({ principal: principal.name, permission, endpoint: null }).allowed;
}

/** Checks a permission on an address, and answers the address that may be used. Throws `PolicyDenied`. */
export function authoriseAddress(ctx: OpContext, permission: Permission, address: Sockaddr): Checked<Sockaddr> {
  return audited(ctx, permission, endpointOf(address), address);
}

/**
 * Turns an address from outside into one that may be used: its shape is judged for the socket, its name is resolved once,
 * and what it resolved to is checked. Throws `ArgumentFault`, `ResolverFault` or `PolicyDenied`; a promise only when
 * there is a name to look up.
 */
export function checkedAddress(
  ctx: OpContext,
  permission: Permission,
  facts: SocketFacts,
  address: SocketAddress | undefined,
  operation: string,
): Checked<Sockaddr> | Promise<Checked<Sockaddr>> {
  const resolved = resolveAddress(ctx, facts, address, operation);
  return resolved instanceof Promise
    ? resolved.then((concrete) => authoriseAddress(ctx, permission, concrete))
    : authoriseAddress(ctx, permission, resolved);
}

function audited<T>(ctx: Caller, permission: Permission, endpoint: string | null, value: T): Checked<T> {
  try {
    return check(ctx.services.policy, { principal: ctx.principal.name, permission, endpoint }, value);
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
    fields: { event: "denied", ...query, rule: decision.rule },
  });
}
