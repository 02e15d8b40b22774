import type { Decision, Policy, Query, Rule } from "./policy.js";
import { principalOf } from "./principal-name.js";

/** A principal admitted by name. */
export interface Admitted {
  readonly principal: string;
  /** Whether the admission includes unix sockets that have a path in the file system. */
  readonly unix: boolean;
}

/**
 * The policy without a policy file: the daemon's own user, root, and principals admitted by name may do what the daemon
 * may do; others nothing. Only the daemon's own user and root are operators.
 *
 * A program that serves a unix socket with a path trusts the user who connects, which would be the daemon's user, so
 * these need a separate admission. Abstract names and unnamed sockets belong to nobody and do not. The same admission
 * is required for sockets shared with other processes, because such a process can connect them to a path, and can block
 * the daemon.
 */
export function builtInPolicy(options: { readonly owner: string; readonly admitted: readonly Admitted[] }): Policy {
  const owners = new Set([options.owner, principalOf(0)]);
  const admitted = new Map<string, boolean>();
  for (const { principal, unix } of options.admitted) {
    if (!owners.has(principal)) admitted.set(principal, unix || admitted.get(principal) === true);
  }
  const rules: readonly Rule[] = [
    { name: "built-in-owner", allow: true, principals: [...owners], permissions: ["*"], endpoints: ["*"] },
    ...[...admitted].flatMap(([principal, unix]) => rulesOf(principal, unix)),
  ];
  return {
    decide: (query) => decide(rules, query),
    rulesFor: (principal) => rules.filter((rule) => rule.principals.includes(principal)),
  };
}

function rulesOf(principal: string, unix: boolean): Rule[] {
  const principals = [principal];
  const admit: Rule = { name: `admit-${principal}`, allow: true, principals, permissions: ["*"], endpoints: ["*"] };
  const admin: Rule = {
    name: `${admit.name}-admin`,
    allow: false,
    principals,
    permissions: ["admin"],
    endpoints: ["*"],
  };
  const credentials: Rule = {
    name: `${admit.name}-credentials`,
    allow: false,
    principals,
    permissions: ["ancillary"],
    endpoints: ["credentials:*"],
    remedy: "SCM_CREDENTIALS must name the caller's own process, user and group",
  };
  if (unix) return [admin, credentials, admit];
  return [
    admin,
    credentials,
    {
      ...admit,
      name: `${admit.name}-shared`,
      allow: false,
      endpoints: ["shared:*"],
      remedy: `a socket that another process has too needs \`--admit ${principal},unix\``,
    },
    { ...admit, name: `${admit.name}-abstract`, endpoints: ["unix:", "unix:@*"] },
    {
      ...admit,
      name: `${admit.name}-unix-path`,
      allow: false,
      endpoints: ["unix:*"],
      remedy: `unix sockets with a path need \`--admit ${principal},unix\``,
    },
    admit,
  ];
}

function decide(rules: readonly Rule[], query: Query): Decision {
  for (const rule of rules) {
    if (!rule.principals.includes(query.principal)) continue;
    if (!rule.permissions.includes("*") && !rule.permissions.includes(query.permission)) continue;
    if (!rule.endpoints.some((pattern) => matches(pattern, query.endpoint))) continue;
    const verdict = rule.allow ? "allows" : "denies";
    const remedy = rule.remedy === undefined ? "" : `: ${rule.remedy}`;
    return {
      allowed: rule.allow,
      rule: rule.name,
      reason: `rule ${rule.name} ${verdict} ${query.permission} to ${query.principal}${remedy}`,
    };
  }
  return { allowed: false, rule: "default", reason: `no rule allows ${query.permission} to ${query.principal}` };
}

/** A pattern is an endpoint, or a prefix of one followed by "*". A query without an endpoint is only matched by "*". */
function matches(pattern: string, endpoint: string | null): boolean {
  if (pattern === "*") return true;
  if (endpoint === null) return false;
  return pattern.endsWith("*") ? endpoint.startsWith(pattern.slice(0, -1)) : endpoint === pattern;
}
