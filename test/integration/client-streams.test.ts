/* Iteration, Duplex, web streams and attachments. Needs `npm run build`. */

import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer as createTcp, type Socket as NetSocket } from "node:net";
import { Duplex, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { describe, expect, test } from "vitest";
import { type Accepted, type Broker, connect, type Frame, type Socket, SocketError } from "../../src/client/index.js";
import { beforeTests, internetAddress, rejection, tcpPair } from "../support/client.js";
import type { Daemon } from "../support/daemon.js";

let daemon: Daemon;
let broker: Broker;
beforeTests((started) => {
  ({ daemon, broker } = started);
});

/** A peer outside the daemon: Node's own socket, connected to a socket of the daemon. */
async function withPeer(use: (socket: Socket, peer: NetSocket) => Promise<void>): Promise<void> {
  const server = createTcp({ allowHalfOpen: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const [[peer], socket] = (await Promise.all([
    once(server, "connection"),
    broker.createConnection({ host: "127.0.0.1", port: address.port }),
  ])) as [[NetSocket], Socket];
  peer.on("error", () => undefined);
  try {
    await use(socket, peer);
  } finally {
    peer.destroy();
    server.close();
    await socket.close();
  }
}

/** Unlike node:stream/consumers, does not destroy a duplex at the end of its readable half. */
async function readToEnd(readable: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  readable.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(readable, "end");
  return Buffer.concat(chunks);
}

const TEN_MB = 10 * 1024 * 1024;

function pattern(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at += 4) bytes.writeUInt32LE((Math.imul(at, 2654435761) + seed) >>> 0, at);
  return bytes;
}

const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

describe("iteration", () => {
  test("over a stream returns chunks until the end", async () => {
    await using pair = await tcpPair(broker);
    await pair.client.sendall(Buffer.from("to the end"));
    await pair.client.shutdown(1);
    const chunks: Buffer[] = [];
    for await (const chunk of pair.server) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).toBe("to the end");
  });

  test("over a listener returns sockets, loses none when it is left, and ends when the listener is closed", async () => {
    await using listener = await broker.createServer({ host: "127.0.0.1", port: 0 });
    const address = await internetAddress(listener);
    const made = await Promise.all(Array.from({ length: 3 }, () => broker.createConnection(address)));
    for await (const { socket, address: peer } of listener.connections()) {
      expect(peer).toMatchObject({ family: "inet", host: "127.0.0.1" });
      await socket.close();
      break;
    }
    let count = 1;
    for await (const accepted of listener) {
      await (accepted as Accepted).socket.close();
      count += 1;
      if (count === 3) void listener.close();
    }
    expect(count).toBe(3);
    await Promise.all(made.map((socket) => socket.close()));
  });

  test("over a datagram socket returns messages, also empty ones", async () => {
    await using receiver = await broker.socket(2, 2);
    await receiver.bind({ host: "127.0.0.1", port: 0 });
    await using sender = await broker.socket(2, 2);
    await sender.connect(await internetAddress(receiver));
    for (const text of ["a", "", "b"]) await sender.send(Buffer.from(text));
    const texts: string[] = [];
    for await (const { data } of receiver.messages()) {
      texts.push(data.toString());
      if (texts.length === 3) break;
    }
    expect(texts).toEqual(["a", "", "b"]);
  });

  test("over SOCK_SEQPACKET ends with the connection", async () => {
    const { AF_UNIX, SOCK_SEQPACKET } = broker.constants;
    const [a, b] = await broker.socketpair(AF_UNIX, SOCK_SEQPACKET);
    await a.send(Buffer.from("one"));
    await a.send(Buffer.from("two"));
    await a.close();
    const texts: string[] = [];
    for await (const message of b) texts.push((message as { data: Buffer }).data.toString());
    expect(texts).toEqual(["one", "two"]);
    await b.close();
  });

  test("throws errors", async () => {
    await using pair = await tcpPair(broker);
    await pair.client.setsockopt(1, broker.constants.SO_LINGER, { on: true, seconds: 0 });
    await pair.client.close();
    await expect(pair.server.chunks().next()).rejects.toMatchObject({ code: "ECONNRESET" });
  });
});

describe("duplex", () => {
  test("transfers 10 MB in each direction after the other side's FIN", () =>
    withPeer(async (socket, peer) => {
      const request = pattern(TEN_MB, 1);
      const answer = pattern(TEN_MB, 2);
      const duplex = socket.duplex();
      const received = readToEnd(duplex);
      // The peer answers only after it has read the end of file, so the answer arrives at a half-closed socket.
      const heard = readToEnd(peer).then((bytes) => {
        peer.end(answer);
        return bytes;
      });
      duplex.end(request);
      expect(digest(await heard)).toBe(digest(request));
      expect(digest(await received)).toBe(digest(answer));
      if (!duplex.closed) await once(duplex, "close");
      expect(socket.closed).toBe(true);
    }));

  test("continues to send 10 MB after the peer's FIN", () =>
    withPeer(async (socket, peer) => {
      const data = pattern(TEN_MB, 3);
      const duplex = socket.duplex();
      const heard = readToEnd(peer);
      peer.end("that was all");
      expect((await readToEnd(duplex)).toString()).toBe("that was all");
      expect(duplex.writable).toBe(true);
      duplex.end(data);
      expect(digest(await heard)).toBe(digest(data));
    }));

  test("preserves the order of many small writes", () =>
    withPeer(async (socket, peer) => {
      const heard = readToEnd(peer);
      const duplex = socket.duplex();
      let expected = "";
      for (let index = 0; index < 5000; index++) {
        duplex.write(`${index},`);
        expected += `${index},`;
      }
      duplex.end();
      expect((await heard).toString()).toBe(expected);
      peer.end();
      duplex.resume();
      await once(duplex, "close");
    }));

  test("a reader that stops reading stops the sender", () =>
    withPeer(async (socket, peer) => {
      const duplex = socket.duplex();
      const chunk = Buffer.alloc(64 * 1024, 7);
      let written = 0;
      const total = 64 * 1024 * 1024;
      const writing = (async () => {
        while (written < total) {
          written += chunk.length;
          if (!peer.write(chunk)) await once(peer, "drain");
        }
        peer.end();
      })();
      // Nothing is read, so the amount written stops at the capacity of the buffers in between.
      await standstill(() => peer.bytesWritten - peer.writableLength);
      expect(written).toBeLessThan(total / 2);
      // Another handle of the same connection is not affected.
      await using pair = await tcpPair(broker);
      await pair.client.sendall(Buffer.from("alive"));
      expect((await pair.server.recv(5)).toString()).toBe("alive");
      let read = 0;
      for await (const part of duplex) read += (part as Buffer).length;
      await writing;
      expect(read).toBe(total);
      duplex.end();
    }));

  test("a peer that stops reading stops the writer", () =>
    withPeer(async (socket, peer) => {
      peer.pause();
      const duplex = socket.duplex();
      const chunk = Buffer.alloc(64 * 1024, 7);
      const total = 64 * 1024 * 1024;
      let written = 0;
      const writing = (async () => {
        while (written < total) {
          written += chunk.length;
          if (!duplex.write(chunk)) await once(duplex, "drain");
        }
        duplex.end();
      })();
      await standstill(() => written);
      expect(written).toBeLessThan(total / 2);
      let read = 0;
      peer.on("data", (part: Buffer) => {
        read += part.length;
      });
      peer.resume();
      await Promise.all([writing, once(peer, "end")]);
      expect(read).toBe(total);
    }));

  test("a reset is an error with its code", () =>
    withPeer(async (socket, peer) => {
      const duplex = socket.duplex();
      duplex.resume();
      const failed = once(duplex, "error");
      peer.resetAndDestroy();
      const [error] = (await failed) as [SocketError];
      expect(error).toBeInstanceOf(SocketError);
      expect(error.code).toBe("ECONNRESET");
      if (!duplex.closed) await once(duplex, "close");
      expect(socket.closed).toBe(true);
    }));

  test("destroy closes the socket, or detaches", () =>
    withPeer(async (socket, peer) => {
      let heard = "";
      peer.on("data", (chunk: Buffer) => {
        heard += chunk.toString();
      });
      const ended = once(peer, "end");
      const first = socket.duplex({ onDestroy: "detach" });
      await new Promise<void>((resolve) => {
        first.write("one", () => resolve());
      });
      if (heard === "") await once(peer, "data");
      first.destroy();
      await once(first, "close");
      expect(socket.closed).toBe(false);
      await socket.sendall(Buffer.from("two"));
      const second = socket.duplex();
      second.destroy();
      await Promise.all([once(second, "close"), ended]);
      expect(heard).toBe("onetwo");
      expect(socket.closed).toBe(true);
    }));

  test("a duplex that leaves the socket open leaves its unread data to the next receive", () =>
    withPeer(async (socket, peer) => {
      const data = Buffer.alloc(3_000_000);
      for (let at = 0; at < data.length; at += 4) data.writeUInt32LE(at, at);
      peer.end(data);
      const parts: Buffer[] = [];
      for (let round = 0; round < 6; round++) {
        const duplex = socket.duplex({ onDestroy: "detach" });
        await once(duplex, "readable");
        parts.push(duplex.read(1000 + round) as Buffer);
        duplex.destroy();
        await once(duplex, "close");
        parts.push(await socket.recv(100));
      }
      for (let part = await socket.recv(65536); part.length > 0; part = await socket.recv(65536)) parts.push(part);
      expect(Buffer.concat(parts).equals(data)).toBe(true);
    }));

  test("an abort destroys it", () =>
    withPeer(async (socket) => {
      const aborter = new AbortController();
      const duplex = socket.duplex({ signal: aborter.signal });
      const failed = once(duplex, "error");
      aborter.abort();
      expect((await failed)[0]).toMatchObject({ name: "AbortError" });
    }));

  test("works in a pipeline", () =>
    withPeer(async (socket, peer) => {
      peer.pipe(peer);
      const data = pattern(1024 * 1024, 4);
      const chunks: Buffer[] = [];
      const duplex = socket.duplex();
      await pipeline([data], duplex, async (source) => {
        for await (const chunk of source) chunks.push(chunk as Buffer);
      });
      expect(digest(Buffer.concat(chunks))).toBe(digest(data));
    }));

  test("requires an open stream socket", async () => {
    await using dgram = await broker.socket(2, 2);
    expect(() => dgram.duplex()).toThrow(TypeError);
    const socket = await broker.socket();
    await socket.close();
    const duplex = socket.duplex();
    expect((await once(duplex, "error"))[0]).toMatchObject({ code: "EBADF" });
  });

  test("ends when the broker is closed", async () => {
    const other = await connect(daemon.endpoint);
    const pair = await tcpPair(other);
    const duplex = pair.client.duplex();
    duplex.resume();
    await once(duplex, "resume");
    const over = once(duplex, "close").catch((error: unknown) => error);
    duplex.on("error", () => undefined);
    await other.close();
    await over;
    expect(duplex.destroyed).toBe(true);
  });
});

describe("web streams", () => {
  test("preserve half-close in both directions", () =>
    withPeer(async (socket, peer) => {
      const { readable, writable } = socket.webStreams();
      const data = pattern(1024 * 1024, 5);
      const heard = readToEnd(peer).then((bytes) => {
        peer.end(bytes);
        return bytes;
      });
      const writer = writable.getWriter();
      await writer.write(data);
      await writer.close();
      expect(digest(await heard)).toBe(digest(data));
      const parts: Uint8Array[] = [];
      for await (const part of readable) parts.push(part);
      expect(digest(Buffer.concat(parts))).toBe(digest(data));
    }));

  test("stop the sender when nobody reads", () =>
    withPeer(async (socket, peer) => {
      const { readable, writable } = socket.webStreams();
      const total = 32 * 1024 * 1024;
      peer.end(Buffer.alloc(total, 1));
      await standstill(() => peer.bytesWritten - peer.writableLength);
      expect(peer.writableFinished).toBe(false);
      let read = 0;
      for await (const part of readable) read += part.length;
      expect(read).toBe(total);
      await writable.close();
      expect(socket.closed).toBe(true);
    }));

  test("close the socket when one is cancelled or aborted", async () => {
    await withPeer(async (socket, peer) => {
      peer.resume();
      await socket.webStreams().readable.cancel();
      expect(socket.closed).toBe(true);
      if (!peer.readableEnded) await once(peer, "end");
    });
    await withPeer(async (socket) => {
      const { readable, writable } = socket.webStreams({ onDestroy: "detach" });
      await writable.abort();
      expect(socket.closed).toBe(false);
      await readable.cancel();
      await socket.sendall(Buffer.from("still open"));
    });
  });

  test("fail with the signal's reason", () =>
    withPeer(async (socket) => {
      const aborter = new AbortController();
      const { readable, writable } = socket.webStreams({ signal: aborter.signal });
      const reading = rejection(readable.getReader().read());
      const reason = new Error("enough");
      aborter.abort(reason);
      expect(await reading).toBe(reason);
      expect(await rejection(writable.getWriter().write(Buffer.from("x")))).toBe(reason);
    }));

  test("fail with the peer's reset", () =>
    withPeer(async (socket, peer) => {
      const { readable, writable } = socket.webStreams();
      writable.getWriter().closed.catch(() => undefined);
      const reading = rejection(readable.getReader().read());
      peer.resetAndDestroy();
      expect(await reading).toMatchObject({ code: "ECONNRESET" });
    }));
});

describe("attachments", () => {
  const collect = async (frames: AsyncIterable<Frame>): Promise<Frame[]> => {
    const all: Frame[] = [];
    for await (const frame of frames) all.push(frame);
    return all;
  };

  test("perform frames in order, and report what the kernel took", async () => {
    await using pair = await tcpPair(broker);
    await using attachment = await pair.client.attach();
    const { IPPROTO_TCP, TCP_NODELAY, SHUT_WR } = broker.constants;
    const frames = collect(attachment);
    await attachment.write(Buffer.from("before"));
    await attachment.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);
    await attachment.write(Buffer.from("after"));
    expect(await attachment.sync()).toMatchObject({ sentBytes: 11 });
    await attachment.shutdown(SHUT_WR);
    const texts: Buffer[] = [];
    for await (const chunk of pair.server.chunks()) texts.push(chunk);
    expect(Buffer.concat(texts).toString()).toBe("beforeafter");
    expect(await pair.client.getsockopt(IPPROTO_TCP, TCP_NODELAY)).toBe(1);
    await pair.server.sendall(Buffer.from("answer"));
    await pair.server.close();
    const detached = await attachment.detach();
    expect(detached.sentBytes).toBe(11);
    expect((await frames).map(({ type }) => type)).toEqual(expect.arrayContaining(["synced", "data", "detached"]));
  });

  test("of datagram sockets transfer batches of messages, and an invalid message stops none of the others", async () => {
    await using receiver = await broker.socket(2, 2);
    await receiver.bind({ host: "127.0.0.1", port: 0 });
    await using sender = await broker.socket(2, 2);
    const address = { family: "inet", ...(await internetAddress(receiver)) } as const;
    await using out = await sender.attach({ direction: "send" });
    await using incoming = await receiver.attach({ direction: "receive", maxMessageBytes: 4 });
    await out.sendMessages([
      { data: Buffer.from("one"), address },
      { data: Buffer.from("nowhere") },
      { data: Buffer.from("three"), address },
    ]);
    const failure = await out.read();
    expect(failure).toMatchObject({ type: "error", activity: "send", final: false, sentMessages: 2 });
    const messages: string[] = [];
    while (messages.length < 2) {
      const frame = await incoming.read();
      if (frame?.type !== "messages") throw new Error(`unexpected ${frame?.type}`);
      for (const { data, length } of frame.messages) messages.push(`${data.toString()}/${length}`);
    }
    expect(messages).toEqual(["one/3", "thre/5"]);
  });

  test("of listeners deliver connections", async () => {
    await using listener = await broker.createServer({ host: "127.0.0.1", port: 0 });
    await using attachment = await listener.attach();
    expect(attachment.listening).toBe(true);
    await using client = await broker.createConnection(await internetAddress(listener));
    const frame = await attachment.read();
    if (frame?.type !== "accepted") throw new Error(`unexpected ${frame?.type}`);
    await client.sendall(Buffer.from("hi"));
    expect((await frame.socket.recv(2)).toString()).toBe("hi");
    await frame.socket.close();
  });

  test("lose nothing when they detach, repeatedly", async () => {
    await using pair = await tcpPair(broker);
    const data = pattern(3 * 1024 * 1024, 6);
    const sending = pair.client.sendall(data).then(() => pair.client.shutdown(1));
    const parts: Buffer[] = [];
    for (let round = 0; round < 5; round++) {
      await using attachment = await pair.server.attach({ direction: "receive" });
      const first = await attachment.read();
      if (first?.type === "data") parts.push(first.data);
      void attachment.detach();
      for await (const frame of attachment) if (frame.type === "data") parts.push(frame.data);
      parts.push(await pair.server.recv(1000));
    }
    for await (const chunk of pair.server.chunks()) parts.push(chunk);
    await sending;
    expect(digest(Buffer.concat(parts))).toBe(digest(data));
  });

  test("end with the signal's reason", async () => {
    await using pair = await tcpPair(broker);
    const aborter = new AbortController();
    const attachment = await pair.client.attach({ signal: aborter.signal });
    const reading = rejection(attachment.read());
    const reason = new Error("enough");
    aborter.abort(reason);
    expect(await reading).toBe(reason);
    await expect(pair.client.attach({ signal: aborter.signal })).rejects.toBe(reason);
    await pair.client.sendall(Buffer.from("still open"));
  });
});

test("a Duplex is a Duplex of Node", async () => {
  await using pair = await tcpPair(broker);
  const duplex = pair.client.duplex();
  expect(duplex).toBeInstanceOf(Duplex);
  duplex.destroy();
});

/** Waits until a counter does not change during a hundred turns of the daemon. */
async function standstill(counter: () => number): Promise<void> {
  for (let before = -1; before !== counter(); ) {
    before = counter();
    for (let turn = 0; turn < 100; turn++) await broker.getSession();
  }
}
