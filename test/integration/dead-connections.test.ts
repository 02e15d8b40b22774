import { once } from "node:events";
import { connect } from "node:net";
import { expect, it } from "vitest";
import { FLAG, FRAME, headerField, http2Frame, PREFACE, uint32 } from "../support/http2-frames.js";
import { RawDaemon, until } from "../support/raw-broker.js";

/* Connections that HTTP/2 has given up, with the built-in policy. */

const CANCEL = Buffer.of(0, 0, 0, 8);
/**
 * More resets than Node 20 allows a connection in a burst; later versions follow the option, and give up no connection.
 */
const RESETS = 3_000;

const request = Buffer.concat([
  headerField(":method", "POST"),
  headerField(":scheme", "http"),
  headerField(":path", "/sockbroker.v1.SessionService/WhoAmI"),
  headerField(":authority", "x"),
  headerField("content-type", "application/grpc"),
  headerField("te", "trailers"),
]);

it("connections with too many resets release their descriptors after their callers are gone", async () => {
  await using daemon = await RawDaemon.start();
  using observer = daemon.client();
  const before = await observer.statistics();
  const resets = Array.from({ length: RESETS }, (_, index) => {
    const stream = 2 * index + 1;
    return [
      http2Frame(FRAME.HEADERS, FLAG.END_HEADERS, stream, request),
      http2Frame(FRAME.RST_STREAM, 0, stream, CANCEL),
    ];
  });
  const bytes = Buffer.concat([PREFACE, http2Frame(FRAME.SETTINGS, 0, 0), ...resets.flat()]);
  for (let round = 0; round < 5; round++) {
    const socket = connect(daemon.path);
    await once(socket, "connect");
    // It reads nothing, and is closed when the daemon has stopped reading, or has read everything.
    socket.on("error", () => undefined);
    let written = -1;
    socket.write(bytes);
    await until("the daemon reads no more", async () => {
      const stuck = socket.bytesWritten - socket.writableLength === written;
      written = socket.bytesWritten - socket.writableLength;
      await observer.statistics();
      return stuck || socket.destroyed;
    });
    socket.destroy();
  }
  await until("everything is closed", async () => {
    const { connections, openDescriptors } = await observer.statistics();
    return connections === before.connections && openDescriptors === before.openDescriptors;
  });
  expect(daemon.faults).toEqual([]);
});

it.each([
  ["an answer to no PING", http2Frame(FRAME.PING, FLAG.ACK, 0, Buffer.alloc(8))],
  ["GOAWAY with an error", http2Frame(FRAME.GOAWAY, 0, 0, Buffer.concat([uint32(0), uint32(1)]))],
])("a connection that is ended by %s, before a call in the same read, ends alone", async (_, offence) => {
  await using daemon = await RawDaemon.start();
  using observer = daemon.client();
  await observer.statistics();
  const call = (stream: number) => [
    http2Frame(FRAME.HEADERS, FLAG.END_HEADERS, stream, request),
    http2Frame(FRAME.DATA, 0, stream, Buffer.alloc(2)),
  ];
  const bytes = Buffer.concat([PREFACE, http2Frame(FRAME.SETTINGS, 0, 0), ...call(1), offence, ...call(3)]);
  const socket = connect(daemon.path).on("error", () => undefined);
  socket.resume().write(bytes);
  await once(socket, "close");
  await until("it is closed", async () => (await observer.statistics()).connections === 1);
});

it("connections with refused header fields and a breach of HTTP/2 end alone", async () => {
  await using daemon = await RawDaemon.start("--max-breaches", "1000000");
  using observer = daemon.client();
  const refused = Buffer.concat([request, headerField(":status", "x")]);
  const bytes = Buffer.concat([
    PREFACE,
    http2Frame(FRAME.SETTINGS, 0, 0),
    http2Frame(FRAME.HEADERS, FLAG.END_HEADERS, 1, request),
    http2Frame(FRAME.HEADERS, FLAG.END_HEADERS, 3, refused),
    http2Frame(FRAME.RST_STREAM, 0, 99, CANCEL),
  ]);
  // Node would abort when it collects what is left of such a connection.
  const many = Array.from({ length: 16 }, async () => {
    for (let round = 0; round < 200; round++) {
      const socket = connect(daemon.path).on("error", () => undefined);
      const written = new Promise((resolve) => socket.write(bytes, resolve));
      await written;
      socket.destroy();
      await new Promise((resolve) => socket.once("close", resolve));
    }
  });
  await Promise.all(many);
  await until("everything is closed", async () => (await observer.statistics()).connections === 1);
});
