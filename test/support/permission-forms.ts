/*
 * All forms of all RPCs, with the permissions they require. They are written here, not read from the daemon, so that a
 * check that the daemon has lost is noticed.
 */

import { hostname } from "node:os";
import type { DescMethodUnary, MessageInitShape } from "@bufbuild/protobuf";
import { AddressFamily } from "../../src/gen/sockbroker/v1/address_pb.js";
import { AdminService } from "../../src/gen/sockbroker/v1/admin_service_pb.js";
import { ConversionService } from "../../src/gen/sockbroker/v1/conversion_service_pb.js";
import { HostService } from "../../src/gen/sockbroker/v1/host_service_pb.js";
import { InterfaceService } from "../../src/gen/sockbroker/v1/interface_service_pb.js";
import { PolicyService } from "../../src/gen/sockbroker/v1/policy_service_pb.js";
import { ResolverService } from "../../src/gen/sockbroker/v1/resolver_service_pb.js";
import { SessionService } from "../../src/gen/sockbroker/v1/session_service_pb.js";
import { SocketService } from "../../src/gen/sockbroker/v1/socket_service_pb.js";
import { type ServerFrame, StreamService } from "../../src/gen/sockbroker/v1/stream_service_pb.js";
import type { Permission } from "../../src/server/index.js";
import type { PolicyDaemon } from "./policy-daemon.js";
import {
  handleOf,
  inet,
  LOOPBACK,
  portOf,
  type RawClient,
  RawError,
  type RawSession,
  type RequestOf,
  type Verb,
} from "./raw-broker.js";

/** Outcome of a call: "ok", "denied PERMISSION", or the symbol of another error. */
export type Outcome = string;

/** One way to use an RPC, with the permissions it requires. */
export interface Form {
  /** The RPC, and what distinguishes this form. */
  readonly name: string;
  readonly needs: readonly Permission[];
  /** The outcome if nothing is denied; null if it depends on the host. */
  readonly answers: Outcome | null;
  /** The outcome instead of a denial. */
  readonly deniedAs: Partial<Record<Permission, Outcome>>;
  /** Prepares the call, and returns a function that makes it. */
  readonly prepare: (client: RawClient) => Promise<(via: Via) => Promise<unknown>>;
}

/** How operations are performed: by unary calls, or on a Session stream. */
interface Via {
  readonly client: RawClient;
  readonly perform: <V extends Verb>(name: V, request: RequestOf<V>, token?: string) => Promise<unknown>;
}

const unaryMethods: Readonly<Record<string, DescMethodUnary>> = {
  ...SessionService.method,
  ...SocketService.method,
  ...ResolverService.method,
  ...InterfaceService.method,
  ...HostService.method,
  ...ConversionService.method,
  ...PolicyService.method,
} as never;

const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;
const MSG_FASTOPEN = 0x2000_0000;
const FIONREAD = 0x541bn;
const now = { limit: { case: "duration", value: {} } } as const;
const name = { address: { case: "inet", value: { host: "localhost", port: 0 } } } as const;

/** An operation: a unary RPC and an arm of the Session stream. */
function op<V extends Verb>(
  verb: V,
  needs: readonly Permission[],
  request: RequestOf<V> | ((client: RawClient) => Promise<RequestOf<V>>),
  {
    as = "",
    answers = "ok",
    deniedAs = {},
  }: Partial<Pick<Form, "answers" | "deniedAs">> & { readonly as?: string } = {},
): Form {
  return {
    name: as === "" ? verb : `${verb} ${as}`,
    needs,
    answers,
    deniedAs,
    prepare: async (client) => {
      const prepared = typeof request === "function" ? await request(client) : request;
      return (via) => via.perform(verb, prepared);
    },
  };
}

async function socket(client: RawClient, options: RequestOf<"socket"> = {}): Promise<bigint> {
  return handleOf((await client.unary(SocketService.method.socket, options)).socket);
}

async function pair(client: RawClient): Promise<[bigint, bigint]> {
  const { first, second } = await client.unary(SocketService.method.socketpair, {});
  return [handleOf(first), handleOf(second)];
}

/** A socket with data to receive. */
async function filled(client: RawClient): Promise<bigint> {
  const [first, second] = await pair(client);
  await client.unary(SocketService.method.send, { handle: first, data: Buffer.from("data") });
  return second;
}

async function listener(client: RawClient): Promise<{ handle: bigint; port: number }> {
  const { socket: created } = await client.unary(SocketService.method.createServer, { address: LOOPBACK });
  return { handle: handleOf(created), port: portOf(created?.localAddress) };
}

/** A listener with a pending connection. */
async function called(client: RawClient): Promise<bigint> {
  const { handle, port } = await listener(client);
  await client.unary(SocketService.method.connectTo, { handle: await socket(client), address: inet(port) });
  return handle;
}

/** A datagram socket, and its address. */
async function datagram(client: RawClient): Promise<{ handle: bigint; address: ReturnType<typeof inet> }> {
  const handle = await socket(client, { type: 2 });
  const { localAddress } = await client.unary(SocketService.method.bind, { handle, address: LOOPBACK });
  return { handle, address: inet(portOf(localAddress)) };
}

const withHandle = async (client: RawClient) => ({ handle: await socket(client) });
const receiving = async (client: RawClient) => ({ handle: await filled(client), maxBytes: 1n, timeout: now });
const data = Buffer.from("x");
/** SO_PRIORITY of one message. */
const priority = { level: SOL_SOCKET, type: 12, view: { case: "integer", value: 1n } } as const;

export const operations: readonly Form[] = [
  op("renewSession", [], {}),
  op("getSession", [], {}),
  op("whoAmI", [], {}),
  {
    name: "closeSession",
    needs: [],
    answers: "ok",
    deniedAs: {},
    prepare: async (client) => {
      const { token } = await client.unary(SessionService.method.openSession, {});
      return (via) => via.perform("closeSession", {}, token);
    },
  },

  op("socket", ["socket"], {}),
  op("socket", [], async (client) => ({ fileno: await socket(client) }), { as: "of a handle" }),
  op(
    "socket",
    ["socket", "netns"],
    { netns: { namespace: { case: "pid", value: process.pid } } },
    {
      as: "in a network namespace",
      answers: null,
    },
  ),
  op("socketpair", ["socket"], {}),
  op("createConnection", ["socket", "resolve", "connect"], async (client) => ({
    host: "127.0.0.1",
    destination: { case: "port", value: (await listener(client)).port },
  })),
  op(
    "createConnection",
    ["socket", "resolve", "bind", "connect"],
    async (client) => ({
      host: "127.0.0.1",
      destination: { case: "port", value: (await listener(client)).port },
      sourceAddress: LOOPBACK,
    }),
    { as: "from an address" },
  ),
  op(
    "createConnection",
    ["socket", "resolve", "netns", "connect"],
    {
      host: "127.0.0.1",
      destination: { case: "port", value: 1 },
      netns: { namespace: { case: "pid", value: process.pid } },
    },
    { as: "in a network namespace", answers: null },
  ),
  op("createServer", ["socket", "listen", "setsockopt", "bind"], { address: LOOPBACK }),
  op(
    "createServer",
    ["socket", "listen", "setsockopt", "bind", "netns"],
    { address: LOOPBACK, netns: { namespace: { case: "pid", value: process.pid } } },
    { as: "in a network namespace", answers: null },
  ),
  op("hasDualstackIpv6", ["socket"], {}),
  op("fromfd", [], withHandle),
  op("dup", [], withHandle),
  op("bind", ["bind"], async (client) => ({ handle: await socket(client), address: LOOPBACK })),
  op("bind", ["bind", "resolve"], async (client) => ({ handle: await socket(client), address: name }), {
    as: "to a name",
  }),
  op("listen", ["listen"], withHandle),
  op("accept", ["accept"], async (client) => ({ handle: await called(client) })),
  op("connectTo", ["connect"], async (client) => {
    const { port } = await listener(client);
    return { handle: await socket(client), address: inet(port) };
  }),
  op("connectEx", ["connect"], async (client) => {
    const { port } = await listener(client);
    return { handle: await socket(client), address: inet(port) };
  }),
  op("connectTo", ["connect", "resolve"], async (client) => ({ handle: await socket(client), address: name }), {
    as: "a name",
    answers: null,
  }),
  op("connectEx", ["connect", "resolve"], async (client) => ({ handle: await socket(client), address: name }), {
    as: "a name",
    answers: null,
  }),
  op("shutdown", [], async (client) => ({ handle: (await pair(client))[0], how: 2 })),
  op("close", [], withHandle),
  op("detach", [], withHandle),
  op("fileno", [], withHandle),
  op("getsockname", [], withHandle),
  op("getpeername", [], async (client) => ({ handle: (await pair(client))[0] })),
  op("getsockopt", ["getsockopt"], async (client) => ({
    handle: await socket(client),
    level: SOL_SOCKET,
    name: SO_RCVBUF,
  })),
  op("setsockopt", ["setsockopt"], async (client) => ({
    handle: await socket(client),
    level: SOL_SOCKET,
    name: SO_RCVBUF,
    value: { value: { case: "integer", value: 8192 } },
  })),
  op(
    "setsockopt",
    ["setsockopt", "admin"],
    async (client) => ({
      handle: await socket(client),
      level: SOL_SOCKET,
      name: SO_RCVBUFFORCE,
      value: { value: { case: "integer", value: 8192 } },
    }),
    // The kernel requires CAP_NET_ADMIN, and callers that are not operators get its error.
    { as: "that takes unlimited memory", answers: null, deniedAs: { admin: "EPERM" } },
  ),
  op("settimeout", [], withHandle),
  op("gettimeout", [], withHandle),
  op("setblocking", [], withHandle),
  op("getblocking", [], withHandle),
  op("recv", ["receive"], receiving),
  op("recvfrom", ["receive"], receiving),
  op("recvmsg", ["receive"], receiving),
  op("recvFds", ["receive"], receiving),
  op("pushBack", ["receive"], withHandle),
  op("send", ["send"], async (client) => ({ handle: (await pair(client))[0], data })),
  op("sendall", ["send"], async (client) => ({ handle: (await pair(client))[0], data })),
  op("sendto", ["send"], async (client) => ({ ...(await datagram(client)), data })),
  op(
    "sendto",
    ["send", "resolve"],
    async (client) => ({ handle: await socket(client, { type: 2 }), data, address: name }),
    {
      as: "a name",
      answers: null,
    },
  ),
  op("sendmsg", ["send"], async (client) => ({ handle: (await pair(client))[0], buffers: [data] })),
  op("sendmsg", ["send"], async (client) => ({ ...(await datagram(client)), buffers: [data] }), {
    as: "to an address",
  }),
  op(
    "sendmsg",
    ["send", "ancillary"],
    async (client) => {
      const [handle, other] = await pair(client);
      const rights = { case: "rights" as const, value: { handles: [other] } };
      return { handle, buffers: [data], ancillaryData: [{ level: SOL_SOCKET, type: 1, view: rights }] };
    },
    { as: "with control messages" },
  ),
  op(
    "sendmsgAfalg",
    ["send", "ancillary"],
    async (client) => {
      // A unix socket described as the other family: the permission check comes before the kernel's error.
      const { socket: alg } = await client.unary(SocketService.method.fromfd, {
        handle: (await pair(client))[0],
        family: AddressFamily.ALG,
      });
      return { handle: handleOf(alg), buffers: [data], op: 1 };
    },
    { answers: null },
  ),
  op(
    "sendfile",
    ["send"],
    async (client) => ({ handle: (await pair(client))[0], fileHandle: await socket(client), countBytes: 1n }),
    { answers: null },
  ),
  op("sendFds", ["send", "ancillary"], async (client) => {
    const [handle, other] = await pair(client);
    return { handle, buffers: [data], handles: [other] };
  }),
  op(
    "sendmsg",
    ["send", "resolve"],
    async (client) => ({ handle: await socket(client, { type: 2 }), buffers: [data], address: name }),
    { as: "to a name", answers: null },
  ),
  op(
    "sendFds",
    ["send", "ancillary", "resolve"],
    async (client) => ({
      handle: await socket(client, { type: 2 }),
      buffers: [data],
      handles: [await socket(client)],
      address: name,
    }),
    { as: "to a name", answers: null },
  ),
  op(
    "sendto",
    ["send", "connect"],
    async (client) => ({
      handle: await socket(client),
      data,
      flags: MSG_FASTOPEN,
      address: inet((await listener(client)).port),
    }),
    { as: "that opens a connection", answers: null },
  ),
  op(
    "sendmsg",
    ["send", "connect"],
    async (client) => ({
      handle: await socket(client),
      buffers: [data],
      flags: MSG_FASTOPEN,
      address: inet((await listener(client)).port),
    }),
    { as: "that opens a connection", answers: null },
  ),
  op(
    "sendFds",
    ["send", "ancillary", "connect"],
    async (client) => ({
      handle: await socket(client),
      buffers: [data],
      handles: [await socket(client)],
      flags: MSG_FASTOPEN,
      address: inet((await listener(client)).port),
    }),
    { as: "that opens a connection", answers: null },
  ),
  op("ioctl", ["ioctl"], async (client) => ({
    handle: await filled(client),
    request: FIONREAD,
    argument: { case: "integer", value: 0 },
  })),
  op("getInheritable", [], withHandle),
  op("setInheritable", [], withHandle),
  op("share", [], withHandle, { answers: "NOT_SUPPORTED_ON_HOST" }),
  op("fromshare", [], {}, { answers: "NOT_SUPPORTED_ON_HOST" }),
  op("getdefaulttimeout", [], {}),
  op("setdefaulttimeout", [], {}),

  op("getaddrinfo", ["resolve"], { node: { case: "host", value: "127.0.0.1" } }),
  op("getnameinfo", ["resolve"], { address: inet(1), flags: 3 }),
  op("gethostbyname", [], { name: { case: "hostname", value: "127.0.0.1" } }, { as: "of a number" }),
  op("gethostbyname", ["resolve"], { name: { case: "hostname", value: "localhost" } }),
  op("gethostbynameEx", ["resolve"], { name: { case: "hostname", value: "127.0.0.1" } }),
  op("gethostbyaddr", ["resolve"], { host: { case: "address", value: "127.0.0.1" } }),
  op("getfqdn", ["resolve"], { name: "127.0.0.1" }),
  op("getservbyname", ["resolve"], { service: "http" }),
  op("getservbyport", ["resolve"], { port: 80 }),
  op("getprotobyname", ["resolve"], { protocol: "tcp" }),

  op("ifNameindex", [], {}),
  op("ifNametoindex", [], { name: "lo" }),
  op("ifIndextoname", [], { index: 1 }, { answers: null }),

  op("gethostname", [], {}),
  op("sethostname", ["sethostname"], { name: { case: "hostname", value: hostname() } }, { answers: null }),
  op("hasIpv6", [], {}),
  op("getConstants", [], {}),

  op("ntohl", [], {}),
  op("ntohs", [], {}),
  op("htonl", [], {}),
  op("htons", [], {}),
  op("inetAton", [], { address: "127.0.0.1" }),
  op("inetNtoa", [], { packed: new Uint8Array(4) }),
  op("inetPton", [], { family: AddressFamily.INET, address: "127.0.0.1" }),
  op("inetNtop", [], { family: AddressFamily.INET, packed: new Uint8Array(4) }),
  op("cmsgLen", [], {}),
  op("cmsgSpace", [], {}),

  op("explainPolicy", [], { permission: "bind" }),
  op("explainPolicy", ["admin"], { permission: "bind", principal: "uid:4294967294" }, { as: "for another principal" }),
  op("getEffectivePolicy", [], {}),
];

/** RPCs that may be called without the permission `session`, by a unary call. */
const openToAll: readonly string[] = [
  "whoAmI",
  "explainPolicy",
  "explainPolicy for another principal",
  "getEffectivePolicy",
];

/** A call that is not an operation. */
function call(
  formName: string,
  needs: readonly Permission[],
  make: (client: RawClient) => Promise<() => Promise<unknown>>,
  deniedAs: Partial<Record<Permission, Outcome>> = {},
): Form {
  return { name: formName, needs, answers: "ok", prepare: make, deniedAs };
}

type Start = Parameters<RawClient["attach"]>[0];
type AttachStream = Awaited<ReturnType<RawClient["attach"]>>;
type ClientFrameInit = MessageInitShape<typeof StreamService.method.attach.input>;

/** Sends a frame, and reads up to the answer to a `sync` after it. Throws the error that a frame reports. */
async function frameOf(stream: AttachStream, frame: ClientFrameInit): Promise<void> {
  await stream.write(frame);
  await stream.write({ frame: { case: "sync", value: {} } });
  for (;;) {
    const answer: ServerFrame | null = await stream.next();
    if (answer === null) throw new Error("the stream ended");
    if (answer.frame.case === "error" && answer.frame.value.status !== undefined) {
      throw new RawError(answer.frame.value.status);
    }
    if (answer.frame.case === "synced") return;
  }
}

function onlyDenials(error: unknown): void {
  if (error instanceof RawError && error.symbol !== "DENIED") return;
  throw error;
}

async function attach(client: RawClient, start: Start): Promise<void> {
  using _stream = await client.attach(start);
}

export const streams: readonly Form[] = [
  call("session", ["session"], async (client) => async () => {
    using session = client.session();
    await session.op("getSession", {});
  }),
  call("attach", ["session", "receive", "send"], async (client) => {
    const [handle] = await pair(client);
    return () => attach(client, { handle });
  }),
  call("attach that only receives", ["session", "receive"], async (client) => {
    const [handle] = await pair(client);
    return () => attach(client, { handle, receiveOnly: true });
  }),
  call("attach that only sends", ["session", "send"], async (client) => {
    const [handle] = await pair(client);
    return () => attach(client, { handle, sendOnly: true });
  }),
  call("attach to a listener", ["session", "accept"], async (client) => {
    const { handle } = await listener(client);
    return () => attach(client, { handle });
  }),
  call("attach: data on a listener", ["send"], async (client) => {
    const stream = await client.attach({ handle: (await listener(client)).handle });
    // The kernel's error for it is not a denial.
    return () => frameOf(stream, { frame: { case: "data", value: data } }).catch(onlyDenials);
  }),
  call("attach: a message to an address", ["send"], async (client) => {
    const { handle, address } = await datagram(client);
    const messages = { case: "messages" as const, value: { messages: [{ data, address }] } };
    const stream = await client.attach({ handle, sendOnly: true });
    return () => frameOf(stream, { frame: messages });
  }),
  call("attach: a message with control messages", ["send", "ancillary"], async (client) => {
    const { handle, address } = await datagram(client);
    const messages = {
      case: "messages" as const,
      value: { messages: [{ data, address, ancillaryData: [priority] }] },
    };
    const stream = await client.attach({ handle, sendOnly: true });
    return () => frameOf(stream, { frame: messages });
  }),
  call("attach: a message to a name", ["send", "resolve"], async (client) => {
    const { handle } = await datagram(client);
    const messages = { case: "messages" as const, value: { messages: [{ data, address: name }] } };
    const stream = await client.attach({ handle, sendOnly: true });
    // An error of the kernel for its port, which is 0, is not a denial.
    return () => frameOf(stream, { frame: messages }).catch(onlyDenials);
  }),
  call("attach: a message that opens a connection", ["send", "connect"], async (client) => {
    const address = inet((await listener(client)).port);
    const messages = { case: "messages" as const, value: { messages: [{ data, address, flags: MSG_FASTOPEN }] } };
    const stream = await client.attach({ handle: await socket(client), sendOnly: true });
    return () => frameOf(stream, { frame: messages }).catch(onlyDenials);
  }),
  call("attach: an option that is set", ["setsockopt"], async (client) => {
    const [handle] = await pair(client);
    const value = {
      level: SOL_SOCKET,
      name: SO_RCVBUF,
      value: { value: { case: "integer", value: 8192 } },
    } as const;
    const stream = await client.attach({ handle, receiveOnly: true });
    return () => frameOf(stream, { frame: { case: "setsockopt", value } });
  }),
  call("watch", ["session", "receive"], async (client) => {
    const handle = await filled(client);
    return async () => {
      using stream = client.bidi(StreamService.method.watch);
      await stream.write({ interests: [{ handle, events: 1 }] });
      await stream.next();
    };
  }),
];

export const administration: readonly Form[] = [
  // Not closed, which would require the permission too; it has the shortest lease.
  call("openSession", ["session"], async (client) => () => {
    return client.unary(SessionService.method.openSession, { lease: { seconds: 1n } });
  }),
  call("listSessions", ["session"], async (client) => () => client.unary(AdminService.method.listSessions, {})),
  call("listHandles", ["session"], async (client) => () => client.unary(AdminService.method.listHandles, {})),
  call("watchHandles", ["session"], async (client) => () => client.first(AdminService.method.watchHandles, {})),
  call("closeHandle", ["session", "admin"], async (client) => () => {
    return client.unary(AdminService.method.closeHandle, { sessionId: "none", handle: 1n });
  }),
  call("revokeSession", ["session", "admin"], async (client) => () => {
    return client.unary(AdminService.method.revokeSession, { sessionId: "none" });
  }),
  call(
    "getStatistics",
    ["session", "admin"],
    async (client) => () => client.unary(AdminService.method.getStatistics, {}),
  ),
];

/** Asks the daemon to drain, which would end the daemon of the other forms. */
export function drain(client: RawClient): Promise<Outcome> {
  return outcomeOf(client.unary(AdminService.method.drain, { grace: {} }));
}

export const ofItsOwn = ["drain"];

async function outcomeOf(made: Promise<unknown>): Promise<Outcome> {
  try {
    const answer = await made;
    return typeof answer === "string" ? answer : "ok";
  } catch (error) {
    if (!(error instanceof RawError)) throw error;
    const { detail } = error;
    return detail?.$typeName === "sockbroker.v1.PolicyDenial" ? `denied ${detail.permission}` : error.symbol;
  }
}

function unary(client: RawClient): Via {
  return {
    client,
    perform: (verb, request, token) =>
      client.unary(unaryMethods[verb] as never, request as never, token === undefined ? {} : { token }),
  };
}

function onStream(client: RawClient, session: RawSession): Via {
  return {
    client,
    perform: async (verb, request, token) => {
      if (token === undefined) return await session.op(verb, request);
      using other = client.session({ token });
      return await other.op(verb, request);
    },
  };
}

/** How calls are made. Calls that are not operations are only made once. */
export type Way = "unary" | "stream";

/** Prepares all forms while nothing is denied, and makes their calls while these permissions are. */
async function outcomes(
  daemon: PolicyDaemon,
  forms: readonly Form[],
  way: Way,
  denied: readonly Permission[],
): Promise<Map<string, Outcome>> {
  using client = daemon.client();
  await daemon.deny();
  const calls: [string, (via: Via) => Promise<unknown>][] = [];
  for (const form of forms) calls.push([form.name, await form.prepare(client)]);
  await daemon.deny(...denied);
  using session = client.session();
  const via = way === "unary" ? unary(client) : onStream(client, session);
  const found = new Map<string, Outcome>();
  for (const [formName, make] of calls) found.set(formName, await outcomeOf(make(via)));
  return found;
}

/** The expected outcomes of a form, one of which must occur. */
function expected(form: Form, needs: readonly Permission[], denied: readonly Permission[]): readonly Outcome[] | null {
  const missing = needs.filter((permission) => denied.includes(permission));
  if (missing.length > 0) return missing.map((permission) => form.deniedAs[permission] ?? `denied ${permission}`);
  return form.answers === null ? null : [form.answers];
}

function needsOf(form: Form, way: Way | null): readonly Permission[] {
  if (way === null || (way === "unary" && openToAll.includes(form.name))) return form.needs;
  return ["session", ...form.needs];
}

/** Uses all forms while these permissions are denied. Returns those with an unexpected outcome, and that outcome. */
export async function wrong(
  daemon: PolicyDaemon,
  forms: readonly Form[],
  way: Way | null,
  denied: readonly Permission[],
): Promise<string[]> {
  const found = await outcomes(daemon, forms, way ?? "unary", denied);
  return forms.flatMap((form) => {
    const outcome = found.get(form.name) ?? "nothing";
    const wanted = expected(form, needsOf(form, way), denied);
    if (wanted === null ? !outcome.startsWith("denied ") : wanted.includes(outcome)) return [];
    return [`${form.name}: ${outcome}, not ${wanted?.join(" or ") ?? "let through"}`];
  });
}

export const groups = [
  ["each operation, by a unary call,", operations, "unary"],
  ["each operation, on a Session stream,", operations, "stream"],
  ["each form of a stream", streams, null],
  ["each call of openSession and of operators", administration, null],
] as const;
