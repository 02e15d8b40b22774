import type {
  AddressInput,
  Broker,
  ControlMessage,
  ControlMessageInput,
  Socket,
  SocketAddress,
} from "../../src/client/index.js";
import {
  ArgumentError,
  BrokerError,
  HostError,
  ResolverError,
  SocketError,
  SocketTimeoutError,
} from "../../src/client/index.js";
import type { NeutralError } from "./case-file.js";
import { CaseFile, Descriptors, itemsOf, List, PathBytes } from "./values.js";

/*
 * Python's socket module in terms of the TypeScript client: arguments in Python's shapes and order are converted to the
 * client's, and results are converted back.
 *
 * It does no validation of its own: a wrong value, or even a wrong type, is passed to the client, which must refuse it.
 * It only raises TypeError for arguments that have no form in TypeScript (numbers of arguments, keywords, the shape of
 * an address), where a TypeScript program would not compile.
 */

/** Names of arguments by position, then by keyword. */
type Arguments = readonly unknown[];
type Keywords = ReadonlyMap<string, unknown>;

/** Families with different addresses, with Linux's numbers. */
const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;
const AF_PACKET = 17;
const AF_RDS = 21;
const AF_CAN = 29;
const AF_TIPC = 30;
const AF_ALG = 38;
const AF_VSOCK = 40;
const AF_QIPCRTR = 42;

const MODULE: Readonly<Record<string, readonly string[]>> = {
  socket: ["family", "type", "proto", "fileno"],
  socketpair: ["family", "type", "proto"],
  create_connection: ["address", "timeout", "source_address", "*", "all_errors"],
  create_server: ["address", "*", "family", "backlog", "reuse_port", "dualstack_ipv6"],
  has_dualstack_ipv6: [],
  fromfd: ["fd!", "family!", "type!", "proto"],
  fromshare: ["data!"],
  dup: ["fd!"],
  close: ["fd!"],
  send_fds: ["sock!", "buffers!", "fds!", "flags", "address"],
  recv_fds: ["sock!", "bufsize!", "maxfds!", "flags"],
  getdefaulttimeout: [],
  setdefaulttimeout: ["timeout!"],
  getaddrinfo: ["host!", "port!", "family", "type", "proto", "flags"],
  getnameinfo: ["sockaddr!", "flags!"],
  gethostbyname: ["hostname!"],
  gethostbyname_ex: ["hostname!"],
  gethostbyaddr: ["ip_address!"],
  getfqdn: ["name"],
  getservbyname: ["servicename!", "protocolname"],
  getservbyport: ["port!", "protocolname"],
  getprotobyname: ["protocolname!"],
  if_nameindex: [],
  if_nametoindex: ["if_name!"],
  if_indextoname: ["if_index!"],
  gethostname: [],
  sethostname: ["name!"],
  has_ipv6: [],
  constant: ["name!"],
  ntohl: ["x!"],
  ntohs: ["x!"],
  htonl: ["x!"],
  htons: ["x!"],
  inet_aton: ["ip_string!"],
  inet_ntoa: ["packed_ip!"],
  inet_pton: ["address_family!", "ip_string!"],
  inet_ntop: ["address_family!", "packed_ip!"],
  CMSG_LEN: ["length!"],
  CMSG_SPACE: ["length!"],
};

const METHODS: Readonly<Record<string, readonly string[]>> = {
  accept: [],
  bind: ["address!"],
  close: [],
  connect: ["address!"],
  connect_ex: ["address!"],
  detach: [],
  dup: [],
  fileno: [],
  get_inheritable: [],
  set_inheritable: ["inheritable!"],
  getblocking: [],
  getpeername: [],
  getsockname: [],
  getsockopt: ["level!", "optname!", "buflen"],
  gettimeout: [],
  ioctl: ["request!", "argument"],
  listen: ["backlog"],
  recv: ["bufsize!", "flags"],
  recv_into: ["buffer!", "nbytes", "flags"],
  recvfrom: ["bufsize!", "flags"],
  recvfrom_into: ["buffer!", "nbytes", "flags"],
  recvmsg: ["bufsize!", "ancbufsize", "flags"],
  recvmsg_into: ["buffers!", "ancbufsize", "flags"],
  send: ["bytes!", "flags"],
  sendall: ["bytes!", "flags"],
  sendto: ["bytes!", "flags_or_address!", "address"],
  sendmsg: ["buffers!", "ancdata", "flags", "address"],
  sendmsg_afalg: ["msg", "*", "op!", "iv", "assoclen", "flags"],
  sendfile: ["file!", "offset", "count"],
  setblocking: ["flag!"],
  setsockopt: ["level!", "optname!", "value!", "optlen"],
  settimeout: ["value!"],
  share: ["process_id!"],
  shutdown: ["how!"],
};

/** Binds arguments as Python does; `*` starts keyword-only arguments, and `!` marks required ones. */
function bind(name: string, parameters: readonly string[], args: Arguments, keywords: Keywords): Map<string, unknown> {
  const bound = new Map<string, unknown>();
  const positional = parameters.includes("*") ? parameters.slice(0, parameters.indexOf("*")) : parameters;
  const names = parameters.filter((parameter) => parameter !== "*").map((parameter) => parameter.replace("!", ""));
  if (args.length > positional.length) throw new TypeError(`${name}() takes ${positional.length} arguments`);
  for (const [index, value] of args.entries()) bound.set(names[index] ?? "", value);
  for (const [key, value] of keywords) {
    if (!names.includes(key) || bound.has(key)) throw new TypeError(`${name}() got an unexpected keyword ${key}`);
    bound.set(key, value);
  }
  for (const parameter of parameters) {
    if (parameter.endsWith("!") && !bound.has(parameter.slice(0, -1)))
      throw new TypeError(`${name}() needs ${parameter}`);
  }
  return bound;
}

/**
 * Values that do not compile in TypeScript are still passed to the client, because it must refuse them at run
 * time.
 */
// biome-ignore lint/suspicious/noExplicitAny: the point is to hand on what the types forbid
function unchecked(value: unknown): any {
  // Integers that a double cannot represent lose digits here, but stay outside of every range that excludes them.
  return typeof value === "bigint" ? Number(value) : value;
}

/** Descriptors are handles: bigint in the client, int in Python. */
function handle(value: unknown): bigint {
  return typeof value === "number" && Number.isInteger(value) ? BigInt(value) : (value as bigint);
}

/** An optional argument, omitted if Python's was. */
function optional<K extends string>(key: K, bound: ReadonlyMap<string, unknown>, name: string = key) {
  return (bound.has(name) ? { [key]: unchecked(bound.get(name)) } : {}) as Record<K, never>;
}

function buffersOf(value: unknown): unknown {
  return value instanceof List || Array.isArray(value) ? itemsOf(value) : value;
}

// Addresses ----------------------------------------------------------------------------------------------------------------

/**
 * Converts a Python address for a socket of this family to the client's form. Throws TypeError for a shape without an
 * equivalent.
 */
function addressInput(family: number, value: unknown): AddressInput {
  if (family === AF_UNIX) {
    if (typeof value === "string" || value instanceof Uint8Array) return value;
    if (value instanceof PathBytes) return value.bytes;
    throw new TypeError("AF_UNIX addresses are text or bytes");
  }
  const fields = tuple(value);
  switch (family) {
    case AF_INET:
    case AF_RDS:
      shape(fields, 2, 2);
      return { host: hostInput(fields[0]), port: unchecked(fields[1]) };
    case AF_INET6:
      shape(fields, 2, 4);
      return {
        host: hostInput(fields[0]),
        port: unchecked(fields[1]),
        ...(fields.length > 2 ? { flowinfo: whole(fields[2]) } : {}),
        ...(fields.length > 3 ? { scopeId: whole(fields[3]) } : {}),
      };
    case AF_NETLINK:
      shape(fields, 2, 2);
      return { family: "netlink", pid: whole(fields[0]), groups: whole(fields[1]) };
    case AF_PACKET:
      shape(fields, 2, 5);
      return {
        family: "packet",
        interfaceName: text(fields[0]),
        protocol: whole(fields[1]),
        ...(fields.length > 2 ? { packetType: whole(fields[2]) } : {}),
        ...(fields.length > 3 ? { hardwareType: whole(fields[3]) } : {}),
        ...(fields.length > 4 ? { hardwareAddress: bytes(fields[4]) } : {}),
      };
    case AF_CAN:
      shape(fields, 1, 4);
      if (fields.length === 1) return { family: "can", interfaceName: text(fields[0]) };
      if (fields.length === 3) {
        return { family: "isotp", interfaceName: text(fields[0]), rxId: whole(fields[1]), txId: whole(fields[2]) };
      }
      return {
        family: "j1939",
        interfaceName: text(fields[0]),
        name: handle(fields[1]),
        pgn: whole(fields[2]),
        address: whole(fields[3]),
      };
    case AF_TIPC: {
      shape(fields, 4, 5);
      const [addressType, v1, v2, v3, scope] = fields.map(whole) as [number, number, number, number, number?];
      return { family: "tipc", addressType, v1, v2, v3, ...(scope === undefined ? {} : { scope }) };
    }
    case AF_ALG:
      shape(fields, 2, 4);
      return {
        family: "alg",
        type: text(fields[0]),
        name: text(fields[1]),
        ...(fields.length > 2 ? { feature: whole(fields[2]) } : {}),
        ...(fields.length > 3 ? { mask: whole(fields[3]) } : {}),
      };
    case AF_VSOCK:
      shape(fields, 2, 2);
      return { family: "vsock", cid: whole(fields[0]), port: whole(fields[1]) };
    case AF_QIPCRTR:
      shape(fields, 2, 2);
      return { family: "qipcrtr", node: whole(fields[0]), port: whole(fields[1]) };
    default:
      throw new TypeError(`no addresses of family ${family}`);
  }
}

function tuple(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError("an address is a tuple");
  return value;
}

function shape(fields: readonly unknown[], least: number, most: number): void {
  if (fields.length < least || fields.length > most) throw new TypeError("an address of another length");
}

function whole(value: unknown): number {
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "number" || !Number.isInteger(value)) throw new TypeError("an int is required");
  return value;
}

function text(value: unknown): string {
  if (typeof value !== "string") throw new TypeError("a str is required");
  return value;
}

function bytes(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new TypeError("bytes are required");
  return value;
}

function hostInput(value: unknown): string | Uint8Array {
  if (typeof value === "string" || value instanceof Uint8Array) return value;
  throw new TypeError("a host is text or bytes");
}

/** The client's address in Python's shape. */
function addressResult(address: SocketAddress | null): unknown {
  if (address === null) return null;
  switch (address.family) {
    case "inet":
    case "rds":
      return [address.host, address.port];
    case "inet6":
      return [address.host, address.port, address.flowinfo, address.scopeId];
    case "unix":
      return typeof address.path === "string" ? address.path : new PathBytes(address.path);
    case "abstract":
      return new Uint8Array(Buffer.concat([Buffer.of(0), Buffer.from(address.name as Uint8Array)]));
    case "netlink":
      return [address.pid, address.groups];
    case "packet": {
      const { interfaceName, protocol, packetType, hardwareType, hardwareAddress } = address;
      return [interfaceName, protocol, packetType, hardwareType, hardwareAddress];
    }
    case "can":
      return [address.interfaceName];
    case "isotp":
      return [address.interfaceName, address.rxId, address.txId];
    case "j1939":
      return [address.interfaceName, address.name, address.pgn, address.address];
    case "tipc":
      return [address.addressType, address.v1, address.v2, address.v3, address.scope];
    case "alg":
      return [address.type, address.name, address.feature, address.mask];
    case "vsock":
      return [address.cid, address.port];
    case "l2cap":
      return [address.bdaddr, address.psm];
    case "rfcomm":
      return [address.bdaddr, address.channel];
    case "hci":
      return address.device;
    case "sco":
      return address.bdaddr;
    case "qipcrtr":
      return [address.node, address.port];
    case "hyperv":
      return [address.vmId, address.serviceId];
    case "raw":
      return [address.addressFamily, address.data];
  }
}

// Ancillary data -----------------------------------------------------------------------------------------------------------

function controlInput(value: unknown): ControlMessageInput[] {
  return itemsOf(value).map((item) => {
    const fields = tuple(item);
    shape(fields, 3, 3);
    const [level, type, data] = fields;
    if (data instanceof Descriptors) {
      return { level: whole(level), type: whole(type), view: { kind: "rights", handles: data.handles } };
    }
    return { level: whole(level), type: whole(type), data: unchecked(data) };
  });
}

function controlResult({ level, type, data, view }: ControlMessage): unknown {
  return [level, type, view?.kind === "rights" ? new Descriptors(view.handles) : data];
}

// Calls --------------------------------------------------------------------------------------------------------------------

type MaybePromise<T> = T | Promise<T>;

/** The conversions, which both the client and the daemon implement. */
export interface Conversions {
  ntohl(value: number): MaybePromise<number>;
  ntohs(value: number): MaybePromise<number>;
  htonl(value: number): MaybePromise<number>;
  htons(value: number): MaybePromise<number>;
  inetAton(address: string): MaybePromise<Uint8Array>;
  inetNtoa(packed: Uint8Array): MaybePromise<string>;
  inetPton(family: number, address: string): MaybePromise<Uint8Array>;
  inetNtop(family: number, packed: Uint8Array): MaybePromise<string>;
  cmsgLen(length: number): MaybePromise<number>;
  cmsgSpace(length: number): MaybePromise<number>;
}

/** Calls one of the module's functions. */
export async function callModule(
  broker: Broker,
  conversions: Conversions,
  name: string,
  args: Arguments,
  keywords: Keywords,
): Promise<unknown> {
  const parameters = MODULE[name];
  if (parameters === undefined) throw new Error(`the module has no ${name}`);
  const bound = bind(name, parameters, args, keywords);
  const given = (key: string): never => unchecked(bound.get(key)) as never;
  switch (name) {
    case "socket": {
      const fileno = bound.get("fileno") ?? null;
      const options = fileno === null ? {} : { fileno: handle(fileno) };
      return broker.socket(given("family"), given("type"), given("proto"), options);
    }
    case "socketpair":
      return broker.socketpair(given("family"), given("type"), given("proto"));
    case "create_connection": {
      const [host, port] = pair(bound.get("address"));
      const source = bound.get("source_address") ?? null;
      return broker.createConnection(
        { host: unchecked(host), port: unchecked(port) },
        {
          ...optional("timeout", bound),
          ...(source === null ? {} : { sourceAddress: addressInput(AF_INET, source) }),
          ...optional("allErrors", bound, "all_errors"),
        },
      );
    }
    case "create_server": {
      const family = (bound.get("family") ?? AF_INET) as number;
      const backlog = bound.get("backlog") ?? null;
      return broker.createServer(
        family === AF_INET6
          ? addressInput(AF_INET6, bound.get("address"))
          : addressInput(AF_INET, bound.get("address")),
        {
          family,
          ...(backlog === null ? {} : { backlog: unchecked(backlog) }),
          ...optional("reusePort", bound, "reuse_port"),
          ...optional("dualstackIpv6", bound, "dualstack_ipv6"),
        },
      );
    }
    case "has_dualstack_ipv6":
      return broker.hasDualstackIpv6();
    case "fromfd":
      return broker.fromfd(handle(bound.get("fd")), given("family"), given("type"), given("proto"));
    case "fromshare":
      return broker.fromshare(given("data"));
    case "dup":
      return broker.dup(handle(bound.get("fd")));
    case "close":
      return broker.close(handle(bound.get("fd")));
    case "send_fds": {
      const fds = itemsOf(bound.get("fds")).map(handle);
      return broker.sendFds(given("sock"), buffersOf(bound.get("buffers")) as never, fds, optional("flags", bound));
    }
    case "recv_fds": {
      const received = await broker.recvFds(given("sock"), given("bufsize"), given("maxfds"), optional("flags", bound));
      return [received.data, received.fds, received.flags, addressResult(received.address)];
    }
    case "getdefaulttimeout":
      return broker.getdefaulttimeout();
    case "setdefaulttimeout":
      return broker.setdefaulttimeout(given("timeout"));
    case "getaddrinfo": {
      const found = await broker.getaddrinfo(given("host"), given("port"), {
        ...optional("family", bound),
        ...optional("type", bound),
        ...optional("proto", bound),
        ...optional("flags", bound),
      });
      return found.map(({ family, type, proto, canonname, address }) => [
        family,
        type,
        proto,
        canonname,
        addressResult(address),
      ]);
    }
    case "getnameinfo": {
      const { host, service } = await broker.getnameinfo(numericAddress(bound.get("sockaddr")), given("flags"));
      return [host, service];
    }
    case "gethostbyname":
      return broker.gethostbyname(given("hostname"));
    case "gethostbyname_ex": {
      const entry = await broker.gethostbynameEx(given("hostname"));
      return [entry.hostname, entry.aliases, entry.addresses];
    }
    case "gethostbyaddr": {
      const entry = await broker.gethostbyaddr(given("ip_address"));
      return [entry.hostname, entry.aliases, entry.addresses];
    }
    case "getfqdn":
      return broker.getfqdn(...(bound.has("name") ? [given("name")] : []));
    case "getservbyname":
      return broker.getservbyname(given("servicename"), given("protocolname"));
    case "getservbyport":
      return broker.getservbyport(given("port"), given("protocolname"));
    case "getprotobyname":
      return broker.getprotobyname(given("protocolname"));
    case "if_nameindex":
      return (await broker.ifNameindex()).map(({ index, name: interfaceName }) => [index, interfaceName]);
    case "if_nametoindex": {
      const interfaceName = bound.get("if_name");
      return broker.ifNametoindex(
        interfaceName instanceof Uint8Array ? Buffer.from(interfaceName).toString() : given("if_name"),
      );
    }
    case "if_indextoname":
      return broker.ifIndextoname(given("if_index"));
    case "gethostname":
      return broker.gethostname();
    case "sethostname":
      return broker.sethostname(given("name"));
    case "has_ipv6":
      return broker.hasIpv6();
    case "constant": {
      const value = broker.constants[String(bound.get("name"))];
      if (value === undefined) throw new Unsupported(String(bound.get("name")));
      return value;
    }
    case "ntohl":
      return conversions.ntohl(given("x"));
    case "ntohs":
      return conversions.ntohs(given("x"));
    case "htonl":
      return conversions.htonl(given("x"));
    case "htons":
      return conversions.htons(given("x"));
    case "inet_aton":
      return conversions.inetAton(given("ip_string"));
    case "inet_ntoa":
      return conversions.inetNtoa(given("packed_ip"));
    case "inet_pton":
      return conversions.inetPton(given("address_family"), given("ip_string"));
    case "inet_ntop":
      return conversions.inetNtop(given("address_family"), given("packed_ip"));
    case "CMSG_LEN":
      return conversions.cmsgLen(given("length"));
    case "CMSG_SPACE":
      return conversions.cmsgSpace(given("length"));
    default:
      throw new Error(`the adapter has no ${name}`);
  }
}

/** Calls one of a socket's methods. `writable` are the buffers that may be received into. */
export async function callMethod(
  socket: Socket,
  name: string,
  args: Arguments,
  keywords: Keywords,
  writable: readonly Uint8Array[],
): Promise<unknown> {
  const parameters = METHODS[name];
  if (parameters === undefined) throw new Error(`a socket has no ${name}`);
  const bound = bind(name, parameters, args, keywords);
  const given = (key: string): never => unchecked(bound.get(key)) as never;
  const address = (key: string): AddressInput => addressInput(socket.family, bound.get(key));
  const flags = optional("flags", bound);
  switch (name) {
    case "accept": {
      const { socket: connection, address: peer } = await socket.accept();
      return [connection, addressResult(peer)];
    }
    case "bind":
      await socket.bind(address("address"));
      return null;
    case "close":
      return socket.close();
    case "connect":
      await socket.connect(address("address"));
      return null;
    case "connect_ex":
      return socket.connectEx(address("address"));
    case "detach":
      return socket.detach();
    case "dup":
      return socket.dup();
    case "fileno":
      return socket.fileno();
    case "get_inheritable":
      return socket.getInheritable();
    case "set_inheritable":
      return socket.setInheritable(truth(bound.get("inheritable")));
    case "getblocking":
      return socket.getblocking();
    case "getpeername":
      return addressResult(await socket.getpeername());
    case "getsockname":
      return addressResult(await socket.getsockname());
    case "getsockopt":
      return bound.has("buflen")
        ? socket.getsockopt(given("level"), given("optname"), { maxBytes: given("buflen") })
        : socket.getsockopt(given("level"), given("optname"));
    case "gettimeout":
      return socket.gettimeout();
    case "ioctl":
      return socket.ioctl(given("request"), (bound.get("argument") ?? 0) as never);
    case "listen":
      await socket.listen(...(bound.has("backlog") ? [given("backlog")] : []));
      return null;
    case "recv":
      return socket.recv(given("bufsize"), flags);
    case "recv_into":
      return socket.recvInto(writableBuffer(bound.get("buffer"), writable), { ...flags, ...optional("nbytes", bound) });
    case "recvfrom": {
      const { data, address: sender } = await socket.recvfrom(given("bufsize"), flags);
      return [data, addressResult(sender)];
    }
    case "recvfrom_into": {
      const buffer = writableBuffer(bound.get("buffer"), writable);
      const { nbytes, address: sender } = await socket.recvfromInto(buffer, { ...flags, ...optional("nbytes", bound) });
      return [nbytes, addressResult(sender)];
    }
    case "recvmsg": {
      const options = { ...flags, ...optional("maxAncillaryBytes", bound, "ancbufsize") };
      const message = await socket.recvmsg(given("bufsize"), options);
      return [message.data, message.ancillaryData.map(controlResult), message.flags, addressResult(message.address)];
    }
    case "recvmsg_into": {
      const options = { ...flags, ...optional("maxAncillaryBytes", bound, "ancbufsize") };
      const buffers = itemsOf(bound.get("buffers")).map((buffer) => writableBuffer(buffer, writable));
      const message = await socket.recvmsgInto(buffers, options);
      return [message.nbytes, message.ancillaryData.map(controlResult), message.flags, addressResult(message.address)];
    }
    case "send":
      return socket.send(given("bytes"), flags);
    case "sendall":
      await socket.sendall(given("bytes"), flags);
      return null;
    case "sendto":
      return args.length === 3
        ? socket.sendto(given("bytes"), address("address"), { flags: given("flags_or_address") })
        : socket.sendto(given("bytes"), address("flags_or_address"));
    case "sendmsg": {
      const destination = bound.get("address") ?? null;
      return socket.sendmsg(buffersOf(bound.get("buffers")) as never, {
        ...flags,
        ...(bound.has("ancdata") ? { ancillaryData: controlInput(bound.get("ancdata")) } : {}),
        ...(destination === null ? {} : { address: addressInput(socket.family, destination) }),
      });
    }
    case "sendmsg_afalg":
      return socket.sendmsgAfalg(buffersOf(bound.get("msg") ?? []) as never, {
        op: given("op"),
        ...flags,
        ...optional("iv", bound),
        ...optional("assoclen", bound),
      });
    case "sendfile": {
      const file = bound.get("file");
      const source = file instanceof CaseFile ? file.path : file;
      return socket.sendfile(source as never, { ...optional("offset", bound), ...optional("count", bound) });
    }
    case "setblocking":
      return socket.setblocking(truth(bound.get("flag")));
    case "setsockopt": {
      // Python has two forms, which TypeScript distinguishes by the value.
      if (bound.has("optlen") !== (bound.get("value") === null))
        throw new TypeError("setsockopt() takes other arguments");
      return socket.setsockopt(given("level"), given("optname"), given("value"), optional("length", bound, "optlen"));
    }
    case "settimeout":
      return socket.settimeout(given("value"));
    case "share":
      return socket.share(given("process_id"));
    case "shutdown":
      return socket.shutdown(given("how"));
    default:
      throw new Error(`the adapter has no ${name}`);
  }
}

/** Reads one of a socket's attributes. */
export function readAttribute(socket: Socket, name: string): unknown {
  switch (name) {
    case "family":
      return socket.family;
    case "type":
      return socket.type;
    case "proto":
      return socket.proto;
    case "timeout":
      return socket.timeout;
    default:
      throw new Error(`the adapter has no attribute ${name}`);
  }
}

/** The descriptors in a result of recvmsg or recv_fds, as handles. */
export function descriptorsIn(value: unknown): bigint[] {
  const received = itemsOf(itemsOf(value)[1]);
  return received.flatMap((item) => {
    if (typeof item === "bigint") return [item];
    const data = itemsOf(item)[2];
    return data instanceof Descriptors ? data.handles : [];
  });
}

/** Python accepts any int as a truth value. */
function truth(value: unknown): boolean {
  return (Number.isInteger(value) ? value !== 0 : value) as boolean;
}

/** Bytes are immutable in Python, and every Uint8Array is mutable. */
function writableBuffer(value: unknown, writable: readonly Uint8Array[]): Uint8Array {
  if (value instanceof Uint8Array && !writable.includes(value)) throw new TypeError("the buffer is read-only");
  return value as Uint8Array;
}

/** Unpacks a pair as Python does, which also unpacks a str. */
function pair(value: unknown): [unknown, unknown] {
  const fields = typeof value === "string" ? Array.from(value) : tuple(value);
  if (fields.length !== 2)
    throw new ArgumentError("value", "ADDRESS_MISSING", "create_connection", "a pair is required");
  return [fields[0], fields[1]];
}

/** getnameinfo determines the family from the number of fields; addresses with two fields are ambiguous. */
function numericAddress(value: unknown): AddressInput {
  const fields = tuple(value);
  shape(fields, 2, 4);
  const host = text(fields[0]);
  const port = unchecked(fields[1]);
  if (fields.length === 2) return { host, port };
  return { family: "inet6", host, port, flowinfo: whole(fields[2]), scopeId: whole(fields[3] ?? 0) };
}

/** The host lacks it. */
class Unsupported extends Error {}

// Errors -------------------------------------------------------------------------------------------------------------------

/** An error of the client, in language-independent form. */
export function neutralError(error: unknown): NeutralError {
  if (error instanceof SocketError)
    return { kind: "os", errno: error.errno, symbol: error.code, message: error.message };
  if (error instanceof ResolverError) return { kind: "gaierror", errno: error.errno, message: error.message };
  if (error instanceof HostError) return { kind: "herror", errno: error.errno, message: error.message };
  if (error instanceof SocketTimeoutError) return { kind: "timeout", message: error.message };
  if (error instanceof ArgumentError) {
    return { kind: error.kind, ...(error.kind === "os" ? { errno: null } : {}), message: error.message };
  }
  if (error instanceof TypeError) return { kind: "type", message: error.message };
  if (error instanceof Unsupported) return { kind: "unsupported", message: error.message };
  if (error instanceof BrokerError) return brokerError(error);
  return { kind: "other", message: String(error) };
}

function brokerError(error: BrokerError): NeutralError {
  switch (error.code) {
    // An unknown handle corresponds to an invalid descriptor.
    case "HANDLE_NOT_FOUND":
      return { kind: "os", errno: 9, symbol: "EBADF", message: error.message };
    case "NOT_SUPPORTED_ON_HOST":
      return { kind: "unsupported", message: error.message };
    default:
      return { kind: `broker ${error.code}`, message: error.message };
  }
}
