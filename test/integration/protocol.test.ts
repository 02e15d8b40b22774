/*
 * gRPC over HTTP/2 where clients do not go: what the server half of src/rpc does with requests that are not gRPC, break
 * the protocol or a limit, or end at any moment. Needs no daemon and no policy.
 */

import { once } from "node:events";
import { constants } from "node:http2";
import { connect, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { toBinary } from "@bufbuild/protobuf";
import { BytesValueSchema } from "@bufbuild/protobuf/wkt";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Code } from "../../src/rpc/code.js";
import { Budget } from "../../src/rpc/server/budget.js";
import { ended, framed, HandMadeConnection, prefixOf } from "../support/hand-made-calls.js";
import { FLAG, FRAME, FrameFinder, headerField, http2Frame, PREFACE, uint32 } from "../support/http2-frames.js";
import { InteropServer } from "../support/interop-server.js";
import { until } from "../support/raw-broker.js";

const LIMIT = 100_000;
const INITIAL_WINDOW_SIZE = 4;
const UNARY = "/interop.Test/Unary";
const OUTPUT = "/interop.Test/Output";
const DUPLEX = "/interop.Test/Duplex";
const SLEEP = "/interop.Test/Sleep";

let server: InteropServer;
let connection: HandMadeConnection;
beforeEach(async () => {
  server = await InteropServer.start({ maxRequestBytes: LIMIT, budget: new Budget(3 * LIMIT) });
  connection = new HandMadeConnection(server.path);
});
afterEach(async () => {
  connection[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

function request(value: object, padTo = 0): Buffer {
  const bytes = Buffer.from(JSON.stringify(value).padEnd(padTo));
  return Buffer.from(toBinary(BytesValueSchema, { $typeName: "google.protobuf.BytesValue", value: bytes }));
}

/** Sends frames that no library would. */
class ByFrames {
  readonly socket: Socket;
  /** The types of the frames that it has received. */
  readonly received: number[] = [];

  constructor(path: string, { window = 65_535 } = {}) {
    this.socket = connect(path).on("error", () => undefined);
    const frames = new FrameFinder((type) => this.received.push(type));
    this.socket.on("data", (chunk: Buffer) => frames.feed(chunk));
    this.socket.write(Buffer.concat([PREFACE, http2Frame(FRAME.SETTINGS, 0, 0, initialWindow(window))]));
  }

  open(stream: number, path: string): this {
    const fields = { ":method": "POST", ":scheme": "http", ":path": path, ":authority": "localhost" };
    const all = Object.entries({ ...fields, "content-type": "application/grpc", te: "trailers" });
    return this.#write(FRAME.HEADERS, FLAG.END_HEADERS, stream, Buffer.concat(all.map(([k, v]) => headerField(k, v))));
  }

  send(stream: number, data: Buffer, flags = 0): this {
    return this.#write(FRAME.DATA, flags, stream, data);
  }

  goAway(): this {
    return this.#write(FRAME.GOAWAY, 0, 0, Buffer.concat([uint32(0), uint32(constants.NGHTTP2_NO_ERROR)]));
  }

  reset(stream: number, code: number): this {
    return this.#write(FRAME.RST_STREAM, 0, stream, uint32(code));
  }

  #write(type: number, flags: number, stream: number, payload: Buffer): this {
    this.socket.write(http2Frame(type, flags, stream, payload));
    return this;
  }
}

/** The setting of HTTP/2 windows. */
function initialWindow(bytes: number): Buffer {
  return Buffer.concat([Buffer.of(0, INITIAL_WINDOW_SIZE), uint32(bytes)]);
}

async function statusOf(stream: ReturnType<HandMadeConnection["call"]>): Promise<unknown> {
  const { headers } = await ended(stream);
  return Number(headers["grpc-status"] ?? Number.NaN);
}

/** Nothing is left of earlier calls, and others are served. */
async function servesOn(): Promise<void> {
  await until("no call is open", () => server.seen.open === 0);
  expect(server.budget.isIdle).toBe(true);
  using other = new HandMadeConnection(server.path);
  const stream = other.call(UNARY);
  stream.end(framed(request({ size: 3 })));
  expect(await statusOf(stream)).toBe(Code.OK);
}

describe("a request that is not gRPC", () => {
  it.each([
    ["text/html", 415],
    ["application/grpc-web", 415],
    ["application/grpcx", 415],
    ["application/grpc+proto", 200],
    ["application/grpc;charset=utf-8", 200],
    ["Application/GRPC", 200],
  ])("of the type %s is answered by %i", async (type, status) => {
    const stream = connection.call(UNARY, { "content-type": type });
    stream.end(framed(request({})));
    expect((await ended(stream)).headers[":status"]).toBe(status);
  });

  it("is refused if it is not a POST", async () => {
    for (const method of ["GET", "PUT", "HEAD", "OPTIONS"]) {
      const stream = connection.call(UNARY, { ":method": method });
      stream.end();
      expect((await ended(stream)).headers[":status"]).toBe(405);
    }
    await servesOn();
  });

  it.each(["/", "/x", "//", "/interop.Test", "/interop.Test/", "/interop.Test/Unary/more", "/interop.Test/toString"])(
    "of the path %s is unimplemented",
    async (path) => {
      const stream = connection.call(path);
      stream.end();
      expect(await statusOf(stream)).toBe(Code.UNIMPLEMENTED);
    },
  );
});

describe("a unary request", () => {
  it.each([
    ["without a message", Buffer.alloc(0)],
    ["with two messages", Buffer.concat([framed(request({})), framed(request({}))])],
  ])("%s is unimplemented", async (_, body) => {
    const stream = connection.call(UNARY);
    stream.end(body);
    expect(await statusOf(stream)).toBe(Code.UNIMPLEMENTED);
    expect(server.seen.messages).toBe(0);
  });

  it("is answered in its order of header fields, and by one message", async () => {
    const stream = connection.call(UNARY);
    stream.end(framed(request({ size: 3 })));
    const { headers, body } = await ended(stream);
    expect(headers).toMatchObject({
      ":status": 200,
      "content-type": "application/grpc",
      "grpc-accept-encoding": "identity,deflate,gzip",
      "grpc-status": "0",
    });
    expect(body).toEqual(framed(Buffer.of(0x0a, 3, 0, 0, 0)));
  });

  it("that ends within its prefix or its message is an error", async () => {
    for (const body of [Buffer.alloc(3), prefixOf(10), framed(request({})).subarray(0, -1)]) {
      const stream = connection.call(UNARY);
      stream.end(body);
      expect(await statusOf(stream)).toBe(Code.INTERNAL);
    }
    await servesOn();
  });
});

describe("a message", () => {
  it("that is too long is refused by its prefix, and the caller is told to send no more", async () => {
    for (const path of [UNARY, DUPLEX]) {
      const stream = connection.call(path);
      stream.write(prefixOf(LIMIT + 1));
      const { headers, rstCode } = await ended(stream);
      expect(headers["grpc-status"]).toBe(String(Code.RESOURCE_EXHAUSTED));
      expect(rstCode).toBe(constants.NGHTTP2_NO_ERROR);
    }
    await servesOn();
  });

  it("with a flag that does not exist, or that is compressed without saying how, is an error", async () => {
    for (const message of [framed(request({}), 2), framed(gzipSync(request({})), 1)]) {
      const stream = connection.call(DUPLEX);
      stream.write(message);
      expect(await statusOf(stream)).toBe(Code.INTERNAL);
    }
    await servesOn();
  });

  it("of an unknown encoding is refused, and the caller learns of those that are known", async () => {
    const stream = connection.call(UNARY, { "grpc-encoding": "constructor" });
    stream.end(framed(request({}), 1));
    const { headers } = await ended(stream);
    expect(headers).toMatchObject({ "grpc-status": String(Code.UNIMPLEMENTED), "grpc-accept-encoding": /gzip/ });
  });

  it("that is not compressed is read whatever the encoding", async () => {
    const stream = connection.call(UNARY, { "grpc-encoding": "gzip" });
    stream.end(framed(request({})));
    expect(await statusOf(stream)).toBe(Code.OK);
  });

  it("that decompresses to more than the limit, or to nothing, is refused", async () => {
    const bomb = gzipSync(Buffer.alloc(LIMIT + 1));
    for (const [message, code] of [
      [bomb, Code.RESOURCE_EXHAUSTED],
      [gzipSync(Buffer.alloc(100 * 2 ** 20)), Code.RESOURCE_EXHAUSTED],
      [Buffer.from("no gzip"), Code.INTERNAL],
      [Buffer.alloc(0), Code.INTERNAL],
    ] as const) {
      const stream = connection.call(DUPLEX, { "grpc-encoding": "gzip" });
      stream.write(framed(message, 1));
      expect(await statusOf(stream)).toBe(code);
    }
    await servesOn();
  });

  it("in one byte at a time arrives", async () => {
    const stream = connection.call(UNARY);
    for (const byte of framed(request({ size: 1 }))) stream.write(Buffer.of(byte));
    stream.end();
    expect(await statusOf(stream)).toBe(Code.OK);
  });
});

describe("a deadline", () => {
  it("that is invalid ends the call", async () => {
    const stream = connection.call(SLEEP, { "grpc-timeout": "soon" });
    expect(await statusOf(stream)).toBe(Code.INTERNAL);
  });

  it("that has passed ends the call, and its handler is told", async () => {
    for (const timeout of ["0m", "50m"]) {
      const stream = connection.call(SLEEP, { "grpc-timeout": timeout });
      expect(await statusOf(stream)).toBe(Code.DEADLINE_EXCEEDED);
    }
    await servesOn();
  });

  it("ends a call whose caller reads nothing", async () => {
    using deaf = new HandMadeConnection(server.path, { initialWindowSize: 0 });
    const stream = deaf.call(DUPLEX, { "grpc-timeout": "100m" });
    stream.write(framed(request({ size: 50_000 })));
    await once(stream, "close");
    expect(stream.rstCode).toBe(constants.NGHTTP2_CANCEL);
    await servesOn();
  });
});

describe("memory of unfinished messages", () => {
  it("is never more than the budget, and all calls that finish are served", async () => {
    const message = framed(request({ size: 1 }, LIMIT - 10));
    const streams = Array.from({ length: 50 }, () => connection.call(UNARY));
    for (const stream of streams) stream.write(message.subarray(0, 20_000));
    await until("memory is granted", () => server.budget.granted > 2 * LIMIT);
    expect(server.budget.granted).toBeLessThanOrEqual(server.budget.limit);
    // Another connection has a budget of its own in the daemon; here it is the same.
    const statuses = streams.map((stream) => statusOf(stream));
    for (const stream of streams) stream.end(message.subarray(20_000));
    expect(await Promise.all(statuses)).toEqual(streams.map(() => Code.OK));
    expect(server.budget.isIdle).toBe(true);
  });

  it("is given back when streams are reset, and when the connection breaks", async () => {
    for (const end of ["reset", "break"]) {
      using caller = new HandMadeConnection(server.path);
      const streams = Array.from({ length: 20 }, () => caller.call(DUPLEX));
      for (const stream of streams) stream.write(prefixOf(LIMIT));
      await until("memory is granted", () => server.budget.granted > 0);
      if (end === "reset") for (const stream of streams) stream.close(constants.NGHTTP2_CANCEL);
      else caller.session.destroy();
      await until("it is given back", () => server.budget.isIdle);
    }
    await servesOn();
  });

  it("for decompression is in the budget too", async () => {
    const message = framed(gzipSync(request({ size: 1 }, LIMIT - 10)), 1);
    const streams = Array.from({ length: 20 }, () => connection.call(UNARY, { "grpc-encoding": "gzip" }));
    const statuses = streams.map((stream) => statusOf(stream));
    for (const stream of streams) stream.end(message);
    expect(await Promise.all(statuses)).toEqual(streams.map(() => Code.OK));
    await servesOn();
  });
});

describe("a caller", () => {
  it("that resets calls at any moment leaves nothing behind", async () => {
    const message = framed(request({ size: 2_000 }));
    for (let round = 0; round < 60; round++) {
      const stream = connection.call([UNARY, DUPLEX, SLEEP][round % 3] ?? UNARY);
      stream.write(message.subarray(0, round % message.length));
      for (let turns = round % 7; turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
      if (round % 2 === 0) stream.write(message.subarray(round % message.length));
      stream.close(constants.NGHTTP2_CANCEL);
    }
    await servesOn();
  });

  it("that resets a call, or loses its connection, has not half-closed", async () => {
    for (const end of [constants.NGHTTP2_CANCEL, constants.NGHTTP2_NO_ERROR, "connection"] as const) {
      const caller = new ByFrames(server.path);
      caller.open(1, UNARY).send(1, framed(request({})));
      caller.open(3, DUPLEX).send(3, framed(request({})));
      await until("both are read", () => server.seen.messages > 0);
      if (end === "connection") caller.socket.destroy();
      else caller.reset(1, end).reset(3, end);
      await until("the calls are over", () => server.seen.open === 0);
      expect(server.seen.messages).toBe(1);
      server.seen.messages = 0;
      caller.socket.destroy();
    }
    await servesOn();
  });

  it.each([constants.NGHTTP2_CANCEL, constants.NGHTTP2_NO_ERROR])(
    "that resets calls by code %i ends them, also while nothing of them is read or written",
    async (code) => {
      const caller = new ByFrames(server.path, { window: 0 });
      const unread = framed(request({ size: 50_000 }));
      caller.open(1, DUPLEX).send(1, unread).open(5, DUPLEX);
      caller.send(5, Buffer.concat([unread, framed(request({ status: { code: Code.ABORTED, message: "" } }))]));
      await until("they are answered", () => server.seen.messages === 3);
      const all = server.budget.reserve(server.budget.limit, () => undefined);
      caller.open(7, DUPLEX).send(7, Buffer.concat([prefixOf(LIMIT), Buffer.alloc(1_000)]));
      await until("all are open", () => server.seen.open === 3);
      caller.reset(1, code).reset(5, code).reset(7, code);
      await until("they are over", () => server.seen.open === 0);
      all.release();
      caller.socket.destroy();
      await servesOn();
    },
  );

  it("that sends GOAWAY still gets the answers to its calls", async () => {
    const caller = new ByFrames(server.path);
    const closed = once(caller.socket, "close");
    caller.open(1, DUPLEX).send(1, framed(request({})));
    await until("it is answered", () => server.seen.messages === 1);
    caller.goAway();
    await until("the server goes too", () => caller.received.includes(FRAME.GOAWAY));
    caller.send(1, framed(request({})), FLAG.END_STREAM);
    await closed;
    expect(caller.received.filter((type) => type === FRAME.DATA)).toHaveLength(2);
    await servesOn();
  });

  it("that pings without end is sent away with a reason", async () => {
    const socket = connect(server.path);
    await once(socket, "connect");
    socket.on("error", () => undefined);
    let received = 0;
    let last = "";
    socket.on("data", (chunk: Buffer) => {
      received += chunk.length;
      last = (last + chunk.toString("latin1")).slice(-1_000);
    });
    const settings = Buffer.of(0, 0, 0, 4, 0, 0, 0, 0, 0);
    const ping = Buffer.concat([Buffer.of(0, 0, 8, 6, 0, 0, 0, 0, 0), Buffer.alloc(8)]);
    socket.write(Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), settings]));
    // So many that the answers to all are sent: nghttp2 ends a connection with more than a thousand unsent ones.
    for (let sent = 0; !socket.destroyed; sent += 500) {
      socket.write(Buffer.alloc(ping.length * 500, ping));
      await until("they are answered", () => socket.destroyed || received >= (sent + 500) * ping.length);
    }
    expect(last).toContain("too_many_pings");
    await servesOn();
  });

  it("has header fields of at most 16 KiB", async () => {
    // The limit holds once the client has acknowledged the server's settings.
    const first = connection.call(UNARY);
    first.end(framed(request({})));
    await ended(first);
    const stream = connection.call(UNARY, { "x-long": "x".repeat(20_000) });
    stream.end(framed(request({})));
    expect((await ended(stream)).rstCode).not.toBe(0);
    await servesOn();
  });
});

describe("the end of the server", () => {
  it("lets running calls end within the grace, refuses new ones, and ends the others after it", async () => {
    const [running, hanging] = [connection.call(DUPLEX), connection.call(SLEEP)];
    await Promise.all([once(running, "response"), once(hanging, "response")]);
    const goaway = once(connection.session, "goaway");
    server.rpc.drain(500);
    expect((await goaway)[0]).toBe(constants.NGHTTP2_NO_ERROR);
    const status = statusOf(running);
    running.end(framed(request({ size: 1 })));
    expect(await status).toBe(Code.OK);
    await once(hanging, "close");
    await until("the connection is closed", () => server.connections === 0);
    expect(server.seen.open).toBe(0);
  });

  it("waits for a caller that reads slowly, and not for one that reads nothing", async () => {
    const body = framed(request({ sizes: Array.from({ length: 40 }, () => 50_000) }));
    const [slow, deaf] = [connection.call(OUTPUT), new ByFrames(server.path, { window: 0 })];
    deaf.open(1, DUPLEX).send(1, framed(request({ size: 50_000 })));
    slow.on("data", () => {
      slow.pause();
      setTimeout(() => slow.resume(), 10);
    });
    slow.end(body);
    await once(slow, "response");
    await until("the other is answered", () => server.seen.messages === 1);
    const deafEnd = once(deaf.socket, "close");
    server.rpc.drain(200);
    expect(await statusOf(slow)).toBe(Code.OK);
    await deafEnd;
  });
});
