/*
 * Sockets that a process outside the daemon has, too. Such a process can connect them to a service, which would take
 * the daemon's user for the sender, and can hold the socket's lock, so that every system call on it waits.
 *
 * Policy: the built-in one, with nobody admitted; with `,unix` in the last part. Needs: root, because the caller is
 * another user, and python3 for the process outside.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod } from "node:fs/promises";
import { createServer } from "node:net";
import { endianness } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { AdminService } from "../../src/gen/sockbroker/v1/admin_service_pb.js";
import { SocketService } from "../../src/gen/sockbroker/v1/socket_service_pb.js";
import { cannotBeNobody, NOBODY } from "../support/nobody.js";
import { Outside } from "../support/outside.js";
import { pythonVersion } from "../support/python.js";
import {
  abstract,
  connectedTo,
  frame,
  handleOf,
  inet,
  LOOPBACK,
  portOf,
  RawClient,
  RawDaemon,
  RawError,
  type RawSession,
  symbolOf,
} from "../support/raw-broker.js";

const STREAM = { family: 1, type: 1 } as const;
const DATAGRAM = { family: 1, type: 2 } as const;
const SEQPACKET = { family: 1, type: 5 } as const;
const SOL_SOCKET = 1;
const SO_PASSCRED = 16;
const SCM_CREDENTIALS = 2;

let daemon: RawDaemon;

beforeAll(async () => {
  daemon = await RawDaemon.start("--admit", `uid:${NOBODY}`);
  await chmod(daemon.directory, 0o755);
});

afterAll(() => daemon?.[Symbol.asyncDispose]());

beforeEach((ctx) => {
  const reason = cannotBeNobody() ?? (pythonVersion === null ? "needs python3" : null);
  if (reason !== null) ctx.skip(reason);
});

/** A connection of nobody. */
async function nobody(path = daemon.path): Promise<RawClient> {
  process.seteuid?.(NOBODY);
  try {
    const client = new RawClient(path);
    await client.unary(SocketService.method.getdefaulttimeout, {});
    return client;
  } finally {
    process.seteuid?.(0);
  }
}

async function open(session: RawSession, kind: { family: number; type: number }): Promise<bigint> {
  return handleOf((await session.op("socket", kind)).socket);
}

/** The rule of a denial, or another outcome. */
async function ruleOf(outcome: Promise<unknown>): Promise<string> {
  try {
    await outcome;
    return "ok";
  } catch (error) {
    if (!(error instanceof RawError)) throw error;
    const { detail, status } = error;
    return detail?.$typeName === "sockbroker.v1.PolicyDenial" ? `${status.code} ${detail.rule}` : error.symbol;
  }
}

const SHARED = `7 admit-uid:${NOBODY}-shared`;
const x = Buffer.from("x");

/** A datagram service of root that authenticates each message by its SCM_CREDENTIALS. */
class Service implements AsyncDisposable {
  readonly path: string;
  readonly #child;
  readonly #seen: string[] = [];
  readonly #ready: Promise<unknown>;

  constructor(directory: string, type: "SOCK_DGRAM" | "SOCK_STREAM") {
    this.path = join(directory, `service-${type}`);
    const script = [
      "import os, socket, struct, sys",
      `s = socket.socket(socket.AF_UNIX, socket.${type}); s.bind(sys.argv[1]); os.chmod(sys.argv[1], 0o777)`,
      "s.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)",
      "if s.type == socket.SOCK_STREAM: s.listen()",
      "print('ready', flush=True)",
      "if s.type == socket.SOCK_STREAM: s = s.accept()[0]",
      "while True:",
      "  data, ancillary, _, _ = s.recvmsg(100, 1000)",
      "  print(data.decode(), [struct.unpack('3i', c[2]) for c in ancillary if c[1] == 2], flush=True)",
      "  if data in (b'last', b''): break",
    ].join("\n");
    this.#child = spawn("python3", ["-c", script, this.path], { stdio: ["ignore", "pipe", "inherit"] });
    const lines = createInterface({ input: this.#child.stdout });
    this.#ready = once(lines, "line");
    lines.on("line", (line) => this.#seen.push(line));
  }

  async listening(): Promise<void> {
    await this.#ready;
  }

  /** All messages that it received until it ended. */
  async seen(): Promise<string> {
    await once(this.#child, "close");
    return this.#seen.slice(1).join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
  }
}

type Attempt = readonly [
  name: string,
  act: (session: RawSession, handle: bigint, client: RawClient) => Promise<unknown>,
];

const operations: readonly Attempt[] = [
  ["Send", (session, handle) => session.op("send", { handle, data: x })],
  ["Sendall", (session, handle) => session.op("sendall", { handle, data: x })],
  ["Sendto", (session, handle) => session.op("sendto", { handle, data: x, address: abstract("nobody-there") })],
  ["Sendmsg", (session, handle) => session.op("sendmsg", { handle, buffers: [x] })],
  ["SendFds", (session, handle) => session.op("sendFds", { handle, buffers: [x], handles: [handle] })],
  ["Sendfile", (session, handle) => session.op("sendfile", { handle, fileHandle: handle })],
  ["ConnectTo", (session, handle) => session.op("connectTo", { handle, address: abstract("nobody-there") })],
  ["ConnectEx", (session, handle) => session.op("connectEx", { handle, address: abstract("nobody-there") })],
  ["Listen", (session, handle) => session.op("listen", { handle })],
  ["Accept", (session, handle) => session.op("accept", { handle })],
  ["Recv", (session, handle) => session.op("recv", { handle, maxBytes: 1n })],
  ["Getsockopt", (session, handle) => session.op("getsockopt", { handle, level: SOL_SOCKET, name: 3 })],
  ["Getsockname", (session, handle) => session.op("getsockname", { handle })],
  ["Shutdown", (session, handle) => session.op("shutdown", { handle, how: 1 })],
  ["Dup", (session, handle) => session.op("dup", { handle })],
  ["Socket with fileno", (session, handle) => session.op("socket", { fileno: handle })],
  [
    "an attach stream",
    async (_session, handle, client) => {
      using stream = await client.attach({ handle });
      await stream.write({ frame: { case: "data", value: x } });
      return await stream.rest();
    },
  ],
];

describe("a unix socket that another process connected and passed to the daemon", () => {
  it.each(["SOCK_DGRAM", "SOCK_STREAM"] as const)("cannot send, with any verb: %s", async (type) => {
    await using service = new Service(daemon.directory, type);
    await service.listening();
    await using outside = new Outside(
      [
        `mine = socket.socket(socket.AF_UNIX, socket.${type})`,
        "mine.connect(sys.argv[2])",
        "give(mine)",
        "way.recv(1)",
        "mine.send(b'last')",
      ],
      { args: [service.path] },
    );
    using client = await nobody();
    using session = client.session();
    const way = await outside.way(session);
    const { handles } = await session.op("recvFds", { handle: way, maxBytes: 1n, maxHandles: 1 });
    const [handle = 0n] = handles;
    for (const [name, act] of operations) {
      expect(`${name}: ${await ruleOf(act(session, handle, client))}`).toBe(`${name}: ${SHARED}`);
    }
    await expect(session.op("send", { handle, data: x })).rejects.toMatchObject({
      detail: { reason: expect.stringContaining(`needs \`--admit uid:${NOBODY},unix\``) },
    });
    expect(await ruleOf(session.op("close", { handle }))).toBe("ok");
    await session.op("send", { handle: way, data: x });
    // Messages of the process outside arrive, and none before them.
    expect(await service.seen()).toBe(`last [(${outside.child.pid}, 0, 0)]`);
  });

  it("cannot send if it was accepted, or is bound to a path", async () => {
    const path = join(daemon.directory, "theirs");
    await using outside = new Outside(
      [
        "theirs = socket.socket(socket.AF_UNIX)",
        "theirs.bind(sys.argv[2])",
        "near, far = socket.socketpair()",
        "give(theirs, near)",
      ],
      { args: [path] },
    );
    using client = await nobody();
    using session = client.session();
    const way = await outside.way(session);
    const { handles } = await session.op("recvFds", { handle: way, maxBytes: 1n, maxHandles: 2 });
    expect(handles).toHaveLength(2);
    for (const handle of handles) {
      expect(await ruleOf(session.op("listen", { handle }))).toBe(SHARED);
      expect(await ruleOf(session.op("send", { handle, data: x }))).toBe(SHARED);
    }
  });
});

describe("a message with a sender other than its caller", () => {
  const gid = process.getegid?.() ?? 0;

  it.each([
    ["the first process", 1, 0, 0],
    ["the daemon", "daemon", 0, 0],
    ["another user", process.pid, 0, gid],
    ["another group", process.pid, NOBODY, gid + 1],
    ["another process of the user's", process.ppid, NOBODY, gid],
  ] as const)("is denied for %s, as a view and as bytes, with every verb", async (_whom, pid, uid, group) => {
    using client = await nobody();
    using session = client.session();
    const [handle, peer] = await socketpair(session);
    await passCredentials(session, peer);
    for (const control of credentials(pid === "daemon" ? daemon.pid : pid, uid, group)) {
      const denial = `7 admit-uid:${NOBODY}-credentials`;
      expect(await ruleOf(session.op("sendmsg", { handle, buffers: [x], ancillaryData: [control] }))).toBe(denial);
      using stream = await client.attach({ handle });
      await stream.write({ frame: { case: "messages", value: { messages: [{ data: x, ancillaryData: [control] }] } } });
      const { status } = await frame(stream, "error");
      expect(status?.code).toBe(7);
    }
  });

  it("is sent if the sender is the caller itself, as the receiver sees it", async () => {
    using client = await nobody();
    using session = client.session();
    const [handle, peer] = await socketpair(session);
    await passCredentials(session, peer);
    for (const control of credentials(process.pid, NOBODY, gid)) {
      await session.op("sendmsg", { handle, buffers: [x], ancillaryData: [control] });
      const received = await session.op("recvmsg", { handle: peer, maxBytes: 1n, maxAncillaryBytes: 100n });
      expect(received.ancillaryData.map(({ view }) => view)).toEqual([
        { case: "credentials", value: expect.objectContaining({ pid: process.pid, uid: NOBODY, gid }) },
      ]);
    }
  });
});

describe("a socket that was sent to another process", () => {
  it("is withheld: in no session anything but Close works, and waiting operations end", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    await using outside = new Outside([
      "mine = socket.socket(fileno=take()[0])",
      "mine.sendall(b'by the other process')",
      "say('sent')",
    ]);
    using client = await nobody();
    using session = client.session();
    const accepted = once(server, "connection");
    const handle = await connectedTo(client, port);
    const peer = (await accepted)[0];
    const copy = handleOf((await session.op("dup", { handle })).socket);
    // Another client of the user has it, too.
    using other = await nobody();
    using theirs = other.session();
    const [carrier, far] = await connection(session, theirs, `meeting-${port}`);
    await session.op("sendFds", { handle: carrier, buffers: [x], handles: [handle] });
    const { handles } = await theirs.op("recvFds", { handle: far, maxBytes: 1n, maxHandles: 1 });
    const [received = 0n] = handles;
    await theirs.op("send", { handle: received, data: Buffer.from("by the other client ") });
    using stream = await other.attach({ handle: received });
    const waiting = session.op("recv", { handle: copy, maxBytes: 1n });

    const way = await outside.way(session);
    await session.op("sendFds", { handle: way, buffers: [x], handles: [handle] });
    expect(await outside.line()).toBe("sent");
    expect(await ruleOf(waiting)).toBe(SHARED);
    expect(await ruleOf(stream.rest())).toBe(SHARED);
    for (const [name, act] of operations.slice(1)) {
      expect(`${name}: ${await ruleOf(act(session, handle, client))}`).toBe(`${name}: ${SHARED}`);
    }
    expect(await ruleOf(session.op("recv", { handle: copy, maxBytes: 1n }))).toBe(SHARED);
    expect(await ruleOf(theirs.op("recv", { handle: received, maxBytes: 1n }))).toBe(SHARED);

    using operator = daemon.client();
    const listed = await operator.unary(AdminService.method.listHandles, {});
    expect(listed.handles.map(({ socket }) => socket?.handle)).toContain(handle);
    for (const closed of [handle, copy]) expect(await symbolOf(session.op("close", { handle: closed }))).toBe("ok");
    expect(await symbolOf(session.op("recv", { handle, maxBytes: 1n }))).toBe("HANDLE_NOT_FOUND");

    const text: string[] = [];
    peer.on("data", (chunk: Buffer) => text.push(String(chunk)));
    const end = once(peer, "end");
    await outside[Symbol.asyncDispose]();
    await end;
    expect(text.join("")).toBe("by the other client by the other process");
    server.close();
  });

  it("is withheld when it comes back", async () => {
    await using outside = new Outside(["give(take()[0])"]);
    using client = await nobody();
    using session = client.session();
    const way = await outside.way(session);
    const handle = await open(session, { family: 2, type: 2 });
    await session.op("sendFds", { handle: way, buffers: [x], handles: [handle] });
    await session.op("close", { handle });
    const { handles } = await session.op("recvFds", { handle: way, maxBytes: 1n, maxHandles: 1 });
    expect(await ruleOf(session.op("getsockname", { handle: handles[0] ?? 0n }))).toBe(SHARED);
  });
});

describe("a unix socket is not sent out of the daemon", () => {
  it.each([
    ["a stream", STREAM],
    ["a datagram socket", DATAGRAM],
    ["a sequence of packets", SEQPACKET],
  ] as const)("%s", async (_name, kind) => {
    await using outside = new Outside([
      "datagrams = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)",
      "datagrams.bind(chr(0) + sys.argv[1] + '-datagrams')",
      "say(sys.argv[1])",
      "say(way.recv(1))",
    ]);
    using client = await nobody();
    using session = client.session();
    const handle = await open(session, kind);
    const way = await outside.way(session);
    const request = { buffers: [x], handles: [handle] };
    expect(await ruleOf(session.op("sendFds", { handle: way, ...request }))).toBe(SHARED);
    const rights = { view: { case: "rights" as const, value: { handles: [handle] } } };
    expect(await ruleOf(session.op("sendmsg", { handle: way, buffers: [x], ancillaryData: [rights] }))).toBe(SHARED);
    const datagrams = await open(session, DATAGRAM);
    const address = abstract(`${await outside.line()}-datagrams`);
    expect(await ruleOf(session.op("sendFds", { handle: datagrams, address, ...request }))).toBe(SHARED);
    await session.op("connectTo", { handle: datagrams, address });
    expect(await ruleOf(session.op("sendFds", { handle: datagrams, ...request }))).toBe(SHARED);
    // It is unchanged, and nothing was sent.
    await session.op("getsockname", { handle });
    await session.op("send", { handle: way, data: Buffer.from("y") });
    expect(await outside.line()).toBe("b'y'");
  });
});

describe("sockets that stay in the daemon can be passed", () => {
  it.each([
    ["a unix socket", true],
    ["a TCP socket", false],
  ] as const)("%s, from one client to another and back", async (_name, unix) => {
    using client = await nobody();
    using session = client.session();
    using other = await nobody();
    using theirs = other.session();
    const [near, far] = await connection(session, theirs, `between-${process.pid}-${unix}`);
    const [mine, peer] = unix ? await socketpair(session) : await tcpPair(session);
    const says = async (from: RawSession, handle: bigint, text: string): Promise<void> => {
      await from.op("send", { handle, data: Buffer.from(text) });
      const { data } = await session.op("recv", { handle: peer, maxBytes: 100n });
      expect(Buffer.from(data).toString()).toBe(text);
    };
    await session.op("sendFds", { handle: near, buffers: [x], handles: [mine] });
    const there = await theirs.op("recvFds", { handle: far, maxBytes: 1n, maxHandles: 1 });
    await says(theirs, there.handles[0] ?? 0n, "there");
    await theirs.op("sendFds", { handle: far, buffers: [x], handles: there.handles });
    const back = await session.op("recvFds", { handle: near, maxBytes: 1n, maxHandles: 1 });
    await says(session, back.handles[0] ?? 0n, "back");
    await says(session, mine, "all the time");
  });

  it("through a socketpair", async () => {
    using client = await nobody();
    using session = client.session();
    const [near, far] = await socketpair(session);
    const [mine, peer] = await socketpair(session);
    await session.op("sendFds", { handle: near, buffers: [x], handles: [mine] });
    const { handles } = await session.op("recvFds", { handle: far, maxBytes: 1n, maxHandles: 1 });
    await session.op("send", { handle: handles[0] ?? 0n, data: x });
    expect((await session.op("recv", { handle: peer, maxBytes: 1n })).data).toHaveLength(1);
  });
});

it("a user admitted with `,unix` shares sockets with other processes", async () => {
  await using other = await RawDaemon.start("--admit", `uid:${NOBODY},unix`);
  await chmod(other.directory, 0o755);
  await using outside = new Outside([
    "near, far = socket.socketpair()",
    "give(near)",
    "say(far.recv(10))",
    "taken = socket.socket(fileno=take()[0])",
    "taken.setblocking(True)",
    "say(taken.recv(10))",
  ]);
  using client = await nobody(other.path);
  using session = client.session();
  const way = await outside.way(session);
  const { handles } = await session.op("recvFds", { handle: way, maxBytes: 1n, maxHandles: 1 });
  await session.op("send", { handle: handles[0] ?? 0n, data: Buffer.from("received") });
  expect(await outside.line()).toBe("b'received'");
  const pair = await session.op("socketpair", {});
  await session.op("sendFds", { handle: way, buffers: [x], handles: [handleOf(pair.first)] });
  await session.op("send", { handle: handleOf(pair.second), data: Buffer.from("sent") });
  expect(await outside.line()).toBe("b'sent'");
  const [named] = credentials(1, 0, 0);
  expect(
    await ruleOf(
      session.op("sendmsg", { handle: handleOf(pair.second), buffers: [x], ancillaryData: named ? [named] : [] }),
    ),
  ).toBe(`7 admit-uid:${NOBODY}-credentials`);
});

/** Both ends of a unix connection between clients of the daemon. */
async function connection(here: RawSession, there: RawSession, name: string): Promise<readonly [bigint, bigint]> {
  const listener = await open(there, STREAM);
  await there.op("bind", { handle: listener, address: abstract(name) });
  await there.op("listen", { handle: listener });
  const near = await open(here, STREAM);
  await here.op("connectTo", { handle: near, address: abstract(name) });
  return [near, handleOf((await there.op("accept", { handle: listener })).socket)];
}

async function socketpair(session: RawSession): Promise<readonly [bigint, bigint]> {
  const { first, second } = await session.op("socketpair", {});
  return [handleOf(first), handleOf(second)];
}

async function tcpPair(session: RawSession): Promise<readonly [bigint, bigint]> {
  const { socket } = await session.op("createServer", { address: LOOPBACK });
  const near = await open(session, { family: 2, type: 1 });
  await session.op("connectTo", { handle: near, address: inet(portOf(socket?.localAddress)) });
  return [near, handleOf((await session.op("accept", { handle: handleOf(socket) })).socket)];
}

async function passCredentials(session: RawSession, handle: bigint): Promise<void> {
  const value = { value: { case: "integer", value: 1 } } as const;
  await session.op("setsockopt", { handle, level: SOL_SOCKET, name: SO_PASSCRED, value });
}

function credentials(pid: number, uid: number, gid: number) {
  const bytes = Buffer.alloc(12);
  const little = endianness() === "LE";
  [pid, uid, gid].forEach((value, index) => {
    if (little) bytes.writeInt32LE(value | 0, index * 4);
    else bytes.writeInt32BE(value | 0, index * 4);
  });
  const message = { level: SOL_SOCKET, type: SCM_CREDENTIALS };
  return [
    { ...message, view: { case: "credentials", value: { pid, uid, gid } } },
    { ...message, data: bytes },
  ] as const;
}
