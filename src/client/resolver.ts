import { isUtf8 } from "node:buffer";
import { AddressFamily, type SocketType } from "../gen/sockbroker/v1/address_pb.js";
import type { AddressInput, SocketAddress } from "./address.js";
import { addressFromProto } from "./address-from-proto.js";
import { addressToProto, checkPort } from "./address-to-proto.js";
import type { BrokerContext, CallOptions } from "./broker-context.js";
import { ArgumentError } from "./errors.js";
import { encodeHost } from "./idna.js";
import { int32 } from "./int32.js";
import { required } from "./required.js";

/** Options of `getaddrinfo`. */
export interface GetaddrinfoOptions extends CallOptions {
  /** AF_*; unset: any. */
  readonly family?: number | undefined;
  /** SOCK_*; unset: any. */
  readonly type?: number | undefined;
  /** IPPROTO_*; unset: any. */
  readonly proto?: number | undefined;
  /** AI_* flags, with the values of the daemon's host. */
  readonly flags?: number | undefined;
}

/** One address of a host. Analogous to struct addrinfo and Python's 5-tuple. */
export interface AddressInfo {
  readonly family: AddressFamily;
  readonly type: SocketType;
  readonly proto: number;
  /** Set in the first result if AI_CANONNAME was given; otherwise "". */
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

/** A name: text, encoded by IDNA if it is a host name, or bytes, used unchanged. */
export type NameInput = string | Uint8Array;

export async function getaddrinfo(
  context: BrokerContext,
  host: NameInput | null,
  service: NameInput | number | null,
  { family = 0, type = 0, proto = 0, flags = 0, signal }: GetaddrinfoOptions,
): Promise<AddressInfo[]> {
  const init = {
    ...(host === null ? {} : { node: nameOf(encodeHost(host, "getaddrinfo"), "host", "rawHost") }),
    ...(service === null ? {} : { service: serviceText(service) }),
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
  // `{ host, port }` has no family, but only IPv6 addresses contain colons.
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
  const init = { name: nameOf(encodeHost(hostname, "gethostbyname"), "hostname", "rawHostname") };
  return (await context.operations.call("gethostbyname", init, signal)).address;
}

export async function gethostbynameEx(
  context: BrokerContext,
  name: NameInput,
  { signal }: CallOptions,
): Promise<HostEntry> {
  const init = { name: nameOf(encodeHost(name, "gethostbyname_ex"), "hostname", "rawHostname") };
  const { hostname, aliases, addresses } = await context.operations.call("gethostbynameEx", init, signal);
  return { hostname, aliases, addresses };
}

export async function gethostbyaddr(
  context: BrokerContext,
  address: NameInput,
  { signal }: CallOptions,
): Promise<HostEntry> {
  const init = { host: nameOf(encodeHost(address, "gethostbyaddr"), "address", "rawAddress") };
  const { hostname, aliases, addresses } = await context.operations.call("gethostbyaddr", init, signal);
  return { hostname, aliases, addresses };
}

export async function getservbyname(
  context: BrokerContext,
  service: NameInput,
  protocol: NameInput | undefined,
  { signal }: CallOptions,
): Promise<number> {
  const init = { service: cText(service), ...protocolInit(protocol) };
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
  return (await context.operations.call("getprotobyname", { protocol: cText(protocol) }, signal)).number;
}

function serviceText(service: NameInput | number): string {
  if (typeof service !== "number") return cText(service);
  if (!Number.isInteger(service)) throw new TypeError("getaddrinfo(): a port is a whole number");
  if (!Number.isSafeInteger(service)) {
    throw new ArgumentError("overflow", "PORT_OUT_OF_RANGE", "getaddrinfo", "a port is a whole number of 64 bits");
  }
  return String(service);
}

function protocolInit(protocol: NameInput | undefined): { protocol: string } | undefined {
  return protocol === undefined ? undefined : { protocol: cText(protocol) };
}

/** A name in a request: text, or bytes if it is not valid UTF-8. */
export function nameOf<T extends string, B extends string>(name: Uint8Array, text: T, bytes: B) {
  return isUtf8(name)
    ? { case: text, value: Buffer.from(name).toString() as string }
    : { case: bytes, value: name as Uint8Array };
}

/** A name for a C function, which would end at a NUL. Names of services and protocols are always valid UTF-8. */
function cText(text: NameInput): string {
  if (typeof text !== "string" && !(text instanceof Uint8Array)) throw new TypeError("text or bytes are required");
  const name = typeof text === "string" ? text : Buffer.from(text).toString();
  if (name.includes("\0")) throw new ArgumentError("value", "EMBEDDED_NUL", "", "embedded null character");
  return name;
}
