import type { SocketAddress as WireAddress, UnixAddress as WireUnixAddress } from "../gen/sockbroker/v1/address_pb.js";
import type { AbstractAddress, SocketAddress, UnixAddress } from "./address.js";
import { toBuffer } from "./bytes.js";
import type { UnixPaths } from "./unix-paths.js";

/**
 * Decodes an address; null if the kernel returned none, or if a newer daemon sent a family that this client does not
 * know.
 */
export function addressFromProto(wire: WireAddress | undefined, unixPaths: UnixPaths): SocketAddress | null {
  const address = wire?.address;
  if (address?.case === undefined) return null;
  switch (address.case) {
    case "unixDomain":
      return unixAddress(address.value, unixPaths);
    case "raw":
      return { family: "raw", addressFamily: address.value.family, data: toBuffer(address.value.data) };
    case "rds":
      return { family: "inet", host: address.value.host, port: address.value.port };
    case "tipc": {
      const { addressType, v1, v2, v3, scope } = address.value;
      return { family: "tipc", addressType, v1, v2, v3, scope: scope ?? 0 };
    }
    case "packet": {
      const { interfaceName, protocol, packetType, hardwareType, hardwareAddress } = address.value;
      return {
        family: "packet",
        interfaceName,
        protocol,
        packetType,
        hardwareType,
        hardwareAddress: toBuffer(hardwareAddress),
      };
    }
    default: {
      // All other arms have the same field names here.
      const { $typeName: _, $unknown: __, ...fields } = address.value;
      return { family: address.case, ...fields } as SocketAddress;
    }
  }
}

function unixAddress({ name }: WireUnixAddress, unixPaths: UnixPaths): UnixAddress | AbstractAddress {
  switch (name.case) {
    case undefined:
      return { family: "unix", path: "" };
    case "path":
      return { family: "unix", path: textOrBytes(unixPaths.asked(name.value)) };
    case "abstractName":
      return { family: "abstract", name: toBuffer(name.value) };
  }
}

function textOrBytes(path: Uint8Array): string | Uint8Array {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(path);
  } catch {
    return toBuffer(path);
  }
}
