import { createSocket } from "node:dgram";
import { once } from "node:events";
import { chmodSync, existsSync, readdirSync, readlinkSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect as connectTo } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { type Broker, connect, type Socket } from "../../src/client/index.js";
import { cannot, Running, run, ServedDaemon, temporaryDirectory } from "../support/command-line.js";
import { until } from "../support/raw-broker.js";

// Policy: the built-in one; the caller is the daemon's own user. Needs: nothing.

const UDP = [2, 2] as const;

const directories: string[] = [];
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});
function scratch(): string {
  const directory = temporaryDirectory();
  directories.push(directory);
  return directory;
}

/** A socket on which an operation waits. */
async function waiting(broker: Broker): Promise<{ socket: Socket; recv: Promise<unknown> }> {
  const socket = await broker.socket(...UDP);
  await socket.bind({ host: "127.0.0.1", port: 0 });
  const recv = socket.recv(10, { timeout: null });
  recv.catch(() => undefined);
  // The stream preserves order: when this call is answered, the receive has started.
  await socket.getsockname();
  return { socket, recv };
}

describe("the endpoint", () => {
  it("is replaced if a killed daemon left it", async () => {
    await using first = await ServedDaemon.start();
    first.process.child.kill("SIGKILL");
    await first.process.ended();
    expect(existsSync(first.path)).toBe(true);
    await using second = new Running(["serve", "--endpoint", first.path]);
    await second.says("stderr", /"listening"/);
    expect(await run(["ls"], { env: first.env })).toMatchObject({ code: 0 });
  });

  it("is refused if a daemon listens there, and that daemon continues", async () => {
    await using daemon = await ServedDaemon.start();
    const { code, stdout, stderr } = await run(["serve", "--endpoint", daemon.path]);
    expect({ code, stdout }).toEqual({ code: 6, stdout: "" });
    expect(stderr).toBe(`sockbroker serve: another daemon is listening on ${daemon.path}\n`);
    expect(await run(["ls"], { env: daemon.env })).toMatchObject({ code: 0 });
  });

  it("is refused if it is a regular file", async () => {
    const path = join(scratch(), "file");
    writeFileSync(path, "precious");
    const { code, stderr } = await run(["serve", "--endpoint", path]);
    expect(code).toBe(1);
    expect(stderr).toBe(`sockbroker serve: ${path} exists and is not a socket\n`);
  });

  it("is refused if the directory is not writable", async (ctx) => {
    const directory = scratch();
    chmodSync(directory, 0o555);
    // Root may write everywhere unless it drops the capability.
    const through = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all", "--"];
    const isRoot = process.geteuid?.() === 0;
    const reason = isRoot ? await cannot(through) : null;
    if (reason !== null) ctx.skip(reason);
    const result = await run(["serve", "--endpoint", join(directory, "x.sock")], { through: isRoot ? through : [] });
    expect(result).toMatchObject({ code: 7, stdout: "" });
    expect(result.stderr).toMatch(/^sockbroker serve: no permission to listen on [^\n]*\n$/);
  });

  it("is created with its directory, and removed afterwards", async () => {
    const path = join(scratch(), "a", "b", "broker.sock");
    await using daemon = new Running(["serve"], { env: { SOCKBROKER_ENDPOINT: `unix://${path}` } });
    const [line] = await daemon.says("stderr", /^.*"listening".*$/m);
    expect(JSON.parse(line)).toMatchObject({ level: 30, endpoint: `unix://${path}`, pid: daemon.child.pid });
    daemon.child.kill("SIGTERM");
    expect(await daemon.ended()).toMatchObject({ code: 0, stdout: "" });
    expect(existsSync(path)).toBe(false);
  });

  it.each([
    [[], 0o600],
    [["--admit", "uid:4000000"], 0o666],
    [["--admit", "uid:4000000", "--mode", "0660"], 0o660],
    [["--mode", "640"], 0o640],
  ])("with %j has the mode %i", async (args, mode) => {
    await using daemon = await ServedDaemon.start(args);
    expect(statSync(daemon.path).mode & 0o777).toBe(mode);
  });
});

describe("a wrong command line", () => {
  it.each([
    [["--frobnicate"]],
    [["something"]],
    [["--endpoint", "tcp://127.0.0.1:1"]],
    [["--endpoint", ""]],
    [["--endpoint", "unix://x"]],
    [["--endpoint", "127.0.0.1:5000"]],
    [["--endpoint", "localhost:5000"]],
    [["--endpoint", "broker.sock"]],
    [["--endpoint", `/tmp/${"x".repeat(103)}`]],
    [["--admit", "alice"]],
    [["--admit", "uid:-1"]],
    [["--admit", "uid:alice,"]],
    [["--admit", "uid:4294967295"]],
    [["--admit", "uid:1,tcp"]],
    [["--mode", "rw"]],
    [["--mode", "9"]],
    [["--grace", "long"]],
    [["--max-handles", "0"]],
    [["--max-waiting", "1.5"]],
    [["--log-level", "loud"]],
    [["--log-format", "xml"]],
  ])("is status 2, without any effect: %j", async (args) => {
    const cwd = scratch();
    const env = { SOCKBROKER_ENDPOINT: "/nonexistent/x" };
    const { code, stdout, stderr } = await run(["serve", ...args], { env, cwd });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(readdirSync(cwd)).toEqual([]);
    expect(stderr).toMatch(/^sockbroker serve: [^\n]+\nTry 'sockbroker serve --help'\.\n$/);
  });
});

it("reports an unknown user to admit in one line, and creates nothing", async () => {
  const directory = scratch();
  const args = ["serve", "--endpoint", join(directory, "x.sock"), "--admit", "uid:no-such-user"];
  expect(await run(args)).toMatchObject({
    code: 1,
    stdout: "",
    stderr: 'sockbroker serve: there is no user "no-such-user" to admit\n',
  });
  expect(readdirSync(directory)).toEqual([]);
});

it("reports a missing addon in one line", async () => {
  const env = { SOCKBROKER_ADDON: "/nonexistent/sockbroker.node" };
  const { code, stderr } = await run(["serve", "--endpoint", join(scratch(), "x.sock")], { env });
  expect(code).toBe(8);
  expect(stderr).toContain("/nonexistent/sockbroker.node");
  expect(stderr).not.toMatch(/^ +at /m);
});

describe("a signal", () => {
  it.each(["SIGTERM", "SIGINT"] as const)(
    "%s ends waiting operations with DRAINING, and the status is 0",
    async (signal) => {
      await using daemon = await ServedDaemon.start(["--grace", "0.2"]);
      await using broker = await connect(daemon.path);
      const { recv } = await waiting(broker);
      daemon.process.child.kill(signal);
      await expect(recv).rejects.toMatchObject({ name: "BrokerError", code: "DRAINING" });
      expect(await daemon.process.ended()).toMatchObject({ code: 0, signal: null, stdout: "" });
      expect(existsSync(daemon.path)).toBe(false);
    },
  );

  it("lets waiting operations finish within the grace period, and refuses new ones", async () => {
    await using daemon = await ServedDaemon.start(["--grace", "600"]);
    await using broker = await connect(daemon.path);
    const { socket, recv } = await waiting(broker);
    const address = await socket.getsockname();
    if (address?.family !== "inet") throw new Error("no address");
    daemon.process.child.kill("SIGTERM");
    await daemon.process.says("stderr", /"draining"/);
    expect(await run(["ls"], { env: daemon.env })).toMatchObject({ code: 3 });
    await expect(broker.socket(...UDP)).rejects.toMatchObject({ name: "BrokerError", code: "DRAINING" });
    const sender = createSocket("udp4");
    sender.send("late", address.port, address.host);
    expect(String(await recv)).toBe("late");
    expect(await daemon.process.ended()).toMatchObject({ code: 0 });
    sender.close();
  });

  it.each([
    ["SIGTERM", 143],
    ["SIGINT", 130],
  ] as const)("%s a second time ends the daemon immediately with status %i", async (signal, status) => {
    await using daemon = await ServedDaemon.start(["--grace", "600"]);
    await using broker = await connect(daemon.path);
    const { recv } = await waiting(broker);
    daemon.process.child.kill(signal);
    await daemon.process.says("stderr", /"draining"/);
    daemon.process.child.kill(signal);
    expect(await daemon.process.ended()).toMatchObject({ code: status, signal: null });
    await expect(recv).rejects.toThrow();
  });
});

describe("standard streams", () => {
  it("that were closed are /dev/null, and never a socket", async () => {
    const path = join(scratch(), "broker.sock");
    const through = ["sh", "-c", 'exec "$@" 0<&- 1>&- 2>&-', "sh"];
    await using daemon = new Running(["serve", "--endpoint", path], { through });
    await using broker = await connectWhenThere(path);
    for (let count = 0; count < 10; count++) await broker.socket(...UDP);
    for (const fd of [0, 1, 2]) expect(readlinkSync(`/proc/${daemon.child.pid}/fd/${fd}`)).toBe("/dev/null");
    daemon.child.kill("SIGTERM");
    expect(await daemon.ended()).toMatchObject({ code: 0, stdout: "", stderr: "" });
  });

  it.each(["json", "text"])("may lose the reader of the log (%s), and the daemon continues", async (format) => {
    await using daemon = await ServedDaemon.start(["--log-level", "debug", "--log-format", format]);
    daemon.process.child.stderr?.destroy();
    for (let count = 0; count < 3; count++) {
      expect(await run(["call", "HostService/Gethostname"], { env: daemon.env })).toMatchObject({ code: 0 });
    }
    daemon.process.child.kill("SIGTERM");
    await once(daemon.process.child, "exit");
    expect(daemon.process.child.exitCode).toBe(0);
  });
});

describe("the log", () => {
  it("is JSON, one record per line", async () => {
    await using daemon = await ServedDaemon.start(["--log-level", "debug"]);
    await run(["call", "HostService/Gethostname"], { env: daemon.env });
    const [line] = await daemon.process.says("stderr", /^.*"connected".*$/m);
    expect(JSON.parse(line)).toMatchObject({ level: 20, principal: `uid:${process.geteuid?.()}` });
  });

  it("is text with --log-format text", async () => {
    await using daemon = await ServedDaemon.start(["--log-format", "text"]);
    await daemon.process.says("stderr", /^\S+Z info listening endpoint=unix:\S+ pid=\d+\n/);
  });

  it("is empty with --log-level silent", async () => {
    const path = join(scratch(), "broker.sock");
    await using daemon = new Running(["serve", "--endpoint", path, "--log-level", "silent"]);
    await using broker = await connectWhenThere(path);
    await broker.close();
    daemon.child.kill("SIGTERM");
    expect(await daemon.ended()).toMatchObject({ code: 0, stdout: "", stderr: "" });
  });
});

it("limits a principal to --max-handles; exceeding it is status 5", async () => {
  await using daemon = await ServedDaemon.start(["--max-handles", "1"]);
  const { code, stderr } = await run(["call", "--json", "SocketService/Socketpair"], { env: daemon.env });
  expect(code).toBe(5);
  expect(JSON.parse(stderr)).toMatchObject({ error: { type: "BrokerError", code: "QUOTA_EXCEEDED" } });
});

/** For a daemon that does not log when it listens. */
async function connectWhenThere(path: string): Promise<Broker> {
  await until("the daemon listens", async () => {
    const probe = connectTo(path);
    const answered = await once(probe, "connect").then(
      () => true,
      () => false,
    );
    probe.destroy();
    return answered;
  });
  return await connect(path);
}
