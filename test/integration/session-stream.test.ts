import { once } from "node:events";
import { connect as connectTo, createServer as listenHere, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SessionService } from "../../src/gen/sockbroker/v1/session_service_pb.js";
import { SocketService } from "../../src/gen/sockbroker/v1/socket_service_pb.js";
import {
  chooseSeed,
  handleOf,
  LOOPBACK,
  portOf,
  RawDaemon,
  RawError,
  seeded,
  symbolOf,
  until,
} from "../support/raw-broker.js";

/* The Session stream, and cancelling on it and by unary calls, with the built-in policy. */

const { recv, accept, createServer, socketpair, sendall } = SocketService.method;

let daemon: RawDaemon;
beforeAll(async () => {
  daemon = await RawDaemon.start();
});
afterAll(() => daemon[Symbol.asyncDispose]());

describe("a cancelled receive", () => {
  it("loses no byte, whenever it is cancelled", { timeout: 60_000 }, async () => {
    const seed = chooseSeed();
    const random = seeded(seed);
    using client = daemon.client();
    using session = client.session();
    await using peer = await Sender.listen();
    const made = await session.op("createConnection", {
      host: "127.0.0.1",
      destination: { case: "port", value: peer.port },
    });
    const handle = handleOf(made.socket);
    const connection = await peer.connected;
    let sent = 0;
    const arrived: Uint8Array[] = [];
    let cancelled = 0;
    for (let round = 0; round < 5_000; round++) {
      const { opId, done } = session.begin("recv", { handle, maxBytes: BigInt(1 + random(40)) });
      const writes = random(3);
      for (let i = 0; i < writes; i++) {
        const length = 1 + random(16);
        connection.write(counting(sent, length));
        sent += length;
      }
      await turns(random(4));
      session.cancel(opId);
      try {
        arrived.push((await done).data);
      } catch (error) {
        if (!(error instanceof RawError) || error.symbol !== "CANCELLED") throw error;
        cancelled += 1;
      }
    }
    connection.end();
    for (;;) {
      const { data } = await session.op("recv", { handle, maxBytes: 65_536n });
      if (data.length === 0) break;
      arrived.push(data);
    }
    const note = `seed ${seed}, ${cancelled} of 5000 cancelled`;
    expect(cancelled, note).toBeGreaterThan(100);
    expect(cancelled, note).toBeLessThan(4_900);
    expect(Buffer.concat(arrived).equals(counting(0, sent)), note).toBe(true);
  });

  it("with MSG_WAITALL returns the part that it had received to the socket", async () => {
    using client = daemon.client();
    using session = client.session();
    const pair = await session.op("socketpair", {});
    const [here, there] = [handleOf(pair.first), handleOf(pair.second)];
    const MSG_WAITALL = 0x100;
    for (let round = 0; round < 50; round++) {
      const { opId, done } = session.begin("recv", { handle: here, maxBytes: 1_000n, flags: MSG_WAITALL });
      await session.op("sendall", { handle: there, data: Buffer.from(`part ${round}`) });
      session.cancel(opId);
      expect(await symbolOf(done)).toBe("CANCELLED");
      const { data } = await session.op("recv", { handle: here, maxBytes: 1_000n });
      expect(Buffer.from(data).toString()).toBe(`part ${round}`);
    }
  });

  it("consumes nothing as a unary call, once the daemon has noticed", { timeout: 60_000 }, async () => {
    using client = daemon.client();
    const pair = await client.unary(socketpair, {});
    const [handle, there] = [handleOf(pair.first), handleOf(pair.second)];
    for (let round = 0; round < 500; round++) {
      const cancel = new AbortController();
      const waiting = client.unary(recv, { handle, maxBytes: 100n }, { signal: cancel.signal });
      waiting.catch(() => undefined);
      if (round % 2 === 0) await waitingIs(1);
      cancel.abort();
      await expect(waiting).rejects.toThrow();
      await waitingIs(0);
      await client.unary(sendall, { handle: there, data: counting(round, 1) });
      const { data } = await client.unary(recv, { handle, maxBytes: 100n });
      expect(Buffer.from(data)).toEqual(counting(round, 1));
    }

    async function waitingIs(count: number): Promise<void> {
      await until(`${count} wait`, async () => (await client.statistics()).waitingOperations === count);
    }
  });
});

describe("a cancelled accept", () => {
  it("loses no connection, whenever it is cancelled", { timeout: 60_000 }, async () => {
    const seed = chooseSeed();
    const random = seeded(seed);
    using client = daemon.client();
    using session = client.session();
    const made = await session.op("createServer", { address: LOOPBACK, backlog: 1_000 });
    const handle = handleOf(made.socket);
    const port = portOf(made.socket?.localAddress);
    const peers: Socket[] = [];
    const served: number[] = [];
    let cancelled = 0;
    for (let round = 0; round < 2_000; round++) {
      const { opId, done } = session.begin("accept", { handle });
      if (random(2) === 0) peers.push(connectTo(port, "127.0.0.1").on("error", () => undefined));
      await turns(random(4));
      session.cancel(opId);
      try {
        const { socket } = await done;
        served.push(portOf(socket?.peerAddress));
      } catch (error) {
        if (!(error instanceof RawError) || error.symbol !== "CANCELLED") throw error;
        cancelled += 1;
      }
    }
    while (served.length < peers.length) {
      const { socket } = await session.op("accept", { handle });
      served.push(portOf(socket?.peerAddress));
    }
    // All are still open, so no two have the same port.
    const note = `seed ${seed}, ${cancelled} of 2000 cancelled`;
    expect(cancelled, note).toBeGreaterThan(100);
    expect(new Set(served).size, note).toBe(peers.length);
    expect(await symbolOf(session.op("accept", { handle, timeout: atOnce })), note).toBe("EAGAIN");
    for (const peer of peers) peer.destroy();
  });

  it("accepts nothing as a unary call, once the daemon has noticed", async () => {
    using client = daemon.client();
    const made = await client.unary(createServer, { address: LOOPBACK });
    const handle = handleOf(made.socket);
    for (let round = 0; round < 100; round++) {
      const cancel = new AbortController();
      const waiting = client.unary(accept, { handle }, { signal: cancel.signal });
      waiting.catch(() => undefined);
      await until("the accept waits", async () => (await client.statistics()).waitingOperations === 1);
      cancel.abort();
      await until("it is cancelled", async () => (await client.statistics()).waitingOperations === 0);
      const peer = connectTo(portOf(made.socket?.localAddress), "127.0.0.1");
      await once(peer, "connect");
      const accepted = await client.unary(accept, { handle });
      expect(portOf(accepted.socket?.peerAddress)).toBe(peer.localPort);
      await client.unary(SocketService.method.close, { handle: handleOf(accepted.socket) });
      peer.destroy();
    }
    expect((await client.statistics()).handles).toBe(1);
  });
});

describe("operations on one stream", () => {
  it("are performed in the order in which they were sent", async () => {
    using client = daemon.client();
    using session = client.session();
    const pair = await session.op("socketpair", {});
    const [here, there] = [handleOf(pair.first), handleOf(pair.second)];
    const receives = Array.from({ length: 500 }, () => session.op("recv", { handle: here, maxBytes: 2n }));
    for (let i = 0; i < 500; i++) void session.op("send", { handle: there, data: Buffer.of(i >> 8, i & 255) });
    const results = await Promise.all(receives);
    expect(results.map(({ data }) => ((data[0] ?? 0) << 8) | (data[1] ?? 0))).toEqual(results.map((_, i) => i));
  });

  it("do not wait for those on other handles or in the other direction", async () => {
    using client = daemon.client();
    using session = client.session();
    const pair = await session.op("socketpair", {});
    const blocked = session.op("recv", { handle: handleOf(pair.first), maxBytes: 1n });
    await session.op("send", { handle: handleOf(pair.first), data: Buffer.of(1) });
    expect((await session.op("recv", { handle: handleOf(pair.second), maxBytes: 1n })).data.length).toBe(1);
    await session.op("send", { handle: handleOf(pair.second), data: Buffer.of(2) });
    expect((await blocked).data[0]).toBe(2);
  });

  it("are refused if their op id is in use, and accepted after that one has ended", async () => {
    using client = daemon.client();
    using session = client.session();
    const pair = await session.op("socketpair", {});
    const [here, there] = [handleOf(pair.first), handleOf(pair.second)];
    const stream = client.bidi(SessionService.method.session);
    const request = { case: "getSession", value: {} } as const;
    await stream.write({ operations: [{ opId: 9n, request: { case: "socketpair", value: {} } }] });
    const made = await stream.next();
    const outcome = made?.results[0]?.outcome;
    if (outcome?.case !== "socketpair") throw new Error("no pair");
    const handle = handleOf(outcome.value.first);
    await stream.write({
      operations: [
        { opId: 9n, request: { case: "recv", value: { handle, maxBytes: 1n } } },
        { opId: 9n, request },
      ],
    });
    const refused = (await stream.next())?.results[0]?.outcome;
    expect(refused?.case === "error" && new RawError(refused.value).symbol).toBe("DUPLICATE_OP_ID");
    await stream.write({ cancelOpIds: [9n, 10n] });
    const cancelled = (await stream.next())?.results[0]?.outcome;
    expect(cancelled?.case === "error" && new RawError(cancelled.value).symbol).toBe("CANCELLED");
    await stream.write({ operations: [{ opId: 9n, request }] });
    expect((await stream.next())?.results[0]?.outcome.case).toBe("getSession");
    stream.cancel();
    // Another stream of the same session was not affected.
    await session.op("send", { handle: there, data: Buffer.of(1) });
    expect((await session.op("recv", { handle: here, maxBytes: 1n })).data.length).toBe(1);
  });

  it("that wait are completed when the caller half-closes, and then the stream ends with OK", async () => {
    using client = daemon.client();
    using session = client.session();
    const pair = await session.op("socketpair", {});
    const blocked = session.op("recv", { handle: handleOf(pair.first), maxBytes: 1n });
    session.stream.halfClose();
    await client.unary(sendall, { handle: handleOf(pair.second), data: Buffer.of(5) });
    expect((await blocked).data[0]).toBe(5);
    expect(await session.ended).toBeNull();
  });

  it("that wait are cancelled with the stream, and have consumed nothing", async () => {
    using client = daemon.client();
    const pair = await client.unary(socketpair, {});
    const [here, there] = [handleOf(pair.first), handleOf(pair.second)];
    for (let round = 0; round < 20; round++) {
      const session = client.session();
      const receives = Array.from({ length: 10 }, () => session.op("recv", { handle: here, maxBytes: 1n }));
      await until("all wait", async () => (await client.statistics()).waitingOperations === 10);
      session.stream.cancel();
      await until("none waits", async () => (await client.statistics()).waitingOperations === 0);
      await Promise.allSettled(receives);
      await client.unary(sendall, { handle: there, data: Buffer.from("all of it") });
      const { data } = await client.unary(recv, { handle: here, maxBytes: 100n });
      expect(Buffer.from(data).toString()).toBe("all of it");
    }
    expect((await client.statistics()).streams).toBe(0);
  });

  it("end with EBADF when their handle is closed", async () => {
    using client = daemon.client();
    using session = client.session();
    const pair = await session.op("socketpair", {});
    const handle = handleOf(pair.first);
    const blocked = session.op("recv", { handle, maxBytes: 1n });
    await session.op("close", { handle });
    expect(await symbolOf(blocked)).toBe("EBADF");
    expect(await symbolOf(session.op("recv", { handle, maxBytes: 1n }))).toBe("HANDLE_NOT_FOUND");
  });

  it("beyond the limit of waiting ones are refused with QUOTA_EXCEEDED, and consume nothing", async () => {
    using client = daemon.client();
    using session = client.session();
    const { limits } = await session.op("whoAmI", {});
    const most = limits?.maxWaitingOperations ?? 0;
    const pair = await session.op("socketpair", {});
    const handle = handleOf(pair.first);
    const receives = Array.from({ length: most + 10 }, () => symbolOf(session.op("recv", { handle, maxBytes: 1n })));
    expect(await Promise.all(receives.slice(most))).toEqual(Array.from({ length: 10 }, () => "QUOTA_EXCEEDED"));
    await session.op("sendall", { handle: handleOf(pair.second), data: new Uint8Array(most) });
    const outcomes = await Promise.all(receives.slice(0, most));
    expect(outcomes.every((outcome) => outcome === "ok")).toBe(true);
  });
});

describe("a caller that sends and does not read", () => {
  it("has to wait, and its results do not accumulate in the daemon", { timeout: 60_000 }, async () => {
    using client = daemon.client();
    using observer = daemon.client();
    const before = await observer.statistics();
    const stream = client.bidi(SessionService.method.session);
    // GetConstants answers with tens of KiB, so that one of these requests asks for some 10 MiB.
    const operations = Array.from({ length: 300 }, (_, i) => ({
      opId: BigInt(i),
      request: { case: "getConstants", value: {} } as const,
    }));
    for (let i = 0; i < 2; i++) void stream.write({ operations });
    let last = -1n;
    let same = 0;
    await until("the daemon no longer works for him", async () => {
      const { operationsTotal } = await observer.statistics();
      same = operationsTotal === last ? same + 1 : 0;
      last = operationsTotal;
      return same === 20;
    });
    const during = await observer.statistics();
    expect(Number(during.operationsTotal - before.operationsTotal)).toBeLessThan(300);
    expect(Number(during.residentBytes - before.residentBytes)).toBeLessThan(48 * 2 ** 20);

    stream.halfClose();
    const results = await stream.rest();
    expect(results.flatMap((response) => response.results).length).toBe(600);
  });
});

const atOnce = { limit: { case: "duration", value: { seconds: 0n } } } as const;

/** Waits for a number of turns of the event loop. */
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Bytes whose values depend on their position. */
function counting(from: number, length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => ((from + i) * 31 + ((from + i) >> 8)) & 255));
}

/** A listener of this process. */
class Sender implements AsyncDisposable {
  readonly #server = listenHere();
  readonly connected = once(this.#server, "connection").then(([socket]) => (socket as Socket).setNoDelay());

  static async listen(): Promise<Sender> {
    const sender = new Sender();
    sender.#server.listen(0, "127.0.0.1");
    await once(sender.#server, "listening");
    return sender;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    (await this.connected).destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}
