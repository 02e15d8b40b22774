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

/** What a permission is asked for. */
export interface About {
  readonly socket?: Socket | null;
  readonly address?: Sockaddr;
  readonly details?: Details | null;
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
    { socket = null, address, details = null }: About = {},
  ) {
    this.principal = caller.principal.name;
    this.evidence = caller.peer ?? null;
    this.#socket = socket;
    this.#details = details;
    this.#address = addressOrNull(address);
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
  return address === null || address === undefined ? null : new NormalisedAddress(address);
}

/** Built for each datagram with an address, so only what every policy looks at is made at once. */
class NormalisedAddress implements QueryAddress {
  readonly endpoint: string;
  readonly #address: Sockaddr;

  constructor(address: Sockaddr) {
    this.#address = address;
    this.endpoint = endpointOf(normalise(address));
  }

  get embedded(): readonly string[] {
    return embeddedIPv4(this.#address);
  }

  get interface(): string | null {
    return "interface" in this.#address ? this.#address.interface : null;
  }

  get canId(): number | null {
    return this.#address.kind === "isotp" ? this.#address.txId : null;
  }

  get pgn(): number | null {
    return this.#address.kind === "j1939" ? this.#address.pgn : null;
  }

  get ethertype(): number | null {
    return this.#address.kind === "packet" ? this.#address.protocol : null;
  }
}
