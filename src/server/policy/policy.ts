/** What a principal may be allowed to do. */
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

/** One rule, as it was written. "*" matches all, and at the end of an endpoint whatever begins so. */
export interface Rule {
  readonly name: string;
  readonly allow: boolean;
  readonly principals: readonly string[];
  readonly permissions: readonly (Permission | "*")[];
  readonly endpoints: readonly string[];
  /** For a rule that denies: what an operator may do about it. */
  readonly remedy?: string;
}

export interface Query {
  readonly principal: string;
  readonly permission: Permission;
  /** The address as a rule would write it, or null where the permission has none. */
  readonly endpoint: string | null;
}

export interface Decision {
  readonly allowed: boolean;
  /** Name of the rule that decided; "default" when none matched. */
  readonly rule: string;
  readonly reason: string;
}

/** Decides by ordered rules. Pure: the same query has the same answer for the life of the object. */
export interface Policy {
  decide(query: Query): Decision;
  rulesFor(principal: string): readonly Rule[];
}
