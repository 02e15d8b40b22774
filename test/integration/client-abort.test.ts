/* An aborted call settles with what really happened. Needs `npm run build`. */

import { describe, expect, test } from "vitest";
import { type Broker, connect, type Socket } from "../../src/client/index.js";
import { beforeTests, internetAddress, rejection } from "../support/client.js";
import type { Daemon } from "../support/daemon.js";

let daemon: Daemon;
let broker: Broker;
beforeTests((started) => {
  ({ daemon, broker } = started);
});

async function withPair(use: (a: Socket, b: Socket) => Promise<void>): Promise<void> {
  const [a, b] = await broker.socketpair();
  await use(a, b);
  await Promise.all([a.close(), b.close()]);
}

test("a waiting recv rejects with the reason, and has consumed nothing", () =>
  withPair(async (a, b) => {
    const aborter = new AbortController();
    const waiting = rejection(a.recv(100, { signal: aborter.signal }));
    await broker.getprotobyname("tcp"); // It follows the recv on the stream, so the recv now waits in the daemon.
    const reason = new Error("enough");
    aborter.abort(reason);
    expect(await waiting).toBe(reason);
    await b.sendall(Buffer.from("kept"));
    expect((await a.recv(100)).toString()).toBe("kept");
  }));

test("aborting before anything was sent rejects immediately, and in order", () =>
  withPair(async (a, b) => {
    await b.sendall(Buffer.from("kept"));
    const aborter = new AbortController();
    const queued = rejection(a.recv(100, { signal: aborter.signal }));
    aborter.abort();
    expect(await queued).toMatchObject({ name: "AbortError" });
    await expect(a.recv(100, { signal: aborter.signal })).rejects.toMatchObject({ name: "AbortError" });
    expect((await a.recv(100)).toString()).toBe("kept");
  }));

test("AbortSignal.timeout works like any signal", () =>
  withPair(async (a) => {
    await expect(a.recv(1, { signal: AbortSignal.timeout(10) })).rejects.toMatchObject({ name: "TimeoutError" });
  }));

test("ten thousand aborted receives lose no byte", () =>
  withPair(async (a, b) => {
    const rounds = 10_000;
    let received = 0;
    let rejected = 0;
    for (let round = 0; round < rounds; round += 100) {
      const sends: Promise<void>[] = [];
      const receives = Array.from({ length: 100 }, (_, index) => {
        const aborter = new AbortController();
        const receiving = a.recv(2, { signal: aborter.signal }).then(
          (data) => {
            received += data.length;
          },
          () => {
            rejected += 1;
          },
        );
        const sending = b.sendall(Buffer.from([round & 0xff, index]));
        sends.push(sending);
        // Some are aborted before they are sent, some while they are answered, some too late.
        if (index % 3 === 0) aborter.abort();
        else if (index % 3 === 1) void sending.then(() => aborter.abort());
        return receiving;
      });
      await Promise.all(receives);
      // Data that the aborted calls did not take is still there; if it were not read, it would fill the kernel's
      // buffer.
      while (received < 2 * (round + 100)) received += (await a.recv(1000)).length;
      await Promise.all(sends);
    }
    await b.shutdown(1);
    expect((await a.recv(1)).length).toBe(0);
    expect(received).toBe(2 * rounds);
    expect(rejected).toBeGreaterThan(rounds / 3);
  }));

test("many aborted accepts lose no connection", async () => {
  await using listener = await broker.createServer({ host: "127.0.0.1", port: 0 }, { backlog: 200 });
  const address = await internetAddress(listener);
  const accepted: Socket[] = [];
  const made: Socket[] = [];
  for (let round = 0; round < 100; round++) {
    const aborter = new AbortController();
    const accepting = listener.accept({ signal: aborter.signal }).then(
      ({ socket }) => accepted.push(socket),
      () => undefined,
    );
    const connecting = broker.createConnection(address).then((socket) => made.push(socket));
    if (round % 2 === 0) void connecting.then(() => aborter.abort());
    else aborter.abort();
    await Promise.all([accepting, connecting]);
  }
  while (accepted.length < made.length) accepted.push((await listener.accept()).socket);
  expect(accepted.length).toBe(100);
  await listener.setblocking(false);
  await expect(listener.accept()).rejects.toMatchObject({ code: "EAGAIN" });
  await Promise.all([...accepted, ...made].map((socket) => socket.close()));
});

test("aborts a look-up and a connect", async () => {
  const { signal } = new AbortController();
  expect(await broker.gethostbyname("127.0.0.1", { signal })).toBe("127.0.0.1");
  await expect(broker.gethostbyname("127.0.0.1", { signal: AbortSignal.abort() })).rejects.toMatchObject({
    name: "AbortError",
  });
});

describe("closing", () => {
  test("a socket ends its waiting operations with EBADF", () =>
    withPair(async (a) => {
      const waiting = rejection(a.recv(1));
      await broker.getprotobyname("tcp");
      await a.close();
      expect(await waiting).toMatchObject({ name: "SocketError", code: "EBADF" });
    }));

  test("the broker ends waiting operations with BROKER_CLOSED, and settles the finished ones with their results", async () => {
    const other = await connect(daemon.endpoint);
    const [a, b] = await other.socketpair();
    const waiting = rejection(a.recv(1));
    const copy = await a.dup();
    const late = rejection(copy.recv(1));
    const done = b.gettimeout();
    await other.close();
    expect(await waiting).toMatchObject({ code: "BROKER_CLOSED" });
    expect(await late).toMatchObject({ code: "BROKER_CLOSED" });
    expect(done).toBeNull();
    await expect(other.gethostname()).rejects.toMatchObject({ code: "BROKER_CLOSED" });
    await Promise.all([a, b, copy].map((socket) => socket.close()));
    await other.close();
  });
});
