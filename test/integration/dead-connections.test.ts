import { once } from "node:events";
import { connect } from "node:net";
import { expect, it } from "vitest";
import { RawDaemon, until } from "../support/raw-broker.js";

/* Connections that HTTP/2 has given up on, with the built-in policy. */

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const [HEADERS, RST_STREAM, SETTINGS] = [1, 3, 4];
const END_HEADERS = 4;
const CANCEL = Buffer.of(0, 0, 0, 8);
/** More than Node 20 allows a connection at once; later versions do as they are told, and give up on none of these. */
const RESETS = 3_000;

function frame(type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

/** A header field, as a literal that no table is needed for. */
function field(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.of(0, name.length), Buffer.from(name), Buffer.of(value.length), Buffer.from(value)]);
}

const request = Buffer.concat([
  field(":method", "POST"),
  field(":scheme", "http"),
  field(":path", "/sockbroker.v1.SessionService/WhoAmI"),
  field(":authority", "x"),
  field("content-type", "application/grpc"),
  field("te", "trailers"),
]);

it("connections that were reset too often give their descriptors back when their callers are gone", async () => {
  await using daemon = await RawDaemon.start();
  using observer = daemon.client();
  const before = await observer.statistics();
  const resets = Array.from({ length: RESETS }, (_, index) => {
    const stream = 2 * index + 1;
    return [frame(HEADERS, END_HEADERS, stream, request), frame(RST_STREAM, 0, stream, CANCEL)];
  });
  const bytes = Buffer.concat([PREFACE, frame(SETTINGS, 0, 0), ...resets.flat()]);
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
