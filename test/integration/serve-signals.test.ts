/* The effect of signals on the daemon and its log. Policy: the built-in one. Needs: nothing. */

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  renameSync,
  rmSync,
} from "node:fs";
import { connect as connectTo } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { Running, run, ServedDaemon, temporaryDirectory } from "../support/command-line.js";
import { until } from "../support/raw-broker.js";

const directories: string[] = [];
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});
function scratch(): string {
  const directory = temporaryDirectory();
  directories.push(directory);
  return directory;
}

/** TCP sockets of a process that listen; the debugger would be one. */
function tcpListeners(pid: number | undefined): string[] {
  const own = readdirSync(`/proc/${pid}/fd`).map((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`);
    } catch {
      return "";
    }
  });
  const rows = ["tcp", "tcp6"].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, "utf8").split("\n").slice(1),
  );
  return rows.filter((row) => {
    const [, , , state, , , , , , inode] = row.trim().split(/\s+/);
    return state === "0A" && own.includes(`socket:[${inode}]`);
  });
}

const SIGUSR1 = 10;
const SIGTERM = 15;

/** Whether a process has a handler for a signal. */
function catches(pid: number, signal: number): boolean {
  const [, digits = "0"] = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return ((BigInt(`0x${digits}`) >> BigInt(signal - 1)) & 1n) === 1n;
}

const gethostname = ["call", "HostService/Gethostname"];

describe("a signal without a meaning", () => {
  it.each(["SIGUSR1", "SIGUSR2", "SIGPIPE", "SIGHUP", "SIGWINCH"] as const)("%s is ignored", async (signal) => {
    await using daemon = await ServedDaemon.start();
    const { child } = daemon.process;
    for (let i = 0; i < 3; i++) child.kill(signal);
    expect(await run(gethostname, { env: daemon.env })).toMatchObject({ code: 0 });
    expect(tcpListeners(child.pid)).toEqual([]);
    child.kill("SIGTERM");
    const { code, stderr } = await daemon.process.ended();
    expect(code).toBe(0);
    expect(stderr).not.toContain("ebugger");
    expect(readdirSync(daemon.directory)).toEqual([]);
  });

  it("SIGUSR1 leaves no debugger open at any moment of the start", async () => {
    const endpoint = join(scratch(), "sock");
    await using daemon = new Running(["serve", "--endpoint", endpoint]);
    const { child } = daemon;
    await until("node has its own handler, which opens the debugger", () => catches(child.pid ?? 0, SIGUSR1));
    const again = setInterval(() => child.kill("SIGUSR1"), 1);
    try {
      await daemon.says("stderr", /"listening"/);
    } finally {
      clearInterval(again);
    }
    const closed = () => tcpListeners(child.pid).length === 0;
    await until("it is closed, however late it was opened", closed);
    // It may only be opened now.
    expect(await run([...gethostname, "--endpoint", endpoint])).toMatchObject({ code: 0 });
    await until("it is closed again", closed);
  });
});

describe("SIGTERM leaves no files behind", () => {
  const moments: readonly [when: string, is: (pid: number, path: string) => boolean][] = [
    ["at once", () => true],
    ["when the program has begun", (pid) => catches(pid, SIGUSR1)],
    ["when the daemon listens to the signal", (pid) => catches(pid, SIGTERM)],
    ["when there is a lock", (_pid, path) => existsSync(`${path}.lock`)],
    ["when there is a socket", (_pid, path) => existsSync(path)],
  ];

  it.each(moments)("%s", async (_when, is) => {
    const path = join(scratch(), "sock");
    await using daemon = new Running(["serve", "--endpoint", path]);
    await until("it is the moment", () => is(daemon.child.pid ?? 0, path));
    daemon.child.kill("SIGTERM");
    await daemon.ended();
    expect(readdirSync(dirname(path))).toEqual([]);
  });
});

describe("--log-file", () => {
  it("is reopened on SIGHUP", async () => {
    const log = join(scratch(), "log");
    await using daemon = new Running(["serve", "--endpoint", join(scratch(), "sock"), "--log-file", log]);
    const logged = (path: string, text: string) => existsSync(path) && readFileSync(path, "utf8").includes(text);
    await until("it listens", () => logged(log, '"listening"'));
    renameSync(log, `${log}.1`);
    daemon.child.kill("SIGHUP");
    await until("there is a new file", () => logged(log, '"log reopened"'));
    daemon.child.kill("SIGTERM");
    expect(await daemon.ended()).toEqual({ code: 0, signal: null, stdout: "", stderr: "" });
    expect(logged(log, '"ended"')).toBe(true);
    expect(logged(`${log}.1`, '"ended"')).toBe(false);
  });

  it("that cannot be opened is reported in one line", async () => {
    const path = join(scratch(), "sock");
    const { code, stderr } = await run(["serve", "--endpoint", path, "--log-file", "/nonexistent/log"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^sockbroker serve: cannot open the log: [^\n]*\/nonexistent\/log'?\n$/);
    expect(existsSync(path)).toBe(false);
  });
});

describe("a log that nobody reads", () => {
  /** Connects so often that the log fills a pipe and the buffer of a socket. */
  async function fill(path: string): Promise<void> {
    for (let i = 0; i < 2_500; i++) {
      const socket = connectTo(path);
      await once(socket, "connect");
      socket.destroy();
    }
  }

  it("does not block the daemon or its end if stderr is a pipe, and a later reader gets complete lines", async () => {
    const directory = scratch();
    const [pipe, path] = [join(directory, "pipe"), join(directory, "sock")];
    execFileSync("mkfifo", [pipe]);
    const reader = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
    const command = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
    const child = spawn(process.execPath, [command, "serve", "--endpoint", path, "--log-level", "debug"], {
      stdio: ["ignore", "ignore", reader],
    });
    const ended = once(child, "exit");
    await until("it listens", () => existsSync(path));
    await fill(path);
    expect(await run(gethostname, { env: { SOCKBROKER_ENDPOINT: path } })).toMatchObject({ code: 0 });
    const lines = (): number => {
      const buffer = Buffer.alloc(1024 * 1024);
      try {
        for (;;) text += buffer.toString("utf8", 0, readSync(reader, buffer));
      } catch {
        return text.split("\n").filter((line) => line.includes('"connected"')).length;
      }
    };
    let text = "";
    await until("all of it was read", () => lines() > 2_500);
    for (const line of text.split("\n").slice(0, -1)) JSON.parse(line);
    await fill(path);
    child.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
    closeSync(reader);
  });

  it("does not block the daemon or its end if stderr is a socket", async () => {
    await using daemon = await ServedDaemon.start(["--log-level", "debug"]);
    daemon.process.child.stderr?.pause();
    await fill(daemon.path);
    expect(await run(gethostname, { env: daemon.env })).toMatchObject({ code: 0 });
    const exit = once(daemon.process.child, "exit");
    daemon.process.child.kill("SIGTERM");
    expect(await exit).toEqual([0, null]);
    daemon.process.child.stderr?.resume();
  });
});
