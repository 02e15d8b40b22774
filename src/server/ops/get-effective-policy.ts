import type { PolicyService } from "../../gen/sockbroker/v1/policy_service_pb.js";
import type { StrangersOp } from "../context.js";

/** The rules that apply to the caller. */
export const getEffectivePolicy: StrangersOp<typeof PolicyService.method.getEffectivePolicy> = (ctx) => ({
  principal: ctx.principal.name,
  rules: ctx.services.policy.rulesFor(ctx.principal.name).map((rule) => ({
    name: rule.name,
    allow: rule.allow,
    principals: [...rule.principals],
    permissions: [...rule.permissions],
    endpoints: [...rule.endpoints],
  })),
});
