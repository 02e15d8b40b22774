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

/** What the kernel reported of the process that calls. */
export interface Evidence {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** An address in a query. It is normalised: there is one spelling for each place that packets can go to. */
export interface QueryAddress {
  /** As rules, logs and lists write it. */
  readonly endpoint: string;
  /**
   * IPv4 addresses in an IPv6 address, to which a tunnel or a translator may carry the packets. A rule that denies an IPv4
   * address has to match these too.
   */
  readonly embedded: readonly string[];
  /** Of a CAN or packet address; null if the address names none. */
  readonly interface: string | null;
  /** The CAN id that is sent with, of an ISO-TP address. */
  readonly canId: number | null;
  /** Of a J1939 address. */
  readonly pgn: number | null;
  /** Of a packet address. */
  readonly ethertype: number | null;
}

/** What the policy decides about. The direction is in the permission: `send` and `connect` are out, `receive` and `accept` in. */
export interface Query {
  readonly principal: string;
  /** Null for a query about somebody who is not calling. */
  readonly evidence: Evidence | null;
  readonly permission: Permission;
  /**
   * The address that the permission is for, as rules write it, or `shared:` or `credentials:PID:UID:GID`; null if it is not
   * about one address.
   */
  readonly endpoint: string | null;
  /** Of the socket, from the kernel; of a socket to open, as requested; null if there is none. */
  readonly family: number | null;
  readonly type: number | null;
  readonly protocol: number | null;
  /** The address to bind, or else the socket's own; null if there is none. Reading it may make a system call. */
  readonly local: QueryAddress | null;
  /** The address to connect or send to, or else the peer's; null if there is none. Reading it may make a system call. */
  readonly remote: QueryAddress | null;
  /** Of getsockopt and setsockopt. */
  readonly option: { readonly level: number; readonly name: number } | null;
  /** The request of an ioctl. */
  readonly ioctl: bigint | null;
  /** The network namespace to open: its name, or `pid:N`. */
  readonly netns: string | null;
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
