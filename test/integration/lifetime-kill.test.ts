import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HostService } from "../../src/gen/sockbroker/v1/host_service_pb.js";
import { chooseSeed, type RawClient, RawDaemon, until } from "../support/raw-broker.js";

/*
 * Killed clients leave no resources in the daemon. Needs python3, whose fork creates a client process in milliseconds;
 * with the built-in policy.
 */

const CLIENTS = fileURLToPath(new URL("../python/short_lived_clients.py", import.meta.url));
const hasPython = spawnSync("python3", ["--version"]).status === 0;

let daemon: RawDaemon;
beforeAll(async () => {
  daemon = await RawDaemon.start();
});
afterAll(() => daemon[Symbol.asyncDispose]());

describe("clients that are killed in the middle of an operation", () => {
  it("leave no descriptor, handle, timer or memory behind: thousands of clients", { timeout: 120_000 }, async (ctx) => {
    if (!hasPython) ctx.skip("needs python3");
    const seed = chooseSeed();
    using observer = daemon.client();
    // The first clients warm the daemon up: code is compiled, pools are created.
    kill(300, seed);
    let before = await settled(observer, { connections: 1, sessions: 1 });
    const grown: number[] = [];
    const notes = [`seed ${seed}`];
    for (const thousand of [1, 2]) {
      const killed = kill(1_000, seed + thousand);
      const after = await settled(observer, before.live);
      notes.push(JSON.stringify(killed));
      expect(killed.killed, notes.join()).toBe(1_000);
      expect(killed.waiting, notes.join()).toBeGreaterThan(300);
      expect(after.live, notes.join()).toEqual(before.live);
      expect(after.descriptors, notes.join()).toBe(before.descriptors);
      grown.push((after.resident - before.resident) / 2 ** 20);
      before = after;
    }
    const note = notes.join();
    // A thousand sessions that were not released would take more than this each time; the heap may grow with the first
    // thousand.
    expect(grown.at(-1), `${note}, ${grown.join()}`).toBeLessThan(30);
    expect((await observer.unary(HostService.method.gethostname, {})).hostname, note).not.toBe("");
    expect(daemon.faults).toEqual([]);
  });
});

function kill(count: number, seed: number): { killed: number; waiting: number } {
  const run = spawnSync("python3", [CLIENTS, daemon.path, String(count), String(seed)], { encoding: "utf8" });
  if (run.status !== 0) throw new Error(run.stderr);
  return JSON.parse(run.stdout) as { killed: number; waiting: number };
}

interface Live {
  readonly connections: number;
  readonly sessions: number;
  readonly handles: number;
  readonly waiting: number;
  readonly streams: number;
  readonly timers: number;
}

/** The statistics when only the observer's resources are left. */
async function settled(
  observer: RawClient,
  expected: Partial<Live>,
): Promise<{ live: Live; descriptors: number; resident: number }> {
  const back: Live = {
    connections: 1,
    sessions: 1,
    handles: 0,
    waiting: 0,
    streams: 0,
    timers: 0,
    ...expected,
  };
  const look = async () => {
    const now = await observer.statistics();
    const { connections, sessions, handles, waitingOperations: waiting, streams, timers } = now;
    return {
      live: { connections, sessions, handles, waiting, streams, timers },
      descriptors: now.openDescriptors,
      resident: Number(now.residentBytes),
    };
  };
  let seen = await look();
  await until(
    `the statistics are back (${JSON.stringify(back)})`,
    async () => {
      seen = await look();
      return JSON.stringify(seen.live) === JSON.stringify(back);
    },
    20_000,
  ).catch((error: Error) => {
    throw new Error(`${error.message}: ${JSON.stringify(seen)}`);
  });
  return seen;
}
