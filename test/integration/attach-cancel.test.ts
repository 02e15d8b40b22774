import { once } from "node:events";
import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2, constants } from "node:http2";
import { connect as connectTo, createServer, type Socket } from "node:net";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AddressFamily, SocketType } from "../../src/gen/sockbroker/v1/address_pb.js";
import { AdminService } from "../../src/gen/sockbroker/v1/admin_service_pb.js";
import { SessionService } from "../../src/gen/sockbroker/v1/session_service_pb.js";
import { SocketService } from "../../src/gen/sockbroker/v1/socket_service_pb.js";
import {
  ClientFrameSchema,
  type ServerFrame,
  ServerFrameSchema,
} from "../../src/gen/sockbroker/v1/stream_service_pb.js";
import {
  chooseSeed,
  handleOf,
  LOOPBACK,
  portOf,
  type RawClient,
  RawDaemon,
  seeded,
  until,
} from "../support/raw-broker.js";

/*
 * When an attach stream is cancelled, data that was read and not handed over is pushed back to its handle.
 *
 * Data that the transport has taken counts as handed over, so the caller here must know exactly how much that is: it
 * uses plain HTTP/2, with a window that it never extends. The daemon reads ahead up to its limit, and when the window
 * is used up the caller has all data in transit.
 */

const { recv, accept, createServer: listen, socket, bind } = SocketService.method;

let daemon: RawDaemon;
beforeAll(async () => {
  daemon = await RawDaemon.start();
});
afterAll(() => daemon[Symbol.asyncDispose]());

describe("a cancelled attach stream", () => {
  it("returns all data to the socket if the caller took none", async () => {
    await cancelledAfter(0);
  });

  it("loses nothing after what the caller received, wherever the window ended", async () => {
    const seed = chooseSeed();
    const random = seeded(seed);
    for (let round = 0; round < 40; round++) {
      const windowBytes = 1_000 + random(300_000);
      const messageBytes = 1 + random(100_000);
      await cancelledAfter(windowBytes, messageBytes, `seed ${seed}, round ${round}`);
    }
  });

  it("leaves to a duplicate what was not handed over when its handle is closed", async () => {
    await cancelledAfter(50_000, 0, "closed", "close");
  });

  it("returns datagrams whole and in order", async () => {
    using client = daemon.client();
    const { token } = await client.unary(SessionService.method.openSession, {});
    const owner = { token };
    const receiver = await client.unary(socket, { family: AddressFamily.INET, type: SocketType.DGRAM }, owner);
    const handle = handleOf(receiver.socket);
    const bound = await client.unary(bind, { handle, address: LOOPBACK }, owner);
    const address = {
      address: { case: "inet", value: { host: "127.0.0.1", port: portOf(bound.localAddress) } },
    } as const;
    const sender = await client.unary(socket, { family: AddressFamily.INET, type: SocketType.DGRAM }, owner);
    const sizes = Array.from({ length: 60 }, (_, i) => (i * 37) % 400);
    using attach = new NarrowAttach(daemon.path, token, 1_500);
    await attach.start(handle);
    for (const [i, size] of sizes.entries()) {
      const data = Buffer.alloc(size, i);
      await client.unary(SocketService.method.sendto, { handle: handleOf(sender.socket), data, address }, owner);
    }
    await attach.full();
    const arrived = attach
      .cancel()
      .flatMap(({ frame }) => (frame.case === "messages" ? frame.value.messages.map(({ data }) => data) : []));
    await idle(client);
    expect(arrived.length).toBeGreaterThan(0);
    expect(arrived.length).toBeLessThan(sizes.length);
    while (arrived.length < sizes.length) {
      arrived.push((await client.unary(recv, { handle, maxBytes: 1_000n }, owner)).data);
    }
    expect(arrived.map((data) => data.length)).toEqual(sizes);
    expect(arrived.every((data, i) => data.every((byte) => byte === i))).toBe(true);
    await client.unary(SessionService.method.closeSession, {}, owner);
  });

  it("returns connections to the listener: every peer is served", async () => {
    for (const windowBytes of [0, 300, 1_000]) {
      using client = daemon.client();
      const { token } = await client.unary(SessionService.method.openSession, {});
      const owner = { token };
      const listener = await client.unary(listen, { address: LOOPBACK }, owner);
      const handle = handleOf(listener.socket);
      const port = portOf(listener.socket?.localAddress);
      using attach = new NarrowAttach(daemon.path, token, windowBytes);
      await attach.start(handle);
      const peers = Array.from({ length: 40 }, () => connectTo(port, "127.0.0.1"));
      await Promise.all(peers.map((peer) => once(peer, "connect")));
      // Accepted connections count as handles before they are handed over.
      await until("the daemon has accepted all", async () => (await handlesOf(client, owner)) === 1 + peers.length);
      await attach.full();
      const accepted = attach
        .cancel()
        .flatMap(({ frame }) => (frame.case === "accepted" ? [handleOf(frame.value.socket)] : []));
      expect(accepted.length).toBeLessThan(peers.length);
      await idle(client);
      expect(await handlesOf(client, owner)).toBe(1 + accepted.length);
      while (accepted.length < peers.length) {
        accepted.push(handleOf((await client.unary(accept, { handle }, owner)).socket));
      }
      const greeted = Promise.all(peers.map(async (peer) => String((await once(peer, "data"))[0])));
      for (const connection of accepted) {
        await client.unary(
          SocketService.method.sendall,
          { handle: connection, data: Buffer.from(`${connection}`) },
          owner,
        );
      }
      expect((await greeted).sort()).toEqual(accepted.map(String).sort());
      for (const peer of peers) peer.destroy();
      await client.unary(SessionService.method.closeSession, {}, owner);
    }
  });

  it("wakes a waiting accept with a connection that it returns", async () => {
    using client = daemon.client();
    const { token } = await client.unary(SessionService.method.openSession, {});
    const owner = { token };
    const listener = await client.unary(listen, { address: LOOPBACK }, owner);
    const handle = handleOf(listener.socket);
    using attach = new NarrowAttach(daemon.path, token, 0);
    await attach.start(handle);
    const peer = connectTo(portOf(listener.socket?.localAddress), "127.0.0.1");
    await until("the stream has accepted it", async () => (await handlesOf(client, owner)) === 2);
    const waiting = client.unary(accept, { handle }, owner);
    await until("the accept waits", async () => (await client.statistics()).waitingOperations === 1);
    attach.cancel();
    expect(portOf((await waiting).socket?.peerAddress)).toBe(peer.localPort);
    peer.destroy();
  });
});

/** Cancels when the window is used up, and receives the rest: nothing may be missing, and nothing may come twice. */
async function cancelledAfter(
  windowBytes: number,
  maxMessageBytes = 0,
  note = "",
  how: "cancel" | "close" = "cancel",
): Promise<void> {
  using client = daemon.client();
  const { token } = await client.unary(SessionService.method.openSession, {});
  const owner = { token };
  await using peer = await Source.listen(1024 * 1024);
  const made = await client.unary(
    SocketService.method.createConnection,
    { host: "127.0.0.1", destination: { case: "port", value: peer.port } },
    owner,
  );
  let handle = handleOf(made.socket);
  using attach = new NarrowAttach(daemon.path, token, windowBytes);
  await attach.start(handle, maxMessageBytes);
  await attach.full();
  if (how === "close") {
    const duplicate = await client.unary(SocketService.method.dup, { handle }, owner);
    await client.unary(SocketService.method.close, { handle }, owner);
    handle = handleOf(duplicate.socket);
  }
  const arrived = attach.cancel().flatMap(({ frame }) => (frame.case === "data" ? [frame.value] : []));
  await idle(client);
  for (let length = total(arrived); length < peer.data.length; length = total(arrived)) {
    const { data } = await client.unary(recv, { handle, maxBytes: 123_456n }, owner);
    if (data.length === 0) break;
    arrived.push(data);
  }
  const all = Buffer.concat(arrived);
  expect(all.length, note).toBe(peer.data.length);
  expect(all.equals(peer.data), `bytes are in their places (${note})`).toBe(true);
  expect((await client.unary(recv, { handle, maxBytes: 1n }, owner)).data.length, note).toBe(0);
  await client.unary(SessionService.method.closeSession, {}, owner);
}

/** Waits until the daemon has noticed that the attach stream is gone. */
async function idle(client: RawClient): Promise<void> {
  await until("the stream is gone", async () => (await client.statistics()).streams === 0);
}

async function handlesOf(client: RawClient, owner: { readonly token: string }): Promise<number> {
  const { session } = await client.unary(SessionService.method.getSession, {}, owner);
  const { handles } = await client.unary(AdminService.method.listHandles, { sessionId: session?.id ?? "" });
  return handles.length;
}

function total(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.length, 0);
}

/** Sends its data to each client that connects, and then ends the connection. */
class Source implements AsyncDisposable {
  readonly data: Buffer;
  readonly #server = createServer((connection) => {
    this.#connections.push(connection);
    connection.on("error", () => undefined);
    connection.end(this.data);
  });
  readonly #connections: Socket[] = [];

  static async listen(bytes: number): Promise<Source> {
    const source = new Source(bytes);
    source.#server.listen(0, "127.0.0.1");
    await once(source.#server, "listening");
    return source;
  }

  private constructor(bytes: number) {
    this.data = Buffer.alloc(bytes);
    for (let at = 0; at + 4 <= bytes; at += 4) this.data.writeUInt32LE(at, at);
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#connections) connection.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}

/** An attach stream over HTTP/2 whose window is not extended. */
class NarrowAttach implements Disposable {
  readonly #session: ClientHttp2Session;
  readonly #stream: ClientHttp2Stream;
  readonly #windowBytes: number;

  constructor(path: string, token: string, windowBytes: number) {
    this.#windowBytes = windowBytes;
    this.#session = connectHttp2("http://localhost", {
      createConnection: () => connectTo(path),
      settings: { initialWindowSize: windowBytes },
    });
    this.#session.on("error", () => undefined);
    this.#stream = this.#session.request({
      ":method": "POST",
      ":path": "/sockbroker.v1.StreamService/Attach",
      "content-type": "application/grpc",
      te: "trailers",
      "sockbroker-session": token,
    });
    this.#stream.on("error", () => undefined);
  }

  async start(handle: bigint, maxMessageBytes = 0): Promise<void> {
    const message = create(ClientFrameSchema, { frame: { case: "attach", value: { handle, maxMessageBytes } } });
    const bytes = toBinary(ClientFrameSchema, message);
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(bytes.length, 1);
    this.#stream.write(Buffer.concat([prefix, bytes]));
    await once(this.#stream, "response");
  }

  /** Waits until the window is used up. */
  async full(): Promise<void> {
    await until("the window is used up", () => this.#stream.readableLength >= this.#windowBytes);
  }

  /** Cancels the stream, and returns the complete frames that arrived. */
  cancel(): ServerFrame[] {
    this.#stream.close(constants.NGHTTP2_CANCEL);
    const received: Buffer = this.#stream.read() ?? Buffer.alloc(0);
    const frames: ServerFrame[] = [];
    for (let at = 0; at + 5 <= received.length; ) {
      const end = at + 5 + received.readUInt32BE(at + 1);
      if (end > received.length) break;
      frames.push(fromBinary(ServerFrameSchema, received.subarray(at + 5, end)));
      at = end;
    }
    return frames;
  }

  [Symbol.dispose](): void {
    this.#session.destroy();
  }
}
