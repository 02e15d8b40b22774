/*
 * How the typed client ends its streams. An HTTP/2 server treats a burst of a thousand resets as an attack, and closes
 * the connection: ordinary use must not reset streams. Needs `npm run build`.
 */

import { once } from "node:events";
import type { Duplex } from "node:stream";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Broker, connect, PollEvents } from "../../src/client/index.js";
import { internetAddress, rejection, tcpPair } from "../support/client.js";
import { type Daemon, startDaemon } from "../support/daemon.js";
import { until } from "../support/raw-broker.js";
import { Tap } from "../support/tap.js";

let daemon: Daemon;
let tap: Tap;
let broker: Broker;

beforeAll(async () => {
  daemon = await startDaemon();
  tap = await Tap.start(daemon.endpoint.replace("unix://", ""));
  broker = await connect(tap.path);
});

afterAll(async () => {
  await broker.close();
  await tap[Symbol.asyncDispose]();
  await daemon[Symbol.asyncDispose]();
});

beforeEach(() => {
  tap.resets = 0;
});

/** Waits until the daemon has no attach or watch stream. Returns the number of resets that clients have sent. */
async function resets(): Promise<number> {
  await until("the streams are gone", async () => (await broker.admin.getStatistics()).streams === 0);
  return tap.resets;
}

describe("without a reset", () => {
  test("a duplex is destroyed while it connects, when idle, and during transfers in both directions", async () => {
    for (let round = 0; round < 20; round++) {
      await using pair = await tcpPair(broker);
      const near = pair.client.duplex().on("error", () => undefined);
      const far = pair.server.duplex().on("error", () => undefined);
      if (round % 4 > 0) await Promise.all([opened(near), opened(far)]);
      if (round % 4 > 1) {
        near.write(Buffer.alloc(300_000));
        far.write(Buffer.alloc(300_000));
        await once(near, "data");
      }
      const over = Promise.all([near, far].map(closed));
      near.destroy();
      if (round % 4 === 3) far.destroy(new Error("no more"));
      else far.destroy();
      await over;
    }
    expect(await resets()).toBe(0);
  });

  test("a duplex is destroyed whose peer does not read", async () => {
    await using pair = await tcpPair(broker);
    const duplex = pair.client.duplex();
    duplex.write(Buffer.alloc(32 * 1024 * 1024), () => undefined);
    await until("the socket is full", async () => (await broker.admin.getStatistics()).waitingOperations === 1);
    duplex.destroy();
    await once(duplex, "close");
    expect(await resets()).toBe(0);
    expect(pair.client.closed).toBe(true);
  });

  test("web streams are cancelled and aborted", async () => {
    for (let round = 0; round < 10; round++) {
      await using pair = await tcpPair(broker);
      const { readable, writable } = pair.client.webStreams({ onDestroy: round < 5 ? "close" : "detach" });
      await pair.server.sendall(Buffer.alloc(100_000));
      if (round % 2 === 0) await readable.cancel();
      else await writable.abort();
    }
    expect(await resets()).toBe(0);
  });

  test("an attachment is cancelled, aborted, disposed of, and refused", async () => {
    const [near, far] = await broker.socketpair();
    for (let round = 0; round < 10; round++) {
      (await near.attach({ direction: "receive" })).cancel();
      const aborter = new AbortController();
      const aborted = await near.attach({ signal: aborter.signal });
      const reading = rejection(aborted.read());
      expect(await rejection(near.attach())).toMatchObject({ code: "HANDLE_BUSY" });
      aborter.abort(new Error("enough"));
      expect((await reading).message).toBe("enough");
      await using _ = await near.attach();
      await far.sendall(Buffer.alloc(200_000));
    }
    expect(await resets()).toBe(0);
  });

  test("a watcher is closed, left and aborted", async () => {
    const [near, far] = await broker.socketpair();
    await far.sendall(Buffer.from("x"));
    const interest = [{ socket: near, events: PollEvents.IN }];
    for (let round = 0; round < 10; round++) {
      await using watcher = broker.watch(interest);
      expect(await watcher.next()).toMatchObject({ events: PollEvents.IN });
      const waiting = watcher.next();
      watcher.close();
      expect(await waiting).toBeNull();
      for await (const _ of broker.watch(interest)) break;
      const aborter = new AbortController();
      const aborted = rejection(broker.watch([], { signal: aborter.signal }).next());
      aborter.abort(new Error("enough"));
      expect((await aborted).message).toBe("enough");
    }
    expect(await resets()).toBe(0);
  });

  test("operations are cancelled", async () => {
    const [near] = await broker.socketpair();
    for (let round = 0; round < 50; round++) {
      const aborter = new AbortController();
      const receiving = rejection(near.recv(1, { signal: aborter.signal }));
      await broker.getprotobyname("tcp");
      aborter.abort(new Error("enough"));
      expect((await receiving).message).toBe("enough");
    }
    expect(await resets()).toBe(0);
  });
});

test("an attachment that is left while its socket is full is finally reset, and releases the socket", async () => {
  const [near, far] = await broker.socketpair();
  const attachment = await near.attach({ direction: "send" });
  for (let round = 0; round < 30; round++) void attachment.write(Buffer.alloc(100_000)).catch(() => undefined);
  await until("the socket is full", async () => (await broker.admin.getStatistics()).waitingOperations === 1);
  await attachment[Symbol.asyncDispose]();
  await using again = await near.attach({ direction: "send" });
  await again.write(Buffer.from("x"));
  await far.close();
});

test("connections that the attachment of a listener had accepted when it was left are closed", async () => {
  await using listener = await broker.createServer({ host: "127.0.0.1", port: 0 });
  const attachment = await listener.attach();
  const made = await Promise.all(
    Array.from({ length: 10 }, async () => broker.createConnection(await internetAddress(listener))),
  );
  await attachment.read();
  await until("all are accepted", async () => (await broker.getSession()).handleCount >= 21);
  const before = (await broker.getSession()).handleCount;
  await attachment[Symbol.asyncDispose]();
  // The connection that was read belongs to its reader.
  await until("they are closed", async () => (await broker.getSession()).handleCount === before - 9);
  await Promise.all(made.map((socket) => socket.close()));
});

/** Waits for `close`, even after an error. */
function closed(duplex: Duplex): Promise<void> {
  return new Promise((resolve) => {
    duplex.once("close", resolve);
  });
}

/** Waits until a duplex is attached. */
async function opened(duplex: Duplex): Promise<void> {
  await new Promise<void>((resolve) => {
    duplex.write("", () => resolve());
  });
}
