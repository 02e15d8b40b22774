/*
 * When the callbacks of a stream's writes are called, and which callback gets the error if the peer has closed the
 * connection, compared with Node's own socket. Needs `npm run build`.
 */

import { once } from "node:events";
import { connect as connectTo, createServer, type Socket as NetSocket, type Server } from "node:net";
import { Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ReadableStream } from "node:stream/web";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Broker, connect, type WebStreams } from "../../src/client/index.js";
import { rejection } from "../support/client.js";
import { type Daemon, startDaemon } from "../support/daemon.js";
import { until } from "../support/raw-broker.js";

let daemon: Daemon;
let broker: Broker;
let server: Server;
let port: number;

beforeAll(async () => {
  daemon = await startDaemon();
  broker = await connect(daemon.endpoint);
  server = createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  port = (server.address() as { port: number }).port;
});

afterAll(async () => {
  server.close();
  await broker.close();
  await daemon[Symbol.asyncDispose]();
});

/** Node's own socket, and the one compared with it. */
const writers = {
  "node:net": async () => connectTo({ host: "127.0.0.1", port, allowHalfOpen: true }),
  duplex: async () => (await broker.createConnection({ host: "127.0.0.1", port })).duplex(),
};

async function openWeb(): Promise<{ readonly streams: WebStreams; readonly peer: NetSocket }> {
  const accepted = once(server, "connection");
  const streams = (await broker.createConnection({ host: "127.0.0.1", port })).webStreams();
  const [peer] = (await accepted) as [NetSocket];
  peer.on("error", () => undefined);
  return { streams, peer };
}

async function open(make: () => Promise<Writable>): Promise<{ readonly stream: Writable; readonly peer: NetSocket }> {
  const accepted = once(server, "connection");
  const stream = await make();
  const [peer] = (await accepted) as [NetSocket];
  peer.on("error", () => undefined);
  return { stream, peer };
}

/** Writes until it is stopped. */
async function* endless(): AsyncGenerator<Buffer> {
  for (;;) {
    yield Buffer.alloc(20_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe.each(Object.entries(writers))("a stream that is only written to: %s", (_, make) => {
  test.each(["a FIN", "a reset"])("fails in a pipeline when the peer ends with %s", async (how) => {
    const { stream, peer } = await open(make);
    const outcome = rejection(pipeline(Readable.from(endless()), stream));
    peer.resume();
    await once(peer, "data");
    if (how === "a FIN") peer.destroy();
    else peer.resetAndDestroy();
    expect((await outcome) as NodeJS.ErrnoException).toMatchObject({
      code: expect.stringMatching(/^(EPIPE|ECONNRESET)$/),
    });
  });

  test("finishes when the kernel has accepted everything", async () => {
    const { stream, peer } = await open(make);
    let finished = false;
    stream.once("finish", () => {
      finished = true;
    });
    stream.end(Buffer.alloc(32 * 1024 * 1024));
    await broker.gethostname();
    expect(finished).toBe(false);
    let received = 0;
    peer.on("data", (data) => {
      received += data.length;
    });
    peer.resume();
    await once(peer, "end");
    expect(received).toBe(32 * 1024 * 1024);
    await until("it has finished", () => finished);
    peer.destroy();
    stream.destroy();
  });
});

test("calls the callback of a write when the kernel has accepted it", async () => {
  const { stream, peer } = await open(writers.duplex);
  stream.on("error", () => undefined);
  const outcomes: string[] = [];
  await new Promise<void>((resolve) => stream.write("first", () => resolve()));
  for (let written = 0; written < 400; written++) {
    stream.write(Buffer.alloc(100_000), (error) => outcomes.push(error ? "failed" : "taken"));
    await new Promise((resolve) => setImmediate(resolve));
  }
  // The peer reads nothing: the kernel accepts what fits into its buffers, and no further callback may be called.
  await until("the socket is full", async () => (await broker.admin.getStatistics()).waitingOperations === 1);
  expect(outcomes.length).toBeGreaterThan(0);
  expect(outcomes.length).toBeLessThan(300);
  expect(new Set(outcomes)).toEqual(new Set(["taken"]));
  peer.resetAndDestroy();
  await until("every callback has come", () => outcomes.length === 400);
  expect(outcomes.at(-1)).toBe("failed");
});

describe("web streams that are only written to", () => {
  test.each(["a FIN", "a reset"])("fail when the peer ends with %s", async (how) => {
    const { streams, peer } = await openWeb();
    const outcome = rejection(ReadableStream.from(endless()).pipeTo(streams.writable));
    peer.resume();
    await once(peer, "data");
    if (how === "a FIN") peer.destroy();
    else peer.resetAndDestroy();
    expect((await outcome) as NodeJS.ErrnoException).toMatchObject({
      code: expect.stringMatching(/^(EPIPE|ECONNRESET)$/),
    });
  });

  test("resolve close() when the kernel has accepted everything", async () => {
    const { streams, peer } = await openWeb();
    const writer = streams.writable.getWriter();
    await writer.write(Buffer.alloc(1_000));
    let over = false;
    const large = writer.write(Buffer.alloc(32 * 1024 * 1024));
    const closed = writer.close().then(() => {
      over = true;
    });
    await until("the socket is full", async () => (await broker.admin.getStatistics()).waitingOperations === 1);
    expect(over).toBe(false);
    let received = 0;
    peer.on("data", (data) => {
      received += data.length;
    });
    peer.resume();
    await Promise.all([large, closed, once(peer, "end")]);
    expect(received).toBe(32 * 1024 * 1024 + 1_000);
    peer.destroy();
  });
});

test("a stream whose data nobody reads still reports what the kernel accepted", async () => {
  const { stream, peer } = await open(writers.duplex);
  stream.on("error", () => undefined);
  // More than all buffers between the peer and the reader hold.
  peer.write(Buffer.alloc(32 * 1024 * 1024));
  peer.resume();
  for (let round = 0; round < 20; round++) {
    await new Promise<void>((resolve, reject) => {
      stream.write(Buffer.alloc(100_000), (error) => (error ? reject(error) : resolve()));
    });
  }
  peer.resetAndDestroy();
  const failing = new Promise<Error>((resolve) => {
    stream.once("error", resolve);
  });
  stream.write(Buffer.alloc(1_000));
  stream.write(Buffer.alloc(1_000));
  expect(await failing).toMatchObject({ code: expect.stringMatching(/^(EPIPE|ECONNRESET)$/) });
});
