import type { Decision, Permission, Policy, Query } from "./policy.js";

declare const checked: unique symbol;

/** A value that the policy has allowed to be used for a permission. Only `check` creates one. */
export type Checked<T, P extends Permission> = T & { readonly [checked]: { readonly [K in P]: true } };

/** The policy denied a permission. */
export class PolicyDenied extends Error {
  override readonly name = "PolicyDenied";
  constructor(
    readonly query: Query,
    readonly decision: Decision,
  ) {
    super(decision.reason);
  }
}

/** Asks the policy, and returns the value as one that may be used. Throws `PolicyDenied`. */
export function check<T, P extends Permission>(
  policy: Policy,
  query: Query & { readonly permission: P },
  value: T,
): Checked<T, P> {
  const decision = policy.decide(query);
  if (!decision.allowed) throw new PolicyDenied(query, decision);
  return value as Checked<T, P>;
}
