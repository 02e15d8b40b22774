/* Each method of Broker and Socket against a daemon with the built-in policy. Needs `npm run build`. */

import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { AddressFamily, type Broker, connect, PollEvents, SocketType } from "../../src/client/index.js";
import { beforeTests, internetAddress, receiveAll, tcpPair } from "../support/client.js";
import type { Daemon } from "../support/daemon.js";

let daemon: Daemon;
let broker: Broker;
beforeTests((started) => {
  ({ daemon, broker } = started);
});

describe("after connect", () => {
  test("the daemon, its host and its limits are known", async () => {
    expect(broker.daemonVersion).toMatch(/^\d+\.\d+/);
    expect(broker.principal).toBe(`uid:${process.getuid?.()}`);
    expect(broker.host).toMatchObject({ os: "linux", byteOrder: "little", pointerBytes: 8 });
    expect(broker.limits.maxRequestBytes).toBeGreaterThan(1024 * 1024);
    expect(await broker.whoAmI()).toMatchObject({ pid: process.pid, uid: process.getuid?.() });
    expect(await broker.getSession()).toMatchObject({ implicit: false, lease: 30 });
  });

  test("constants are numbers", () => {
    const { AF_INET, SOCK_STREAM, SOL_SOCKET, INADDR_BROADCAST, has_ipv6 } = broker.constants;
    expect([AF_INET, SOCK_STREAM, SOL_SOCKET, INADDR_BROADCAST]).toEqual([2, 1, 1, 2 ** 32 - 1]);
    expect(has_ipv6).toBe(true);
    expect(broker.constants.SIO_RCVALL).toBeUndefined();
  });
});

describe("opening", () => {
  test("has Python's defaults", async () => {
    await using socket = await broker.socket();
    expect(socket).toMatchObject({ family: AddressFamily.INET, type: SocketType.STREAM, proto: 0, timeout: null });
    expect(socket.fileno()).toBe(socket.handle);
    expect(socket.getblocking()).toBe(true);
    expect(await socket.getInheritable()).toBe(false);
  });

  test("with SOCK_NONBLOCK sets the timeout to 0, and removes the flag from the type", async () => {
    const { AF_INET, SOCK_DGRAM, SOCK_NONBLOCK, SOCK_CLOEXEC } = broker.constants;
    await using socket = await broker.socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC);
    expect(socket).toMatchObject({ type: SOCK_DGRAM, timeout: 0 });
    await expect(socket.recv(1)).rejects.toMatchObject({ code: "EAGAIN" });
    const [a, b] = await broker.socketpair(undefined, broker.constants.SOCK_STREAM | SOCK_NONBLOCK);
    expect([a.timeout, b.timeout]).toEqual([0, 0]);
    await Promise.all([a.close(), b.close()]);
  });

  test("with fileno describes the same socket", async () => {
    await using socket = await broker.socket(10, 2);
    const same = await broker.socket(undefined, undefined, undefined, { fileno: socket });
    expect(same).toMatchObject({ handle: socket.handle, family: 10, type: 2 });
  });

  test("uses the session's default timeout", async () => {
    await using other = await connect(daemon.endpoint);
    await other.setdefaulttimeout(2.5);
    expect(await other.getdefaulttimeout()).toBe(2.5);
    expect((await other.socket()).gettimeout()).toBe(2.5);
    expect((await other.socketpair())[0].gettimeout()).toBe(2.5);
    await using pair = await tcpPair(other);
    expect(pair.server.gettimeout()).toBe(2.5);
    expect(pair.client.gettimeout()).toBe(2.5);
    await other.setdefaulttimeout(null);
    expect(await other.getdefaulttimeout()).toBeNull();
    expect(await broker.getdefaulttimeout()).toBeNull();
  });

  test("by dup copies the timeout, by fromfd does not", async () => {
    const [a, b] = await broker.socketpair();
    await a.settimeout(3);
    await using copy = await a.dup();
    await using described = await broker.fromfd(a, a.family, a.type);
    expect([copy.timeout, described.timeout]).toEqual([3, null]);
    const third = await broker.dup(a);
    await broker.close(third);
    await b.sendall(Buffer.from("x"));
    expect((await copy.recv(1)).toString()).toBe("x");
    await Promise.all([a.close(), b.close()]);
  });
});

describe("streams", () => {
  test("transfer bytes both ways, and know their addresses", async () => {
    await using pair = await tcpPair(broker);
    const { client, server } = pair;
    expect(await client.getpeername()).toEqual(await server.getsockname());
    expect(await server.getpeername()).toEqual(await client.getsockname());
    expect(await client.send(Buffer.from("hello"))).toBe(5);
    expect((await server.recv(3)).toString()).toBe("hel");
    const target = Buffer.alloc(8);
    expect(await server.recvInto(target)).toBe(2);
    expect(target.toString("latin1", 0, 2)).toBe("lo");
    await server.sendall(Buffer.from("world"));
    expect(await client.recvfrom(10)).toEqual({ data: Buffer.from("world"), address: null });
    await client.shutdown(broker.constants.SHUT_WR);
    expect((await server.recv(10)).length).toBe(0);
    expect((await server.recv(10)).length).toBe(0);
  });

  test("sendall sends data that exceeds one message to the daemon", async () => {
    await using pair = await tcpPair(broker);
    const data = Buffer.alloc(broker.limits.maxRequestBytes + 12_345);
    for (let at = 0; at < data.length; at += 997) data[at] = at & 0xff;
    const [received] = await Promise.all([
      receiveAll(pair.server),
      pair.client.sendall(data).then(() => pair.client.shutdown(broker.constants.SHUT_WR)),
    ]);
    expect(received.equals(data)).toBe(true);
  });

  test("send accepts only a part of a large buffer", async () => {
    await using pair = await tcpPair(broker);
    const sent = await pair.client.send(Buffer.alloc(4 * 1024 * 1024));
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThan(4 * 1024 * 1024);
    const part = await pair.client
      .sendmsg([Buffer.alloc(10), Buffer.alloc(4 * 1024 * 1024)], { timeout: 0 })
      .catch(() => 0);
    expect(part).toBeLessThan(4 * 1024 * 1024);
  });

  test("buffers may be reused immediately", async () => {
    await using pair = await tcpPair(broker);
    const buffer = Buffer.from("first");
    const sending = pair.client.sendall(buffer);
    buffer.fill("x");
    await sending;
    expect((await pair.server.recv(5)).toString()).toBe("first");
  });

  test("PEEK leaves the data, WAITALL waits for all of it", async () => {
    const { MSG_PEEK, MSG_WAITALL } = broker.constants;
    await using pair = await tcpPair(broker);
    await pair.client.sendall(Buffer.from("abc"));
    expect((await pair.server.recv(2, { flags: MSG_PEEK })).toString()).toBe("ab");
    const all = pair.server.recv(6, { flags: MSG_WAITALL });
    await pair.client.sendall(Buffer.from("def"));
    expect((await all).toString()).toBe("abcdef");
  });

  test("connectEx returns 0 or the errno", async () => {
    await using listener = await broker.createServer({ host: "127.0.0.1", port: 0 });
    const address = await internetAddress(listener);
    await using good = await broker.socket();
    expect(await good.connectEx(address)).toBe(0);
    await listener.close();
    await using bad = await broker.socket();
    expect(await bad.connectEx(address)).toBe(111);
  });

  test("createServer and createConnection support IPv6 and dual-stack", async () => {
    const { AF_INET6 } = broker.constants;
    await using six = await broker.createServer({ host: "::1", port: 0 }, { family: AF_INET6, backlog: 5 });
    expect(six.family).toBe(AddressFamily.INET6);
    await using connection = await broker.createConnection(await internetAddress(six), { timeout: 5 });
    expect(connection).toMatchObject({ family: AddressFamily.INET6, timeout: 5 });
    expect(await broker.hasDualstackIpv6()).toBe(true);
    const options = { family: AF_INET6, dualstackIpv6: true, reusePort: true };
    await using both = await broker.createServer({ host: "", port: 0 }, options);
    const { port } = await internetAddress(both);
    await using four = await broker.createConnection(
      { host: "127.0.0.1", port },
      { sourceAddress: { family: "inet", host: "127.0.0.2", port: 0 } },
    );
    const { address } = await both.accept();
    expect(address).toMatchObject({ family: "inet6", host: "::ffff:127.0.0.2" });
    expect(four.family).toBe(AddressFamily.INET);
  });
});

describe("datagrams", () => {
  test("keep their boundaries, senders and real lengths", async () => {
    const { AF_INET, SOCK_DGRAM, MSG_TRUNC } = broker.constants;
    await using a = await broker.socket(AF_INET, SOCK_DGRAM);
    await using b = await broker.socket(AF_INET, SOCK_DGRAM);
    const local = await a.bind({ host: "127.0.0.1", port: 0 });
    const address = await internetAddress(a);
    expect(local).toEqual({ family: "inet", ...address });
    expect(await b.sendto(Buffer.from("one"), address)).toBe(3);
    await b.connect(address);
    await b.sendmsg([Buffer.from("tw"), Buffer.from("o!")]);
    await b.send(Buffer.from("three"));
    await b.send(Buffer.alloc(0));
    const sender = { family: "inet", ...(await internetAddress(b)), host: "127.0.0.1" };
    expect(await a.recvfrom(100)).toEqual({ data: Buffer.from("one"), address: sender });
    const cut = await a.recvmsg(2);
    expect(cut).toMatchObject({ data: Buffer.from("tw"), flags: MSG_TRUNC, ancillaryData: [], address: sender });
    const [first, second] = [Buffer.alloc(2), Buffer.alloc(10)];
    expect(await a.recvmsgInto([first, second])).toMatchObject({ nbytes: 5, flags: 0 });
    expect(first.toString() + second.toString("latin1", 0, 3)).toBe("three");
    const empty = Buffer.alloc(4);
    expect(await a.recvfromInto(empty)).toEqual({ nbytes: 0, address: sender });
    await b.send(Buffer.from("real length"));
    expect(await a.recvInto(empty, { flags: MSG_TRUNC, nbytes: 2 })).toBe(11);
  });

  test("carry ancillary data, typed and raw", async () => {
    const { AF_INET, SOCK_DGRAM, IPPROTO_IP, IP_TTL } = broker.constants;
    const IP_RECVTTL = 12;
    await using a = await broker.socket(AF_INET, SOCK_DGRAM);
    await using b = await broker.socket(AF_INET, SOCK_DGRAM);
    await a.bind({ host: "127.0.0.1", port: 0 });
    await a.setsockopt(IPPROTO_IP, IP_RECVTTL, true);
    const address = { family: "inet", ...(await internetAddress(a)) } as const;
    const ttl = { level: IPPROTO_IP, type: IP_TTL };
    await b.sendmsg([Buffer.from("x")], { address, ancillaryData: [{ ...ttl, view: { kind: "integer", value: 7n } }] });
    const message = await a.recvmsg(10, { maxAncillaryBytes: broker.cmsgSpace(4) });
    expect(message.ancillaryData).toEqual([
      { ...ttl, data: Buffer.from([7, 0, 0, 0]), view: { kind: "integer", value: 7n } },
    ]);
  });

  test("that are too large for the daemon are EMSGSIZE, as in the kernel", async () => {
    const { AF_INET, SOCK_DGRAM } = broker.constants;
    await using socket = await broker.socket(AF_INET, SOCK_DGRAM);
    await socket.connect({ host: "127.0.0.1", port: 9 });
    await expect(socket.send(Buffer.alloc(70_000))).rejects.toMatchObject({ code: "EMSGSIZE" });
    const huge = Buffer.alloc(broker.limits.maxRequestBytes);
    await expect(socket.send(huge)).rejects.toMatchObject({ code: "EMSGSIZE" });
    await expect(socket.sendmsg([huge])).rejects.toMatchObject({ code: "EMSGSIZE" });
    // The stream to the daemon still works.
    expect(await socket.send(Buffer.from("x"))).toBe(1);
  });
});

describe("unix sockets", () => {
  test("have names relative to this process's directory, and return them unchanged", async () => {
    const directory = realpathSync(mkdtempSync(join(tmpdir(), "sockbroker-client-")));
    const before = process.cwd();
    process.chdir(directory);
    try {
      await using listener = await broker.socket(broker.constants.AF_UNIX);
      expect(await listener.bind("s")).toEqual({ family: "unix", path: "s" });
      await listener.listen();
      await using client = await broker.socket(broker.constants.AF_UNIX);
      await client.connect("s");
      expect(await client.getpeername()).toEqual({ family: "unix", path: "s" });
      expect(await client.getsockname()).toEqual({ family: "unix", path: "" });
      const { socket } = await listener.accept();
      expect(await socket.getsockname()).toEqual({ family: "unix", path: "s" });
      await socket.close();
    } finally {
      process.chdir(before);
      rmSync(directory, { recursive: true });
    }
  });

  test("have abstract names", async () => {
    await using socket = await broker.socket(broker.constants.AF_UNIX);
    const auto = await socket.bind("");
    expect(auto).toMatchObject({ family: "abstract" });
  });

  test("carry handles", async () => {
    const [a, b] = await broker.socketpair();
    const [left, right] = await broker.socketpair();
    expect(await broker.sendFds(a, [Buffer.from("fds")], [left, right])).toBe(3);
    const { data, fds, flags, address } = await broker.recvFds(b, 10, 4);
    expect([data.toString(), fds.length, flags]).toEqual(["fds", 2, 0]);
    expect(address === null || address.family === "unix").toBe(true);
    const received = await broker.socket(-1, -1, -1, { fileno: fds[0] ?? 0n });
    await right.sendall(Buffer.from("through"));
    expect((await received.recv(10)).toString()).toBe("through");

    const { SOL_SOCKET, SCM_RIGHTS } = broker.constants;
    const rights = { level: SOL_SOCKET, type: SCM_RIGHTS, view: { kind: "rights", handles: [left] } } as const;
    await a.sendmsg([Buffer.from("y")], { ancillaryData: [rights] });
    const message = await b.recvmsg(1, { maxAncillaryBytes: broker.cmsgSpace(4) });
    expect(message.ancillaryData).toMatchObject([{ view: { kind: "rights", handles: [expect.any(BigInt)] } }]);
    await Promise.all([a, b, left, right, received].map((socket) => socket.close()));
    await broker.close(fds[1] ?? 0n);
  });
});

describe("options", () => {
  test("are ints, bytes, or typed", async () => {
    const { SOL_SOCKET, SO_KEEPALIVE, SO_LINGER, SO_RCVTIMEO, SO_TYPE, IPPROTO_TCP, TCP_NODELAY } = broker.constants;
    await using socket = await broker.socket();
    expect(await socket.getsockopt(SOL_SOCKET, SO_TYPE)).toBe(1);
    await socket.setsockopt(SOL_SOCKET, SO_KEEPALIVE, true);
    expect(await socket.getsockopt(SOL_SOCKET, SO_KEEPALIVE)).toBe(1);
    await socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, Buffer.from([1, 0, 0, 0]));
    expect(await socket.getsockopt(IPPROTO_TCP, TCP_NODELAY, { maxBytes: 4 })).toEqual(Buffer.from([1, 0, 0, 0]));
    await socket.setsockopt(SOL_SOCKET, SO_LINGER, { on: true, seconds: 3 });
    expect(await socket.getsockopt(SOL_SOCKET, SO_LINGER, { format: "linger" })).toEqual({ on: true, seconds: 3 });
    await socket.setsockopt(SOL_SOCKET, SO_RCVTIMEO, { timeval: 1.5 });
    expect(await socket.getsockopt(SOL_SOCKET, SO_RCVTIMEO, { format: "timeval" })).toBeCloseTo(1.5, 2);
  });

  test("timeouts are seconds, rounded up to nanoseconds", async () => {
    await using socket = await broker.socket();
    await socket.settimeout(1e-10);
    expect(socket.gettimeout()).toBe(1e-9);
    await socket.setblocking(false);
    expect([socket.timeout, socket.getblocking()]).toEqual([0, false]);
    await socket.setblocking(true);
    expect([socket.timeout, socket.getblocking()]).toEqual([null, true]);
    const adopted = await broker.socket(-1, -1, -1, { fileno: socket });
    expect(adopted.timeout).toBeNull();
  });

  test("inheritable is stored", async () => {
    await using socket = await broker.socket();
    await socket.setInheritable(true);
    expect(await socket.getInheritable()).toBe(true);
  });

  test("FIONREAD is an ioctl", async () => {
    const FIONREAD = 0x541b;
    await using pair = await tcpPair(broker);
    await pair.client.sendall(Buffer.from("12345"));
    await pair.server.recv(1, { flags: broker.constants.MSG_PEEK });
    expect(await pair.server.ioctl(FIONREAD, 0)).toBe(5);
  });
});

describe("sendfile", () => {
  const directory = mkdtempSync(join(tmpdir(), "sockbroker-client-"));
  const path = join(directory, "file");
  const content = Buffer.alloc(700_000, "0123456789");
  writeFileSync(path, content);
  afterAll(() => rmSync(directory, { recursive: true }));

  const sendAndReceive = async (send: (socket: Awaited<ReturnType<typeof tcpPair>>["client"]) => Promise<number>) => {
    await using pair = await tcpPair(broker);
    const received = receiveAll(pair.server);
    const sent = await send(pair.client);
    await pair.client.shutdown(1);
    return { sent, received: await received };
  };

  test("sends a file of this process, by path", async () => {
    const { sent, received } = await sendAndReceive((socket) => socket.sendfile(path));
    expect(sent).toBe(content.length);
    expect(received.equals(content)).toBe(true);
  });

  test("sends part of an open file or of chunks", async () => {
    const part = content.subarray(5, 5 + 300_000);
    await using file = await open(path);
    const fromFile = await sendAndReceive((socket) => socket.sendfile(file, { offset: 5, count: 300_000 }));
    expect(fromFile.received.equals(part)).toBe(true);
    async function* chunks() {
      for (let at = 0; at < content.length; at += 1000) yield content.subarray(at, at + 1000);
    }
    const fromChunks = await sendAndReceive((socket) => socket.sendfile(chunks(), { offset: 5, count: 300_000 }));
    expect(fromChunks.sent).toBe(300_000);
    expect(fromChunks.received.equals(part)).toBe(true);
  });

  test("requires a blocking stream socket", async () => {
    await using dgram = await broker.socket(2, 2);
    await expect(dgram.sendfile(path)).rejects.toMatchObject({ kind: "value" });
    await using pair = await tcpPair(broker);
    await pair.client.setblocking(false);
    await expect(pair.client.sendfile(path)).rejects.toMatchObject({ kind: "value" });
  });
});

describe("close", () => {
  test("is idempotent, and keeps what the object knows", async () => {
    const socket = await broker.socket();
    await socket.settimeout(4);
    await Promise.all([socket.close(), socket.close()]);
    await socket.close();
    expect(socket.closed).toBe(true);
    expect(socket.fileno()).toBe(-1n);
    expect([socket.gettimeout(), socket.getblocking(), socket.family, socket.type]).toEqual([4, true, 2, 1]);
    await expect(socket.recv(1)).rejects.toMatchObject({ name: "SocketError", code: "EBADF", errno: 9 });
    await expect(socket.attach()).rejects.toMatchObject({ code: "EBADF" });
  });

  test("detach leaves the handle open", async () => {
    const socket = await broker.socket();
    const { handle } = socket;
    expect(await socket.detach()).toBe(handle);
    expect([await socket.detach(), socket.fileno(), socket.closed]).toEqual([-1n, -1n, true]);
    await using again = await broker.socket(-1, -1, -1, { fileno: handle });
    expect(await again.getsockname()).toMatchObject({ family: "inet" });
  });

  test("is called by await using", async () => {
    let handle: bigint;
    {
      await using socket = await broker.socket();
      handle = socket.handle;
    }
    await expect(broker.close(handle)).rejects.toMatchObject({ code: "HANDLE_NOT_FOUND" });
  });

  test("of a handle that does not exist does not close the broker", async () => {
    await expect(broker.close(undefined as never)).rejects.toBeInstanceOf(TypeError);
    expect(await broker.getprotobyname("tcp")).toBe(6);
  });
});

describe("look-ups", () => {
  test("of hosts", async () => {
    const { AF_INET, SOCK_STREAM, AI_NUMERICHOST, NI_NUMERICHOST, NI_NUMERICSERV } = broker.constants;
    const options = { family: AF_INET, type: SOCK_STREAM, flags: AI_NUMERICHOST };
    const [info] = await broker.getaddrinfo("127.0.0.1", 80, options);
    expect(info).toMatchObject({
      family: 2,
      type: 1,
      proto: 6,
      address: { family: "inet", host: "127.0.0.1", port: 80 },
    });
    expect(await broker.getaddrinfo(Buffer.from("127.0.0.1"), "http", options)).toEqual([info]);
    expect((await broker.getaddrinfo(null, 80, { family: AF_INET }))[0]?.address).toMatchObject({ host: "127.0.0.1" });
    const flags = NI_NUMERICHOST | NI_NUMERICSERV;
    expect(await broker.getnameinfo({ host: "127.0.0.1", port: 80 }, flags)).toEqual({
      host: "127.0.0.1",
      service: "80",
    });
    expect(await broker.getnameinfo({ host: "::1", port: 80 }, flags)).toEqual({ host: "::1", service: "80" });
    expect(await broker.gethostbyname("localhost")).toMatch(/^127\./);
    expect(await broker.gethostbyname("")).toBe("0.0.0.0");
    expect((await broker.gethostbynameEx("localhost")).addresses).toContain("127.0.0.1");
    expect((await broker.gethostbyaddr("127.0.0.1")).hostname).toBe("localhost");
    expect(await broker.getfqdn("127.0.0.1")).not.toBe("");
    expect(await broker.gethostname()).toBe((await import("node:os")).hostname());
  });

  test("of services, protocols and interfaces", async () => {
    expect(await broker.getservbyname("http", "tcp")).toBe(80);
    expect(await broker.getservbyport(80)).toBe("http");
    expect(await broker.getprotobyname("icmp")).toBe(1);
    const index = await broker.ifNametoindex("lo");
    expect(await broker.ifIndextoname(index)).toBe("lo");
    expect(await broker.ifNameindex()).toContainEqual({ index, name: "lo" });
    expect(await broker.hasIpv6()).toBe(true);
  });
});

test("conversions by the daemon agree with the local ones", async () => {
  expect(broker.htons(0x0102)).toBe(0x0201);
  expect(broker.ntohl(broker.htonl(5))).toBe(5);
  expect(broker.ntohs(broker.htons(5))).toBe(5);
  expect(broker.inetNtoa(broker.inetAton("127.1"))).toBe("127.0.0.1");
  expect(broker.inetNtop(10, broker.inetPton(10, "::1"))).toBe("::1");
  expect([broker.cmsgLen(4), broker.cmsgSpace(4)]).toEqual([20, 24]);
});

test("watch reports that the peer shut down writing, if only that is requested", async () => {
  const [a, b] = await broker.socketpair();
  await using watcher = broker.watch([{ socket: a, events: PollEvents.RDHUP }]);
  await b.sendall(Buffer.from("x"));
  await b.shutdown(broker.constants.SHUT_WR);
  expect(await watcher.next()).toEqual({ handle: a.handle, events: PollEvents.RDHUP });
});

test("watch reports readiness once per request", async () => {
  const [a, b] = await broker.socketpair();
  await using watcher = broker.watch([{ socket: a, events: 1 }]);
  await b.sendall(Buffer.from("x"));
  expect(await watcher.next()).toEqual({ handle: a.handle, events: 1 });
  await a.recv(1);
  watcher.watch([{ socket: a, events: 1 | 4 }]);
  expect(await watcher.next()).toEqual({ handle: a.handle, events: 4 });
  await Promise.all([a.close(), b.close()]);
});

test("explainPolicy and getEffectivePolicy describe the policy", async () => {
  const decision = await broker.explainPolicy("connect", { address: { host: "127.0.0.1", port: 80 } });
  expect(decision).toMatchObject({ allowed: true, principal: broker.principal });
  const { rules } = await broker.getEffectivePolicy();
  expect(rules.map(({ name }) => name)).toContain(decision.rule);
});

test("an operator sees sessions and handles", async () => {
  await using other = await connect(daemon.endpoint);
  await using listener = await other.createServer({ host: "127.0.0.1", port: 0 });
  const { id } = await other.getSession();
  expect((await broker.admin.listSessions()).map((session) => session.id)).toContain(id);
  const handles = [];
  for await (const handle of broker.admin.listHandles({ sessionId: id })) handles.push(handle);
  expect(handles).toMatchObject([
    { handle: listener.handle, state: "LISTEN", localAddress: await listener.getsockname() },
  ]);
  expect((await broker.admin.getStatistics()).sessions).toBeGreaterThanOrEqual(2);
  const watching = broker.admin.watchHandles({ interval: 0.1 });
  expect((await watching.next()).value).toEqual(expect.any(Array));
  await watching.return();
  expect(await broker.admin.closeHandle(id, listener.handle)).toBe(true);
  expect(await broker.admin.closeHandle(id, listener.handle)).toBe(false);
  expect(await broker.admin.revokeSession(id)).toBe(true);
});
