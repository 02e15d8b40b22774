import type { SocketAddress } from "../../gen/sockbroker/v1/address_pb.js";
import { ArgumentError_Kind } from "../../gen/sockbroker/v1/error_pb.js";
import type { ExplainPolicyRequest, PolicyService } from "../../gen/sockbroker/v1/policy_service_pb.js";
import type { Sockaddr } from "../../native/binding.js";
import { CallerQuery } from "../access/query.js";
import { addressFrom } from "../codec/address.js";
import type { OpContext, StrangersOp } from "../context.js";
import { ArgumentFault } from "../errors.js";
import { isPermission, permissions } from "../policy/policy.js";
import { isPrincipal } from "../policy/principal-name.js";

/** Asks the policy, without any effect. */
export const explainPolicy: StrangersOp<typeof PolicyService.method.explainPolicy> = (ctx, request) => {
  const { permission } = request;
  if (!isPermission(permission)) {
    throw new ArgumentFault(
      ArgumentError_Kind.VALUE,
      "UNKNOWN_PERMISSION",
      "explain_policy",
      `${JSON.stringify(permission)} is not a permission; there are ${permissions.join(", ")}`,
    );
  }
  const principal = request.principal === "" ? ctx.principal.name : validPrincipal(request.principal);
  const caller = principal === ctx.principal.name ? ctx : { principal: { name: principal } };
  const address = request.address === undefined ? {} : { address: addressAsked(request.address) };
  const decision = ctx.services.policy.decide(new CallerQuery(caller, permission, address));
  return { allowed: decision.allowed, rule: decision.rule, principal, reason: decision.reason };
};

function validPrincipal(text: string): string {
  if (isPrincipal(text)) return text;
  const message = `a principal must be uid:NUMBER, not ${JSON.stringify(text)}`;
  throw new ArgumentFault(ArgumentError_Kind.VALUE, "UNKNOWN_PRINCIPAL", "explain_policy", message);
}

export function asksForAnother({ principal }: ExplainPolicyRequest, ctx: OpContext): boolean {
  return principal !== "" && principal !== ctx.principal.name;
}

function addressAsked(message: SocketAddress): Sockaddr {
  const address = addressFrom(message, "explain_policy");
  return address.kind === "concrete" ? address.address : ({ ...address.rest, address: address.host } as Sockaddr);
}
