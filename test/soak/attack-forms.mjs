// node test/soak/attack-forms.mjs NAME ENDPOINT: attacks the daemon until it is killed. Most attacks use HTTP/2
// directly, because our clients would not do this.

import { once } from "node:events";
import { connect as connectHttp, constants } from "node:http2";
import { connect as connectSocket } from "node:net";
import { fileURLToPath } from "node:url";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { connect } from "../../dist/client/index.js";
import {
  OpenSessionRequestSchema,
  OpenSessionResponseSchema,
} from "../../dist/gen/sockbroker/v1/session_service_pb.js";
import { RecvRequestSchema, SocketpairResponseSchema } from "../../dist/gen/sockbroker/v1/socket_service_pb.js";
import { ClientFrameSchema, WatchRequestSchema } from "../../dist/gen/sockbroker/v1/stream_service_pb.js";

const { NGHTTP2_CANCEL } = constants;

/** @type {Record<string, (path: string) => Promise<void>>} */
export const attacks = {
  "answers that nobody reads": (path) => frames(path, 0, { case: "sync", value: { id: 1n } }),
  "frames that fail, as many as fit": (path) => frames(path, 2 ** 24, { case: "shutdown", value: { how: 77 } }),
  "watches of handles that do not exist": async (path) => {
    const interests = [{ handle: 77n, events: 1 }];
    await flood(call(http(path), "StreamService/Watch"), framed(WatchRequestSchema, { interests }));
  },
  "calls that are cancelled": async (path) => {
    for (;;) {
      // Node 20 closes a connection for that.
      const session = http(path);
      const { token, handle } = await pair(path);
      for (let i = 0; i < 100 && !session.destroyed; i++) {
        const streams = Array.from({ length: 20 }, () => call(session, "SocketService/Recv", token));
        for (const stream of streams) stream.end(framed(RecvRequestSchema, { handle, maxBytes: 1n }));
        await new Promise((resolve) => setImmediate(resolve));
        for (const stream of streams) stream.close(NGHTTP2_CANCEL);
        await Promise.all(streams.map((stream) => stream.closed || once(stream, "close")));
      }
      session.destroy();
    }
  },
  "connections that come and go": async (path) => {
    for (;;) {
      const sockets = Array.from({ length: 100 }, () => connectSocket(path));
      // EAGAIN if the backlog is full.
      await Promise.allSettled(sockets.map((socket) => once(socket, "connect")));
      for (const socket of sockets) socket.destroy();
    }
  },
  "sockets that are sent and closed": async (path) => {
    const broker = await connect(`unix://${path}`);
    for (;;) {
      const [near, far] = await broker.socketpair();
      const sockets = await Promise.all(Array.from({ length: 100 }, () => broker.socket(2, 2)));
      await broker.sendFds(near, [Buffer.from("x")], sockets);
      await Promise.all([near, far, ...sockets].map((socket) => socket.close()));
    }
  },
  "packet sockets that are closed at once": async (path) => {
    for (;;) {
      const broker = await connect(`unix://${path}`);
      await Promise.all(Array.from({ length: 200 }, () => broker.socket(17, 3, 0x0300)));
      await broker[Symbol.asyncDispose]();
    }
  },
};

/** Sends frames on an attach stream endlessly, with the given window for the responses. */
async function frames(path, initialWindowSize, frame) {
  const { token, handle } = await pair(path);
  const stream = call(http(path, initialWindowSize), "StreamService/Attach", token);
  stream.write(framed(ClientFrameSchema, { frame: { case: "attach", value: { handle } } }));
  await flood(stream, framed(ClientFrameSchema, { frame }));
}

/** Writes a message endlessly, and reads the responses. */
async function flood(stream, message) {
  stream.resume();
  const many = Buffer.concat(Array(1_000).fill(message));
  for (;;) if (!stream.write(many)) await once(stream, "drain");
}

/** A socket, and the token of its session. */
async function pair(path) {
  const lease = framed(OpenSessionRequestSchema, { lease: { seconds: 1n } });
  const { token } = await unary(path, "SessionService/OpenSession", lease, OpenSessionResponseSchema);
  const nothing = Buffer.alloc(5);
  const { first } = await unary(path, "SocketService/Socketpair", nothing, SocketpairResponseSchema, token);
  return { token, handle: first.handle };
}

async function unary(path, method, request, schema, token) {
  const session = http(path);
  const stream = call(session, method, token);
  stream.end(request);
  const chunks = await stream.toArray();
  session.destroy();
  return fromBinary(schema, Buffer.concat(chunks).subarray(5));
}

function http(path, initialWindowSize = 2 ** 16) {
  const createConnection = () => connectSocket(path);
  const session = connectHttp("http://localhost", { createConnection, settings: { initialWindowSize } });
  session.on("connect", () => session.setLocalWindowSize(2 ** 24));
  return session.on("error", () => undefined);
}

function call(session, method, token) {
  const headers = {
    ":method": "POST",
    ":path": `/sockbroker.v1.${method}`,
    "content-type": "application/grpc",
    te: "trailers",
    ...(token === undefined ? {} : { "sockbroker-session": token }),
  };
  return session.request(headers).on("error", () => undefined);
}

/** A message in gRPC's framing. */
function framed(schema, init) {
  const message = toBinary(schema, create(schema, init));
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [name, endpoint] = process.argv.slice(2);
  await attacks[name](endpoint.replace("unix://", ""));
}
