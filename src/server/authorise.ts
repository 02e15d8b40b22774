import type { SocketAddress } from "../gen/sockbroker/v1/address_pb.js";
import type { Sockaddr } from "../native/binding.js";
import { endpointOf } from "./codec/endpoint.js";
import type { OpContext } from "./context.js";
import { resolveAddress } from "./names/resolve-address.js";
import { type Checked, check, PolicyDenied } from "./policy/checked.js";
import type { Verb } from "./policy/policy.js";
import type { SocketFacts } from "./sockets/socket-entry.js";

/** Whom the policy is asked about. */
type Caller = Pick<OpContext, "services" | "principal">;

/** What the policy calls a socket that a process outside the daemon has too. */
export const SHARED_SOCKET = "shared:";

/** Checks a verb on something that has no address, under the name that rules have for it. Throws `PolicyDenied`. */
export function authoriseEndpoint(ctx: Caller, verb: Verb, endpoint: string): void {
  audited(ctx, verb, endpoint, null);
}

/** Answers the denial of a verb on such a thing, or null when it is allowed. */
export function refusal(ctx: Caller, verb: Verb, endpoint: string): PolicyDenied | null {
  try {
    authoriseEndpoint(ctx, verb, endpoint);
    return null;
  } catch (error) {
    if (error instanceof PolicyDenied) return error;
    throw error;
  }
}

/** Checks a verb that has no address. Throws `PolicyDenied`. */
export function authorise(ctx: Caller, verb: Verb): void {
  audited(ctx, verb, null, null);
}

/** Tells whether a verb is allowed, where a no is an answer and not a refusal: nothing is counted or logged. */
export function isAllowed({ services, principal }: Caller, verb: Verb): boolean {
  return services.policy.decide({ principal: principal.name, verb, endpoint: null }).allowed;
}

/** Checks a verb on an address, and answers the address that may be used. Throws `PolicyDenied`. */
export function authoriseAddress(ctx: OpContext, verb: Verb, address: Sockaddr): Checked<Sockaddr> {
  return audited(ctx, verb, endpointOf(address), address);
}

/**
 * Turns an address from outside into one that may be used: its shape is judged for the socket, its name is resolved once,
 * and what it resolved to is checked. Throws `ArgumentFault`, `ResolverFault` or `PolicyDenied`; a promise only when
 * there is a name to look up.
 */
export function checkedAddress(
  ctx: OpContext,
  verb: Verb,
  facts: SocketFacts,
  address: SocketAddress | undefined,
  operation: string,
): Checked<Sockaddr> | Promise<Checked<Sockaddr>> {
  const resolved = resolveAddress(ctx, facts, address, operation);
  return resolved instanceof Promise
    ? resolved.then((concrete) => authoriseAddress(ctx, verb, concrete))
    : authoriseAddress(ctx, verb, resolved);
}

function audited<T>(ctx: Caller, verb: Verb, endpoint: string | null, value: T): Checked<T> {
  try {
    return check(ctx.services.policy, { principal: ctx.principal.name, verb, endpoint }, value);
  } catch (error) {
    if (error instanceof PolicyDenied) report(ctx.services, error);
    throw error;
  }
}

function report({ counters, throttled }: Caller["services"], { query, decision }: PolicyDenied): void {
  counters.denials += 1;
  throttled.add({
    kind: `denied ${query.principal} ${query.verb} ${decision.rule}`,
    level: "warn",
    message: "denied by policy",
    fields: { event: "denied", ...query, rule: decision.rule },
  });
}
