import type { MessageInitShape } from "@bufbuild/protobuf";
import { AddressFamily, type SocketAddressSchema } from "../gen/sockbroker/v1/address_pb.js";
import type { AddressInput, HostPort } from "./address.js";
import { ArgumentError } from "./errors.js";
import { hostText } from "./idna.js";
import type { UnixPaths } from "./unix-paths.js";

/** A socket address as a message. */
export type AddressInit = MessageInitShape<typeof SocketAddressSchema>;

/** Context for encoding an address. */
export interface AddressUse {
  /** The operation, for error messages, e.g. "bind". */
  readonly operation: string;
  /** The socket's family, which determines what `{ host, port }` and plain paths are encoded as. */
  readonly family: number;
  readonly unixPaths: UnixPaths;
}

/** Encodes an address. Throws TypeError for a wrong type, ArgumentError for an invalid port or name. */
export function addressToProto(input: AddressInput, use: AddressUse): AddressInit {
  if (typeof input === "string" || input instanceof Uint8Array) return plain(input, use);
  if (typeof input !== "object" || input === null) {
    throw new TypeError(`${use.operation}(): an address is required, not ${input === null ? "null" : typeof input}`);
  }
  switch (input.family) {
    case undefined:
      return hostPort(input, use);
    case "inet":
    case "rds":
      return internet(input.family, input, use);
    case "inet6": {
      const { flowinfo, scopeId } = input;
      return inet6({ host: input.host, port: input.port, flowinfo, scopeId }, use);
    }
    case "unix":
      return unixPath(toBytes(input.path), use);
    case "abstract":
      return { address: { case: "unixDomain", value: { name: { case: "abstractName", value: toBytes(input.name) } } } };
    case "raw":
      return { address: { case: "raw", value: { family: input.addressFamily, data: input.data } } };
    default: {
      // All other arms have the same field names in the message.
      const { family, ...value } = input;
      return { address: { case: family, value } as AddressInit["address"] & object };
    }
  }
}

function plain(input: string | Uint8Array, use: AddressUse): AddressInit {
  if (use.family !== AddressFamily.UNIX) {
    throw new TypeError(`${use.operation}(): only unix sockets have text or bytes for an address`);
  }
  const bytes = toBytes(input);
  if (bytes[0] === 0) {
    return { address: { case: "unixDomain", value: { name: { case: "abstractName", value: bytes.subarray(1) } } } };
  }
  return unixPath(bytes, use);
}

function unixPath(path: Uint8Array, use: AddressUse): AddressInit {
  if (path.length === 0) return { address: { case: "unixDomain", value: {} } };
  // CPython passes a C string to the kernel, which ends at the first NUL.
  const end = path.indexOf(0);
  const name = end < 0 ? path : path.subarray(0, end);
  const full = use.operation === "bind" ? use.unixPaths.bound(name) : use.unixPaths.absolute(name);
  return { address: { case: "unixDomain", value: { name: { case: "path", value: full } } } };
}

function hostPort(input: HostPort, use: AddressUse): AddressInit {
  if (input.host === undefined || input.port === undefined) {
    throw new TypeError(`${use.operation}(): an address needs a family, or a host and a port`);
  }
  return use.family === AddressFamily.INET6 ? inet6(input, use) : internet("inet", input, use);
}

function internet(
  arm: "inet" | "rds",
  { host, port }: { host: string | Uint8Array; port: number },
  use: AddressUse,
): AddressInit {
  return {
    address: { case: arm, value: { host: hostText(host, use.operation), port: checkPort(port, use.operation) } },
  };
}

function inet6(input: Omit<HostPort, "family">, use: AddressUse): AddressInit {
  const { flowinfo = 0, scopeId = 0 } = input;
  if (flowinfo < 0 || flowinfo > 0xfffff) {
    const text = `${use.operation}(): flowinfo must be 0-1048575.`;
    throw new ArgumentError("overflow", "FLOWINFO_OUT_OF_RANGE", use.operation, text);
  }
  const host = hostText(input.host, use.operation);
  return { address: { case: "inet6", value: { host, port: checkPort(input.port, use.operation), flowinfo, scopeId } } };
}

/** Returns the port. Throws TypeError if it is not an integer, ArgumentError if it is not within 0 to 65535. */
export function checkPort(port: unknown, operation: string): number {
  if (typeof port !== "number" || !Number.isInteger(port)) {
    throw new TypeError(`${operation}(): port must be a whole number`);
  }
  if (port < 0 || port > 0xffff) {
    throw new ArgumentError("overflow", "PORT_OUT_OF_RANGE", operation, `${operation}(): port must be 0-65535.`);
  }
  return port;
}

function toBytes(text: string | Uint8Array): Uint8Array {
  return typeof text === "string" ? Buffer.from(text) : text;
}
