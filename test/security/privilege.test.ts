import { spawn } from "node:child_process";
import { once } from "node:events";
import { beforeEach, describe, expect, it } from "vitest";
import { asUser, cannot, lacks, type Result, Running, run, ServedDaemon } from "../support/command-line.js";

// Policy: the built-in one; which users are admitted is in each test. Needs: root, because the callers are other users,
// with empty capability sets.

const ALICE = 65_534;
const BOB = 65_533;
const MALLORY = 65_532;
const admitting = (...uids: number[]) => uids.flatMap((uid) => ["--admit", `uid:${uid}`]);

beforeEach(async (ctx) => {
  const reason = lacks("CAP_SETUID", "CAP_NET_RAW", "CAP_NET_BIND_SERVICE") ?? (await cannot(asUser(ALICE)));
  if (reason !== null) ctx.skip(reason);
});

/** Runs a command as a user without capabilities. */
function runAs(uid: number, daemon: ServedDaemon, ...args: string[]): Promise<Result> {
  return run(args, { env: daemon.env, through: asUser(uid) });
}

/** A command's error message. */
function errorOf({ stderr }: Result): Record<string, unknown> {
  return (JSON.parse(stderr) as { error: Record<string, unknown> }).error;
}

const moduleUrl = (path: string) => JSON.stringify(new URL(`../../dist/${path}`, import.meta.url).href);

/**
 * Does one task of the demonstration, which tries it directly first, and fails if that works; then through a daemon
 * that the process started, which has no more rights than the process.
 */
async function jobAs(
  uid: number,
  daemon: ServedDaemon,
  name: string,
): Promise<{ code: number | null; output: string }> {
  const script = `
    import { mkdtempSync, rmSync } from "node:fs";
    import { tmpdir } from "node:os";
    import { join } from "node:path";
    import { connect } from ${moduleUrl("client/index.js")};
    import { startDaemon, stopDaemon } from ${moduleUrl("examples/daemon.js")};
    import { ${name} } from ${moduleUrl("examples/unprivileged-jobs.js")};
    const directory = mkdtempSync(join(tmpdir(), "sockbroker-test-"));
    const endpoint = join(directory, "own.sock");
    const server = await startDaemon(["--endpoint", endpoint]);
    const [own, daemon] = await Promise.all([connect(endpoint), connect(${JSON.stringify(daemon.path)})]);
    try {
      await ${name}({ own, daemon });
    } finally {
      await Promise.all([own.close(), daemon.close()]);
      await stopDaemon(server);
      rmSync(directory, { recursive: true });
    }`;
  const [program = "", ...args] = asUser(uid);
  const child = spawn(program, [...args, process.execPath, "--input-type=module", "--eval", script]);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  await once(child, "close");
  return { code: child.exitCode, output };
}

describe("a user without any capability", () => {
  it.each([
    ["pingLoopback", "EPERM"],
    ["capturePing", "EPERM"],
    ["serveHttp", "EACCES"],
  ])("can perform %s through the daemon, and gets %s directly", async (name, refusal) => {
    await using daemon = await ServedDaemon.start(admitting(ALICE));
    const { code, output } = await jobAs(ALICE, daemon, name);
    expect(output).toContain("through the daemon:");
    expect(output).toMatch(new RegExp(`directly: .*: (${refusal}|worked, because .*)$`, "m"));
    expect(code).toBe(0);
  });
});

describe("a user who was not admitted", () => {
  it("cannot even connect, because of the socket's mode", async () => {
    await using daemon = await ServedDaemon.start();
    const result = await runAs(ALICE, daemon, "call", "--json", "SocketService/Socket", "{}");
    expect(result.code).toBe(3);
    expect(errorOf(result)).toMatchObject({ type: "BrokerError", code: "ENDPOINT_FORBIDDEN" });
  });

  it.each([
    // A user without any permission may not have a session, so every call is refused.
    ["session", "SocketService/Socket", "{}"],
    ["session", "ResolverService/Gethostbyname", '{"hostname":"bG9jYWxob3N0"}'],
    ["session", "HostService/Sethostname", '{"hostname":"eA=="}'],
    ["session", "AdminService/ListHandles", "{}"],
    ["session", "AdminService/ListSessions", "{}"],
    ["session", "AdminService/WatchHandles", "{}"],
    ["session", "AdminService/GetStatistics", "{}"],
  ])("is denied %s by default for %s, with the rule and the principal", async (permission, method, request) => {
    await using daemon = await ServedDaemon.start([...admitting(ALICE), "--mode", "0666"]);
    const result = await runAs(MALLORY, daemon, "call", "--json", method, request);
    expect(result).toMatchObject({ code: 4, stdout: "" });
    expect(errorOf(result)).toMatchObject({
      type: "PolicyDenial",
      code: "POLICY_DENIED",
      rule: "default",
      principal: `uid:${MALLORY}`,
      permission,
    });
  });

  it("is denied by every command, with status 4", async () => {
    await using daemon = await ServedDaemon.start(["--mode", "0666"]);
    for (const args of [["ls"], ["drain"], ["ping", "127.0.0.1"], ["resolve", "localhost"], ["nc", "127.0.0.1", "1"]]) {
      const { code, stdout, stderr } = await runAs(MALLORY, daemon, ...args);
      expect({ args, code, stdout }).toEqual({ args, code: 4, stdout: "" });
      const advice = `; to admit it, run the daemon with: sockbroker serve --admit uid:${MALLORY}`;
      expect(stderr).toMatch(new RegExp(`^sockbroker ${args[0]}: no rule allows \\w+ to uid:${MALLORY}${advice}\n$`));
    }
  });

  it("causes a line in the log", async () => {
    await using daemon = await ServedDaemon.start(["--mode", "0666"]);
    await runAs(MALLORY, daemon, "call", "SocketService/Socket");
    const [line] = await daemon.process.says("stderr", /^.*"denied".*$/m);
    expect(JSON.parse(line)).toMatchObject({
      level: 40,
      principal: `uid:${MALLORY}`,
      pid: expect.any(Number),
      permission: "session",
      rule: "default",
    });
  });
});

describe("an admitted user", () => {
  it("is not an operator", async () => {
    await using daemon = await ServedDaemon.start(admitting(ALICE));
    for (const method of ["CloseHandle", "RevokeSession", "GetStatistics", "Drain"]) {
      const result = await runAs(ALICE, daemon, "call", "--json", `AdminService/${method}`);
      expect({ method, code: result.code }).toEqual({ method, code: 4 });
      expect(errorOf(result)).toMatchObject({
        type: "PolicyDenial",
        rule: `admit-uid:${ALICE}-admin`,
        principal: `uid:${ALICE}`,
        permission: "admin",
      });
    }
    expect(await run(["ls"], { env: daemon.env })).toMatchObject({ code: 0 });
  });

  it("may be admitted by its name, which is looked up once", async () => {
    await using daemon = await ServedDaemon.start(["--admit", "uid:nobody"]);
    const { code, stdout } = await runAs(ALICE, daemon, "call", "PolicyService/GetEffectivePolicy");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ principal: `uid:${ALICE}` });
    expect(await runAs(ALICE, daemon, "call", "SocketService/Socketpair")).toMatchObject({ code: 0 });
    expect(await runAs(BOB, daemon, "call", "SocketService/Socketpair")).toMatchObject({ code: 4 });
  });

  it("sees its own sockets and sessions, and no others", async () => {
    await using daemon = await ServedDaemon.start(admitting(ALICE, BOB));
    const own = await openSocket(ALICE, daemon);
    const others = [await openSocket(BOB, daemon), await openSocket(process.geteuid?.() ?? 0, daemon)];
    const lists = async (uid: number): Promise<{ handles: Listed[]; sessions: Listed[]; watched: Listed[] }> => {
      const handles = await runAs(uid, daemon, "ls", "--json");
      const sessions = await runAs(uid, daemon, "ls", "--sessions", "--json");
      await using watching = new Running(["ls", "--watch", "--json"], { env: daemon.env, through: asUser(uid) });
      const [line] = await watching.says("stdout", /^.*\n/);
      return { handles: json(handles.stdout), sessions: json(sessions.stdout), watched: json(line) };
    };
    const seen = await lists(ALICE);
    for (const list of Object.values(seen)) {
      expect(list.length).toBeGreaterThan(0);
      expect(new Set(list.map(({ principal }) => principal))).toEqual(new Set([`uid:${ALICE}`]));
    }
    expect(seen.handles.map(({ handle }) => handle)).toEqual([own.handle]);
    // Not by its id either.
    const all = json((await run(["ls", "--json"], { env: daemon.env })).stdout);
    expect(all.length).toBe(1 + others.length);
    const foreign = all.find(({ principal }) => principal === `uid:${BOB}`)?.sessionId ?? "";
    expect(json((await runAs(BOB, daemon, "ls", "--json", "--session", foreign)).stdout).length).toBe(1);
    expect(json((await runAs(ALICE, daemon, "ls", "--json", "--session", foreign)).stdout)).toEqual([]);
    // Listing is not refused, and neither counted nor logged as a denial.
    const statistics = await run(["call", "AdminService/GetStatistics"], { env: daemon.env });
    expect(JSON.parse(statistics.stdout)).toMatchObject({ denialsTotal: "0" });
  });

  it("cannot use another user's session, even with its token; nor can the operator", async () => {
    await using daemon = await ServedDaemon.start(admitting(ALICE, BOB));
    const { token, handle } = await openSocket(ALICE, daemon);
    const request = JSON.stringify({ handle });
    const own = await runAs(ALICE, daemon, "call", "--session", token, "SocketService/Fileno", request);
    expect(own.code).toBe(0);
    const stolen = ["call", "--json", "--session", token, "SocketService/Fileno", request];
    for (const result of [await runAs(BOB, daemon, ...stolen), await run(stolen, { env: daemon.env })]) {
      expect(result).toMatchObject({ code: 1, stdout: "" });
      expect(errorOf(result)).toMatchObject({ type: "BrokerError", code: "SESSION_NOT_FOUND" });
    }
  });

  it("does not find another user's handle in its own session", async () => {
    await using daemon = await ServedDaemon.start(admitting(ALICE, BOB));
    const alice = await openSocket(ALICE, daemon);
    const { stdout } = await runAs(BOB, daemon, "call", "SessionService/OpenSession", '{"lease":"60s"}');
    const { token } = JSON.parse(stdout) as { token: string };
    const request = JSON.stringify({ handle: alice.handle });
    for (const method of ["Getsockname", "Close", "Fileno", "Dup"]) {
      const result = await runAs(BOB, daemon, "call", "--json", "--session", token, `SocketService/${method}`, request);
      expect({ method, code: result.code }).toEqual({ method, code: 1 });
      expect(errorOf(result)).toMatchObject({ type: "BrokerError", code: "HANDLE_NOT_FOUND" });
    }
    const after = ["call", "--session", alice.token, "SocketService/Fileno", request];
    expect(await runAs(ALICE, daemon, ...after)).toMatchObject({ code: 0 });
  });

  it("is identified by its current user, not by handles it was given", async () => {
    await using daemon = await ServedDaemon.start(admitting(ALICE, BOB));
    for (const uid of [ALICE, BOB]) {
      const { stdout } = await runAs(uid, daemon, "call", "SessionService/WhoAmI");
      expect(JSON.parse(stdout)).toMatchObject({ principal: `uid:${uid}`, uid, gid: uid });
    }
  });
});

interface Listed {
  readonly principal: string;
  readonly handle: string;
  readonly sessionId: string;
}

function json(text: string): Listed[] {
  return JSON.parse(text) as Listed[];
}

/** Opens a leased session with a socket. */
async function openSocket(uid: number, daemon: ServedDaemon): Promise<{ token: string; handle: string }> {
  const session = await runAs(uid, daemon, "call", "SessionService/OpenSession", '{"lease":"60s"}');
  const { token } = JSON.parse(session.stdout) as { token: string };
  const opened = await runAs(uid, daemon, "call", "--session", token, "SocketService/Socket", "{}");
  const { socket } = JSON.parse(opened.stdout) as { socket: { handle: string } };
  return { token, handle: socket.handle };
}
