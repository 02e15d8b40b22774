import { constants } from "node:os";
import { create } from "@bufbuild/protobuf";
import { type SocketAddress, SocketAddressSchema } from "../../gen/sockbroker/v1/address_pb.js";
import { ArgumentError_Kind, BrokerError_Code } from "../../gen/sockbroker/v1/error_pb.js";
import type { Sockaddr } from "../../native/binding.js";
import { systemError } from "../../native/errno.js";
import { linux } from "../../native/linux.js";
import { ArgumentFault, type ArgumentReason, BrokerFault } from "../errors.js";
import type { Init } from "./init.js";

const { IFNAMSIZ, TIPC_ADDR_ID, TIPC_ADDR_NAME, TIPC_ADDR_NAMESEQ, TIPC_CLUSTER_SCOPE, UNIX_PATH_MAX } = linux;

type AddressInit = Init<typeof SocketAddressSchema>;
type Arm = NonNullable<SocketAddress["address"]["case"]>;

/** An address whose host may still be a name. */
export type UnresolvedAddress =
  | { readonly kind: "name"; readonly family: "inet" | "inet6"; readonly host: string; readonly rest: Sockaddr }
  | { readonly kind: "concrete"; readonly address: Sockaddr };

const NUL = 0;
const TIPC_ADDRESS_TYPES = [TIPC_ADDR_NAMESEQ, TIPC_ADDR_NAME, TIPC_ADDR_ID];

/** Converts an address to a message. */
export function addressOf(address: Sockaddr): AddressInit {
  switch (address.kind) {
    case "inet":
      return arm("inet", { host: address.address, port: address.port });
    case "inet6":
      return arm("inet6", {
        host: address.address,
        port: address.port,
        flowinfo: address.flowinfo,
        scopeId: address.scopeId,
      });
    case "unix":
      return arm("unixDomain", { name: unixName(address.path) });
    case "netlink":
      return arm("netlink", { pid: address.pid, groups: address.groups });
    case "packet":
      return arm("packet", {
        interfaceName: address.interface,
        protocol: address.protocol,
        packetType: address.packetType,
        hardwareType: address.hardwareType,
        hardwareAddress: address.hardwareAddress,
      });
    case "can":
      return arm("can", { interfaceName: address.interface });
    case "isotp":
      return arm("isotp", { interfaceName: address.interface, rxId: address.rxId, txId: address.txId });
    case "j1939":
      return arm("j1939", {
        interfaceName: address.interface,
        name: address.name,
        pgn: address.pgn,
        address: address.address,
      });
    case "tipc":
      return arm("tipc", {
        addressType: address.addressType,
        v1: address.v1,
        v2: address.v2,
        v3: address.v3,
        scope: address.scope,
      });
    case "alg":
      return arm("alg", { type: address.type, name: address.name, feature: address.feature, mask: address.mask });
    case "vsock":
      return arm("vsock", { cid: address.cid, port: address.port });
    case "l2cap":
      return arm("l2cap", {
        bdaddr: address.bdaddr,
        psm: address.psm,
        cid: address.cid,
        bdaddrType: address.bdaddrType,
      });
    case "rfcomm":
      return arm("rfcomm", { bdaddr: address.bdaddr, channel: address.channel });
    case "hci":
      return arm("hci", { device: address.device, channel: address.channel });
    case "sco":
      return arm("sco", { bdaddr: address.bdaddr });
    case "qipcrtr":
      return arm("qipcrtr", { node: address.node, port: address.port });
    case "raw":
      return arm("raw", { family: address.family, data: address.data });
  }
}

/** The field of a message; absent if the kernel returned no address. */
export function addressField<K extends string>(field: K, address: Sockaddr | null): { [P in K]?: AddressInit } {
  return (address === null ? {} : { [field]: addressOf(address) }) as { [P in K]?: AddressInit };
}

/** Converts an address from a message, and validates what the kernel would not check. Throws `ArgumentFault`. */
export function addressFrom(message: SocketAddress, operation: string): UnresolvedAddress {
  const { address } = message;
  switch (address.case) {
    case "inet":
    case "rds":
      return {
        kind: "name",
        family: "inet",
        host: address.value.host,
        rest: { kind: "inet", address: "", port: portFrom(address.value.port, operation) },
      };
    case "inet6": {
      const { host, port, flowinfo, scopeId } = address.value;
      portFrom(port, operation);
      if (flowinfo > 0xfffff) {
        throw overflow("FLOWINFO_OUT_OF_RANGE", operation, `${operation}(): flowinfo must be 0-1048575.`);
      }
      return { kind: "name", family: "inet6", host, rest: { kind: "inet6", address: "", port, flowinfo, scopeId } };
    }
    case "unixDomain":
      return concrete({ kind: "unix", path: unixPath(address.value.name, operation) });
    case "netlink":
      return concrete({ kind: "netlink", pid: address.value.pid, groups: address.value.groups });
    case "packet": {
      const { interfaceName, protocol, packetType, hardwareType, hardwareAddress } = address.value;
      if (protocol > 0xffff) {
        throw overflow("PROTOCOL_OUT_OF_RANGE", operation, `${operation}(): proto must be 0-65535.`);
      }
      if (hardwareAddress.length > 8) {
        throw value("HARDWARE_ADDRESS_TOO_LONG", operation, "Hardware address must be 8 bytes or less");
      }
      interfaceFrom(interfaceName, "AF_PACKET", operation);
      return concrete({
        kind: "packet",
        interface: interfaceName,
        protocol,
        // Like CPython's casts to the members of the struct.
        packetType: packetType & 0xff,
        hardwareType: hardwareType & 0xffff,
        hardwareAddress,
      });
    }
    case "can":
      return concrete({ kind: "can", interface: interfaceFrom(address.value.interfaceName, "AF_CAN", operation) });
    case "isotp":
      return concrete({
        kind: "isotp",
        interface: interfaceFrom(address.value.interfaceName, "AF_CAN", operation),
        rxId: address.value.rxId,
        txId: address.value.txId,
      });
    case "j1939":
      return concrete({
        kind: "j1939",
        interface: interfaceFrom(address.value.interfaceName, "AF_CAN", operation),
        name: address.value.name,
        pgn: address.value.pgn,
        // Like CPython's cast to the member of the struct.
        address: address.value.address & 0xff,
      });
    case "tipc": {
      const { addressType, v1, v2, v3, scope } = address.value;
      if (!TIPC_ADDRESS_TYPES.includes(addressType)) {
        throw type("TIPC_ADDRESS_TYPE", operation, "Invalid address type");
      }
      // Like CPython's cast to the member of the struct, a signed char.
      return concrete({ kind: "tipc", addressType, v1, v2, v3, scope: ((scope ?? TIPC_CLUSTER_SCOPE) << 24) >> 24 });
    }
    case "alg": {
      const { type: algType, name, feature, mask } = address.value;
      if (Buffer.byteLength(algType) >= 14) throw value("ALG_TYPE_TOO_LONG", operation, "AF_ALG type too long.");
      if (Buffer.byteLength(name) >= 64) throw value("ALG_NAME_TOO_LONG", operation, "AF_ALG name too long.");
      return concrete({ kind: "alg", type: algType, name, feature, mask });
    }
    case "vsock":
      return concrete({ kind: "vsock", cid: address.value.cid, port: address.value.port });
    case "l2cap":
      return concrete({
        kind: "l2cap",
        bdaddr: bdaddrFrom(address.value.bdaddr, operation),
        // Like CPython's casts to the members of the struct.
        psm: address.value.psm & 0xffff,
        cid: address.value.cid & 0xffff,
        bdaddrType: address.value.bdaddrType & 0xff,
      });
    case "rfcomm":
      return concrete({
        kind: "rfcomm",
        bdaddr: bdaddrFrom(address.value.bdaddr, operation),
        channel: address.value.channel & 0xff,
      });
    case "hci":
      return concrete({
        kind: "hci",
        device: address.value.device & 0xffff,
        channel: address.value.channel & 0xffff,
      });
    case "sco":
      return concrete({ kind: "sco", bdaddr: bdaddrFrom(address.value.bdaddr, operation) });
    case "qipcrtr":
      return concrete({ kind: "qipcrtr", node: address.value.node, port: address.value.port });
    case "raw": {
      const { family, data } = address.value;
      // Not cast: the policy would be asked about another family than the kernel is given.
      if (family < 0 || family > 0xffff) {
        throw overflow("FAMILY_OUT_OF_RANGE", operation, `${operation}(): family must be 0-65535.`);
      }
      return concrete({ kind: "raw", family, data });
    }
    case "hyperv":
      throw new BrokerFault(BrokerError_Code.NOT_SUPPORTED_ON_HOST, "AF_HYPERV is Windows only");
    case undefined:
      throw type("ADDRESS_MISSING", operation, `${operation}(): an address is required`);
  }
}

/** Returns a valid port. Throws OVERFLOW with CPython's message. */
export function portFrom(port: number, operation: string): number {
  if (port > 0xffff) throw overflow("PORT_OUT_OF_RANGE", operation, `${operation}(): port must be 0-65535.`);
  return port;
}

export function addressMessage(address: Sockaddr): SocketAddress {
  return create(SocketAddressSchema, addressOf(address));
}

function arm(name: Arm, value: object): AddressInit {
  return { address: { case: name, value } } as AddressInit;
}

function concrete(address: Sockaddr): UnresolvedAddress {
  return { kind: "concrete", address };
}

function unixName(path: Uint8Array) {
  if (path.length === 0) return { case: undefined };
  if (path[0] === NUL) return { case: "abstractName" as const, value: path.subarray(1) };
  return { case: "path" as const, value: path };
}

type UnixName = { case: "path" | "abstractName"; value: Uint8Array } | { case: undefined; value?: undefined };

function unixPath(name: UnixName, operation: string): Uint8Array {
  if (name.case === undefined) return new Uint8Array(0);
  const path = name.case === "path" ? name.value : Buffer.concat([new Uint8Array(1), name.value]);
  const limit = name.case === "path" ? UNIX_PATH_MAX - 1 : UNIX_PATH_MAX;
  if (path.length > limit) throw os("UNIX_PATH_TOO_LONG", operation, "AF_UNIX path too long");
  return path;
}

function interfaceFrom(name: string, family: "AF_CAN" | "AF_PACKET", operation: string): string {
  if (Buffer.byteLength(name) < IFNAMSIZ) return name;
  if (family === "AF_CAN") throw os("INTERFACE_NAME_TOO_LONG", operation, "AF_CAN interface name too long");
  // No interface name contains a NUL.
  throw systemError(-constants.errno.ENODEV, operation);
}

function bdaddrFrom(text: string, operation: string): string {
  if (!/^[0-9a-f]{1,2}(:[0-9a-f]{1,2}){5}$/i.test(text)) {
    throw os("BAD_BLUETOOTH_ADDRESS", operation, "bad bluetooth address");
  }
  return text;
}

function os(reason: ArgumentReason, operation: string, message: string): ArgumentFault {
  return new ArgumentFault(ArgumentError_Kind.OS, reason, operation, message);
}

function value(reason: ArgumentReason, operation: string, message: string): ArgumentFault {
  return new ArgumentFault(ArgumentError_Kind.VALUE, reason, operation, message);
}

function type(reason: ArgumentReason, operation: string, message: string): ArgumentFault {
  return new ArgumentFault(ArgumentError_Kind.TYPE, reason, operation, message);
}

function overflow(reason: ArgumentReason, operation: string, message: string): ArgumentFault {
  return new ArgumentFault(ArgumentError_Kind.OVERFLOW, reason, operation, message);
}
