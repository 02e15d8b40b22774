import { afterAll, beforeAll, expect, it } from "vitest";
import { AddressFamily, SocketType } from "../../src/gen/sockbroker/v1/address_pb.js";
import { SocketService } from "../../src/gen/sockbroker/v1/socket_service_pb.js";
import { linux } from "../../src/native/linux.js";
import { PolicyDaemon } from "../support/policy-daemon.js";
import { connectedTo, handleOf, inet, LOOPBACK, portOf, type RawClient, symbolOf } from "../support/raw-broker.js";

// What a policy can decide by, from a client to the kernel. Policy: set by each test, to deny queries that have certain
// fields. Needs: TCP over loopback, and that IPv6 sockets can be opened.

const { socket, socketpair, connectTo, createServer, send, recv, setsockopt, ioctl } = SocketService.method;
const { SOL_SOCKET, SO_LINGER, FIONREAD } = linux;
const SIOCATMARK = 0x8905;
const SO_KEEPALIVE = 9;

let daemon: PolicyDaemon;
let client: RawClient;

beforeAll(async () => {
  daemon = await PolicyDaemon.start();
  client = daemon.client();
});

afterAll(async () => {
  client[Symbol.dispose]();
  await daemon[Symbol.asyncDispose]();
});

async function opened(family: AddressFamily): Promise<bigint> {
  return handleOf((await client.unary(socket, { family })).socket);
}

async function listeningPort(): Promise<number> {
  return portOf((await client.unary(createServer, { address: LOOPBACK })).socket?.localAddress);
}

/** The outcome of connecting an IPv6 socket to an address in any spelling. */
async function connecting(host: string, port: number): Promise<string> {
  const handle = await opened(AddressFamily.INET6);
  const address = { address: { case: "inet6", value: { host, port } } } as const;
  return symbolOf(client.unary(connectTo, { handle, address, timeout: { limit: { case: "duration", value: {} } } }));
}

it("by the process, user and group that the kernel reported", async () => {
  const uid = process.getuid?.();
  await daemon.deny({ permission: "socket", evidence: { pid: process.pid, uid } });
  expect(await symbolOf(client.unary(socket, {}))).toBe("DENIED");
  await daemon.deny({ permission: "socket", evidence: { pid: process.pid + 1, uid } });
  expect(await symbolOf(client.unary(socket, {}))).toBe("ok");
});

it("by family, type and protocol of a socket to open", async () => {
  await daemon.deny({ permission: "socket", family: AddressFamily.INET, type: SocketType.DGRAM });
  expect(await symbolOf(client.unary(socket, { type: SocketType.DGRAM }))).toBe("DENIED");
  expect(await symbolOf(client.unary(socket, { family: AddressFamily.UNIX, type: SocketType.DGRAM }))).toBe("ok");
  await daemon.deny({ permission: "socket", family: AddressFamily.UNIX });
  expect(await symbolOf(client.unary(socketpair, {}))).toBe("DENIED");
  await daemon.deny({ permission: "bind", family: AddressFamily.INET, local: { endpoint: "127.0.0.1:0" } });
  expect(await symbolOf(client.unary(createServer, { address: LOOPBACK }))).toBe("DENIED");
});

it("by the option, also on an attach stream", async () => {
  const handle = await opened(AddressFamily.INET);
  const setting = (name: number) => ({ handle, level: SOL_SOCKET, name, value: integer });
  const integer = { value: { case: "integer", value: 1 } } as const;
  await daemon.deny({ permission: "setsockopt", option: { level: SOL_SOCKET, name: SO_KEEPALIVE } });
  expect(await symbolOf(client.unary(setsockopt, setting(SO_KEEPALIVE)))).toBe("DENIED");
  expect(await symbolOf(client.unary(setsockopt, setting(SO_LINGER)))).not.toBe("DENIED");
  using stream = await client.attach({ handle, sendOnly: true });
  await stream.write({ frame: { case: "setsockopt", value: setting(SO_KEEPALIVE) } });
  const answer = await stream.next();
  expect(answer?.frame).toMatchObject({ case: "error", value: { status: { code: 7 } } });
});

it("by the ioctl", async () => {
  const handle = await connectedTo(client, await listeningPort());
  const argument = { case: "integer", value: 0 } as const;
  await daemon.deny({ permission: "ioctl", ioctl: FIONREAD });
  expect(await symbolOf(client.unary(ioctl, { handle, request: BigInt(FIONREAD), argument }))).toBe("DENIED");
  expect(await symbolOf(client.unary(ioctl, { handle, request: BigInt(SIOCATMARK), argument }))).toBe("ok");
});

it("by the network namespace", async () => {
  const netns = { namespace: { case: "name", value: "none-of-that-name" } } as const;
  await daemon.deny({ permission: "netns", netns: "none-of-that-name" });
  expect(await symbolOf(client.unary(socket, { netns }))).toBe("DENIED");
  await daemon.deny({ permission: "netns", netns: "another" });
  expect(await symbolOf(client.unary(socket, { netns }))).toBe("ENOENT");
});

it.each(["::ffff:127.0.0.1", "0:0:0:0:0:FFFF:7f00:1", "::ffff:7f00:0001"])(
  "by an address, however it is written: %s",
  async (host) => {
    const [denied, other] = [await listeningPort(), await listeningPort()];
    await daemon.deny({ permission: "connect", endpoint: `127.0.0.1:${denied}` });
    expect(await connecting(host, denied)).toBe("DENIED");
    expect(await connecting(host, other)).not.toBe("DENIED");
  },
);

it.each(["2002:a00:1::", "64:ff9b::10.0.0.1", "2001:0:4136:e378:8000:63bf:f5ff:fffe"])(
  "by the IPv4 address in %s",
  async (host) => {
    const index = host.startsWith("2001:0:") ? 1 : 0;
    await daemon.deny({ permission: "connect", remote: { embedded: { [index]: "10.0.0.1" } } });
    expect(await connecting(host, 80)).toBe("DENIED");
    await daemon.deny({ permission: "connect", remote: { embedded: { [index]: "10.0.0.2" } } });
    expect(await connecting(host, 80)).not.toBe("DENIED");
  },
);

it("by the peer of a connection, for data without an address", async () => {
  const [denied, other] = [await listeningPort(), await listeningPort()];
  const handles = [await connectedTo(client, denied), await connectedTo(client, other)];
  const sending = (handle = 0n) => symbolOf(client.unary(send, { handle, data: Buffer.from("x") }));
  const receiving = (handle = 0n) =>
    symbolOf(client.unary(recv, { handle, maxBytes: 1n, timeout: { limit: { case: "duration", value: {} } } }));
  const remote = { endpoint: `127.0.0.1:${denied}` };
  await daemon.deny({ permission: "send", remote }, { permission: "receive", remote });
  expect([await sending(handles[0]), await sending(handles[1])]).toEqual(["DENIED", "ok"]);
  expect([await receiving(handles[0]), await receiving(handles[1])]).toEqual(["DENIED", "EAGAIN"]);
  expect(
    await symbolOf(client.unary(connectTo, { handle: await opened(AddressFamily.INET), address: inet(other) })),
  ).toBe("ok");
});
