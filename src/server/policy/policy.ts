/** The permissions that a policy grants or denies. */
export const permissions = [
  "session",
  "resolve",
  "socket",
  "netns",
  "bind",
  "listen",
  "accept",
  "connect",
  "send",
  "receive",
  "setsockopt",
  "getsockopt",
  "ioctl",
  "ancillary",
  "sethostname",
  "admin",
] as const;

export type Permission = (typeof permissions)[number];

export function isPermission(text: string): text is Permission {
  return (permissions as readonly string[]).includes(text);
}

/** One rule, as it was written. "*" matches everything; at the end of an endpoint it matches any suffix. */
export interface Rule {
  readonly name: string;
  readonly allow: boolean;
  readonly principals: readonly string[];
  readonly permissions: readonly (Permission | "*")[];
  readonly endpoints: readonly string[];
  /** For a rule that denies: what an operator can do about it. */
  readonly remedy?: string;
}

export interface Query {
  readonly principal: string;
  readonly permission: Permission;
  /** The address as a rule would write it, or null if the permission has none. */
  readonly endpoint: string | null;
}

export interface Decision {
  readonly allowed: boolean;
  /** Name of the rule that decided; "default" if no rule matched. */
  readonly rule: string;
  readonly reason: string;
}

/** Decides by ordered rules. Pure: the same object always gives the same answer to a query. */
export interface Policy {
  decide(query: Query): Decision;
  rulesFor(principal: string): readonly Rule[];
}
