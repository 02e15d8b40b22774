/* The endpoint's files while another process removes or replaces them. Policy: the built-in one. Needs: nothing. */

import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Running, run, ServedDaemon } from "../support/command-line.js";
import { until } from "../support/raw-broker.js";

const answers = async (daemon: ServedDaemon) =>
  (await run(["call", "HostService/Gethostname"], { env: daemon.env })).code === 0;

async function stop(daemon: ServedDaemon): Promise<void> {
  daemon.process.child.kill("SIGTERM");
  expect(await daemon.process.ended()).toMatchObject({ code: 0 });
}

/** The permission bits of a file; undefined if there is none. */
function modeOf(path: string): number | undefined {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode;
  return mode === undefined ? undefined : mode & 0o777;
}

describe("a daemon", () => {
  it("recreates its socket after it was removed, with the same mode, and logs it", async () => {
    await using daemon = await ServedDaemon.start(["--mode", "0640"]);
    for (let times = 1; times <= 2; times++) {
      rmSync(daemon.path);
      // It gets its mode after it was bound.
      await until("the socket is back, with its mode", () => modeOf(daemon.path) === 0o640);
      expect(await answers(daemon)).toBe(true);
    }
    await daemon.process.says("stderr", /"the socket's file was missing, and was recreated"/);
    expect(await run(["serve", "--endpoint", daemon.path])).toMatchObject({ code: 6 });
    await stop(daemon);
    expect(readdirSync(daemon.directory)).toEqual([]);
  });

  it("keeps its connections when its socket was removed", async () => {
    await using daemon = await ServedDaemon.start();
    await using ping = new Running(["call", "AdminService/WatchHandles"], { env: daemon.env });
    await ping.says("stdout", /./);
    rmSync(daemon.path);
    await until("the socket is back", () => existsSync(daemon.path));
    expect(ping.child.exitCode).toBe(null);
  });

  it("recreates its lock file, and excludes a second daemon in the meantime", async () => {
    await using daemon = await ServedDaemon.start();
    rmSync(`${daemon.path}.lock`);
    expect(await run(["serve", "--endpoint", daemon.path])).toMatchObject({ code: 6 });
    await until("the lock is back", () => existsSync(`${daemon.path}.lock`));
    rmSync(daemon.path);
    expect(await run(["serve", "--endpoint", daemon.path])).toMatchObject({ code: 6 });
    await stop(daemon);
    expect(readdirSync(daemon.directory)).toEqual([]);
  });

  it("logs once that another daemon took its place, and does not touch the other's files", async () => {
    await using first = await ServedDaemon.start();
    first.process.child.kill("SIGSTOP");
    rmSync(first.path);
    rmSync(`${first.path}.lock`);
    await using second = new Running(["serve", "--endpoint", first.path]);
    await second.says("stderr", /"listening"/);
    first.process.child.kill("SIGCONT");
    const [line] = await first.process.says("stderr", /^.*"callers cannot find this daemon".*$/m);
    expect(JSON.parse(line)).toMatchObject({ level: 50, reason: "another daemon has its lock" });
    await stop(first);
    expect(first.process.stderr.match(/callers cannot find/g)).toHaveLength(1);
    expect(await answers(first)).toBe(true);
    expect(await run(["serve", "--endpoint", first.path])).toMatchObject({ code: 6 });
  });

  it("logs that another file is at its path, does not touch it, and recreates the socket when it is gone", async () => {
    await using daemon = await ServedDaemon.start();
    rmSync(daemon.path);
    writeFileSync(`${daemon.path}.new`, "precious");
    renameSync(`${daemon.path}.new`, daemon.path);
    await until("it was noticed, or the socket was there before", () =>
      /callers cannot find this daemon|recreated/.test(daemon.process.stderr),
    );
    expect(readFileSync(daemon.path, "utf8")).toBe("precious");
    rmSync(daemon.path);
    await until("the socket is back", () => existsSync(daemon.path));
    expect(await answers(daemon)).toBe(true);
    rmSync(daemon.path);
    writeFileSync(`${daemon.path}.new`, "precious");
    renameSync(`${daemon.path}.new`, daemon.path);
    await stop(daemon);
    expect(readFileSync(daemon.path, "utf8")).toBe("precious");
  });
});
