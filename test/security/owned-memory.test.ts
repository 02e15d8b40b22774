/*
 * What a principal leaves waiting and unread counts for it: beyond its limits it is not served until there is room, and others
 * are. With the built-in policy.
 */

import { once } from "node:events";
import { chmodSync } from "node:fs";
import type { ClientHttp2Stream } from "node:http2";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { afterEach, expect, it } from "vitest";
import { AdminService } from "../../src/gen/sockbroker/v1/admin_service_pb.js";
import { HostService } from "../../src/gen/sockbroker/v1/host_service_pb.js";
import {
  SessionRequestSchema,
  SessionResponseSchema,
  SessionService,
} from "../../src/gen/sockbroker/v1/session_service_pb.js";
import { SocketService } from "../../src/gen/sockbroker/v1/socket_service_pb.js";
import { ClientFrameSchema, ServerFrameSchema } from "../../src/gen/sockbroker/v1/stream_service_pb.js";
import { framed, HandMadeConnection } from "../support/hand-made-calls.js";
import { cannotBeNobody, NOBODY } from "../support/nobody.js";
import { handleOf, type RawClient, RawDaemon, until } from "../support/raw-broker.js";

const MIB = 2 ** 20;
const LIMIT = 4 * MIB;
const SESSION = "/sockbroker.v1.SessionService/Session";
const ATTACH = "/sockbroker.v1.StreamService/Attach";

let daemon: RawDaemon;
afterEach(async () => {
  expect(daemon.faults).toEqual([]);
  await daemon[Symbol.asyncDispose]();
});

/** Pairs of sockets in a leased session, which several connections use. */
async function pairsOf(client: RawClient, count: number) {
  const { token } = await client.unary(SessionService.method.openSession, {});
  const pairs: { near: bigint; far: bigint }[] = [];
  for (let i = 0; i < count; i++) {
    const { first, second } = await client.unary(SocketService.method.socketpair, {}, { token });
    pairs.push({ near: handleOf(first), far: handleOf(second) });
  }
  return { token, pairs };
}

/** Receives until it has this many bytes. */
async function drain(client: RawClient, token: string, handle: bigint, bytes: number, each: () => Promise<void>) {
  for (let left = bytes; left > 0; ) {
    const { data } = await client.unary(SocketService.method.recv, { handle, maxBytes: BigInt(MIB) }, { token });
    left -= data.length;
    await each();
  }
}

async function waitingOf(client: RawClient): Promise<number> {
  return Number((await client.unary(AdminService.method.getStatistics, {})).waitingOperations);
}

/** Reads messages until `done`. */
async function read(stream: ClientHttp2Stream, done: (message: Buffer) => boolean): Promise<void> {
  let bytes = Buffer.alloc(0);
  for await (const chunk of stream) {
    bytes = Buffer.concat([bytes, chunk as Buffer]);
    while (bytes.length >= 5 && bytes.length >= 5 + bytes.readUInt32BE(1)) {
      const end = 5 + bytes.readUInt32BE(1);
      if (done(bytes.subarray(5, end))) return;
      bytes = bytes.subarray(end);
    }
  }
}

async function openWindow({ session }: HandMadeConnection): Promise<void> {
  session.settings({ initialWindowSize: 2 ** 24 });
  session.setLocalWindowSize(2 ** 24);
  await once(session, "localSettings");
}

it.each(["a Session stream", "unary calls"])("requests that wait on %s are not read beyond the limit", async (way) => {
  daemon = await RawDaemon.start("--max-waiting-bytes", `${LIMIT}`);
  using client = daemon.client();
  using greedy = daemon.client();
  const { token, pairs } = await pairsOf(client, 1);
  const { near = 0n, far = 0n } = pairs[0] ?? {};
  const count = 24;
  const data = new Uint8Array(MIB);
  using session = greedy.session({ token });
  const done = Array.from({ length: count }, () =>
    way === "unary calls"
      ? greedy.unary(SocketService.method.sendall, { handle: near, data }, { token })
      : session.op("sendall", { handle: near, data }),
  );
  const most = LIMIT / MIB + 1;
  await until("as many wait as may", async () => (await waitingOf(client)) >= LIMIT / MIB);
  await drain(client, token, far, count * MIB, async () => expect(await waitingOf(client)).toBeLessThanOrEqual(most));
  await Promise.all(done);
  const line = { event: "limit", principal: `uid:${process.getuid?.()}`, limit: "max-waiting-bytes" };
  expect(daemon.log).toContainEqual(expect.objectContaining(line));
});

it("all principals together are limited, and each keeps a share that others cannot take", async (ctx) => {
  const reason = cannotBeNobody();
  if (reason !== null) ctx.skip(reason);
  // Of each principal more than its share.
  const limit = 24 * MIB;
  daemon = await RawDaemon.start("--max-held-bytes", `${limit}`, "--admit", `uid:${NOBODY}`);
  chmodSync(daemon.directory, 0o711);
  using client = daemon.client();
  using greedy = daemon.client();
  const { token, pairs } = await pairsOf(client, 1);
  const { near = 0n, far = 0n } = pairs[0] ?? {};
  const data = new Uint8Array(MIB);
  const count = 40;
  const done = Array.from({ length: count }, () =>
    greedy.unary(SocketService.method.sendall, { handle: near, data }, { token }),
  );
  await until("as many wait as may", async () => (await waitingOf(client)) >= limit / MIB);
  process.seteuid?.(NOBODY);
  using modest = daemon.client();
  await modest.unary(HostService.method.gethostname, {}).finally(() => process.seteuid?.(0));
  const own = await pairsOf(modest, 1);
  const { near: mine = 0n, far: others = 0n } = own.pairs[0] ?? {};
  const sent = modest.unary(SocketService.method.sendall, { handle: mine, data }, { token: own.token });
  await drain(modest, own.token, others, MIB, async () => undefined);
  await sent;
  expect(await waitingOf(client)).toBeLessThanOrEqual(limit / MIB + 1);
  await drain(client, token, far, count * MIB, async () => undefined);
  await Promise.all(done);
});

it("waiting receives of a caller that does not read wait on beyond the limit", async () => {
  daemon = await RawDaemon.start("--max-unread-bytes", `${LIMIT}`);
  using client = daemon.client();
  const count = 100;
  const bytes = 128 * 1_024;
  const { token, pairs } = await pairsOf(client, count);
  using silent = new HandMadeConnection(daemon.path, { initialWindowSize: 0 });
  const stream = silent.call(SESSION, { "sockbroker-session": token });
  const operations = pairs.map(({ near }, i) => ({
    opId: BigInt(i + 1),
    request: { case: "recv" as const, value: { handle: near, maxBytes: BigInt(MIB) } },
  }));
  stream.write(framed(toBinary(SessionRequestSchema, create(SessionRequestSchema, { operations }))));
  await until("all wait", async () => (await waitingOf(client)) === count);
  const data = new Uint8Array(bytes);
  for (const { far } of pairs) await client.unary(SocketService.method.sendall, { handle: far, data }, { token });
  // The caller's other connections are served.
  const { token: other, pairs: others } = await pairsOf(client, 1);
  const { near = 0n, far = 0n } = others[0] ?? {};
  await client.unary(SocketService.method.sendall, { handle: far, data }, { token: other });
  await drain(client, other, near, bytes, async () => undefined);
  expect(await waitingOf(client)).toBeGreaterThan(count - LIMIT / bytes - 4);

  await openWindow(silent);
  let received = 0;
  let results = 0;
  await read(stream, (message) => {
    for (const { outcome } of fromBinary(SessionResponseSchema, message).results) {
      results += 1;
      if (outcome.case === "recv") received += outcome.value.data.length;
    }
    return results === count;
  });
  expect(received).toBe(count * bytes);
});

it("attach streams of a caller that does not read stop reading their sockets at the limit", async () => {
  daemon = await RawDaemon.start("--max-unread-bytes", `${LIMIT}`);
  using client = daemon.client();
  const count = 60;
  const bytes = 512 * 1_024;
  const { token, pairs } = await pairsOf(client, count);
  using silent = new HandMadeConnection(daemon.path, { initialWindowSize: 0 });
  const streams = pairs.map(({ near }) => {
    const stream = silent.call(ATTACH, { "sockbroker-session": token });
    const frame = create(ClientFrameSchema, { frame: { case: "attach", value: { handle: near } } });
    stream.write(framed(toBinary(ClientFrameSchema, frame)));
    return stream;
  });
  using sender = daemon.client();
  const sent = pairs.map(({ far }) =>
    sender.unary(SocketService.method.sendall, { handle: far, data: new Uint8Array(bytes) }, { token }),
  );
  await until("all attach", async () => Number((await client.statistics()).streams) === count);
  await until("all wait to send more", async () => (await waitingOf(client)) === count);
  const { handles } = await client.unary(AdminService.method.listHandles, {});
  const received = handles.reduce((sum, { receivedBytes }) => sum + Number(receivedBytes), 0);
  expect(received).toBeGreaterThanOrEqual(LIMIT);
  expect(received).toBeLessThan(LIMIT + MIB);
  expect((await client.unary(HostService.method.gethostname, {})).hostname).not.toBe("");

  await openWindow(silent);
  await Promise.all(
    streams.map(async (stream) => {
      let left = bytes;
      await read(stream, (message) => {
        const { frame } = fromBinary(ServerFrameSchema, message);
        if (frame.case === "data") left -= frame.value.length;
        return left === 0;
      });
    }),
  );
  await Promise.all(sent);
});
