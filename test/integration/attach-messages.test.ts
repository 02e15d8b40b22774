import { createSocket, type Socket as Datagrams, type RemoteInfo } from "node:dgram";
import { once } from "node:events";
import { connect as connectTo } from "node:net";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AddressFamily, SocketType } from "../../src/gen/sockbroker/v1/address_pb.js";
import { SocketService } from "../../src/gen/sockbroker/v1/socket_service_pb.js";
import {
  AttachError_Activity,
  type IncomingMessage,
  type OutgoingMessageSchema,
  StreamService,
} from "../../src/gen/sockbroker/v1/stream_service_pb.js";
import {
  frame,
  handleOf,
  inet,
  LOOPBACK,
  portOf,
  type RawClient,
  RawDaemon,
  RawError,
  type RawStream,
  symbolOf,
  until,
} from "../support/raw-broker.js";

/* Attach on datagram, seqpacket and listening sockets, with the built-in policy. */

type Attach = RawStream<typeof StreamService.method.attach>;

const SOL_IP = 0;
const IP_TOS = 1;
const IP_RECVTOS = 13;
const SOL_SOCKET = 1;
const MSG_DONTWAIT = 0x40;
const SO_RCVBUF = 8;
const SO_RXQ_OVFL = 40;
const MSG_FASTOPEN = 0x2000_0000;
const SCM_RIGHTS = 1;
const MSG_TRUNC = 0x20;
const MSG_CTRUNC = 0x08;
const { socket, socketpair, bind, recvmsg, sendto, setsockopt, createServer, accept } = SocketService.method;

let daemon: RawDaemon;
beforeAll(async () => {
  daemon = await RawDaemon.start();
});
afterAll(() => daemon[Symbol.asyncDispose]());

describe("datagrams", () => {
  it("keep their boundaries and senders, also empty ones", async () => {
    using client = daemon.client();
    const { handle, port } = await boundDatagram(client);
    await using first = await Sender.bind();
    await using second = await Sender.bind();
    using stream = await client.attach({ handle });
    const sizes = [1, 0, 1400, 0, 7, 60_000, 2];
    for (const [i, size] of sizes.entries()) await (i % 2 === 0 ? first : second).send(Buffer.alloc(size, i), port);
    const messages = await incoming(stream, sizes.length);
    const bySender = (sender: Sender) => messages.filter(({ address }) => portOf(address) === sender.port);
    expect(bySender(first).map(({ data }) => data.length)).toEqual(sizes.filter((_, i) => i % 2 === 0));
    expect(bySender(second).map(({ data }) => data.length)).toEqual(sizes.filter((_, i) => i % 2 === 1));
    expect(messages.every(({ data, lengthBytes }) => lengthBytes === BigInt(data.length))).toBe(true);
    expect(messages.every(({ ancillaryData }) => ancillaryData.length === 0)).toBe(true);
  });

  it("that the kernel dropped are not counted in messages for either of two streams on duplicates", async () => {
    using client = daemon.client();
    const { handle, port } = await boundDatagram(client);
    await client.unary(setsockopt, { handle, ...option(SOL_SOCKET, SO_RCVBUF, 2_048) });
    await using sender = await Sender.bind();
    for (let i = 0; i < 50; i++) await sender.send(Buffer.alloc(500), port);
    const duplicate = handleOf((await client.unary(SocketService.method.dup, { handle })).socket);
    const shown = async () => {
      const { value } = await client.unary(SocketService.method.getsockopt, {
        handle,
        level: SOL_SOCKET,
        name: SO_RXQ_OVFL,
      });
      return value?.value.value;
    };
    const start = { receiveOnly: true, maxAncillaryBytes: 1_000 };
    using first = await client.attach({ handle, ...start });
    using second = await client.attach({ handle: duplicate, ...start });
    const messages: IncomingMessage[] = [];
    const read = async (stream: Attach): Promise<void> => {
      for (let next = await stream.next(); next !== null; next = await stream.next()) {
        if (next.frame.case === "messages") messages.push(...next.frame.value.messages);
      }
    };
    const [firstRead, secondRead] = [read(first), read(second)];
    await until("the first ones are received", () => messages.length > 0);
    first.halfClose();
    await firstRead;
    expect(await shown()).toBe(1);
    await sender.send(Buffer.from("last"), port);
    await until("the last one is received", () => messages.some(({ data }) => data.length === 4));
    second.halfClose();
    await secondRead;
    expect(await shown()).toBe(0);
    expect(messages.flatMap(({ ancillaryData }) => ancillaryData)).toEqual([]);
  });

  it.each([0, 20, 40_000])("that are small share frames, whatever their maximum size: %i bytes", async (limit) => {
    using client = daemon.client();
    const { handle, port } = await boundDatagram(client);
    await using sender = await Sender.bind();
    for (let i = 0; i < 100; i++) await sender.send(Buffer.from(`${i}`), port);
    using stream = await client.attach({ handle, maxMessageBytes: limit });
    const { messages } = await frame(stream, "messages");
    expect(messages.map(({ data }) => Number(Buffer.from(data)))).toEqual([...Array(messages.length).keys()]);
    expect(messages.length).toBeGreaterThanOrEqual(60);
    const rest = await incoming(stream, 100 - messages.length);
    expect(Number(Buffer.from(rest.at(-1)?.data ?? []))).toBe(99);
  });

  it("report their real length when they are truncated", async () => {
    using client = daemon.client();
    const { handle, port } = await boundDatagram(client);
    await using sender = await Sender.bind();
    using stream = await client.attach({ handle, maxMessageBytes: 10 });
    await sender.send(Buffer.from("0123456789abcdef"), port);
    await sender.send(Buffer.from("0123456789"), port);
    const [cut, whole] = await incoming(stream, 2);
    expect(Buffer.from(cut?.data ?? []).toString()).toBe("0123456789");
    expect(cut?.lengthBytes).toBe(16n);
    expect((cut?.flags ?? 0) & MSG_TRUNC).toBe(MSG_TRUNC);
    expect(whole?.lengthBytes).toBe(10n);
    expect((whole?.flags ?? 0) & MSG_TRUNC).toBe(0);
  });

  it("are sent one by one, each to its own address", async () => {
    using client = daemon.client();
    const { handle, port } = await boundDatagram(client);
    await using first = await Sender.bind();
    await using second = await Sender.bind();
    using stream = await client.attach({ handle });
    await stream.write(
      outgoing(
        { data: Buffer.from("one"), address: inet(first.port) },
        { data: Buffer.from("two"), address: inet(second.port) },
        { data: new Uint8Array(0), address: inet(first.port) },
        { data: Buffer.from("four"), address: inet(first.port) },
      ),
    );
    await stream.write({ frame: { case: "sync", value: { id: 1n } } });
    const synced = await frame(stream, "synced");
    expect([synced.sentMessages, synced.sentBytes]).toEqual([4n, 10n]);
    await until("all arrive", () => first.received.length === 3 && second.received.length === 1);
    expect(first.received.map(({ data }) => data.toString())).toEqual(["one", "", "four"]);
    expect(second.received.map(({ data }) => data.toString())).toEqual(["two"]);
    expect(first.received[0]?.from.port).toBe(port);
  });

  it("that the kernel refuses are reported by their number, and later ones are sent", async () => {
    using client = daemon.client();
    const { handle } = await boundDatagram(client);
    await using receiver = await Sender.bind();
    using stream = await client.attach({ handle });
    const address = inet(receiver.port);
    await stream.write(
      outgoing(
        { data: Buffer.from("a"), address },
        { data: Buffer.alloc(65_535), address },
        { data: Buffer.from("b") },
        { data: Buffer.from("c"), address },
      ),
    );
    await stream.write({ frame: { case: "sync", value: { id: 1n } } });
    const errors = [await frame(stream, "error"), await frame(stream, "error")];
    expect(errors.map(({ status }) => symbolOfStatus(status))).toEqual(["EMSGSIZE", "EDESTADDRREQ"]);
    expect(errors.map(({ sentMessages }) => sentMessages)).toEqual([2n, 3n]);
    expect(errors.every(({ final, activity }) => !final && activity === AttachError_Activity.SEND)).toBe(true);
    expect((await frame(stream, "synced")).sentMessages).toBe(4n);
    await until("both arrive", () => receiver.received.length === 2);
    expect(receiver.received.map(({ data }) => data.toString())).toEqual(["a", "c"]);
  });

  it("use the options that were set before them, but not those set after them", async () => {
    using client = daemon.client();
    const { handle } = await boundDatagram(client);
    const receiver = await boundDatagram(client);
    await client.unary(setsockopt, { handle: receiver.handle, ...option(SOL_IP, IP_RECVTOS, 1) });
    using stream = await client.attach({ handle, sendOnly: true });
    const address = inet(receiver.port);
    const classes = Array.from({ length: 32 }, (_, i) => i * 4);
    for (const tos of classes) {
      void stream.write({ frame: { case: "setsockopt", value: option(SOL_IP, IP_TOS, tos) } });
      void stream.write(outgoing({ data: Buffer.of(tos), address }));
    }
    using arriving = await client.attach({ handle: receiver.handle, receiveOnly: true, maxAncillaryBytes: 64 });
    const messages = await incoming(arriving, classes.length);
    const seen = messages.map(({ data, ancillaryData }) => [data[0], ancillaryData[0]?.view.value]);
    expect(seen).toEqual(classes.map((tos) => [tos, BigInt(tos)]));
  });

  it("that the kernel dropped are counted where they are missing", async () => {
    using client = daemon.client();
    const { handle, port } = await boundDatagram(client);
    await client.unary(setsockopt, { handle, ...option(SOL_SOCKET, SO_RCVBUF, 4_096) });
    const sender = await client.unary(socket, { family: AddressFamily.INET, type: SocketType.DGRAM });
    const send = (data: Uint8Array) =>
      client.unary(sendto, { handle: handleOf(sender.socket), data, address: inet(port) });
    for (let i = 0; i < 100; i++) await send(Buffer.alloc(500));
    using stream = await client.attach({ handle, maxAncillaryBytes: 64 });
    const kept: IncomingMessage[] = [];
    const take = async (): Promise<bigint | null> => {
      const next = await stream.next();
      if (next?.frame.case === "dropped") return next.frame.value.total;
      if (next?.frame.case === "messages") kept.push(...next.frame.value.messages);
      return null;
    };
    // First the messages dropped before the last one that was kept, then the others.
    let dropped: bigint | null = null;
    while (kept.length + Number(dropped ?? 0) < 100) dropped = (await take()) ?? dropped;
    await send(Buffer.from("last"));
    while (kept.at(-1)?.data.length !== 4) await take();
    expect(Number(dropped)).toBeGreaterThan(0);
    expect(kept.length - 1 + Number(dropped)).toBe(100);
    expect(kept.every(({ ancillaryData }) => ancillaryData.length === 0)).toBe(true);
  });

  it("that the kernel dropped are reported once, by the next stream, and drops between two streams by the second", async () => {
    using client = daemon.client();
    const { handle, port } = await boundDatagram(client);
    await client.unary(setsockopt, { handle, ...option(SOL_SOCKET, SO_RCVBUF, 2_048) });
    const sender = await client.unary(socket, { family: AddressFamily.INET, type: SocketType.DGRAM });
    const burst = async () => {
      for (let i = 0; i < 50; i++) {
        await client.unary(sendto, { handle: handleOf(sender.socket), data: Buffer.alloc(500), address: inet(port) });
      }
    };
    /** All messages of a stream, and the number of messages it reports as dropped. */
    const attached = async (of: bigint) => {
      using stream = await client.attach({ handle: of });
      await stream.write({ frame: { case: "detach", value: {} } });
      const seen = { kept: 0, count: 0, total: 0 };
      for (const { frame } of await stream.rest()) {
        if (frame.case === "messages") seen.kept += frame.value.messages.length;
        if (frame.case !== "dropped") continue;
        seen.count += Number(frame.value.count);
        seen.total = Number(frame.value.total);
      }
      // Data that this stream did not read does not belong to the next one.
      for (;;) {
        const more = client.unary(SocketService.method.recv, { handle, maxBytes: 1n, flags: MSG_DONTWAIT });
        if ((await symbolOf(more)) !== "ok") return seen;
        seen.kept += 1;
      }
    };
    const twin = handleOf((await client.unary(SocketService.method.dup, { handle })).socket);
    await burst();
    const first = await attached(handle);
    expect(first.count).toBeGreaterThan(0);
    expect([first.kept + first.count, first.total]).toEqual([50, first.count]);
    expect(await attached(handle)).toEqual({ kept: 0, count: 0, total: 0 });
    expect(await attached(twin)).toEqual({ kept: 0, count: 0, total: 0 });
    await burst();
    const second = await attached(twin);
    expect([second.kept + second.count, second.total]).toEqual([50, first.count + second.count]);
    expect(await attached(handle)).toEqual({ kept: 0, count: 0, total: 0 });
  });

  it.each(["detach", "close", "half-close", "sync", "nothing, but time"])(
    "that the kernel dropped at the end of a burst are counted after %s",
    async (end) => {
      using client = daemon.client();
      const { handle, port } = await boundDatagram(client);
      await client.unary(setsockopt, { handle, ...option(SOL_SOCKET, SO_RCVBUF, 2_048) });
      using stream = await client.attach({ handle });
      const sender = handleOf(
        (await client.unary(socket, { family: AddressFamily.INET, type: SocketType.DGRAM })).socket,
      );
      using sending = await client.attach({ handle: sender, sendOnly: true });
      const address = inet(port);
      // One frame: the daemon does not read while it sends.
      await sending.write(outgoing(...Array.from({ length: 600 }, () => ({ data: Buffer.alloc(500), address }))));
      await sending.write({ frame: { case: "sync", value: { id: 1n } } });
      await frame(sending, "synced");
      if (end === "detach") await stream.write({ frame: { case: "detach", value: {} } });
      if (end === "close") await stream.write({ frame: { case: "close", value: {} } });
      if (end === "half-close") stream.halfClose();
      if (end === "sync") await stream.write({ frame: { case: "sync", value: { id: 2n } } });
      let kept = 0;
      let counts = 0n;
      let total = 0n;
      while (kept + Number(counts) < 600) {
        const next = await stream.next();
        if (next === null || next.frame.case === "detached") break;
        if (next.frame.case === "messages") kept += next.frame.value.messages.length;
        if (next.frame.case !== "dropped") continue;
        counts += next.frame.value.count;
        ({ total } = next.frame.value);
      }
      // Data that was not read before the stream ended is still available, unless the socket was closed.
      while (end !== "close" && kept + Number(counts) < 600) {
        await client.unary(SocketService.method.recv, { handle, maxBytes: 1n, flags: MSG_DONTWAIT });
        kept += 1;
      }
      expect(total).toBe(counts);
      if (end === "close") expect(Number(counts)).toBeGreaterThan(500);
      else expect(kept + Number(counts)).toBe(600);
      expect(kept).toBeLessThan(100);
    },
  );

  it("continue after a refused connection, which is a single error", async () => {
    using client = daemon.client();
    const { handle, port } = await boundDatagram(client);
    await using vanished = await Sender.bind();
    const free = vanished.port;
    await vanished[Symbol.asyncDispose]();
    await client.unary(SocketService.method.connectTo, { handle, address: inet(free) });
    using stream = await client.attach({ handle });
    await stream.write(outgoing({ data: Buffer.from("anybody there?") }));
    const error = await frame(stream, "error");
    expect(symbolOfStatus(error.status)).toBe("ECONNREFUSED");
    expect(error.final).toBe(false);

    await using peer = await Sender.bind(free);
    await stream.write(outgoing({ data: Buffer.from("and now?") }));
    await until("it arrives", () => peer.received.length === 1);
    await peer.send(Buffer.from("yes"), port);
    const [answer] = await incoming(stream, 1);
    expect(Buffer.from(answer?.data ?? []).toString()).toBe("yes");
  });

  it("carry handles, and report when some did not fit", async () => {
    using client = daemon.client();
    const pair = await client.unary(socketpair, { family: AddressFamily.UNIX, type: SocketType.DGRAM });
    const [here, there] = [handleOf(pair.first), handleOf(pair.second)];
    const passed = await client.unary(socketpair, {});
    using stream = await client.attach({ handle: here, maxAncillaryBytes: 20 });
    using sending = await client.attach({ handle: there, sendOnly: true });
    const rights = (...handles: bigint[]) => ({
      level: SOL_SOCKET,
      type: SCM_RIGHTS,
      view: { case: "rights" as const, value: { handles } },
    });
    await sending.write(
      outgoing(
        { data: Buffer.from("one"), ancillaryData: [rights(handleOf(passed.first))] },
        { data: Buffer.from("two"), ancillaryData: [rights(handleOf(passed.first), handleOf(passed.second))] },
      ),
    );
    const messages = await incoming(stream, 2);
    const handles = messages.map(({ ancillaryData }) =>
      ancillaryData.flatMap(({ view }) => (view.case === "rights" ? view.value.handles : [])),
    );
    expect(handles.map((list) => list.length)).toEqual([1, 1]);
    expect(messages.map(({ flags }) => flags & MSG_CTRUNC)).toEqual([0, MSG_CTRUNC]);
    // The new handle refers to the same socket.
    const [copy = 0n] = handles[0] ?? [];
    await client.unary(SocketService.method.sendall, { handle: copy, data: Buffer.from("through the copy") });
    const read = await client.unary(recvmsg, { handle: handleOf(passed.second), maxBytes: 100n });
    expect(Buffer.from(read.data).toString()).toBe("through the copy");
  });
});

describe("a SOCK_SEQPACKET socket", () => {
  it("keeps message boundaries, and has an end", async () => {
    using client = daemon.client();
    const pair = await client.unary(socketpair, { family: AddressFamily.UNIX, type: SocketType.SEQPACKET });
    using receiving = await client.attach({ handle: handleOf(pair.first) });
    using sending = await client.attach({ handle: handleOf(pair.second), sendOnly: true });
    await sending.write(outgoing({ data: Buffer.from("one") }, { data: Buffer.from("three") }));
    await sending.write({ frame: { case: "close", value: {} } });
    const messages = await incoming(receiving, 2);
    expect(messages.map(({ data }) => data.length)).toEqual([3, 5]);
    await frame(receiving, "endOfData");
  });

  it("distinguishes an empty message from the end", async () => {
    using client = daemon.client();
    const pair = await client.unary(socketpair, { family: AddressFamily.UNIX, type: SocketType.SEQPACKET });
    using receiving = await client.attach({ handle: handleOf(pair.first) });
    using sending = await client.attach({ handle: handleOf(pair.second), sendOnly: true });
    const [none, some] = [{ data: Buffer.alloc(0) }, { data: Buffer.from("some") }];
    await sending.write(outgoing(none, none, some, none));
    expect((await incoming(receiving, 4)).map(({ data }) => data.length)).toEqual([0, 0, 4, 0]);
    await sending.write(outgoing(none));
    expect((await incoming(receiving, 1)).map(({ data }) => data.length)).toEqual([0]);
    await sending.write({ frame: { case: "close", value: {} } });
    await frame(receiving, "endOfData");
  });
});

describe("a message with MSG_FASTOPEN", () => {
  it("waits for its connection, and arrives", async () => {
    using client = daemon.client();
    const { socket: listener } = await client.unary(createServer, { address: LOOPBACK });
    const { socket: opened } = await client.unary(socket, {});
    using stream = await client.attach({ handle: handleOf(opened), sendOnly: true });
    const address = inet(portOf(listener?.localAddress));
    await stream.write(outgoing({ data: Buffer.from("fast"), address, flags: MSG_FASTOPEN }));
    await stream.write({ frame: { case: "sync", value: { id: 1n } } });
    const synced = await frame(stream, "synced");
    expect([synced.sentMessages, synced.sentBytes]).toEqual([1n, 4n]);
    const { socket: peer } = await client.unary(accept, { handle: handleOf(listener) });
    const received = await client.unary(recvmsg, { handle: handleOf(peer), maxBytes: 10n });
    expect(Buffer.from(received.data).toString()).toBe("fast");
  });
});

describe("a listener", () => {
  it("delivers connections as frames with both addresses, each with a handle", async () => {
    using client = daemon.client();
    const made = await client.unary(createServer, { address: LOOPBACK });
    const port = portOf(made.socket?.localAddress);
    const stream = client.bidi(StreamService.method.attach);
    await stream.write({ frame: { case: "attach", value: { handle: handleOf(made.socket) } } });
    expect((await frame(stream, "attached")).listening).toBe(true);
    const peers = Array.from({ length: 50 }, () => connectTo(port, "127.0.0.1"));
    const oneEnds = Promise.race(peers.map((peer) => once(peer.resume(), "end")));
    const handles: bigint[] = [];
    for (const _ of peers) {
      const { socket: accepted } = await frame(stream, "accepted");
      expect(portOf(accepted?.localAddress)).toBe(port);
      expect(peers.map((peer) => peer.localPort)).toContain(portOf(accepted?.peerAddress));
      handles.push(handleOf(accepted));
    }
    expect(new Set(handles).size).toBe(50);
    using last = await client.attach({ handle: handles.at(-1) ?? 0n });
    await last.write({ frame: { case: "close", value: {} } });
    await last.rest();
    await oneEnds;
    for (const peer of peers) peer.destroy();
    stream.cancel();
  });

  it("keeps connections that arrive without a stream for the next accept", async () => {
    using client = daemon.client();
    const made = await client.unary(createServer, { address: LOOPBACK });
    const handle = handleOf(made.socket);
    const port = portOf(made.socket?.localAddress);
    using stream = await client.attach({ handle });
    await stream.write({ frame: { case: "detach", value: {} } });
    expect((await stream.rest()).map((message) => message.frame.case)).toEqual(["detached"]);
    const peers = [connectTo(port, "127.0.0.1"), connectTo(port, "127.0.0.1")];
    await client.unary(accept, { handle });
    using again = await client.attach({ handle });
    await frame(again, "accepted");
    for (const peer of peers) peer.destroy();
  });
});

/** A datagram socket of this process. */
class Sender implements AsyncDisposable {
  readonly #socket: Datagrams;
  readonly received: { readonly data: Buffer; readonly from: RemoteInfo }[] = [];
  #closed = false;

  static async bind(port = 0): Promise<Sender> {
    const sender = new Sender();
    sender.#socket.bind(port, "127.0.0.1");
    await once(sender.#socket, "listening");
    return sender;
  }

  private constructor() {
    this.#socket = createSocket("udp4", (data, from) => this.received.push({ data, from }));
  }

  get port(): number {
    return this.#socket.address().port;
  }

  send(data: Buffer, port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.send(data, port, "127.0.0.1", (error) => (error === null ? resolve() : reject(error)));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
    await once(this.#socket, "close");
  }
}

async function boundDatagram(client: RawClient): Promise<{ handle: bigint; port: number }> {
  const made = await client.unary(socket, { family: AddressFamily.INET, type: SocketType.DGRAM });
  const handle = handleOf(made.socket);
  const { localAddress } = await client.unary(bind, { handle, address: LOOPBACK });
  return { handle, port: portOf(localAddress) };
}

async function incoming(stream: Attach, count: number): Promise<IncomingMessage[]> {
  const messages: IncomingMessage[] = [];
  while (messages.length < count) messages.push(...(await frame(stream, "messages")).messages);
  return messages;
}

function outgoing(...messages: MessageInitShape<typeof OutgoingMessageSchema>[]) {
  return { frame: { case: "messages", value: { messages } } } as const;
}

function option(level: number, name: number, value: number) {
  return { level, name, value: { value: { case: "integer", value } } } as const;
}

function symbolOfStatus(status: RawError["status"] | undefined): string {
  return status === undefined ? "no status" : new RawError(status).symbol;
}
