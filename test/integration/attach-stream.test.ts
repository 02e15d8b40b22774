import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SocketType } from "../../src/gen/sockbroker/v1/address_pb.js";
import { AdminService } from "../../src/gen/sockbroker/v1/admin_service_pb.js";
import { SessionService } from "../../src/gen/sockbroker/v1/session_service_pb.js";
import { SocketService } from "../../src/gen/sockbroker/v1/socket_service_pb.js";
import { AttachError_Activity, type StreamService } from "../../src/gen/sockbroker/v1/stream_service_pb.js";
import {
  connectedTo,
  frame,
  handleOf,
  type RawClient,
  RawDaemon,
  RawError,
  type RawStream,
  symbolOf,
  until,
} from "../support/raw-broker.js";

/*
 * Attach on stream sockets, with the built-in policy: the daemon's own user may do everything. The peers are sockets of
 * this process.
 */

type Attach = RawStream<typeof StreamService.method.attach>;

const SHUT_WR = 1;
const IPPROTO_TCP = 6;
const TCP_USER_TIMEOUT = 18;
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const TEN_MEGABYTES = 10 * 1024 * 1024;
const { recv, getsockopt, setsockopt, sendall } = SocketService.method;

let daemon: RawDaemon;
beforeAll(async () => {
  daemon = await RawDaemon.start();
});
afterAll(() => daemon[Symbol.asyncDispose]());

describe("a daemon that drains", () => {
  it("reports where sending stopped when the grace period is over", async () => {
    await using mortal = await RawDaemon.start();
    using client = mortal.client();
    const { first } = await client.unary(SocketService.method.socketpair, {});
    using stream = await client.attach({ handle: handleOf(first) });
    void stream.write({ frame: { case: "data", value: Buffer.alloc(1_000_000) } });
    await until("the socket is full", async () => (await client.statistics()).waitingOperations === 1);
    await client.unary(AdminService.method.drain, { grace: { seconds: 0n, nanos: 1_000_000 } });
    const { activity, final, sentBytes } = await frame(stream, "error");
    expect({ activity, final }).toEqual({ activity: AttachError_Activity.SEND, final: true });
    expect(sentBytes).toBeGreaterThan(0n);
    expect(sentBytes).toBeLessThan(1_000_000n);
    expect(await symbolOf(stream.next())).toBe("DRAINING");
  });
});

describe("half-close", () => {
  it("delivers ten megabytes from the peer after the caller shut down writing", async () => {
    await using peer = await Peer.listen();
    using client = daemon.client();
    const handle = await connectedTo(client, peer.port);
    const socket = await peer.accept();
    using stream = await client.attach({ handle });

    await stream.write({ frame: { case: "data", value: Buffer.from("request") } });
    await stream.write({ frame: { case: "shutdown", value: { how: SHUT_WR } } });
    expect((await readAll(socket)).toString()).toBe("request");
    const reply = pattern(TEN_MEGABYTES);
    socket.end(reply);

    const { data, end } = await received(stream);
    expect(end?.case).toBe("endOfData");
    expect(sha256(data)).toBe(sha256(reply));
    expect(data.length).toBe(TEN_MEGABYTES);
  });

  it("continues to send ten megabytes after the peer shut down writing", async () => {
    await using peer = await Peer.listen();
    using client = daemon.client();
    const handle = await connectedTo(client, peer.port);
    const socket = await peer.accept();
    using stream = await client.attach({ handle });

    socket.end("request");
    const { data, end } = await received(stream);
    expect(data.toString()).toBe("request");
    expect(end?.case).toBe("endOfData");

    const reply = pattern(TEN_MEGABYTES);
    const arriving = readAll(socket);
    for (let at = 0; at < reply.length; at += 65_536) {
      await stream.write({ frame: { case: "data", value: reply.subarray(at, at + 65_536) } });
    }
    await stream.write({ frame: { case: "close", value: {} } });
    expect(sha256(await arriving)).toBe(sha256(reply));
    expect(await stream.next()).toBeNull();
  });

  it("keeps the socket open when the caller ends the stream, and the peer notices nothing", async () => {
    await using peer = await Peer.listen();
    using client = daemon.client();
    const handle = await connectedTo(client, peer.port);
    const socket = await peer.accept();
    const stream = await client.attach({ handle });
    stream.halfClose();
    expect((await stream.rest()).map((message) => message.frame.case)).toEqual(["detached"]);

    socket.write("still there");
    expect(text((await client.unary(recv, { handle, maxBytes: 100n })).data)).toBe("still there");
    await client.unary(sendall, { handle, data: Buffer.from("so am I") });
    await until("the answer arrives", () => socket.bytesRead > 0);
    expect(text(socket.read())).toBe("so am I");
    expect(socket.readableEnded).toBe(false);
  });
});

describe("the end of a connection", () => {
  it("comes after earlier frames have been performed, even if the socket is full", async () => {
    using client = daemon.client();
    for (const kind of ["data", "messages"] as const) {
      const { first, second } = await client.unary(SocketService.method.socketpair, {
        type: kind === "data" ? SocketType.STREAM : SocketType.SEQPACKET,
      });
      using stream = await client.attach({ handle: handleOf(first), sendOnly: true });
      const chunks = Array.from({ length: 40 }, (_, i) => Buffer.alloc(50_000, i));
      for (const chunk of chunks) {
        void stream.write({
          frame:
            kind === "data" ? { case: kind, value: chunk } : { case: kind, value: { messages: [{ data: chunk }] } },
        });
      }
      stream.halfClose();
      await until("the socket is full", async () => (await client.statistics()).waitingOperations === 1);
      const received: Uint8Array[] = [];
      for (let left = 2_000_000; left > 0; left -= received.at(-1)?.length ?? 0) {
        received.push((await client.unary(recv, { handle: handleOf(second), maxBytes: 50_000n })).data);
      }
      expect(sha256(Buffer.concat(received))).toBe(sha256(Buffer.concat(chunks)));
      expect(await frame(stream, "detached")).toMatchObject({
        sentBytes: 2_000_000n,
        sentMessages: kind === "data" ? 0n : 40n,
      });
      expect(await stream.next()).toBeNull();
    }
  });

  it("by a FIN is the end of data", async () => {
    await using peer = await Peer.listen();
    using client = daemon.client();
    const handle = await connectedTo(client, peer.port);
    (await peer.accept()).end();
    using stream = await client.attach({ handle });
    await frame(stream, "endOfData");
    expect((await client.unary(recv, { handle, maxBytes: 1n })).data.length).toBe(0);
  });

  it("by an RST is ECONNRESET, after the data that came before it", async () => {
    await using peer = await Peer.listen();
    using client = daemon.client();
    const handle = await connectedTo(client, peer.port);
    const socket = await peer.accept();
    using stream = await client.attach({ handle });
    socket.write("last words");
    expect(text(await frame(stream, "data"))).toBe("last words");
    socket.resetAndDestroy();
    const error = await frame(stream, "error");
    expect(error.activity).toBe(AttachError_Activity.RECEIVE);
    expect(error.final).toBe(true);
    expect(symbolOfStatus(error.status)).toBe("ECONNRESET");
  });

  it("by a peer that acknowledges nothing is ETIMEDOUT", async () => {
    await using peer = await Peer.listen({ paused: true });
    using client = daemon.client();
    const handle = await connectedTo(client, peer.port);
    await peer.accept();
    await setInteger(client, handle, IPPROTO_TCP, TCP_USER_TIMEOUT, 200);
    using stream = await client.attach({ handle });
    void stream.write({ frame: { case: "data", value: new Uint8Array(1024 * 1024) } });
    for (let i = 0; i < 15; i++) void stream.write({ frame: { case: "data", value: new Uint8Array(1024 * 1024) } });
    const error = await frame(stream, "error");
    expect(symbolOfStatus(error.status)).toBe("ETIMEDOUT");
    expect(error.final).toBe(true);
  });

  it("reports where sending stopped, and drops later frames", async () => {
    await using peer = await Peer.listen();
    using client = daemon.client();
    const handle = await connectedTo(client, peer.port);
    const socket = await peer.accept();
    using stream = await client.attach({ handle, sendOnly: true });
    await stream.write({ frame: { case: "data", value: Buffer.from("four") } });
    await stream.write({ frame: { case: "sync", value: { id: 1n } } });
    expect((await frame(stream, "synced")).sentBytes).toBe(4n);
    await until("the four bytes arrive", () => socket.bytesRead === 4);
    socket.resetAndDestroy();
    await until("the reset arrives", async () => (await stateOf(client, handle)) !== "ESTAB");

    await stream.write({ frame: { case: "data", value: Buffer.from("lost") } });
    await stream.write({ frame: { case: "data", value: Buffer.from("dropped") } });
    await stream.write({ frame: { case: "sync", value: { id: 2n } } });
    const error = await frame(stream, "error");
    expect(error.activity).toBe(AttachError_Activity.SEND);
    expect(error.sentBytes).toBe(4n);
    expect(error.final).toBe(true);
    expect(["EPIPE", "ECONNRESET"]).toContain(symbolOfStatus(error.status));
    expect((await frame(stream, "synced")).sentBytes).toBe(4n);
  });
});

describe("backpressure", () => {
  it("stops a peer whose data is not read, and loses nothing", async () => {
    await using peer = await Peer.listen();
    using client = daemon.client();
    const handle = await connectedTo(client, peer.port);
    const socket = await peer.accept();
    using stream = await client.attach({ handle });
    const data = pattern(64 * 1024 * 1024);
    const before = await client.statistics();
    socket.end(data);
    await until("the kernel's buffer fills", async () => (await queuesOf(client, handle)).receiveQueue > 0n);
    const taken = await settled(async () => (await queuesOf(client, handle)).receivedBytes);
    // The daemon's own window, HTTP/2's, and what lies between: a small part of the peer's data.
    expect(taken).toBeLessThan(2n * 1024n * 1024n);
    expect(socket.writableLength).toBeGreaterThan(32 * 1024 * 1024);
    expect(await grownMegabytes(client, before)).toBeLessThan(32);

    const { data: arrived, end } = await received(stream);
    expect(end?.case).toBe("endOfData");
    expect(sha256(arrived)).toBe(sha256(data));
  });

  it("stops a caller whose peer does not read, and loses nothing", async () => {
    await using peer = await Peer.listen({ paused: true });
    using client = daemon.client();
    const handle = await connectedTo(client, peer.port);
    const socket = await peer.accept();
    await setInteger(client, handle, SOL_SOCKET, SO_SNDBUF, 65_536);
    using stream = await client.attach({ handle });
    const data = pattern(64 * 1024 * 1024);
    const before = await client.statistics();
    let written = 0;
    const writing = (async () => {
      for (; written < data.length; written += 65_536) {
        await stream.write({ frame: { case: "data", value: data.subarray(written, written + 65_536) } });
      }
      await stream.write({ frame: { case: "shutdown", value: { how: SHUT_WR } } });
    })();
    await until("the daemon waits for room", async () => (await queuesOf(client, handle)).sendQueue > 0n);
    const stalledAt = await settled(async () => BigInt(written));
    expect(stalledAt).toBeLessThan(32n * 1024n * 1024n);
    expect(await grownMegabytes(client, before)).toBeLessThan(32);

    const arriving = readAll(socket);
    await writing;
    expect(sha256(await arriving)).toBe(sha256(data));
  });

  it("in one direction does not affect the other", async () => {
    await using peer = await Peer.listen({ paused: true });
    using client = daemon.client();
    const handle = await connectedTo(client, peer.port);
    const socket = await peer.accept();
    using stream = await client.attach({ handle });
    for (let i = 0; i < 256; i++) void stream.write({ frame: { case: "data", value: new Uint8Array(65_536) } });
    await until("sending waits", async () => (await client.statistics()).waitingOperations > 0);
    const reply = pattern(4 * 1024 * 1024);
    socket.end(reply);
    const { data, end } = await received(stream);
    expect(end?.case).toBe("endOfData");
    expect(sha256(data)).toBe(sha256(reply));
  });
});

describe("detaching", () => {
  it("loses nothing: the next receive returns the next byte, again and again", async () => {
    await using peer = await Peer.listen();
    using client = daemon.client();
    const handle = await connectedTo(client, peer.port);
    const socket = await peer.accept();
    const data = pattern(16 * 1024 * 1024);
    socket.end(data);
    const arrived: Uint8Array[] = [];
    let rounds = 0;
    for (let ended = false; !ended; rounds++) {
      using stream = await client.attach({ handle, maxMessageBytes: 10_000 });
      for (let i = 0; i < 3 && !ended; i++) {
        const message = await stream.next();
        if (message?.frame.case === "data") arrived.push(message.frame.value);
        else ended = true;
      }
      await stream.write({ frame: { case: "detach", value: {} } });
      const rest = await stream.rest();
      for (const message of rest) if (message.frame.case === "data") arrived.push(message.frame.value);
      ended ||= rest.some((message) => message.frame.case === "endOfData");
      if (!ended) arrived.push((await client.unary(recv, { handle, maxBytes: 77_777n })).data);
    }
    expect(rounds).toBeGreaterThan(3);
    expect(sha256(Buffer.concat(arrived))).toBe(sha256(data));
  });
});

describe("a second stream in the same direction", () => {
  it("is refused with HANDLE_BUSY until the first one has ended", async () => {
    await using peer = await Peer.listen();
    using client = daemon.client();
    const handle = await connectedTo(client, peer.port);
    await peer.accept();
    const first = await client.attach({ handle });
    expect(await symbolOf(client.attach({ handle }))).toBe("HANDLE_BUSY");
    expect(await symbolOf(client.attach({ handle, sendOnly: true }))).toBe("HANDLE_BUSY");
    expect(await symbolOf(client.attach({ handle, receiveOnly: true }))).toBe("HANDLE_BUSY");
    first.halfClose();
    await first.rest();

    using sender = await client.attach({ handle, sendOnly: true });
    using receiver = await client.attach({ handle, receiveOnly: true });
    expect(await symbolOf(client.attach({ handle, sendOnly: true }))).toBe("HANDLE_BUSY");
    await sender.write({ frame: { case: "sync", value: { id: 7n } } });
    expect((await frame(sender, "synced")).id).toBe(7n);
    await receiver.write({ frame: { case: "data", value: Buffer.from("x") } });
    expect(await symbolOf(receiver.next())).toBe("MALFORMED_REQUEST");
  });
});

describe("a control frame between data frames", () => {
  it("sets an option after the earlier data was sent, and reports an error of the kernel", async () => {
    await using peer = await Peer.listen();
    using client = daemon.client();
    const handle = await connectedTo(client, peer.port);
    const socket = await peer.accept();
    using stream = await client.attach({ handle });
    await stream.write({ frame: { case: "data", value: Buffer.from("before") } });
    await stream.write({ frame: { case: "setsockopt", value: option(IPPROTO_TCP, TCP_USER_TIMEOUT, 5_000) } });
    await stream.write({ frame: { case: "setsockopt", value: option(IPPROTO_TCP, 9_999, 1) } });
    await stream.write({ frame: { case: "data", value: Buffer.from(" after") } });
    await stream.write({ frame: { case: "sync", value: { id: 3n } } });
    const error = await frame(stream, "error");
    expect(error.activity).toBe(AttachError_Activity.CONTROL);
    expect(symbolOfStatus(error.status)).toBe("ENOPROTOOPT");
    expect(error.sentBytes).toBe(6n);
    expect(error.final).toBe(false);
    expect((await frame(stream, "synced")).sentBytes).toBe(12n);
    const { value } = await client.unary(getsockopt, { handle, level: IPPROTO_TCP, name: TCP_USER_TIMEOUT });
    expect(value?.value).toEqual({ case: "integer", value: 5_000 });
    await until("all arrives", () => socket.bytesRead === 12);
  });

  it("for another handle is refused", async () => {
    await using peer = await Peer.listen();
    using client = daemon.client();
    const handle = await connectedTo(client, peer.port);
    using stream = await client.attach({ handle });
    await stream.write({
      frame: { case: "setsockopt", value: { ...option(SOL_SOCKET, SO_SNDBUF, 1), handle: handle + 1n } },
    });
    expect(symbolOfStatus((await frame(stream, "error")).status)).toBe("MALFORMED_REQUEST");
  });

  it("closes the handle after the earlier data was sent, and ends the stream with OK", async () => {
    await using peer = await Peer.listen();
    using client = daemon.client();
    const handle = await connectedTo(client, peer.port);
    const arriving = peer.accept().then(readAll);
    using stream = await client.attach({ handle });
    const data = pattern(4 * 1024 * 1024);
    for (let at = 0; at < data.length; at += 65_536) {
      await stream.write({ frame: { case: "data", value: data.subarray(at, at + 65_536) } });
    }
    await stream.write({ frame: { case: "close", value: {} } });
    expect(await stream.rest()).toEqual([]);
    expect(sha256(await arriving)).toBe(sha256(data));
    expect(await symbolOf(client.unary(recv, { handle, maxBytes: 1n }))).toBe("HANDLE_NOT_FOUND");
  });

  it("fails with HANDLE_NOT_FOUND after another caller closed the handle", async () => {
    await using peer = await Peer.listen();
    using client = daemon.client();
    const handle = await connectedTo(client, peer.port);
    using stream = await client.attach({ handle });
    await client.unary(SocketService.method.close, { handle });
    expect(await symbolOf(stream.rest())).toBe("HANDLE_NOT_FOUND");
  });
});

/** A listener of this process. */
class Peer implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets: Socket[] = [];
  #taken = 0;

  static async listen(options: { readonly paused?: boolean } = {}): Promise<Peer> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: options.paused === true });
    const peer = new Peer(server, options.paused === true);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return peer;
  }

  private constructor(server: Server, paused: boolean) {
    this.#server = server;
    server.on("connection", (socket) => {
      socket.on("error", () => undefined);
      // Read into the stream's own buffer and no further: the end of the connection is noticed, and no data is lost.
      if (!paused) socket.on("readable", () => undefined);
      this.#sockets.push(socket);
    });
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  async accept(): Promise<Socket> {
    await until("a connection comes", () => this.#sockets.length > this.#taken);
    const socket = this.#sockets[this.#taken];
    this.#taken += 1;
    if (socket === undefined) throw new Error("no connection");
    return socket;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}

async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.removeAllListeners("readable");
  socket.on("data", (chunk) => chunks.push(chunk));
  socket.resume();
  await once(socket, "end");
  return Buffer.concat(chunks);
}

/** Data frames up to the next frame of another kind. */
async function received(stream: Attach): Promise<{ data: Buffer; end: { case: string | undefined } | undefined }> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const message = await stream.next();
    if (message?.frame.case !== "data") return { data: Buffer.concat(chunks), end: message?.frame };
    chunks.push(message.frame.value);
  }
}

async function queuesOf(client: RawClient, handle: bigint) {
  const { session } = await client.unary(SessionService.method.getSession, {});
  const { handles } = await client.unary(AdminService.method.listHandles, { sessionId: session?.id ?? "" });
  const found = handles.find((info) => info.socket?.handle === handle);
  if (found === undefined) throw new Error(`no handle ${handle}`);
  return found;
}

async function stateOf(client: RawClient, handle: bigint): Promise<string> {
  return (await queuesOf(client, handle)).state;
}

/** Waits until a number no longer changes, and returns it: ten equal values in a row. */
async function settled(look: () => Promise<bigint>): Promise<bigint> {
  let last = await look();
  let same = 0;
  await until("it settles", async () => {
    await delay(10);
    const now = await look();
    same = now === last ? same + 1 : 0;
    last = now;
    return same === 10;
  });
  return last;
}

async function grownMegabytes(client: RawClient, before: { readonly residentBytes: bigint }): Promise<number> {
  return Number((await client.statistics()).residentBytes - before.residentBytes) / 2 ** 20;
}

function setInteger(client: RawClient, handle: bigint, level: number, name: number, value: number) {
  return client.unary(setsockopt, { ...option(level, name, value), handle });
}

function option(level: number, name: number, value: number) {
  return { level, name, value: { value: { case: "integer", value } } } as const;
}

function symbolOfStatus(status: RawError["status"] | undefined): string {
  return status === undefined ? "no status" : new RawError(status).symbol;
}

function pattern(length: number): Buffer {
  const data = Buffer.allocUnsafe(length);
  for (let at = 0; at + 4 <= length; at += 4) data.writeUInt32LE((at * 2_654_435_761) >>> 0, at);
  return data;
}

function sha256(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

function text(data: Uint8Array): string {
  return Buffer.from(data).toString();
}
