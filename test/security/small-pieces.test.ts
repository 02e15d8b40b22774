/*
 * Callers that send a stream in pieces of one byte, each in a read of the connection that is full of other frames, to a
 * daemon that does not read the stream. With the built-in policy.
 */

import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { create, toBinary } from "@bufbuild/protobuf";
import { afterEach, beforeEach, expect, it } from "vitest";
import { SocketType } from "../../src/gen/sockbroker/v1/address_pb.js";
import { HostService } from "../../src/gen/sockbroker/v1/host_service_pb.js";
import { SessionService } from "../../src/gen/sockbroker/v1/session_service_pb.js";
import { SocketService } from "../../src/gen/sockbroker/v1/socket_service_pb.js";
import { ClientFrameSchema } from "../../src/gen/sockbroker/v1/stream_service_pb.js";
import { framed, prefixOf } from "../support/hand-made-calls.js";
import { FLAG, FRAME, FrameFinder, headerField, http2Frame, PREFACE, uint32 } from "../support/http2-frames.js";
import { handleOf, RawDaemon } from "../support/raw-broker.js";

const MIB = 2 ** 20;
/** The size of the reads of the daemon. */
const READ_BYTES = 64 * 1_024;
const MAX_FRAME_BYTES = 16_384;
const PIECES = 3_000;

let daemon: RawDaemon;
beforeEach(async () => {
  daemon = await RawDaemon.start();
});
afterEach(async () => {
  expect(daemon.faults).toEqual([]);
  await daemon[Symbol.asyncDispose]();
});

/** The memory that the daemon has used at most, in bytes. */
function peakMemory(): number {
  const status = readFileSync(`/proc/${daemon.pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) * 1_024;
}

async function servesOthers(): Promise<void> {
  using other = daemon.client();
  expect((await other.unary(HostService.method.gethostname, {})).hostname).not.toBe("");
}

const call = (stream: number, path: string, fields: Readonly<Record<string, string>> = {}) =>
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
      headerField("te", "trailers"),
      ...Object.entries(fields).map(([name, value]) => headerField(name, value)),
    ]),
  );

const dataFrames = (stream: number, bytes: Buffer, frameBytes = MAX_FRAME_BYTES) =>
  Buffer.concat(
    Array.from({ length: Math.ceil(bytes.length / frameBytes) }, (_, i) =>
      http2Frame(FRAME.DATA, 0, stream, bytes.subarray(i * frameBytes, (i + 1) * frameBytes)),
    ),
  );

/** Frames that mean nothing, as many as a read has room for. */
const padding = (() => {
  const frame = http2Frame(FRAME.PRIORITY, 0, 1, Buffer.concat([uint32(0), Buffer.of(1)]));
  return Buffer.alloc(Math.floor(READ_BYTES / frame.length) * frame.length, frame);
})();

/** Writes all, and settles when the daemon has read every frame of it. */
async function send(pieces: Iterable<Buffer>): Promise<Disposable> {
  const socket = connect(daemon.path);
  const probe = Buffer.from("all read");
  let onSettings = (): void => undefined;
  let onRead = (): void => undefined;
  const settings = new Promise<void>((resolve) => {
    onSettings = resolve;
  });
  const read = new Promise<void>((resolve, reject) => {
    onRead = resolve;
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("the daemon closed the connection")));
  });
  const finder = new FrameFinder((type, flags, payload) => {
    if (type === FRAME.SETTINGS && (flags & FLAG.ACK) === 0) onSettings();
    if (type === FRAME.PING && (flags & FLAG.ACK) !== 0 && payload.equals(probe)) onRead();
    if (type === FRAME.GOAWAY || type === FRAME.RST_STREAM) socket.destroy(new Error("the daemon ended the stream"));
  });
  socket.on("data", (chunk) => finder.feed(chunk));
  socket.write(Buffer.concat([PREFACE, http2Frame(FRAME.SETTINGS, 0, 0)]));
  // Until they are acknowledged, the window of a stream is smaller than they say.
  await Promise.race([settings, read]);
  socket.write(http2Frame(FRAME.SETTINGS, FLAG.ACK, 0));
  for (const piece of pieces) await new Promise((resolve) => socket.write(piece, resolve));
  socket.write(http2Frame(FRAME.PING, 0, 0, probe));
  await read;
  return {
    [Symbol.dispose]: () =>
      socket
        .removeAllListeners()
        .on("error", () => undefined)
        .destroy(),
  };
}

function* pieces(stream: number): Generator<Buffer> {
  for (let i = 0; i < PIECES; i++) yield Buffer.concat([padding, http2Frame(FRAME.DATA, 0, stream, Buffer.of(0))]);
}

it("a stream whose socket is full keeps its bytes, and not the reads in which they arrived", {
  timeout: 120_000,
}, async () => {
  using client = daemon.client();
  const { token } = await client.unary(SessionService.method.openSession, {});
  const { first } = await client.unary(SocketService.method.socketpair, { type: SocketType.STREAM }, { token });
  await servesOthers();
  const before = peakMemory();
  const attach = create(ClientFrameSchema, { frame: { case: "attach", value: { handle: handleOf(first) } } });
  using _ = await send(
    (function* () {
      yield call(1, "/sockbroker.v1.StreamService/Attach", { "sockbroker-session": token });
      yield dataFrames(1, framed(toBinary(ClientFrameSchema, attach)));
      // More than the socket takes, and less than the window.
      const data = create(ClientFrameSchema, { frame: { case: "data", value: new Uint8Array(4 * MIB - 64) } });
      yield dataFrames(1, framed(toBinary(ClientFrameSchema, data)).subarray(0, 230 * 1_024));
      yield* pieces(1);
    })(),
  );
  expect(peakMemory() - before).toBeLessThan(64 * MIB);
  await servesOthers();
});

it("a stream that waits for memory keeps its bytes, and not the reads in which they arrived", {
  timeout: 120_000,
}, async () => {
  await servesOthers();
  const before = peakMemory();
  const length = 4 * MIB;
  using _ = await send(
    (function* () {
      for (const stream of [1, 3, 5, 7, 9]) {
        yield call(stream, "/sockbroker.v1.SocketService/Sendall");
        yield dataFrames(stream, prefixOf(length));
      }
      // The messages of the others may have all memory of the connection.
      yield* pieces(9);
    })(),
  );
  expect(peakMemory() - before).toBeLessThan(64 * MIB);
  await servesOthers();
});

it("the bytes of a paused stream arrive in order", async () => {
  using client = daemon.client();
  const { token } = await client.unary(SessionService.method.openSession, {});
  const { first, second } = await client.unary(SocketService.method.socketpair, { type: SocketType.STREAM }, { token });
  const data = Buffer.from(Uint8Array.from({ length: 500_000 }, (_, i) => i % 251));
  const attach = create(ClientFrameSchema, { frame: { case: "attach", value: { handle: handleOf(first) } } });
  const frame = create(ClientFrameSchema, { frame: { case: "data", value: data } });
  const bytes = framed(toBinary(ClientFrameSchema, frame));
  const early = 300_000;
  using _ = await send([
    call(1, "/sockbroker.v1.StreamService/Attach", { "sockbroker-session": token }),
    dataFrames(1, framed(toBinary(ClientFrameSchema, attach))),
    // The socket takes some, the rest waits in the window: in small pieces, and in large ones among them.
    dataFrames(1, bytes.subarray(0, early - 60_000)),
    dataFrames(1, bytes.subarray(early - 60_000, early - 40_000), 11),
    dataFrames(1, bytes.subarray(early - 40_000, early - 10_000)),
    dataFrames(1, bytes.subarray(early - 10_000, early), 700),
  ]);
  const received: Buffer[] = [];
  for (let count = 0; count < early - 64; ) {
    const options = { handle: handleOf(second), maxBytes: 65_536n };
    const { data: part } = await client.unary(SocketService.method.recv, options, { token });
    received.push(Buffer.from(part));
    count += part.length;
  }
  const all = Buffer.concat(received);
  expect(all.equals(data.subarray(0, all.length))).toBe(true);
});
