import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AdminService } from "../../src/gen/sockbroker/v1/admin_service_pb.js";
import { SessionService } from "../../src/gen/sockbroker/v1/session_service_pb.js";
import type { StreamService } from "../../src/gen/sockbroker/v1/stream_service_pb.js";
import { connectedTo, handleOf, RawDaemon, type RawStream, symbolOf, until } from "../support/raw-broker.js";

/* Many handles and many streams in one daemon, with the built-in policy. */

const HANDLES = 10_000;
const STREAMS = 64;
const BYTES_EACH = 2 * 1024 * 1024;
/** Frames of 64 KiB up to the daemon's window, on both sides of the transport, for each stream. */
const CEILING_MEGABYTES = 192;

let daemon: RawDaemon;
beforeEach(async () => {
  daemon = await RawDaemon.start();
});
afterEach(() => daemon[Symbol.asyncDispose]());

describe("ten thousand handles", () => {
  it("are open at once, can all be used, and are closed with their session", { timeout: 60_000 }, async (ctx) => {
    const limit = daemon.descriptorLimit;
    if (limit < HANDLES + 100) ctx.skip(`needs ${HANDLES + 100} descriptors in a process, and the limit is ${limit}`);
    using client = daemon.client();
    const before = await client.quiet();
    const { token } = await client.unary(SessionService.method.openSession, {});
    using session = client.session({ token });
    const pairs: (readonly [bigint, bigint])[] = [];
    while (pairs.length < HANDLES / 2) {
      const batch = await Promise.all(Array.from({ length: 500 }, () => session.op("socketpair", {})));
      for (const { first, second } of batch) pairs.push([handleOf(first), handleOf(second)]);
    }
    const during = await client.statistics();
    expect(during.handles).toBe(HANDLES);
    expect(during.openDescriptors).toBeGreaterThanOrEqual(HANDLES);
    expect(new Set(pairs.flat()).size).toBe(HANDLES);

    // Each receive gets its own data. Not more at once: from Node 24 on, grpc-js here and in the daemon would each wait
    // for the other to read (any-language.md).
    for (let at = 0; at < pairs.length; at += 500) {
      const some = pairs.slice(at, at + 500);
      const received = some.map(([handle]) => session.op("recv", { handle, maxBytes: 20n }));
      await Promise.all(some.map(([, handle]) => session.op("sendall", { handle, data: Buffer.from(String(handle)) })));
      const texts = (await Promise.all(received)).map(({ data }) => Buffer.from(data).toString());
      expect(texts).toEqual(some.map(([, handle]) => String(handle)));
    }
    let listed = 0;
    let pageToken = "";
    do {
      const page = await client.unary(AdminService.method.listHandles, { pageSize: 4_000, pageToken });
      listed += page.handles.length;
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(listed).toBe(HANDLES);

    await session.op("closeSession", {});
    await session.ended;
    await until("all are closed", async () => (await client.statistics()).handles === 0);
    expect((await client.statistics()).openDescriptors).toBe(before.openDescriptors);
  });

  it("are the limit of a principal with that quota: the next one is refused, and nothing leaks", async () => {
    await using small = await RawDaemon.start("--max-handles", "100");
    using client = small.client();
    const before = await client.quiet();
    using session = client.session();
    for (let i = 0; i < 50; i++) await session.op("socketpair", {});
    expect(await symbolOf(session.op("socket", {}))).toBe("QUOTA_EXCEEDED");
    expect(await symbolOf(session.op("socketpair", {}))).toBe("QUOTA_EXCEEDED");
    const full = await client.statistics();
    expect(full.handles).toBe(100);
    expect(full.openDescriptors).toBe(before.openDescriptors + 100);
  });
});

describe(`${STREAMS} attach streams`, () => {
  it("are not delayed by one whose caller does not read", { timeout: 60_000 }, async () => {
    const served: Socket[] = [];
    const server = createServer((socket) => {
      served.push(socket.on("error", () => undefined));
      socket.write(Buffer.alloc(BYTES_EACH, 1));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    using client = daemon.client();
    using observer = daemon.client();
    // The first stream is attached and not read, so it would delay all others if it could delay any.
    const stalledHandle = await connectedTo(client, port);
    const filler = await until("the peer is there", () => served.length === 1).then(() => served[0]);
    filler?.write(Buffer.alloc(32 * 1024 * 1024, 2));
    using stalled = await client.attach({ handle: stalledHandle });
    const queue = async (): Promise<bigint> => {
      const { handles } = await observer.unary(AdminService.method.listHandles, {});
      return handles.find((info) => info.socket?.handle === stalledHandle)?.receiveQueue ?? 0n;
    };
    await until("the stalled one's socket fills", async () => (await queue()) > 0n);
    const before = await observer.statistics();

    const handles = await Promise.all(Array.from({ length: STREAMS - 1 }, () => connectedTo(client, port)));
    const streams = await Promise.all(handles.map((handle) => client.attach({ handle })));
    let peak = 0n;
    const watching = setInterval(() => {
      void observer.statistics().then(({ residentBytes }) => {
        if (residentBytes > peak) peak = residentBytes;
      });
    }, 20);
    const counts = await Promise.all(streams.map((stream) => take(stream, BYTES_EACH)));
    clearInterval(watching);
    expect(counts).toEqual(counts.map(() => BYTES_EACH));
    expect(await queue()).toBeGreaterThan(0n);
    expect((await observer.statistics()).streams).toBe(STREAMS);
    expect(Number(peak - before.residentBytes) / 2 ** 20).toBeLessThan(CEILING_MEGABYTES);

    // The stalled stream has lost no data.
    expect(await take(stalled, BYTES_EACH + 32 * 1024 * 1024)).toBe(BYTES_EACH + 32 * 1024 * 1024);
    for (const socket of served) socket.destroy();
    server.close();
  });

  it("that are all stalled stay below the memory limit", { timeout: 60_000 }, async () => {
    const served: Socket[] = [];
    const server = createServer((socket) => {
      served.push(socket.on("error", () => undefined));
      socket.write(Buffer.alloc(16 * 1024 * 1024, 1));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    using client = daemon.client();
    using observer = daemon.client();
    const before = await observer.statistics();
    const handles = await Promise.all(Array.from({ length: STREAMS }, () => connectedTo(client, port)));
    const streams = await Promise.all(handles.map((handle) => client.attach({ handle })));
    await until("every socket fills", async () => {
      const { handles } = await observer.unary(AdminService.method.listHandles, {});
      return handles.length === STREAMS && handles.every(({ receiveQueue }) => receiveQueue > 0n);
    });
    const { residentBytes } = await observer.statistics();
    expect(Number(residentBytes - before.residentBytes) / 2 ** 20).toBeLessThan(CEILING_MEGABYTES);
    for (const stream of streams) stream.cancel();
    for (const socket of served) socket.destroy();
    server.close();
  });
});

it("two thousand streams all learn that the daemon drains", { timeout: 60_000 }, async () => {
  const clients = Array.from({ length: 20 }, () => daemon.client());
  const sessions = clients.flatMap((client) => Array.from({ length: 100 }, () => client.session()));
  await Promise.all(sessions.map((session) => symbolOf(session.op("gettimeout", { handle: 1n }))));
  using admin = daemon.client();
  await admin.unary(AdminService.method.drain, { grace: { seconds: 0n } });
  const ends = await Promise.all(sessions.map(({ ended }) => ended));
  expect(new Set(ends.map((end) => end?.symbol))).toEqual(new Set(["DRAINING"]));
  for (const client of clients) client[Symbol.dispose]();
});

async function take(stream: RawStream<typeof StreamService.method.attach>, bytes: number): Promise<number> {
  let taken = 0;
  while (taken < bytes) {
    const message = await stream.next();
    if (message?.frame.case !== "data") break;
    taken += message.frame.value.length;
  }
  return taken;
}
