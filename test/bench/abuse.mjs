// `npm run bench -- --abuse`: what other callers see while one sends a message that is expensive to handle. Each message is
// as large or as long as a hostile caller can make it, and is sent alone, once. Then come floods of small frames. A probe in a
// thread of its own makes one unary call after the other, and prints the median, the 99th percentile and the maximum of its
// round trips in milliseconds.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:http2";
import { connect as connectSocket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { gzipSync } from "node:zlib";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { GethostnameRequestSchema } from "../../dist/gen/sockbroker/v1/host_service_pb.js";
import { SessionRequestSchema } from "../../dist/gen/sockbroker/v1/session_service_pb.js";
import { SocketpairRequestSchema, SocketpairResponseSchema } from "../../dist/gen/sockbroker/v1/socket_service_pb.js";
import { ClientFrameSchema, WatchRequestSchema } from "../../dist/gen/sockbroker/v1/stream_service_pb.js";

import { FLOODS } from "./floods.mjs";
import { OTHER_USER } from "./processes.mjs";

const MOST_BYTES = 4 * 1024 * 1024 - 64;
/** How long the probe measures at least, and a message may take at most. */
const LEAST_MS = 2_000;
const MOST_MS = 8_000;
const FLOOD_MS = 6_000;
const FLOOD_CONNECTIONS = 4;

/** Sends each message whose name contains `only` to the daemon, and prints the table. */
export async function abuse({ daemonPath }, only) {
  const worker = new Worker(new URL(import.meta.url), { workerData: daemonPath });
  const chosen = Object.entries(messages).filter(([name]) => name.includes(only));
  const floods = FLOODS.filter((name) => `flood: ${name}`.includes(only));
  const width = Math.max(...Object.keys(messages).map((name) => name.length));
  const print = (name, { p50, p99, most }, outcome) => {
    const figures = [p50, p99, most].map((value) => value.toFixed(1).padStart(8)).join("");
    process.stdout.write(`  ${name.padEnd(width)}${figures}  ${outcome}\n`);
  };
  const quiet = async () => {
    await asked(worker);
    await delay(LEAST_MS);
    return asked(worker);
  };
  process.stdout.write(
    `\n  ${"round trips of another caller (ms)".padEnd(width)}     p50     p99     max  the message\n\n`,
  );
  print("quiet", await quiet(), "");
  for (const [name, act] of chosen) {
    const caller = new Caller(daemonPath);
    const send = await act(caller);
    await asked(worker);
    const [outcome] = await Promise.all([Promise.race([send(), delay(MOST_MS, "works on")]), delay(LEAST_MS)]);
    print(name, await asked(worker), outcome);
    caller.close();
    await delay(500);
  }
  for (const name of floods) {
    await asked(worker);
    await flood(daemonPath, name);
    print(`flood: ${name}`, await asked(worker), `${FLOOD_CONNECTIONS} connections, ${FLOOD_MS / 1_000} s`);
    await delay(2_000);
  }
  print("quiet again", await quiet(), "");
  await worker.terminate();
}

/** Sends a flood in a process of its own, as another user if this one may. */
async function flood(daemonPath, name) {
  const user = process.getuid() === 0 ? { uid: OTHER_USER, gid: OTHER_USER } : {};
  const args = [fileURLToPath(new URL("./floods.mjs", import.meta.url)), daemonPath, name, FLOOD_CONNECTIONS, FLOOD_MS];
  await once(spawn(process.execPath, args.map(String), { stdio: "inherit", ...user }), "exit");
}

/** One connection. */
class Caller {
  #session;

  constructor(path) {
    this.#session = connect("http://localhost", {
      createConnection: () => connectSocket(path),
      settings: { initialWindowSize: 2 ** 24 },
    });
    this.#session.on("error", () => undefined);
  }

  /** Makes a call with messages, and half-closes. Returns its status and what it received. */
  call(method, requests, headers = {}) {
    return new Promise((resolve) => {
      const stream = this.#session.request({
        ":method": "POST",
        ":path": method.startsWith("/") ? method : `/sockbroker.v1.${method}`,
        "content-type": "application/grpc",
        te: "trailers",
        ...headers,
      });
      const chunks = [];
      const end = {};
      stream.on("response", (fields) => Object.assign(end, fields));
      stream.on("trailers", (fields) => Object.assign(end, fields));
      stream.on("error", () => undefined);
      stream.on("data", (chunk) => chunks.push(chunk));
      stream.on("close", () => {
        const text = decodeURIComponent(end["grpc-message"] ?? "").slice(0, 90);
        resolve({ text: `${end["grpc-status"] ?? `reset ${stream.rstCode}`} ${text}`, body: Buffer.concat(chunks) });
      });
      for (const request of requests) stream.write(request);
      stream.end();
    });
  }

  async pair(type) {
    const request = toBinary(SocketpairRequestSchema, create(SocketpairRequestSchema, { type }));
    const { body } = await this.call("SocketService/Socketpair", [framed(request)]);
    return fromBinary(SocketpairResponseSchema, body.subarray(5)).first.handle;
  }

  close() {
    this.#session.destroy();
  }
}

function framed(bytes, flag = 0) {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(flag);
  prefix.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([prefix, bytes]);
}

function varint(value) {
  const bytes = [];
  let rest = BigInt(value);
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}

const field = (number, bytes) => Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
const handleField = (handle) => Buffer.concat([Buffer.from([8]), varint(handle)]);
const repeated = (bytes, count = Math.floor((MOST_BYTES - 64) / bytes.length)) =>
  Buffer.alloc(count * bytes.length, bytes);
const text = (byte = 97) => Buffer.alloc(MOST_BYTES - 128, byte);
const encoded = (schema, init) => Buffer.from(toBinary(schema, create(schema, init)));

/** A unary call with a request. */
const unary = (method, bytes) => (caller) => async () => (await caller.call(method, [framed(bytes)])).text;

/** A unary call on a new socket. */
const onSocket =
  (method, bytes, type = 1) =>
  async (caller) => {
    const handle = await caller.pair(type);
    return async () => (await caller.call(method, [framed(Buffer.concat([handleField(handle), bytes]))])).text;
  };

const session = (bytes) => (caller) => async () => (await caller.call("SessionService/Session", [framed(bytes)])).text;

/** As many operations as a request may have. */
const operations = (request) => async (caller) => {
  const handle = await caller.pair(1);
  const of = typeof request === "function" ? request(handle) : request;
  const one = encoded(SessionRequestSchema, { operations: [{ opId: 1n, request: of }] });
  const count = Math.min(65_000, Math.floor(MOST_BYTES / one.length));
  return session(repeated(one, count))(caller);
};

/** An attach stream on a new socket, and one frame. */
const frame = (type, bytes) => async (caller) => {
  const handle = await caller.pair(type);
  const first = framed(encoded(ClientFrameSchema, { frame: { case: "attach", value: { handle } } }));
  return async () => (await caller.call("StreamService/Attach", [first, framed(field(3, bytes))])).text;
};

const watch = (bytesOf) => async (caller) => {
  const bytes = bytesOf(await caller.pair(1));
  return async () => (await caller.call("StreamService/Watch", [framed(bytes)])).text;
};

const interest = (handle) => encoded(WatchRequestSchema, { interests: [{ handle, events: 1 }] });
const empty = (number) => Buffer.from([number * 8 + 2, 0]);

/** Prepare to send a message, and return what sends it. */
const messages = {
  "Sendmsg: 2,000,000 empty buffers": onSocket("SocketService/Sendmsg", repeated(empty(2))),
  "Sendmsg: 2,000,000 empty control messages": onSocket("SocketService/Sendmsg", repeated(empty(3))),
  "Sendmsg: 2,000 empty control messages": onSocket("SocketService/Sendmsg", repeated(empty(3), 2_000)),
  "Sendmsg: 8,000 empty buffers": onSocket("SocketService/Sendmsg", repeated(empty(2), 8_000)),
  "Sendmsg: a million descriptors in bytes": onSocket(
    "SocketService/Sendmsg",
    field(3, Buffer.concat([Buffer.from([8, 1, 16, 1]), field(3, text(64))])),
  ),
  "SendFds: 4,000,000 handles": onSocket("SocketService/SendFds", field(3, text(7))),
  "SendFds: 8,000 handles": onSocket("SocketService/SendFds", field(3, Buffer.alloc(8_000, 7))),
  "Send: 4 MiB": onSocket("SocketService/Send", field(2, text())),
  "Recv: 1,300,000 unknown fields": unary("SocketService/Recv", repeated(Buffer.from([0xf8, 7, 1]))),
  "Recv: nested groups": unary("SocketService/Recv", Buffer.alloc(MOST_BYTES, 0x1b)),
  "Recv: garbage": unary("SocketService/Recv", Buffer.alloc(MOST_BYTES, 0xff)),
  "Session: 2,000,000 empty operations": session(repeated(empty(1))),
  "Session: 4,000,000 ids to cancel": session(field(2, text(5))),
  "Session: 65,000 ids to cancel": session(field(2, Buffer.alloc(65_000, 5))),
  "Session: 65,000 empty operations": session(repeated(empty(1), 65_000)),
  "Session: 65,000 Gethostname": operations({ case: "gethostname", value: {} }),
  "Session: 65,000 HasIpv6": operations({ case: "hasIpv6", value: {} }),
  "Session: 65,000 GetConstants": operations({ case: "getConstants", value: {} }),
  "Session: 65,000 Recv of 4 MiB, EAGAIN": operations((handle) => ({
    case: "recv",
    value: { handle, maxBytes: 2n ** 31n, flags: 0x40 },
  })),
  "Session: 65,000 Socketpair": operations({ case: "socketpair", value: {} }),
  "Session: 256 Sendmsg of 8,000 buffers": operations((handle) => ({
    case: "sendmsg",
    value: { handle, buffers: Array(8_000).fill(new Uint8Array(0)) },
  })),
  "Attach: 2,000,000 empty messages on a stream": frame(1, repeated(empty(1))),
  "Attach: 2,000,000 empty messages, full": frame(2, repeated(empty(1))),
  "Attach: 1 message, 2,000,000 control messages": frame(2, field(1, repeated(empty(3)))),
  "Watch: 700,000 empty interests": watch(() => repeated(field(1, Buffer.from([8, 1, 16, 1])))),
  "Watch: 400,000 interests in a handle": watch((handle) => repeated(interest(handle))),
  "WhoAmI: gzip of 200 MiB": (caller) => async () => {
    const bytes = framed(gzipSync(Buffer.alloc(200 * 1024 * 1024)), 1);
    return (await caller.call("SessionService/WhoAmI", [bytes], { "grpc-encoding": "gzip" })).text;
  },
  "Getaddrinfo: a host of 4 MiB": unary("ResolverService/Getaddrinfo", field(1, text())),
  "InetPton: an address of 4 MiB": unary("ConversionService/InetPton", field(2, text(0x31))),
  "IfNametoindex: a name of 4 MiB": unary("InterfaceService/IfNametoindex", field(1, text())),
  "ExplainPolicy: a permission of 4 MiB": unary("PolicyService/ExplainPolicy", field(1, text())),
  "OpenSession: a name of 4 MiB": unary("SessionService/OpenSession", field(2, text())),
  "Health: a name of 4 MiB": unary("/grpc.health.v1.Health/Check", field(1, text())),
  "Reflection: a name of 4 MiB": unary("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", field(4, text())),
  "WhoAmI: 400 keys of metadata": (caller) => async () => {
    const keys = Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`key-${i}`, "x"]));
    return (await caller.call("SessionService/WhoAmI", [framed(Buffer.alloc(0))], keys)).text;
  },
};

function asked(worker) {
  return new Promise((resolve) => {
    worker.once("message", resolve);
    worker.postMessage("take");
  });
}

/** Returns, for each message, the latencies since the last one. */
async function probe(path) {
  const caller = new Caller(path);
  const request = framed(encoded(GethostnameRequestSchema, {}));
  let samples = [];
  let since = 0;
  parentPort.on("message", () => {
    // A call that is not answered yet counts as well.
    const sorted = [...samples, performance.now() - since].sort((a, b) => a - b);
    const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
    parentPort.postMessage({ p50: at(0.5), p99: at(0.99), most: at(1) });
    samples = [];
  });
  for (;;) {
    since = performance.now();
    await caller.call("HostService/Gethostname", [request]);
    samples.push(performance.now() - since);
    await delay(2);
    since = performance.now();
  }
}

if (!isMainThread) await probe(workerData);
