import type { Decision, Policy, Query, Rule } from "./policy.js";

/**
 * The policy without a policy file: the daemon's own user and root, and whoever was admitted by name, may do what the
 * daemon may do; everyone else nothing. Only the daemon's own user and root are operators.
 */
export function builtInPolicy(options: { readonly owner: string; readonly admitted: readonly string[] }): Policy {
  const owners = new Set([options.owner, "uid:0"]);
  const rules: readonly Rule[] = [
    { name: "built-in-owner", allow: true, principals: [...owners], verbs: ["*"], endpoints: ["*"] },
    ...options.admitted
      .filter((principal) => !owners.has(principal))
      .flatMap((principal): Rule[] => [
        { name: `admit-${principal}-admin`, allow: false, principals: [principal], verbs: ["admin"], endpoints: ["*"] },
        { name: `admit-${principal}`, allow: true, principals: [principal], verbs: ["*"], endpoints: ["*"] },
      ]),
  ];
  return {
    decide: (query) => decide(rules, query),
    rulesFor: (principal) => rules.filter((rule) => rule.principals.includes(principal)),
  };
}

function decide(rules: readonly Rule[], query: Query): Decision {
  for (const rule of rules) {
    if (!rule.principals.includes(query.principal)) continue;
    if (!rule.verbs.includes("*") && !rule.verbs.includes(query.verb)) continue;
    const verdict = rule.allow ? "allows" : "denies";
    return {
      allowed: rule.allow,
      rule: rule.name,
      reason: `rule ${rule.name} ${verdict} ${query.verb} to ${query.principal}`,
    };
  }
  return { allowed: false, rule: "default", reason: `no rule allows ${query.verb} to ${query.principal}` };
}
