// node test/soak/chaos.mjs ENDPOINT SECONDS SEED: everything that can go wrong for a daemon, concurrently. Run with
// --expose-gc. The last line is JSON: how often each happened, and unexpected errors. At its end it has released
// everything.

import { spawn } from "node:child_process";
import { once, setMaxListeners } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect as connectTo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { connect } from "../../dist/client/index.js";
import { random } from "./random.mjs";

const [endpoint, seconds, seed] = process.argv.slice(2);
const dice = random(Number(seed));
const deadline = performance.now() + Number(seconds) * 1000;
const counts = { kills: 0, cuts: 0, resets: 0, cancels: 0, exhaustions: 0, collections: 0 };
const tasks = { kill, cut, reset, cancel, exhaust, collect };

/**
 * Errors that the soak itself causes: no free descriptor, a peer that resets, or a connection that is cut, or already
 * was.
 */
const expected = [
  ...["EMFILE", "ENFILE", "ECONNRESET", "EPIPE"],
  ...["CONNECTION_LOST", "BROKER_CLOSED", "NOT_A_BROKER", "ENDPOINT_NOT_FOUND"],
];

const failures = await Promise.all(Object.values(tasks).map(repeat));
process.stdout.write(`${JSON.stringify({ ...counts, failure: failures.find((one) => one !== null) ?? null })}\n`);
process.exit(failures.every((one) => one === null) ? 0 : 1);

/** Returns the failure, or null. @param {() => Promise<void>} task */
async function repeat(task) {
  try {
    while (performance.now() < deadline) await task().catch(onlyExpected);
    return null;
  } catch (error) {
    return `${task.name}: ${error instanceof Error ? error.stack : error}`;
  }
}

function onlyExpected(error) {
  if (!expected.includes(error?.code)) throw error;
}

/** SIGKILL of a process that has everything open. */
async function kill() {
  const script = fileURLToPath(new URL("./victim.mjs", import.meta.url));
  const child = spawn(process.execPath, [script, endpoint, String(dice.seed())], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  await Promise.race([once(child.stdout, "data"), ended]);
  await delay(dice.below(300));
  child.kill("SIGKILL");
  const [code] = await ended;
  if (code !== null) throw new Error(`the victim ended by itself, with ${code}`);
  counts.kills += 1;
}

/** Cuts the connection to the daemon in the middle of operations. */
async function cut() {
  const directory = mkdtempSync(join(tmpdir(), "sockbroker-soak-"));
  const path = join(directory, "cut.sock");
  const through = new Set();
  const proxy = createServer((near) => {
    const far = connectTo(endpoint.replace(/^unix:\/\//, ""));
    for (const [one, other] of [
      [near, far],
      [far, near],
    ]) {
      through.add(one);
      one.on("error", () => undefined);
      one.on("close", () => other.destroy());
      one.pipe(other);
    }
  });
  proxy.listen(path);
  await once(proxy, "listening");
  const breaking = delay(dice.between(50, 400)).then(() => {
    for (const socket of through) socket.destroy();
    proxy.close();
    counts.cuts += 1;
  });
  try {
    const broker = await connect({ endpoint: path, session: dice.pick([undefined, { name: "cut", lease: 1 }]) });
    const closed = breaking.then(() => broker.close());
    await Promise.all([churn(broker).catch(onlyExpected), churn(broker).catch(onlyExpected), closed]);
  } finally {
    await breaking;
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Runs until the connection is gone. */
async function churn(broker) {
  for (;;) {
    const [left, right] = await broker.socketpair();
    await left.sendall(dice.bytes(4 * dice.between(1, 50_000)), { timeout: 1 }).catch(ifNotTimeout);
    await right.recv(100_000);
    const attached = right.duplex().on("error", () => undefined);
    await left.close();
    attached.destroy();
  }
}

function ifNotTimeout(error) {
  if (error.code !== "TIMEOUT") throw error;
}

/** A network peer that resets in the middle of an upload. */
async function reset() {
  const peer = createServer((socket) => {
    socket.on("error", () => undefined);
    setTimeout(() => socket.resetAndDestroy(), dice.below(50));
    socket.resume();
  });
  peer.listen(0, "127.0.0.1");
  await once(peer, "listening");
  const broker = await connect({ endpoint });
  try {
    const { port } = peer.address();
    for (let count = 0; count < 5; count++) {
      const socket = await broker.createConnection({ host: "127.0.0.1", port });
      const sending = (async () => {
        for (;;) await socket.sendall(dice.bytes(65_536));
      })();
      await sending.catch(onlyExpected);
      await socket.close();
      counts.resets += 1;
    }
  } finally {
    await broker.close();
    peer.close();
  }
}

/** Calls that wait, and are cancelled. */
async function cancel() {
  const broker = await connect({ endpoint });
  try {
    const socket = await broker.socket(2, 2);
    await socket.bind({ host: "127.0.0.1", port: 0 });
    for (let round = 0; round < 10; round++) {
      const stop = new AbortController();
      setMaxListeners(0, stop.signal);
      const waiting = Array.from({ length: dice.between(1, 100) }, () => socket.recv(1, { signal: stop.signal }));
      const settled = Promise.allSettled(waiting);
      await delay(dice.below(5));
      stop.abort();
      for (const { status, reason } of await settled) {
        if (status !== "rejected") throw new Error("a receive of nothing was answered");
        if (reason !== stop.signal.reason) throw reason;
        counts.cancels += 1;
      }
    }
  } finally {
    await broker.close();
  }
}

/** Uses up all descriptors of the daemon for a moment. */
async function exhaust() {
  await delay(dice.between(500, 3_000));
  const broker = await connect({ endpoint });
  try {
    for (;;) {
      const opened = await Promise.allSettled(Array.from({ length: 50 }, () => broker.socket(2, 2)));
      const refused = opened.find(({ status }) => status === "rejected");
      if (refused === undefined) continue;
      onlyExpected(refused.reason);
      break;
    }
    counts.exhaustions += 1;
    await delay(dice.below(200));
  } finally {
    await broker.close();
  }
}

/**
 * Unreferenced objects are garbage-collected while calls on them are in progress; their broker is closed at the end.
 */
async function collect() {
  const broker = await connect({ endpoint });
  try {
    for (let round = 0; round < 20; round++) {
      await abandon(broker);
      globalThis.gc?.();
      await delay(dice.below(20));
      counts.collections += 1;
    }
  } finally {
    await broker.close();
  }
}

async function abandon(broker) {
  const [left, right] = await broker.socketpair();
  right.recv(10).catch(() => undefined);
  left.duplex().on("error", () => undefined);
  broker.watch([{ socket: left, events: 1 }]);
}
