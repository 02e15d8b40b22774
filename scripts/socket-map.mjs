// What docs/python-socket-map.md cannot be derived from: where a name of Python's socket module is, if not the RPC and
// the conformance file of the same name, and which test proves it.
//
// A proof is a file, or a file and the name of a case or the title of a test in it: "PATH" or "PATH: TITLE". A name
// without an entry here is an RPC of that name, proved by test/conformance/cases/NAME.json.

const cases = (/** @type {string} */ name) => `test/conformance/cases/${name}`;
const mapTest = "test/integration/socket-map.test.ts";
const codecTest = "test/native/addresses.test.ts";

/**
 * @typedef {{
 *   rpc?: string,
 *   field?: string,
 *   client?: string,
 *   absent?: string,
 *   note?: string,
 *   proof?: string | readonly string[],
 * }} Entry `rpc` is a method's name; `field` a message, or one of its fields; `client` is a member of the TypeScript client
 *   and its file; `absent` is why this host has none
 */

/** @type {Record<string, Entry>} */
export const functions = {
  SocketType: {
    rpc: "Socket",
    client: "Socket (src/client/socket.ts)",
    note: "The class of socket objects.",
    proof: cases("socket.json"),
  },
  fromshare: { rpc: "Fromshare", absent: "Windows only" },
};
for (const name of ["ntohl", "ntohs", "htonl", "htons"]) {
  functions[name] = {
    client: `${name} (src/client/byte-order.ts)`,
    note: "The client computes it; the RPC is for everyone else.",
  };
}
for (const name of ["inet_aton", "inet_ntoa", "inet_pton", "inet_ntop"]) {
  const local = name.replace(/_(\w)/, (_, letter) => letter.toUpperCase());
  functions[name] = {
    client: `${local} (src/client/inet-text.ts)`,
    note: "The client computes it; the RPC is for everyone else.",
  };
}
functions.CMSG_LEN = {
  client: "cmsgLen (src/client/cmsg-size.ts)",
  note: "The client computes it; the RPC is for everyone else.",
};
functions.CMSG_SPACE = {
  client: "cmsgSpace (src/client/cmsg-size.ts)",
  note: "The client computes it; the RPC is for everyone else.",
};

/** @type {Record<string, Entry>} */
export const methods = {
  _accept: { rpc: "Accept", note: "What accept() is made of in Python.", proof: cases("accept.json") },
  ioctl: {
    rpc: "Ioctl",
    note: "Python's is Windows only, and its SIO_* requests are NOT_SUPPORTED_ON_HOST. The RPC is Linux's ioctl(2), Python's fcntl.ioctl.",
    proof: [cases("ioctl.json"), `${mapTest}: an ioctl that this host lacks is an error`],
  },
  connect: {
    rpc: "ConnectTo",
    note: "Not `Connect`, which is a constructor of every Rust client.",
  },
  share: { rpc: "Share", absent: "Windows only" },
  makefile: {
    client: "Socket.duplex (src/client/socket.ts)",
    note: "A stream of Node, over StreamService.Attach.",
    proof: `${mapTest}: a duplex stream replaces makefile: data that was written can be read, and the end is the end`,
  },
  recv_into: {
    rpc: "Recv",
    client: "Socket.recvInto (src/client/socket-receive.ts)",
    note: "The buffer is the client's.",
  },
  recvfrom_into: {
    rpc: "Recvfrom",
    client: "Socket.recvfromInto (src/client/socket-receive.ts)",
    note: "The buffer is the client's.",
  },
  recvmsg_into: {
    rpc: "Recvmsg",
    client: "Socket.recvmsgInto (src/client/socket-receive.ts)",
    note: "The buffers are the client's.",
  },
  sendfile: {
    rpc: "Sendfile",
    client: "Socket.sendfile (src/client/socket-file.ts)",
    note: "The RPC sends a file that the session has a handle of; the client reads one of its own and sends it by Sendall.",
  },
  "__enter__/__exit__": {
    rpc: "Close",
    client: "Socket[Symbol.asyncDispose] (src/client/socket.ts)",
    note: "`await using`.",
    proof: `${mapTest}: leaving a scope closes the socket`,
  },
  __getstate__: {
    client: "Socket (src/client/socket.ts)",
    note: "Python's cannot be pickled; nothing of a client's object goes into a copy of it. A handle and the token of its session are what can be passed on.",
    proof: `${mapTest}: a structured clone of a socket has none of its members`,
  },
  __repr__: {
    client: "Socket (src/client/socket.ts)",
    note: "Made of facts that the client has: handle, family, type, protocol, timeout, and the addresses by Getsockname and Getpeername.",
    proof: `${mapTest}: the properties that repr shows exist, also after the socket was closed`,
  },
};

/** @type {Record<string, Entry>} */
export const attributes = {
  family: {
    field: "SocketInfo.family",
    client: "Socket.family (src/client/socket.ts)",
    proof: `${cases("socket.json")}: fileno= finds family, type and protocol of {fam} {typ}`,
  },
  type: {
    field: "SocketInfo.type",
    client: "Socket.type (src/client/socket.ts)",
    proof: `${cases("socket.json")}: fileno= finds family, type and protocol of {fam} {typ}`,
  },
  proto: {
    field: "SocketInfo.protocol",
    client: "Socket.proto (src/client/socket.ts)",
    proof: `${cases("socket.json")}: proto stays as it was given`,
  },
  timeout: { rpc: "Gettimeout", client: "Socket.timeout (src/client/socket.ts)", proof: cases("gettimeout.json") },
};

/** @type {Record<string, Entry>} */
export const exceptions = {
  error: {
    field: "SocketError",
    client: "SocketError (src/client/errors.ts)",
    note: "OSError. One without an errno is an ArgumentError of kind OS.",
    proof: `${cases("connect.json")}: refused`,
  },
  herror: {
    field: "HostError",
    client: "HostError (src/client/errors.ts)",
    proof: `${cases("gethostbyaddr.json")}: unknown {h}`,
  },
  gaierror: {
    field: "ResolverError",
    client: "ResolverError (src/client/errors.ts)",
    proof: `${cases("getaddrinfo.json")}: host {h}, nothing known of it`,
  },
  timeout: {
    field: "TimeoutError",
    client: "SocketTimeoutError (src/client/errors.ts)",
    proof: `${cases("connect.json")}: a timeout passes`,
  },
};

/** @type {Record<string, Entry>} */
export const addressFormats = {
  AF_UNIX: {
    field: "SocketAddress.unix_domain",
    proof: [
      `${cases("bind.json")}: AF_UNIX stream`,
      `${cases("bind.json")}: AF_UNIX abstract {x}`,
      `${cases("bind.json")}: AF_UNIX not UTF-8`,
    ],
  },
  AF_INET: { field: "SocketAddress.inet", proof: `${cases("bind.json")}: AF_INET host {h}` },
  AF_INET6: { field: "SocketAddress.inet6", proof: `${cases("bind.json")}: AF_INET6 host {h}` },
  AF_NETLINK: { field: "SocketAddress.netlink", proof: `${cases("bind.json")}: netlink {x}` },
  AF_TIPC: { field: "SocketAddress.tipc", proof: [`${codecTest}: tipc range`, `${codecTest}: tipc id`] },
  "AF_CAN / CAN_RAW, CAN_BCM": { field: "SocketAddress.can", proof: `${codecTest}: can of every interface` },
  "AF_CAN / CAN_ISOTP": { field: "SocketAddress.isotp", proof: `${codecTest}: isotp` },
  "AF_CAN / CAN_J1939": { field: "SocketAddress.j1939", proof: `${codecTest}: j1939` },
  "PF_SYSTEM / SYSPROTO_CONTROL": {
    absent: "macOS only",
    note: "GetConstants names PF_SYSTEM as absent.",
    proof: `${mapTest}: a constant of another system is listed as absent, with the reason`,
  },
  "AF_BLUETOOTH / BTPROTO_L2CAP": { field: "SocketAddress.l2cap", proof: `${codecTest}: l2cap` },
  "AF_BLUETOOTH / BTPROTO_RFCOMM": { field: "SocketAddress.rfcomm", proof: `${codecTest}: rfcomm` },
  "AF_BLUETOOTH / BTPROTO_HCI": { field: "SocketAddress.hci", proof: `${codecTest}: hci` },
  "AF_BLUETOOTH / BTPROTO_SCO": { field: "SocketAddress.sco", proof: `${codecTest}: sco` },
  AF_ALG: { field: "SocketAddress.alg", proof: `${codecTest}: alg` },
  AF_VSOCK: { field: "SocketAddress.vsock", proof: `${codecTest}: vsock` },
  AF_PACKET: { field: "SocketAddress.packet", proof: `${cases("bind.json")}: packet {x}` },
  AF_QIPCRTR: { field: "SocketAddress.qipcrtr", proof: `${codecTest}: qipcrtr` },
  AF_RDS: {
    field: "SocketAddress.inet",
    note: "`rds` is accepted too; answers have `inet`.",
    proof: `${mapTest}: an RDS address is an inet address`,
  },
  IPPROTO_UDPLITE: { field: "SocketAddress.inet", note: "Or `inet6`.", proof: `${cases("connect.json")}: UDP-Lite` },
  AF_HYPERV: {
    field: "SocketAddress.hyperv",
    absent: "Windows only",
    proof: `${mapTest}: a Hyper-V address is NOT_SUPPORTED_ON_HOST`,
  },
  AF_DIVERT: {
    absent: "FreeBSD only",
    note: "GetConstants names AF_DIVERT as absent.",
    proof: `${mapTest}: a constant of another system is listed as absent, with the reason`,
  },
  "unknown family (returned only)": {
    field: "SocketAddress.raw",
    note: "Accepted too, unlike in Python.",
    proof: `${codecTest}: another family`,
  },
};

/** @type {Record<string, Entry>} */
export const enums = {
  AddressFamily: {
    field: "AddressFamily",
    client: "AddressFamily (src/client/index.ts)",
    note: "Open: a number without a name stays a number.",
    proof: `${mapTest}: families and types have the host's numbers`,
  },
  SocketKind: {
    field: "SocketType",
    client: "SocketType (src/client/index.ts)",
    note: "Open: a number without a name stays a number.",
    proof: `${mapTest}: families and types have the host's numbers`,
  },
  MsgFlag: {
    client: "Broker.constants (src/client/constants.ts)",
    note: "Integers with the values of the daemon's host.",
    proof: `${cases("get-constants.json")}: {group}`,
  },
  AddressInfo: {
    client: "Broker.constants (src/client/constants.ts)",
    note: "Integers with the values of the daemon's host.",
    proof: `${cases("get-constants.json")}: {group}`,
  },
};

/** @type {Record<string, Entry>} */
export const otherNames = {
  SocketIO: {
    client: "createDuplex (src/client/socket-duplex.ts)",
    note: "The class behind makefile().",
    proof: `${mapTest}: a duplex stream replaces makefile: data that was written can be read, and the end is the end`,
  },
  EBADF: { field: "SocketError.symbol", proof: `${cases("close.json")}: recv afterwards` },
  EAGAIN: { field: "SocketError.symbol", proof: `${cases("recv.json")}: MSG_DONTWAIT of {pair}, nothing there` },
  EWOULDBLOCK: {
    field: "SocketError.symbol",
    note: "Its number is EAGAIN's on Linux, and so is its symbol.",
    proof: "test/native/errno.test.ts: an errno with aliases has one name",
  },
  errorTab: {
    absent: "Windows only",
    note: "Texts are in SocketError.message.",
    proof: "src/server/codec/status.test.ts: reports an error of the kernel with its symbol and number",
  },
  CAPI: {
    absent: "a pointer inside a process",
    note: "What _ssl uses; a client in Python copies the real module's.",
    proof: `${mapTest}: a pointer in a process is not a constant`,
  },
};
