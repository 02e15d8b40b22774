import type { Decision, Policy, Query } from "./policy.js";

declare const checked: unique symbol;

/** A value that the policy was asked about and allowed. Only `check` makes one. */
export type Checked<T> = T & { readonly [checked]: true };

/** The policy said no. */
export class PolicyDenied extends Error {
  override readonly name = "PolicyDenied";
  constructor(
    readonly query: Query,
    readonly decision: Decision,
  ) {
    super(decision.reason);
  }
}

/** Asks the policy, and gives back the value that was asked about as one that may be used. Throws `PolicyDenied`. */
export function check<T>(policy: Policy, query: Query, value: T): Checked<T> {
  const decision = policy.decide(query);
  if (!decision.allowed) throw new PolicyDenied(query, decision);
  return value as Checked<T>;
}
