import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Socket as NetSocket, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Running, run, ServedDaemon } from "../support/command-line.js";

// Policy: the built-in one; the caller is the daemon's own user. Needs: loopback.

const BIG = 10_000_000;

let daemon: ServedDaemon;
beforeAll(async () => {
  daemon = await ServedDaemon.start();
});
afterAll(() => daemon[Symbol.asyncDispose]());

const nc = (...args: string[]) => new Running(["nc", ...args], { env: daemon.env });

/** A listener in this process, and a connection to it. */
async function listen(where: { port: number; host?: string } | { path: string } = { port: 0, host: "127.0.0.1" }) {
  const server = createServer({ allowHalfOpen: true });
  server.listen(where);
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? String(address.port) : "";
  const connection = once(server, "connection").then(([socket]) => socket as NetSocket);
  return { server, port, connection, [Symbol.asyncDispose]: () => closed(server) };
}

async function closed(server: Server): Promise<void> {
  server.close();
}

/** Reads to the end, and keeps the socket writable. */
async function all(socket: NetSocket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

describe("half-close", () => {
  it("at the end of stdin shuts down writing, and reads until the peer has sent everything", async () => {
    await using peer = await listen();
    await using client = nc("127.0.0.1", peer.port);
    client.child.stdin?.end("question");
    const socket = await peer.connection;
    const [data] = (await once(socket, "data")) as [Buffer];
    expect(data.toString()).toBe("question");
    await once(socket, "end");
    expect(client.child.exitCode).toBeNull();
    socket.end("answer, after the end of the question");
    expect(await client.ended()).toMatchObject({
      code: 0,
      stdout: "answer, after the end of the question",
      stderr: "",
    });
  });

  it("by the peer closes stdout, and stdin is still sent", async () => {
    await using peer = await listen();
    await using client = nc("127.0.0.1", peer.port);
    const socket = await peer.connection;
    socket.end("all I have to say");
    const { stdout } = client.child;
    if (stdout === null) throw new Error("no stdout");
    await once(stdout, "end");
    expect(client.stdout.toString()).toBe("all I have to say");
    expect(client.child.exitCode).toBeNull();
    client.child.stdin?.end("but I have more");
    const [data] = (await once(socket, "data")) as [Buffer];
    expect(data.toString()).toBe("but I have more");
    await once(socket, "end");
    expect(await client.ended()).toMatchObject({ code: 0, stderr: "" });
  });
});

it(`sends ${BIG} bytes in each direction at the same time, from nc to nc`, async () => {
  const [up, down] = [randomBytes(BIG), randomBytes(BIG)];
  await using listener = nc("-l", "-v", "127.0.0.1", "0");
  const [, port = ""] = await listener.says("stderr", /listening on 127\.0\.0\.1:(\d+)\n/);
  await using client = nc("-v", "127.0.0.1", port);
  listener.child.stdin?.end(down);
  client.child.stdin?.end(up);
  const [first, second] = await Promise.all([listener.ended(), client.ended()]);
  expect([first.code, second.code]).toEqual([0, 0]);
  expect(first.stderr).toMatch(/^listening on [^\n]+\nconnection from 127\.0\.0\.1:\d+\n$/);
  expect(second.stderr).toMatch(new RegExp(`^connected to 127\\.0\\.0\\.1:${port} from 127\\.0\\.0\\.1:\\d+\\n$`));
  expect(listener.stdout.equals(up)).toBe(true);
  expect(client.stdout.equals(down)).toBe(true);
});

it("does not end before the peer, which has ended its data, has received everything", async () => {
  await using peer = await listen();
  await using client = nc("127.0.0.1", peer.port);
  const data = randomBytes(BIG / 2);
  client.child.stdin?.end(data);
  const socket = (await peer.connection).pause();
  socket.end("all that comes from here");
  await client.says("stdout", /all that comes from here/);
  // Exceeds the time of a round trip.
  await run(["call", "HostService/Gethostname"], { env: daemon.env });
  const pieces: Buffer[] = [];
  for await (const piece of socket) pieces.push(piece as Buffer);
  expect(Buffer.concat(pieces).equals(data)).toBe(true);
  expect(await client.ended()).toMatchObject({ code: 0, stderr: "" });
});

it("stops reading from the peer while nobody reads stdout", async () => {
  await using peer = await listen();
  await using client = nc("-d", "127.0.0.1", peer.port);
  client.child.stdout?.removeAllListeners("data").pause();
  const socket = await peer.connection;
  // Exceeds the capacity of all buffers in between.
  const data = randomBytes(64 * 1024 * 1024);
  const written = new Promise((resolve) => socket.end(data, () => resolve("written")));
  const waited = new Promise((resolve) => setTimeout(() => resolve("held back"), 1_000));
  expect(await Promise.race([written, waited])).toBe("held back");
  const { stdout } = client.child;
  if (stdout === null) throw new Error("no stdout");
  let received = 0;
  for await (const chunk of stdout) received += (chunk as Buffer).length;
  expect(received).toBe(data.length);
  socket.destroy();
});

it("fails when the peer resets the connection", async () => {
  await using peer = await listen();
  await using client = nc("127.0.0.1", peer.port);
  (await peer.connection).resetAndDestroy();
  const { code, stderr } = await client.ended();
  expect(code).toBe(1);
  expect(stderr).toMatch(/^sockbroker nc: [^\n]*ECONNRESET[^\n]*\n$/);
});

it("fails if nobody listens, and names the address with -v", async () => {
  const peer = await listen();
  await peer[Symbol.asyncDispose]();
  const { code, stderr } = await run(["nc", "-v", "127.0.0.1", peer.port], { env: daemon.env });
  expect(code).toBe(1);
  expect(stderr.split("\n")).toEqual([
    expect.stringContaining(`127.0.0.1:${peer.port}: connect ECONNREFUSED`),
    expect.stringContaining(`sockbroker nc: 127.0.0.1:${peer.port}: connect ECONNREFUSED`),
    "",
  ]);
});

it("ends with status 0 when -w expires without data", async () => {
  await using peer = await listen();
  await using client = nc("-w", "0.3", "127.0.0.1", peer.port);
  (await peer.connection).write("once");
  expect(await client.ended()).toMatchObject({ code: 0, stdout: "once", stderr: "" });
});

it("connects from the address and port of -s and -p", async () => {
  const free = await listen();
  await free[Symbol.asyncDispose]();
  await using peer = await listen();
  await using client = nc("-s", "127.0.0.2", "-p", free.port, "127.0.0.1", peer.port);
  const socket = await peer.connection;
  expect([socket.remoteAddress, String(socket.remotePort)]).toEqual(["127.0.0.2", free.port]);
  socket.end();
  client.child.stdin?.end();
  expect(await client.ended()).toMatchObject({ code: 0 });
});

it("uses IPv6 with -6", async (ctx) => {
  const listening = await listen({ port: 0, host: "::1" }).catch(() => null);
  if (listening === null) return ctx.skip("needs IPv6 on loopback");
  await using peer = listening;
  await using client = nc("-6", "-v", "::1", peer.port);
  (await peer.connection).end("six");
  client.child.stdin?.end();
  expect(await client.ended()).toMatchObject({
    code: 0,
    stdout: "six",
    stderr: expect.stringContaining("connected to [::1]:"),
  });
});

describe("unix sockets", () => {
  it("can be connected to by path", async () => {
    const path = join(daemon.directory, "peer.sock");
    await using peer = await listen({ path });
    await using client = nc("-U", path);
    client.child.stdin?.end("hello");
    const socket = await peer.connection;
    expect((await all(socket)).toString()).toBe("hello");
    socket.end("world");
    expect(await client.ended()).toMatchObject({ code: 0, stdout: "world" });
  });

  it("can be listened on, at a path relative to the command's own directory", async () => {
    await using listener = new Running(["nc", "-U", "-l", "-v", "own.sock"], {
      env: daemon.env,
      cwd: daemon.directory,
    });
    await listener.says("stderr", /listening on/);
    await using client = nc("-U", join(daemon.directory, "own.sock"));
    listener.child.stdin?.end("from the listener");
    client.child.stdin?.end("to the listener");
    expect(await client.ended()).toMatchObject({ code: 0, stdout: "from the listener" });
    expect(await listener.ended()).toMatchObject({ code: 0, stdout: "to the listener" });
  });

  it("carry datagrams with -u, and the answers", async () => {
    const path = join(daemon.directory, "datagram.sock");
    await using listener = nc("-U", "-u", "-l", "-v", path);
    await listener.says("stderr", /listening on/);
    await using client = nc("-U", "-u", path);
    client.child.stdin?.write("ping");
    await listener.says("stdout", /^ping$/);
    listener.child.stdin?.write("pong");
    await client.says("stdout", /^pong$/);
  });
});

describe("UDP", () => {
  it("sends each read of stdin as a message and prints the answers, until -w", async () => {
    const peer = createSocket("udp4");
    peer.bind(0, "127.0.0.1");
    await once(peer, "listening");
    await using client = nc("-u", "-w", "0.5", "127.0.0.1", String(peer.address().port));
    client.child.stdin?.end("question");
    const [message, { port }] = (await once(peer, "message")) as [Buffer, { port: number }];
    expect(message.toString()).toBe("question");
    peer.send("answer", port, "127.0.0.1");
    expect(await client.ended()).toMatchObject({ code: 0, stdout: "answer", stderr: "" });
    peer.close();
  });

  it("listens for the first sender, and exchanges messages with that one", async () => {
    await using listener = nc("-u", "-l", "-v", "127.0.0.1", "0");
    const [, port = ""] = await listener.says("stderr", /listening on 127\.0\.0\.1:(\d+)/);
    await using client = nc("-u", "127.0.0.1", port);
    client.child.stdin?.write("ping");
    await listener.says("stdout", /^ping$/);
    listener.child.stdin?.write("pong");
    await client.says("stdout", /^pong$/);
  });

  it("fails if the host reports that nobody listens", async () => {
    const peer = createSocket("udp4");
    peer.bind(0, "127.0.0.1");
    await once(peer, "listening");
    const port = String(peer.address().port);
    peer.close();
    const { code, stderr } = await run(["nc", "-u", "127.0.0.1", port], { env: daemon.env, input: "anybody?" });
    expect(code).toBe(1);
    expect(stderr).toContain("ECONNREFUSED");
  });
});
