import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Running, run, ServedDaemon } from "../support/command-line.js";

// Policy: the built-in one; the caller is the daemon's own user. Needs: nothing.

const commands = ["serve", "call", "nc", "ping", "resolve", "constants", "ls", "drain"];

let daemon: ServedDaemon;
beforeAll(async () => {
  daemon = await ServedDaemon.start();
});
afterAll(() => daemon[Symbol.asyncDispose]());

describe("help", () => {
  it("lists every command and every exit status", async () => {
    const { code, stdout, stderr } = await run(["--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const command of commands) expect(stdout).toMatch(new RegExp(`^  ${command} +\\S`, "m"));
    for (const status of [0, 1, 2, 3, 4, 5, 6, 7, 8]) expect(stdout).toMatch(new RegExp(`^  ${status} +\\S`, "m"));
    expect(stdout).toContain("SOCKBROKER_ENDPOINT");
  });

  it.each(commands)("of %s has its usage, its options and examples, and fits into a terminal", async (command) => {
    const { code, stdout, stderr } = await run([command, "--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(new RegExp(`^usage: sockbroker ${command}`));
    expect(stdout).toMatch(/^options:\n/m);
    expect(stdout).toContain("-h, --help");
    expect(stdout).toMatch(/^examples:\n {2}\S/m);
    const [text = ""] = stdout.split("examples:");
    for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(110);
  });

  it("is the same with `help COMMAND`", async () => {
    expect((await run(["help", "nc"])).stdout).toBe((await run(["nc", "--help"])).stdout);
    expect((await run(["help"])).stdout).toBe((await run(["-h"])).stdout);
  });

  it.each(["--version", "-V", "version"])("prints the version with %s", async (form) => {
    expect(await run([form])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^sockbroker \d+\.\d+\.\d+\n$/),
    });
  });
});

describe("exit status 2, a wrong command line", () => {
  it.each([
    [[]],
    [["frobnicate"]],
    [["ls", "--frobnicate"]],
    [["ls", "something"]],
    [["ls", "--sessions", "--watch"]],
    [["ls", "--interval", "1"]],
    [["ping"]],
    [["ping", "-c", "many", "localhost"]],
    [["ping", "-c", "0", "localhost"]],
    [["ping", "-i", "0", "localhost"]],
    [["ping", "-W", "1e3", "localhost"]],
    [["ping", "-s", "65508", "localhost"]],
    [["ping", "-4", "-6", "localhost"]],
    [["ping", "a", "b"]],
    [["resolve"]],
    [["resolve", "--type", "huge", "localhost"]],
    [["nc"]],
    [["nc", "localhost"]],
    [["nc", "-l"]],
    [["nc", "-U"]],
    [["nc", "-U", "-p", "1", "path"]],
    [["nc", "-w", "soon", "localhost", "1"]],
    [["nc", "localhost", "99999"]],
    [["nc", "localhost", "0"]],
    [["nc", "localhost", "--", "-1"]],
    [["nc", "-u", "localhost", "65536"]],
    [["nc", "-p", "65536", "localhost", "1"]],
    [["nc", "-l", "65536"]],
    [["nc", "-l", "-p", "99999"]],
    [["resolve", "localhost", "99999"]],
    [["call"]],
    [["call", "NoService/Socket"]],
    [["call", "SocketService/NoMethod"]],
    [["call", "StreamService/Attach"]],
    [["call", "SocketService/Socket", "{"]],
    [["call", "SocketService/Socket", '{"nosuchfield":1}']],
    [["drain", "--grace", "-1"]],
    [["constants", "--endpoint", "http://localhost"]],
    [["constants", "--endpoint", "unix://relative"]],
    [["constants", "--endpoint", "127.0.0.1:5000"]],
    [["--endpoint"]],
    [["--endpoint", "/run/x"]],
    [["--endpont", "/run/x", "ls"]],
  ])("%j", async (args) => {
    const { code, stdout, stderr } = await run(args, { env: daemon.env });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^sockbroker.*\nTry 'sockbroker.* --help'\.\n$/);
  });
});

describe("a slightly wrong name", () => {
  it.each([
    [["srve"], 'there is no command "srve"; did you mean serve?'],
    [["pign", "localhost"], 'there is no command "pign"; did you mean ping?'],
    [["--endpont", "/x", "ls"], 'there is no option "--endpont" before the command; did you mean --endpoint?'],
    [["ls", "--sesion", "x"], "Unknown option '--sesion'; did you mean --session?"],
    [["nc", "--no-stdim", "h", "1"], "Unknown option '--no-stdim'; did you mean --no-stdin?"],
    [["call", "SocketServices/Socket"], 'there is no RPC "SocketServices/Socket"; did you mean SocketService/Socket?'],
    [
      ["call", "HostService/GetHostname"],
      'there is no RPC "HostService/GetHostname"; did you mean HostService/Gethostname?',
    ],
    [["call", "Gethostname"], 'there is no RPC "Gethostname"; did you mean HostService/Gethostname?'],
  ])("%j gets the suggestion", async (args, said) => {
    const { code, stderr } = await run(args, { env: daemon.env });
    expect(code).toBe(2);
    expect(stderr.split("\n")[0]).toMatch(/^sockbroker( \w+)?: /);
    expect(stderr.split("\n")[0]?.endsWith(`: ${said}`)).toBe(true);
  });

  it("that resembles no other gets no suggestion", async () => {
    expect((await run(["frobnicate"])).stderr).toBe(
      "sockbroker: there is no command \"frobnicate\"\nTry 'sockbroker --help'.\n",
    );
  });
});

describe("the message of an error names its subject", () => {
  it.each([
    [["nc", "127.0.0.1", "1"], /^sockbroker nc: 127\.0\.0\.1:1: connect ECONNREFUSED: /],
    [["nc", "name.invalid", "1"], /^sockbroker nc: name\.invalid: EAI_/],
    [["nc", "-U", "/nonexistent/x"], /^sockbroker nc: \/nonexistent\/x: connect ENOENT: /],
    [["nc", "-l", "192.0.2.1", "1"], /^sockbroker nc: 192\.0\.2\.1:1: bind EADDRNOTAVAIL: /],
    [["nc", "-l", "127.0.0.1", "nosuchservice"], /^sockbroker nc: nosuchservice: /],
    [["resolve", "name.invalid"], /^sockbroker resolve: name\.invalid: EAI_/],
    [["resolve", "-x", "192.0.2.1"], /^sockbroker resolve: 192\.0\.2\.1: EAI_/],
    [["ping", "name.invalid"], /^sockbroker ping: name\.invalid: EAI_/],
  ])("%j", async (args, said) => {
    const { code, stderr } = await run(args, { env: daemon.env });
    expect(code).toBe(1);
    expect(stderr).toMatch(said);
  });
});

describe("exit status 3, the daemon cannot be reached", () => {
  const directory = mkdtempSync(join(tmpdir(), "sockbroker-test-"));
  afterAll(() => rmSync(directory, { recursive: true }));

  it.each([["ls"], ["resolve", "localhost"], ["nc", "localhost", "1"], ["call", "HostService/Gethostname"]])(
    "if there is no socket: %s",
    async (...args) => {
      const { code, stderr } = await run(args, { env: { SOCKBROKER_ENDPOINT: join(directory, "nothing.sock") } });
      expect(code).toBe(3);
      expect(stderr).toMatch(
        /^sockbroker \w+: cannot reach (unix:\S*nothing\.sock): no such file; .* sockbroker serve --endpoint \1\n$/,
      );
    },
  );

  it("if the path is not a socket", async () => {
    const path = join(directory, "file");
    writeFileSync(path, "");
    expect(await run(["ls", "--endpoint", path])).toMatchObject({ code: 3, stdout: "" });
  });

  it("is reported as JSON with --json", async () => {
    const { code, stderr } = await run(["ls", "--json", "--endpoint", join(directory, "nothing.sock")]);
    expect(code).toBe(3);
    expect(JSON.parse(stderr)).toMatchObject({ error: { type: "BrokerError", code: "ENDPOINT_NOT_FOUND" } });
  });
});

it.each([
  ["before", (endpoint: string) => ["--endpoint", endpoint, "ls"]],
  ["with = before", (endpoint: string) => [`--endpoint=${endpoint}`, "ls"]],
  ["behind", (endpoint: string) => ["ls", "--endpoint", endpoint]],
])("is reported for --endpoint %s the command", async (_, args) => {
  const env = { SOCKBROKER_ENDPOINT: "/nonexistent/broker.sock" };
  expect(await run(args(daemon.path), { env })).toMatchObject({ code: 0, stderr: "" });
});

it("ends without an error when nobody reads its output", async () => {
  await using running = new Running(["ls", "--watch", "--json", "--interval", "0.1"], { env: daemon.env });
  await running.says("stdout", /\n/);
  running.child.stdout?.destroy();
  // The list changes, and is printed again without a reader.
  await using other = new Running(["nc", "-l", "127.0.0.1", "0", "-v"], { env: daemon.env });
  await other.says("stderr", /listening/);
  expect(await running.ended()).toMatchObject({ code: 141, stderr: "" });
});
