/*
 * Users who are not admitted, and can connect: what all of them together cost the daemon. With the built-in policy. Needs
 * root, to connect as other users.
 */

import { once } from "node:events";
import { chmodSync, readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import { HostService } from "../../src/gen/sockbroker/v1/host_service_pb.js";
import { ended, framed, HandMadeConnection, prefixOf } from "../support/hand-made-calls.js";
import { FLAG, FRAME, FrameFinder, headerField, http2Frame, PREFACE, uint32 } from "../support/http2-frames.js";
import { cannotBeNobody, NOBODY } from "../support/nobody.js";
import { RawDaemon, until } from "../support/raw-broker.js";

const MIB = 2 ** 20;
const MOST_CONNECTIONS = 128;
const MOST_CONNECTIONS_OF_USER = 32;
const MAX_STREAMS = 4;
const MESSAGE_BYTES = 16 * 1_024;

const WHO_AM_I = "/sockbroker.v1.SessionService/WhoAmI";
const REFLECTION = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

let daemon: RawDaemon;
const open: Socket[] = [];
beforeEach(async (ctx) => {
  const reason = cannotBeNobody();
  if (reason !== null) ctx.skip(reason);
  daemon = await RawDaemon.start("--mode", "0666");
  chmodSync(daemon.directory, 0o711);
});
afterEach(async () => {
  for (const socket of open.splice(0)) socket.destroy();
  expect(daemon.faults).toEqual([]);
  await daemon[Symbol.asyncDispose]();
});

/** Connects as a user. The kernel reports the effective user at the time of the connection. */
function connectAs(uid: number): Socket {
  process.seteuid?.(uid);
  try {
    const socket = connect(daemon.path);
    socket.on("error", () => undefined);
    open.push(socket);
    return socket;
  } finally {
    process.seteuid?.(0);
  }
}

/**
 * Sends one piece after the other, each when the daemon has read those before. Settles with the reason if the daemon closes
 * the connection, and with null otherwise.
 */
async function refusalOf(socket: Socket, pieces: readonly Buffer[] = []): Promise<string | null> {
  let onAnswer: (refusal: string | null) => void = () => undefined;
  const finder = new FrameFinder((type, flags, payload) => {
    if (type === FRAME.PING && (flags & FLAG.ACK) !== 0) onAnswer(null);
    if (type === FRAME.GOAWAY) onAnswer(`${payload.subarray(8)}`);
  });
  socket.on("data", (chunk) => finder.feed(chunk));
  socket.once("close", () => onAnswer("closed"));
  // Its window for answers is closed.
  const settings = http2Frame(FRAME.SETTINGS, 0, 0, Buffer.concat([Buffer.of(0, 4), uint32(0)]));
  for (const piece of [Buffer.concat([PREFACE, settings]), ...pieces]) {
    const answer = new Promise<string | null>((resolve) => {
      onAnswer = resolve;
    });
    socket.write(Buffer.concat([piece, http2Frame(FRAME.PING, 0, 0, Buffer.alloc(8))]));
    const refusal = socket.destroyed ? "closed" : await answer;
    if (refusal !== null) return refusal;
  }
  return null;
}

const refusalsOf = (uid: number, count: number) =>
  Promise.all(Array.from({ length: count }, () => refusalOf(connectAs(uid))));

/** An admitted caller is served. */
async function servesOthers(): Promise<void> {
  using other = daemon.client();
  expect((await other.unary(HostService.method.gethostname, {})).hostname).not.toBe("");
}

it("have few connections, of one user and in all, and get the reason when they get no more", async () => {
  const refusals = await refusalsOf(NOBODY, MOST_CONNECTIONS_OF_USER + 3);
  expect(refusals.filter((reason) => reason === null)).toHaveLength(MOST_CONNECTIONS_OF_USER);
  const ofUser = `more than ${MOST_CONNECTIONS_OF_USER} connections of uid:${NOBODY}, who is not admitted`;
  expect(refusals.filter((reason) => reason === ofUser)).toHaveLength(3);
  for (const uid of [1, 2, 3]) {
    expect(new Set(await refusalsOf(uid, MOST_CONNECTIONS_OF_USER))).toEqual(new Set([null]));
  }
  const inAll = `more than ${MOST_CONNECTIONS} connections of users who are not admitted`;
  expect(await refusalOf(connectAs(4))).toBe(inAll);
  await servesOthers();
  // Their places are free when they have gone.
  for (const socket of open.splice(0)) socket.destroy();
  await until("another stranger is served", async () => (await refusalOf(connectAs(4))) === null);
});

it("have few streams and small messages", async () => {
  process.seteuid?.(NOBODY);
  const caller = new HandMadeConnection(daemon.path);
  process.seteuid?.(0);
  await once(caller.session, "remoteSettings");
  expect(caller.session.remoteSettings.maxConcurrentStreams).toBe(MAX_STREAMS);
  expect(caller.session.remoteSettings.initialWindowSize).toBe(MESSAGE_BYTES);
  const call = caller.call(WHO_AM_I);
  const whole = ended(call);
  call.write(framed(Buffer.alloc(MESSAGE_BYTES + 1)));
  expect((await whole).headers["grpc-message"]).toMatch(/^a message has 16385 bytes, more than 16384$/);
  caller[Symbol.dispose]();
});

/** The memory that the daemon has used at most, in bytes. */
function peakMemory(): number {
  const status = readFileSync(`/proc/${daemon.pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) * 1_024;
}

const call = (stream: number, path: string, fields: Buffer = Buffer.alloc(0)) =>
  http2Frame(
    FRAME.HEADERS,
    FLAG.END_HEADERS,
    stream,
    Buffer.concat([
      headerField(":method", "POST"),
      headerField(":scheme", "http"),
      headerField(":path", path),
      headerField(":authority", "localhost"),
      headerField("content-type", "application/grpc"),
      fields,
    ]),
  );

/** As much as the stream's window allows, also before the daemon's own is known: it counts only once it is acknowledged. */
const WINDOW_BYTES = 65_535;
const PIECE_BYTES = 8_192;
const data = (stream: number, bytes: Buffer) =>
  Array.from({ length: Math.ceil(bytes.length / PIECE_BYTES) }, (_, i) =>
    http2Frame(FRAME.DATA, 0, stream, bytes.subarray(i * PIECE_BYTES, (i + 1) * PIECE_BYTES)),
  );
const padding = Buffer.alloc(64_008, http2Frame(FRAME.PRIORITY, 0, 1, Buffer.concat([uint32(0), Buffer.of(1)])));
const symbol = Buffer.from("sockbroker.v1.SocketService");
const asked = framed(Buffer.concat([Buffer.of(0x22, symbol.length), symbol]));
const streams = Array.from({ length: MAX_STREAMS }, (_, i) => 2 * i + 1);

/** What each connection sends, in pieces that fit into the window of the connection. */
const floods: Readonly<Record<string, readonly Buffer[]>> = {
  "messages that are not finished": streams.flatMap((stream) => [
    call(stream, WHO_AM_I),
    ...data(stream, Buffer.concat([prefixOf(MESSAGE_BYTES), Buffer.alloc(MESSAGE_BYTES - 1)])),
  ]),
  "answers that are not read": streams.flatMap((stream) => [
    call(stream, REFLECTION),
    ...data(stream, Buffer.alloc(Math.floor(WINDOW_BYTES / asked.length) * asked.length, asked)),
  ]),
  "long header fields": streams.flatMap((stream) => [
    call(stream, WHO_AM_I, headerField("key", "x".repeat(15_000))),
    ...data(stream, prefixOf(MESSAGE_BYTES)),
  ]),
  "pieces of one byte among other frames": [
    ...streams.flatMap((stream) => [call(stream, REFLECTION), ...data(stream, asked)]),
    ...Array.from({ length: 10 }, () =>
      Buffer.concat(streams.flatMap((stream) => [padding, ...data(stream, Buffer.of(0))])),
    ),
  ],
};

it.each(Object.entries(floods))("cost less than 64 MiB in all with %s", { timeout: 120_000 }, async (_, flood) => {
  await servesOthers();
  const before = peakMemory();
  const refusals: (string | null)[] = [];
  // Many more than are served, by several users.
  for (let i = 0; i < 300; i += 10) {
    const callers = Array.from({ length: 10 }, (_, j) => connectAs(NOBODY - ((i + j) % 12)));
    refusals.push(...(await Promise.all(callers.map((caller) => refusalOf(caller, flood)))));
  }
  expect(refusals.filter((reason) => reason === null)).toHaveLength(MOST_CONNECTIONS);
  await servesOthers();
  expect(peakMemory() - before).toBeLessThan(64 * MIB);
});
