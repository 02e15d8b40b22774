import type { Sockaddr } from "../../native/binding.js";
import type { Caller } from "../context.js";
import type { Permission, Query, QueryAddress } from "../policy/policy.js";
import type { Socket, SocketFacts } from "../sockets/socket-entry.js";
import { endpointOf } from "./endpoint.js";
import { embeddedIPv4, normalise } from "./normalise.js";

/** What a permission is asked for, beside the socket. */
export interface Details extends Partial<Pick<Query, "option" | "ioctl" | "netns">> {
  /** Of a socket to open. */
  readonly opens?: SocketFacts;
  /** Something without an address that has a name in rules. */
  readonly endpoint?: string;
}

/** A query of a caller. The addresses of the socket are read from the kernel if a rule looks at them. */
export class CallerQuery<P extends Permission = Permission> implements Query {
  readonly principal: string;
  readonly evidence: Query["evidence"];
  readonly endpoint: string | null;
  readonly #socket: Socket | null;
  readonly #address: QueryAddress | null;
  readonly #details: Details | null;

  constructor(
    caller: Pick<Caller, "principal" | "peer">,
    readonly permission: P,
    about: { readonly socket?: Socket | null; readonly address?: Sockaddr; readonly details?: Details | null } = {},
  ) {
    const { socket = null, address, details = null } = about;
    this.principal = caller.principal.name;
    this.evidence = caller.peer ?? null;
    this.#socket = socket;
    this.#details = details;
    this.#address = address === undefined ? null : queryAddressOf(address);
    this.endpoint = this.#address?.endpoint ?? details?.endpoint ?? null;
  }

  get family(): number | null {
    return this.#facts?.family ?? null;
  }

  get type(): number | null {
    return this.#facts?.type ?? null;
  }

  get protocol(): number | null {
    return this.#facts?.protocol ?? null;
  }

  get local(): QueryAddress | null {
    if (this.permission === "bind") return this.#address;
    return addressOrNull(this.#socket?.addresses().local);
  }

  get remote(): QueryAddress | null {
    if (this.permission !== "bind" && this.#address !== null) return this.#address;
    return addressOrNull(this.#socket?.addresses().peer);
  }

  get option(): Query["option"] {
    return this.#details?.option ?? null;
  }

  get ioctl(): bigint | null {
    return this.#details?.ioctl ?? null;
  }

  get netns(): string | null {
    return this.#details?.netns ?? null;
  }

  get #facts(): SocketFacts | null {
    return this.#details?.opens ?? this.#socket?.state ?? null;
  }
}

/** The fields of a query that say what it is about, for the log. Addresses of the socket are left out: they are not asked for. */
export function fieldsOf(query: Query): Record<string, unknown> {
  const { principal, evidence, permission, endpoint, family, type, protocol, option, ioctl, netns } = query;
  const fields = {
    family,
    type,
    protocol,
    level: option?.level,
    option: option?.name,
    ioctl: ioctl?.toString(),
    netns,
  };
  const known = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined);
  return { principal, pid: evidence?.pid, permission, endpoint, ...Object.fromEntries(known) };
}

function addressOrNull(address: Sockaddr | null | undefined): QueryAddress | null {
  return address === null || address === undefined ? null : queryAddressOf(address);
}

function queryAddressOf(address: Sockaddr): QueryAddress {
  return {
    endpoint: endpointOf(normalise(address)),
    embedded: embeddedIPv4(address),
    interface: "interface" in address ? address.interface : null,
    canId: address.kind === "isotp" ? address.txId : null,
    pgn: address.kind === "j1939" ? address.pgn : null,
    ethertype: address.kind === "packet" ? address.protocol : null,
  };
}
