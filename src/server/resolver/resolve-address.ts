/*
 * Names in addresses, by the rules of CPython's setipaddr: "" is the wildcard, "<broadcast>" is 255.255.255.255, a
 * numeric host is used unchanged, and any other is looked up for the socket's family, taking the first address. A
 * `%zone` is accepted, but scope_id takes precedence.
 */

import { AddressFamily, type SocketAddress, SocketAddressSchema } from "../../gen/sockbroker/v1/address_pb.js";
import { ArgumentError_Kind } from "../../gen/sockbroker/v1/error_pb.js";
import type { Sockaddr } from "../../native/binding.js";
import { linux } from "../../native/linux.js";
import { addressFrom } from "../codec/address.js";
import { fieldName } from "../codec/field-name.js";
import type { OpContext } from "../context.js";
import { ArgumentFault, type ArgumentReason } from "../errors.js";
import type { SocketFacts } from "../sockets/socket-entry.js";

const { BTPROTO_HCI, BTPROTO_L2CAP, BTPROTO_RFCOMM, BTPROTO_SCO, CAN_ISOTP, CAN_J1939 } = linux;

const bluetoothArms = new Map([
  [BTPROTO_L2CAP, "l2cap"],
  [BTPROTO_HCI, "hci"],
  [BTPROTO_SCO, "sco"],
  [BTPROTO_RFCOMM, "rfcomm"],
]);

/**
 * Validates an address for a socket, and resolves its name. Throws `ArgumentFault` or `ResolverFault`. Returns a
 * promise only if there is a name to look up.
 */
export function resolveAddress(
  ctx: OpContext,
  facts: SocketFacts,
  message: SocketAddress | undefined,
  operation: string,
): Sockaddr | Promise<Sockaddr> {
  if (message === undefined) throw mismatch("ADDRESS_MISSING", operation, "an address is required");
  const address = addressFrom(message, operation);
  if (!fits(facts, message)) {
    throw mismatch(
      "ADDRESS_FAMILY_MISMATCH",
      operation,
      `a ${fieldName(SocketAddressSchema, message.address.case) ?? "none"} address does not fit a socket of ${familyName(facts)}`,
    );
  }
  if (address.kind === "concrete") return address.address;
  const { rest } = address;
  const host = resolveHost(ctx, address.host, address.family);
  return host instanceof Promise ? host.then((found) => withHost(rest, found)) : withHost(rest, host);
}

/** Resolves a host for a family to a numeric address. Returns a promise only if there is a name to look up. */
export function resolveHost(
  ctx: OpContext,
  host: string | Uint8Array,
  family: "inet" | "inet6",
): string | Promise<string> {
  const number = family === "inet" ? AddressFamily.INET : AddressFamily.INET6;
  if (typeof host !== "string") return ctx.services.resolver.first(ctx, host, number);
  if (host === "") return family === "inet" ? "0.0.0.0" : "::";
  if (host === "<broadcast>") {
    if (family === "inet") return "255.255.255.255";
    throw new ArgumentFault(ArgumentError_Kind.OS, "ADDRESS_FAMILY_MISMATCH", "", "address family mismatched");
  }
  const { kernel, resolver } = ctx.services;
  const packed = kernel.inetPton(number, host);
  if (packed instanceof Uint8Array) return host;
  return resolver.first(ctx, host, number);
}

function withHost(address: Sockaddr, host: string): Sockaddr {
  return { ...address, address: host } as Sockaddr;
}

function fits(facts: SocketFacts, message: SocketAddress): boolean {
  const arm = message.address.case;
  switch (facts.family) {
    case AddressFamily.INET:
    case AddressFamily.RDS:
      return arm === "inet" || arm === "rds" || isUnspecified(message);
    case AddressFamily.INET6:
      return arm === "inet6" || isUnspecified(message);
    case AddressFamily.SMC:
      return arm === "inet" || arm === "inet6";
    case AddressFamily.UNIX:
      return arm === "unixDomain";
    case AddressFamily.NETLINK:
      return arm === "netlink";
    case AddressFamily.PACKET:
      return arm === "packet";
    case AddressFamily.CAN:
      return arm === canArm(facts.protocol);
    case AddressFamily.TIPC:
      return arm === "tipc";
    case AddressFamily.ALG:
      return arm === "alg";
    case AddressFamily.VSOCK:
      return arm === "vsock";
    case AddressFamily.QIPCRTR:
      return arm === "qipcrtr";
    case AddressFamily.BLUETOOTH:
      return arm === "raw" || arm === bluetoothArm(facts.protocol);
    default:
      return arm === "raw" && message.address.value.family === facts.family;
  }
}

/** AF_UNSPEC, with which connect(2) removes a datagram socket's peer. */
function isUnspecified(message: SocketAddress): boolean {
  return message.address.case === "raw" && message.address.value.family === AddressFamily.UNSPECIFIED;
}

function canArm(protocol: number): string {
  if (protocol === CAN_ISOTP) return "isotp";
  return protocol === CAN_J1939 ? "j1939" : "can";
}

function bluetoothArm(protocol: number): string {
  return bluetoothArms.get(protocol) ?? "raw";
}

function familyName(facts: SocketFacts): string {
  const name = AddressFamily[facts.family];
  return name === undefined ? `family ${facts.family}` : `AF_${name}`;
}

function mismatch(reason: ArgumentReason, operation: string, text: string): ArgumentFault {
  return new ArgumentFault(ArgumentError_Kind.TYPE, reason, operation, `${operation}(): ${text}`);
}
