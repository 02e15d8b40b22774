import { AddressFamily, type SocketType } from "../gen/sockbroker/v1/address_pb.js";
import type { AddressInput, SocketAddress } from "./address.js";
import { addressFromProto } from "./address-from-proto.js";
import { addressToProto, checkPort } from "./address-to-proto.js";
import type { BrokerContext, CallOptions } from "./broker-context.js";
import { ArgumentError } from "./errors.js";
import { encodeHost } from "./idna.js";
import { int32 } from "./int32.js";
import { required } from "./required.js";

/** What `getaddrinfo` is to find. */
export interface GetaddrinfoOptions extends CallOptions {
  /** AF_*; unset: any. */
  readonly family?: number | undefined;
  /** SOCK_*; unset: any. */
  readonly type?: number | undefined;
  /** IPPROTO_*; unset: any. */
  readonly proto?: number | undefined;
  /** AI_* with the values of the daemon's host. */
  readonly flags?: number | undefined;
}

/** One address of a host. Analogous to struct addrinfo and Python's 5-tuple. */
export interface AddressInfo {
  readonly family: AddressFamily;
  readonly type: SocketType;
  readonly proto: number;
  /** With AI_CANONNAME, in the first result; "" otherwise. */
  readonly canonname: string;
  readonly address: SocketAddress;
}

/** A host's entry. Analogous to struct hostent. */
export interface HostEntry {
  readonly hostname: string;
  readonly aliases: readonly string[];
  readonly addresses: readonly string[];
}

/** Names of an address. */
export interface NameInfo {
  readonly host: string;
  readonly service: string;
}

/** A name: text, which is encoded by IDNA where it is a host's, or bytes, which are taken as they are. */
export type NameInput = string | Uint8Array;

export async function getaddrinfo(
  context: BrokerContext,
  host: NameInput | null,
  service: NameInput | number | null,
  { family = 0, type = 0, proto = 0, flags = 0, signal }: GetaddrinfoOptions,
): Promise<AddressInfo[]> {
  const init = {
    ...(host === null ? {} : { host: encodeHost(host, "getaddrinfo") }),
    ...(service === null ? {} : { service: serviceBytes(service) }),
    family,
    type,
    protocol: proto,
    flags,
  };
  const { results } = await context.operations.call("getaddrinfo", init, signal);
  return results.map((result) => ({
    family: result.family,
    type: result.type,
    proto: result.protocol,
    canonname: result.canonicalName,
    address: required(addressFromProto(result.address, context.unixPaths) ?? undefined, "address"),
  }));
}

export async function getnameinfo(
  context: BrokerContext,
  address: AddressInput,
  flags: number,
  { signal }: CallOptions,
): Promise<NameInfo> {
  // The family of `{ host, port }` is in the text: only IPv6 addresses have colons.
  const numeric = typeof address === "object" && "host" in address && String(address.host).includes(":");
  const family = numeric ? AddressFamily.INET6 : AddressFamily.INET;
  const use = { operation: "getnameinfo", family, unixPaths: context.unixPaths };
  const init = { address: addressToProto(address, use), flags: int32(flags, "getnameinfo") };
  const { host, service } = await context.operations.call("getnameinfo", init, signal);
  return { host, service };
}

export async function gethostbyname(
  context: BrokerContext,
  hostname: NameInput,
  { signal }: CallOptions,
): Promise<string> {
  const init = { hostname: encodeHost(hostname, "gethostbyname") };
  return (await context.operations.call("gethostbyname", init, signal)).address;
}

export async function gethostbynameEx(
  context: BrokerContext,
  name: NameInput,
  { signal }: CallOptions,
): Promise<HostEntry> {
  const init = { hostname: encodeHost(name, "gethostbyname_ex") };
  const { hostname, aliases, addresses } = await context.operations.call("gethostbynameEx", init, signal);
  return { hostname, aliases, addresses };
}

export async function gethostbyaddr(
  context: BrokerContext,
  address: NameInput,
  { signal }: CallOptions,
): Promise<HostEntry> {
  const init = { address: encodeHost(address, "gethostbyaddr") };
  const { hostname, aliases, addresses } = await context.operations.call("gethostbyaddr", init, signal);
  return { hostname, aliases, addresses };
}

export async function getservbyname(
  context: BrokerContext,
  service: NameInput,
  protocol: NameInput | undefined,
  { signal }: CallOptions,
): Promise<number> {
  const init = { service: bytes(service), ...protocolInit(protocol) };
  return (await context.operations.call("getservbyname", init, signal)).port;
}

export async function getservbyport(
  context: BrokerContext,
  port: number,
  protocol: NameInput | undefined,
  { signal }: CallOptions,
): Promise<string> {
  const init = { port: checkPort(port, "getservbyport"), ...protocolInit(protocol) };
  return (await context.operations.call("getservbyport", init, signal)).service;
}

export async function getprotobyname(
  context: BrokerContext,
  protocol: NameInput,
  { signal }: CallOptions,
): Promise<number> {
  return (await context.operations.call("getprotobyname", { protocol: bytes(protocol) }, signal)).number;
}

function serviceBytes(service: NameInput | number): Uint8Array {
  if (typeof service !== "number") return bytes(service);
  if (!Number.isInteger(service)) throw new TypeError("getaddrinfo(): a port is a whole number");
  if (!Number.isSafeInteger(service)) {
    throw new ArgumentError("overflow", "PORT_OUT_OF_RANGE", "getaddrinfo", "a port is a whole number of 64 bits");
  }
  return Buffer.from(String(service));
}

function protocolInit(protocol: NameInput | undefined): { protocol: Uint8Array } | undefined {
  return protocol === undefined ? undefined : { protocol: bytes(protocol) };
}

/** A name for a C function, which a NUL would cut short. */
function bytes(text: NameInput): Uint8Array {
  if (typeof text !== "string" && !(text instanceof Uint8Array)) throw new TypeError("text or bytes are required");
  const name = typeof text === "string" ? Buffer.from(text) : text;
  if (name.includes(0)) throw new ArgumentError("value", "EMBEDDED_NUL", "", "embedded null character");
  return name;
}
