// node http2-floor.mjs PATH: what an upload and a download cost on bare node:http2, without gRPC's framing being read. For
// `npm run bench -- --peers`.

import { createServer } from "node:http2";

const CHUNK = 64 * 1024;
const OK = { ":status": 200, "content-type": "application/grpc" };

/** One message of gRPC with a ServerFrame of CHUNK bytes of data. */
const message = (() => {
  const frame = Buffer.concat([Buffer.from([0x12, 0x80, 0x80, 0x04]), Buffer.alloc(CHUNK)]);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(frame.length, 1);
  return Buffer.concat([prefix, frame]);
})();

createServer({ settings: { initialWindowSize: 256 * 1024, maxConcurrentStreams: 100 } })
  .on("session", (session) => session.setLocalWindowSize(256 * 1024))
  .on("stream", (stream, headers) => {
    // A client that has what it wants resets its streams.
    stream.on("error", () => undefined);
    stream.respond(OK, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    const count = Number(headers["bench-source"] ?? 0);
    if (count > 0) send(stream, count);
    else stream.on("data", () => undefined).on("end", () => stream.end());
  })
  .listen(process.argv[2]);

function send(stream, count) {
  stream.resume();
  let left = count;
  const more = () => {
    while (left > 0) {
      left -= CHUNK;
      if (!stream.write(message)) return;
    }
    stream.end();
  };
  stream.on("drain", more);
  more();
}
