/*
 * The daemon at its limit of descriptors: ordinary callers wait, operators do not.
 *
 * Policy: the built-in one, with the other user admitted. Needs: root, because the callers are another user.
 */

import { once } from "node:events";
import { readdirSync, rmSync } from "node:fs";
import { connect as connectTo, type Socket as NetSocket } from "node:net";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { type Broker, connect } from "../../src/client/index.js";
import { run, ServedDaemon, temporaryDirectory } from "../support/command-line.js";
import { cannotBeNobody, NOBODY } from "../support/nobody.js";
import { until } from "../support/raw-broker.js";

const LIMIT = 256;
const CALLERS = 500;
const limitedTo = (count: number) => ["sh", "-c", `ulimit -n ${count} && exec "$@"`, "sh"];

beforeEach((ctx) => {
  const reason = cannotBeNobody();
  if (reason !== null) ctx.skip(reason);
});

/** A connected caller; it is served when the daemon starts to speak HTTP/2. */
interface Caller {
  readonly socket: NetSocket;
  served: boolean;
  cut: boolean;
}

async function asNobody<T>(act: () => Promise<T>): Promise<T> {
  process.seteuid?.(NOBODY);
  try {
    return await act();
  } finally {
    process.seteuid?.(0);
  }
}

async function callers(daemon: ServedDaemon, count: number): Promise<Caller[]> {
  return await asNobody(async () => {
    const made: Caller[] = [];
    for (let i = 0; i < count; i++) {
      const socket = connectTo(daemon.path);
      await once(socket, "connect");
      const caller = { socket, served: false, cut: false };
      socket.on("data", () => {
        caller.served = true;
      });
      socket.on("error", () => undefined);
      socket.on("close", () => {
        caller.cut = true;
      });
      made.push(caller);
    }
    return made;
  });
}

const served = (all: readonly Caller[]) => all.filter((caller) => caller.served).length;

describe("a daemon without descriptors", () => {
  it("makes callers wait, serves operators, closes no connection, logs little, and serves all callers when descriptors are free", async () => {
    await using daemon = await ServedDaemon.start(["--admit", `uid:${NOBODY}`], { through: limitedTo(LIMIT) });
    const broker: Broker = await asNobody(() => connect(daemon.path));
    const all = await callers(daemon, CALLERS);
    await daemon.process.says("stderr", /"no descriptors are left: new callers wait"/);

    await expect(broker.socket()).rejects.toMatchObject({ name: "SocketError", code: "EMFILE" });
    for (const args of [["ls"], ["ls", "--sessions"], ["call", "AdminService/GetStatistics"]]) {
      expect(await run(args, { env: daemon.env })).toMatchObject({ code: 0 });
    }
    expect(all.filter(({ cut }) => cut)).toEqual([]);
    const first = all.filter((caller) => caller.served);
    expect(first.length).toBeGreaterThan(4);
    expect(first.length).toBeLessThan(LIMIT);

    // When served connections are closed, the oldest waiting ones are served next, until none waits.
    let turn = first;
    while (served(all) < CALLERS) {
      const before = served(all);
      for (const { socket } of turn) socket.destroy();
      await until("others are served", () => served(all) > before);
      turn = all.filter((caller) => caller.served && !caller.cut);
    }
    expect(all.every((caller) => caller.served)).toBe(true);
    for (const { socket } of all) socket.destroy();
    await until("there is room for sockets", async () => {
      return await broker.socket().then(
        async (socket) => {
          await socket.close();
          return true;
        },
        () => false,
      );
    });
    await broker.close();
    expect(daemon.process.stderr.split("\n").length).toBeLessThan(12);
  });

  it("serves waiting callers although other waiting callers have disconnected", async () => {
    await using daemon = await ServedDaemon.start(["--admit", `uid:${NOBODY}`], { through: limitedTo(LIMIT) });
    const all = await callers(daemon, CALLERS);
    await daemon.process.says("stderr", /"no descriptors are left/);
    const last = all.slice(-10);
    for (const { socket } of all.slice(0, -10)) socket.destroy();
    await until("the last ones are served", () => served(last) === last.length);
    for (const { socket } of last) socket.destroy();
  });

  it("can be drained by an operator", async () => {
    await using daemon = await ServedDaemon.start(["--admit", `uid:${NOBODY}`], { through: limitedTo(LIMIT) });
    await callers(daemon, CALLERS);
    await daemon.process.says("stderr", /"no descriptors are left/);
    expect(await run(["drain"], { env: daemon.env })).toMatchObject({ code: 0 });
    expect(await daemon.process.ended()).toMatchObject({ code: 0 });
  });

  it.each([255, 64, 40])("does not start with a limit of %i, and reports the reason in one line", async (count) => {
    const directory = temporaryDirectory();
    const args = ["serve", "--endpoint", join(directory, "sock")];
    const { code, stderr } = await run(args, { through: limitedTo(count) });
    expect(code).toBe(9);
    expect(stderr).toMatch(/^sockbroker[^\n]*: the limit of open descriptors[^\n]*\(ulimit -n, LimitNOFILE=\)\n$/);
    expect(readdirSync(directory)).toEqual([]);
    rmSync(directory, { recursive: true });
  });
});
