import { createHash, randomBytes } from "node:crypto";
import { truncateSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SocketService } from "../../src/gen/sockbroker/v1/socket_service_pb.js";
import { loadAddon } from "../../src/native/load-addon.js";
import { connectedTo, handleOf, type RawClient, RawDaemon, symbolOf, until } from "../support/raw-broker.js";

/* Sendfile from files whose descriptors were sent to the daemon, to a peer outside. With the built-in policy. */

const { sendfile, getsockopt, setsockopt } = SocketService.method;
const KIB = 1024;
/** How much the daemon sends in one call of sendfile(2). */
const CHUNK = 256 * KIB;
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const forever = { limit: { case: "unlimited", value: true } } as const;

let daemon: RawDaemon;
let client: RawClient;
let peer: Server;
let accepted: (socket: Socket) => void = () => undefined;

beforeAll(async () => {
  daemon = await RawDaemon.start();
  client = daemon.client();
  peer = createServer((socket) => accepted(socket));
  await new Promise<void>((resolve) => peer.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  client[Symbol.dispose]();
  peer.close();
  await daemon[Symbol.asyncDispose]();
});

describe("sendfile", () => {
  it.each([
    ["less than one call", 1_000],
    ["as much as one call", CHUNK],
    ["several calls", 3 * CHUNK],
    ["several calls and a rest", 5 * CHUNK + 12_345],
  ])("sends a file of %s, completely and in part", async (_, length) => {
    const content = randomBytes(length);
    const file = await handleOfFile(content);
    for (const [offset, count] of [
      [0, undefined],
      [7, undefined],
      [7, Math.min(length - 7, CHUNK)],
      [7, length * 2],
    ] as const) {
      const { handle, received, close } = await connection();
      const request = {
        handle,
        fileHandle: file,
        offsetBytes: BigInt(offset),
        ...(count === undefined ? {} : { countBytes: BigInt(count) }),
      };
      const expected = content.subarray(offset, count === undefined ? undefined : offset + count);
      expect((await client.unary(sendfile, request)).sentBytes).toBe(BigInt(expected.length));
      await close();
      expect(sha256(await received)).toBe(sha256(expected));
    }
  });

  it("ends at the end of the file, even if nobody reads and the socket is full", async () => {
    const { handle, socket, close } = await connection({ reads: false });
    await client.unary(setsockopt, {
      handle,
      level: SOL_SOCKET,
      name: SO_SNDBUF,
      value: { value: { case: "integer", value: 4 * KIB } },
    });
    const file = await handleOfFile(randomBytes(64 * KIB));
    // Until the socket does not even accept one byte; then the file has no bytes left.
    let sent = 0n;
    for (let more = true; more; ) {
      const timeout = { limit: { case: "duration", value: { nanos: 50_000_000 } } } as const;
      const request = { handle, fileHandle: file, offsetBytes: 0n, countBytes: 1n, timeout };
      more = (await symbolOf(client.unary(sendfile, request))) === "ok";
      sent += more ? 1n : 0n;
      if (sent % 64n === 0n && more)
        more = (await symbolOf(client.unary(sendfile, { ...request, countBytes: 64n * 1024n }))) === "ok";
    }
    const end = { handle, fileHandle: file, offsetBytes: BigInt(64 * KIB), timeout: forever };
    expect((await client.unary(sendfile, end)).sentBytes).toBe(0n);
    socket.resume();
    await close();
  });

  it("of an endless file does not block others, and can be cancelled", async () => {
    const file = await handleOfFile(Buffer.alloc(0), 2 ** 40);
    using other = daemon.client();
    const pair = await other.unary(SocketService.method.socketpair, {});
    const { handle, socket, close } = await connection({ reads: true, keeps: false });
    const cancel = new AbortController();
    const sending = symbolOf(
      client.unary(sendfile, { handle, fileHandle: file, timeout: forever }, { signal: cancel.signal }),
    );
    for (let i = 0; i < 50; i++) {
      const before = socket.bytesRead;
      await other.unary(getsockopt, { handle: handleOf(pair.first), level: SOL_SOCKET, name: SO_SNDBUF });
      await until("more of the file has come", () => socket.bytesRead > before);
    }
    cancel.abort();
    expect(await sending).toMatch(/CANCELLED|untyped 1/);
    await until("nothing waits", async () => (await other.statistics()).waitingOperations === 0);
    await close();
  });
});

/** The handle of a file with this content and length. */
async function handleOfFile(content: Buffer, length = content.length): Promise<bigint> {
  const { socket, bind, listen, accept, recvFds, close } = SocketService.method;
  const path = join(daemon.directory, randomBytes(6).toString("hex"));
  writeFileSync(path, content);
  truncateSync(path, length);
  const addon = loadAddon();
  const file = addon.lockFile(path);
  const sender = addon.socket(1, 1, 0, null);
  if (typeof file === "number" || typeof sender === "number") throw new Error("no file, or no socket");
  const listener = handleOf((await client.unary(socket, { family: 1 })).socket);
  const name = Buffer.from(path);
  await client.unary(bind, {
    handle: listener,
    address: { address: { case: "unixDomain", value: { name: { case: "abstractName", value: name } } } },
  });
  await client.unary(listen, { handle: listener });
  expect(sender.connect({ kind: "unix", path: Buffer.concat([Buffer.alloc(1), name]) })).toBe(0);
  const rights = { level: SOL_SOCKET, type: 1, data: new Uint8Array(0), sockets: [file] };
  expect(sender.sendmsg([Buffer.from("x")], [rights], 0, null)).toBe(1);
  const near = handleOf((await client.unary(accept, { handle: listener })).socket);
  const { handles } = await client.unary(recvFds, { handle: near, maxBytes: 1n, maxHandles: 1 });
  for (const handle of [near, listener]) await client.unary(close, { handle });
  file.close();
  sender.close();
  const [handle] = handles;
  if (handle === undefined) throw new Error("no handle was received");
  return handle;
}

interface Connection {
  readonly handle: bigint;
  readonly socket: Socket;
  /** All data that arrived until the connection was closed. */
  readonly received: Promise<Buffer>;
  close(): Promise<void>;
}

/** A socket of the daemon that is connected to the peer. */
async function connection({ reads = true, keeps = true } = {}): Promise<Connection> {
  const accepting = new Promise<Socket>((resolve) => {
    accepted = resolve;
  });
  const address = peer.address();
  if (address === null || typeof address === "string") throw new Error("the peer does not listen");
  const handle = await connectedTo(client, address.port);
  const socket = await accepting;
  const chunks: Buffer[] = [];
  const received = new Promise<Buffer>((resolve) => socket.on("close", () => resolve(Buffer.concat(chunks))));
  socket.on("error", () => undefined);
  if (reads) socket.on("data", (chunk) => keeps && chunks.push(chunk));
  const close = async () => {
    await client.unary(SocketService.method.close, { handle });
    await received;
  };
  return { handle, socket, received, close };
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
