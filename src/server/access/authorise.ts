import type { SocketAddress } from "../../gen/sockbroker/v1/address_pb.js";
import type { Sockaddr } from "../../native/binding.js";
import type { OpContext } from "../context.js";
import { type Checked, check, PolicyDenied } from "../policy/checked.js";
import type { Permission } from "../policy/policy.js";
import { resolveAddress } from "../resolver/resolve-address.js";
import type { SocketFacts } from "../sockets/socket-entry.js";
import { endpointOf } from "./endpoint.js";

/** The principal that the policy is asked about. */
type Caller = Pick<OpContext, "services" | "principal">;

/** The policy's endpoint for a socket that a process outside the daemon shares. */
export const SHARED_SOCKET = "shared:";

/** Checks a permission on something without an address, by its name in rules. Throws `PolicyDenied`. */
export function authoriseEndpoint(ctx: Caller, permission: Permission, endpoint: string): void {
  audited(ctx, permission, endpoint, null);
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

/** Checks a permission without an address. Throws `PolicyDenied`. */
export function authorise(ctx: Caller, permission: Permission): void {
  audited(ctx, permission, null, null);
}

/** Tells whether a permission is allowed, without counting or logging a denial. */
export function isAllowed({ services, principal }: Caller, permission: Permission): boolean {
  return services.policy.decide({ principal: principal.name, permission, endpoint: null }).allowed;
}

/** Checks a permission on an address, and returns the address that may be used. Throws `PolicyDenied`. */
export function authoriseAddress(ctx: OpContext, permission: Permission, address: Sockaddr): Checked<Sockaddr> {
  return audited(ctx, permission, endpointOf(address), address);
}

/**
 * Converts an address from a caller to one that may be used: validates it for the socket, resolves its name once, and
 * checks the result. Throws `ArgumentFault`, `ResolverFault` or `PolicyDenied`. Returns a promise only if there is a
 * name to look up.
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
