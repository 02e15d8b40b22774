import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lacks, Running, run, ServedDaemon } from "../support/command-line.js";

// Policy: the built-in one; the caller is the daemon's own user. Needs: loopback; CAP_NET_RAW for ping.

let daemon: ServedDaemon;
beforeAll(async () => {
  daemon = await ServedDaemon.start();
});
afterAll(() => daemon[Symbol.asyncDispose]());

const broker = (...args: string[]) => run(args, { env: daemon.env });

describe("call", () => {
  it("prints the answer as JSON, with and without the package's name", async () => {
    for (const service of ["ConversionService", "sockbroker.v1.ConversionService"]) {
      const { code, stdout } = await broker("call", `${service}/InetAton`, '{"address":"127.1"}');
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toEqual({ packed: "fwAAAQ==" });
    }
  });

  it.each([
    ["ADDRESS_FAMILY_UNIX", "SOCKET_TYPE_DGRAM"],
    [1, 2],
  ])("takes enums as %j and %j, and prints their names", async (family, type) => {
    const { code, stdout } = await broker("call", "SocketService/Socket", JSON.stringify({ family, type }));
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      socket: { family: "ADDRESS_FAMILY_UNIX", type: "SOCKET_TYPE_DGRAM" },
    });
  });

  it.each([
    ["SocketService/Socket", '{"family":"AF_INET6"}', "ADDRESS_FAMILY_INET6"],
    ["SocketService/Socket", '{"type":"SOCK_DGRAM"}', "SOCKET_TYPE_DGRAM"],
    ["ResolverService/Getaddrinfo", '{"family":"inet"}', "ADDRESS_FAMILY_INET"],
  ])("suggests the full name of an enum value: %s %s", async (method, request, name) => {
    const { code, stderr } = await broker("call", method, request);
    expect(code).toBe(2);
    expect(stderr.split("\n")[0]).toMatch(new RegExp(`; did you mean "${name}"\\?$`));
  });

  it("takes the request from stdin with -", async () => {
    const input = '{"permission":"connect"}\n';
    const { code, stdout } = await run(["call", "PolicyService/ExplainPolicy", "-"], { env: daemon.env, input });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ allowed: true, rule: "built-in-owner" });
  });

  it("prints a typed error as JSON with --json, otherwise on one line", async () => {
    const request = ["SocketService/Socket", '{"family":99}'];
    const plain = await broker("call", ...request);
    expect(plain).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^sockbroker call: socket EAFNOSUPPORT: .*\n$/),
    });
    const { code, stdout, stderr } = await broker("call", "--json", ...request);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(JSON.parse(stderr)).toEqual({
      error: {
        type: "SocketError",
        message: expect.stringContaining("EAFNOSUPPORT"),
        code: "EAFNOSUPPORT",
        errno: 97,
        syscall: "socket",
        os: "linux",
      },
    });
  });

  it("closes the sockets of a call at its end, and keeps those of a leased session", async () => {
    const alone = JSON.parse((await broker("call", "SocketService/Socket", "{}")).stdout) as Opened;
    const lost = await broker("call", "SocketService/Getsockname", JSON.stringify({ handle: alone.socket.handle }));
    expect(lost).toMatchObject({ code: 1, stderr: expect.stringContaining("sockbroker call:") });

    const { stdout } = await broker("call", "SessionService/OpenSession", '{"lease":"60s"}');
    const { token } = JSON.parse(stdout) as { token: string };
    const created = await broker(
      "call",
      "--session",
      token,
      "SocketService/CreateServer",
      '{"address":{"inet":{"host":"127.0.0.1","port":0}}}',
    );
    const { handle } = (JSON.parse(created.stdout) as Opened).socket;
    const env = { ...daemon.env, SOCKBROKER_SESSION: token };
    const name = await run(["call", "SocketService/Getsockname", JSON.stringify({ handle })], { env });
    expect(JSON.parse(name.stdout)).toMatchObject({ address: { inet: { host: "127.0.0.1" } } });
    expect(await run(["call", "SessionService/CloseSession"], { env })).toMatchObject({ code: 0 });
    const after = await run(["call", "--json", "SessionService/GetSession"], { env });
    expect(after.code).toBe(1);
    expect(JSON.parse(after.stderr)).toMatchObject({ error: { type: "BrokerError", code: "SESSION_NOT_FOUND" } });
  });

  it("prints the responses of a stream, one per line", async () => {
    await using running = new Running(["call", "AdminService/WatchHandles", '{"interval":"0.1s"}'], {
      env: daemon.env,
    });
    await running.says("stdout", /^\{"handles":\[.*\]\}\n/);
    await using listener = new Running(["nc", "-l", "-v", "127.0.0.1", "0"], { env: daemon.env });
    await listener.says("stderr", /listening/);
    await running.says("stdout", /\n\{"handles":\[\{.*\}\]\}\n/);
  });

  it("lists the RPCs", async () => {
    const { code, stdout } = await broker("call", "--list", "socketservice/");
    expect(code).toBe(0);
    for (const verb of ["Socket", "Recvmsg", "Getsockopt"])
      expect(stdout).toMatch(new RegExp(`^SocketService/${verb}$`, "m"));
  });
});

interface Opened {
  readonly socket: { readonly handle: string };
}

describe("resolve", () => {
  it("lists the addresses of a name", async () => {
    const { code, stdout } = await broker("resolve", "-4", "localhost", "80");
    expect({ code, stdout }).toEqual({ code: 0, stdout: "FAMILY  TYPE    ADDRESS\ninet    stream  127.0.0.1:80\n" });
  });

  it("prints them as JSON", async () => {
    const { stdout } = await broker("resolve", "--json", "-t", "any", "127.0.0.1", "53");
    const found = JSON.parse(stdout) as { type: number; address: object }[];
    expect(found.map(({ type }) => type).sort()).toEqual([1, 2, 3]);
    expect(found[0]?.address).toEqual({ family: "inet", host: "127.0.0.1", port: 53 });
  });

  it("finds the name of an address", async () => {
    expect(await broker("resolve", "-x", "127.0.0.1")).toMatchObject({ code: 0, stdout: "localhost\n" });
  });

  it("fails with the resolver's error", async () => {
    const { code, stderr } = await broker("resolve", "--json", "name.invalid");
    expect(code).toBe(1);
    expect(JSON.parse(stderr)).toMatchObject({
      error: { type: "ResolverError", code: expect.stringMatching(/^EAI_/) },
    });
  });
});

describe("constants", () => {
  it("lists constants that match a pattern, ignoring case", async () => {
    expect((await broker("constants", "af_inet")).stdout).toBe("NAME     VALUE\nAF_INET      2\n");
    const { stdout } = await broker("constants", "SOCK_?TREAM", "SHUT_*", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ SOCK_STREAM: 1, SHUT_RD: 0, SHUT_WR: 1, SHUT_RDWR: 2 });
  });

  it("lists all constants without a pattern", async () => {
    const { stdout } = await broker("constants");
    expect(stdout.split("\n").length).toBeGreaterThan(200);
  });

  it("exits with status 1 if none matches", async () => {
    expect(await broker("constants", "NO_SUCH_*")).toEqual({ code: 1, signal: null, stdout: "", stderr: "" });
  });
});

describe("ls", () => {
  it("shows a listener and a connection with their owner and addresses", async () => {
    await using listener = new Running(["nc", "-l", "-v", "127.0.0.1", "0"], { env: daemon.env });
    const [, port = ""] = await listener.says("stderr", /listening on 127\.0\.0\.1:(\d+)/);
    const listening = await broker("ls");
    expect(listening.stdout).toMatch(/^HANDLE +SESSION +PRINCIPAL +KIND +STATE/);
    expect(listening.stdout).toMatch(new RegExp(`^\\d+ +\\w+ +uid:\\d+ +tcp +LISTEN +.*127\\.0\\.0\\.1:${port} `, "m"));

    await using client = new Running(["nc", "-v", "127.0.0.1", port], { env: daemon.env });
    client.child.stdin?.write("12345");
    await listener.says("stdout", /12345/);
    const handles = JSON.parse((await broker("ls", "--json")).stdout) as Record<string, unknown>[];
    const local = { family: "inet", host: "127.0.0.1" };
    const sender = handles.find(({ sentBytes }) => sentBytes === 5);
    expect(sender).toMatchObject({
      state: "ESTAB",
      localAddress: local,
      peerAddress: { ...local, port: Number(port) },
    });
    const filtered = await broker("ls", "--session", String(sender?.sessionId));
    expect(filtered.stdout.trimEnd().split("\n").length).toBe(2);
  });

  it("lists sessions with --sessions", async () => {
    const opened = await broker("call", "SessionService/OpenSession", '{"lease":"60s","name":"mine"}');
    const { session } = JSON.parse(opened.stdout) as { session: { id: string } };
    const { stdout } = await broker("ls", "--sessions");
    expect(stdout).toMatch(new RegExp(`^${session.id} +uid:\\d+ +leased +1m0s +\\d+\\.\\ds +0 +mine$`, "m"));
    const sessions = JSON.parse((await broker("ls", "--sessions", "--json")).stdout) as { id: string }[];
    expect(sessions.map(({ id }) => id)).toContain(session.id);
  });

  it("repeats the list with --watch, separated by an empty line", async () => {
    await using watching = new Running(["ls", "-w", "-i", "0.1"], { env: daemon.env });
    await watching.says("stdout", /^HANDLE/);
    await using listener = new Running(["nc", "-l", "-v", "127.0.0.1", "0"], { env: daemon.env });
    await listener.says("stderr", /listening/);
    await watching.says("stdout", /\n\nHANDLE[^\n]*\n(.*\n)*.* LISTEN /);
  });
});

it("drain ends the daemon, with status 0", async () => {
  await using other = await ServedDaemon.start();
  expect(await run(["drain", "--grace", "0.1"], { env: other.env })).toEqual({
    code: 0,
    signal: null,
    stdout: "",
    stderr: "",
  });
  expect(await other.process.ended()).toMatchObject({ code: 0, signal: null });
});

describe("ping", () => {
  it("pings loopback", async (ctx) => {
    const reason = lacks("CAP_NET_RAW");
    if (reason !== null) ctx.skip(reason);
    const { code, stdout, stderr } = await broker("ping", "-c", "3", "-i", "0.05", "-s", "1000", "127.0.0.1");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const lines = stdout.split("\n");
    expect(lines[0]).toBe("PING 127.0.0.1 (127.0.0.1) 1000 bytes of data.");
    for (const sequence of [1, 2, 3]) {
      expect(lines[sequence]).toMatch(
        new RegExp(`^1008 bytes from 127\\.0\\.0\\.1: icmp_seq=${sequence} ttl=\\d+ time=[\\d.]+ ms$`),
      );
    }
    expect(lines[5]).toBe("--- 127.0.0.1 ping statistics ---");
    expect(lines[6]).toMatch(/^3 packets transmitted, 3 received, 0% packet loss, time \d+ms$/);
    expect(lines[7]).toMatch(/^rtt min\/avg\/max\/mdev = [\d.]+\/[\d.]+\/[\d.]+\/[\d.]+ ms$/);
  });

  it("pings IPv6, and prints totals as JSON", async (ctx) => {
    const reason = lacks("CAP_NET_RAW");
    if (reason !== null) ctx.skip(reason);
    const { code, stdout, stderr } = await broker("ping", "-6", "-c", "2", "-i", "0.05", "--json", "::1");
    if (/EADDRNOTAVAIL|ENETUNREACH|EAFNOSUPPORT|EAI_/.test(stderr)) ctx.skip("needs IPv6 on loopback");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ address: "::1", transmitted: 2, received: 2, lossPercent: 0 });
  });

  it("exits with status 1 if nobody answers", async (ctx) => {
    const reason = lacks("CAP_NET_RAW");
    if (reason !== null) ctx.skip(reason);
    // This address never answers; the kernel may also refuse to send to it.
    const { code, stdout, stderr } = await broker("ping", "-c", "1", "-W", "0.2", "-q", "240.0.0.1");
    expect(code).toBe(1);
    expect(stdout + stderr).toMatch(/1 packets transmitted, 0 received|Network is unreachable/);
  });

  it("prints totals when it is interrupted", async (ctx) => {
    const reason = lacks("CAP_NET_RAW");
    if (reason !== null) ctx.skip(reason);
    await using running = new Running(["ping", "-i", "0.05", "127.0.0.1"], { env: daemon.env });
    await running.says("stdout", /icmp_seq=2/);
    running.child.kill("SIGINT");
    const { code, stdout } = await running.ended();
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\d+ packets transmitted, \d+ received/m);
  });
});
