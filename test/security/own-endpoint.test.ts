/*
 * A socket that the daemon holds for a caller must not become a client of the daemon: there it would be the daemon's
 * own user, an operator.
 *
 * Policy: the built-in one; the caller is the daemon's own user, who may connect to every path. Needs: root for a bind
 * mount, python3 for a socket that another process opened.
 */

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, symlinkSync } from "node:fs";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Broker, connect, type Socket, SocketError } from "../../src/client/index.js";
import { asUser, cannot, lacks, Running, ServedDaemon, temporaryDirectory } from "../support/command-line.js";
import { pythonVersion } from "../support/python.js";

const STREAM = [1, 1] as const;
const DATAGRAM = [1, 2] as const;
const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", "latin1");

let daemon: ServedDaemon;
let broker: Broker;

beforeAll(async () => {
  daemon = await ServedDaemon.start();
  broker = await connect(daemon.path);
});

afterAll(async () => {
  await broker?.close();
  await daemon?.[Symbol.asyncDispose]();
});

/** The other side's response to the start of HTTP/2; if it refuses the connection, no data and the end of file. */
async function answer(socket: Socket): Promise<string> {
  const received: Buffer[] = [];
  try {
    await socket.send(PREFACE);
    for await (const chunk of socket.chunks({ timeout: 20 })) received.push(chunk);
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
    if (error.code !== "EPIPE" && error.code !== "ECONNRESET") throw error;
  }
  return Buffer.concat(received).toString("latin1");
}

/** Connects a socket of the daemon, which must be refused. */
async function refused(socket: Socket, path: string): Promise<void> {
  await socket.connect(path);
  expect(await answer(socket)).toBe("");
}

describe("a socket of the daemon that connects to the daemon's own endpoint is refused", () => {
  it("by its path, with the reason in the log", async () => {
    await using socket = await broker.socket(...STREAM);
    await refused(socket, daemon.path);
    const [line] = await daemon.process.says("stderr", /^.*"connection refused".*$/m);
    expect(JSON.parse(line)).toMatchObject({ level: 40, reason: expect.stringContaining("daemon's own process") });
  });

  it("by a symbolic link, a link to the directory, and a relative path", async () => {
    symlinkSync(daemon.path, join(daemon.directory, "link"));
    symlinkSync(daemon.directory, join(daemon.directory, "directory"));
    const paths = [
      join(daemon.directory, "link"),
      join(daemon.directory, "directory", "broker.sock"),
      relative(process.cwd(), daemon.path),
    ];
    for (const path of paths) {
      await using socket = await broker.socket(...STREAM);
      await refused(socket, path);
    }
  });

  it("by the root and the working directory of a process", async () => {
    for (const link of ["root", `cwd/${relative(process.cwd(), "/")}`]) {
      for (const pid of ["self", String(daemon.process.child.pid), String(process.pid)]) {
        await using socket = await broker.socket(...STREAM);
        await refused(socket, `/proc/${pid}/${link}${daemon.path}`);
      }
    }
  });

  it("by connect_ex", async () => {
    await using socket = await broker.socket(...STREAM);
    expect(await socket.connectEx(daemon.path)).toBe(0);
    expect(await answer(socket)).toBe("");
  });

  it("by a duplicate, and by a handle that was sent through a socketpair of the daemon", async () => {
    await using socket = await broker.socket(...STREAM);
    await using copy = await socket.dup();
    await refused(copy, daemon.path);
    const [left, right] = await broker.socketpair();
    await using sent = await broker.socket(...STREAM);
    await broker.sendFds(left, [Buffer.from("x")], [sent]);
    const { fds } = await broker.recvFds(right, 1, 1);
    await using received = await broker.socket(undefined, undefined, undefined, { fileno: fds[0] ?? 0n });
    await refused(received, daemon.path);
    await Promise.all([left.close(), right.close()]);
  });

  it("if another process opened it, and passed it to the daemon", async (ctx) => {
    if (pythonVersion === null) ctx.skip("needs python3");
    const meeting = join(daemon.directory, "meeting");
    await using listener = await broker.socket(...STREAM);
    await listener.bind(meeting);
    await listener.listen();
    const script = [
      "import array, socket, sys",
      "way = socket.socket(socket.AF_UNIX); way.connect(sys.argv[1])",
      "passed = socket.socket(socket.AF_UNIX)",
      "way.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [passed.fileno()]))])",
      "way.recv(1)",
    ].join("\n");
    const child = spawn("python3", ["-c", script, meeting], { stdio: ["ignore", "inherit", "inherit"] });
    const ended = once(child, "exit");
    const { socket: way } = await listener.accept();
    const { fds } = await broker.recvFds(way, 1, 1);
    await using passed = await broker.socket(undefined, undefined, undefined, { fileno: fds[0] ?? 0n });
    await refused(passed, daemon.path);
    await way.close();
    await ended;
  });

  it("through a bind mount that only the daemon sees", async (ctx) => {
    const unshare = ["unshare", "--mount", "--propagation", "private"];
    const reason = lacks("CAP_SYS_ADMIN") ?? (await cannot([...unshare, "--"]));
    if (reason !== null) ctx.skip(reason);
    const directory = temporaryDirectory();
    for (const name of ["here", "there"]) mkdirSync(join(directory, name));
    const endpoint = join(directory, "here", "sock");
    const mount = `mount --bind '${directory}/here' '${directory}/there' && exec "$@"`;
    await using other = new Running(["serve", "--endpoint", endpoint], {
      through: [...unshare, "sh", "-c", mount, "sh"],
    });
    await other.says("stderr", /"listening"/);
    await using inside = await connect(endpoint);
    await using socket = await inside.socket(...STREAM);
    await refused(socket, join(directory, "there", "sock"));
  });
});

describe("a socket that cannot be connected does not reach the endpoint either", () => {
  it("if it is an end of a socketpair", async () => {
    for (const end of await broker.socketpair()) {
      await expect(end.connect(daemon.path)).rejects.toMatchObject({ code: "EISCONN" });
      await end.close();
    }
  });

  it("if it listens", async () => {
    await using listener = await broker.socket(...STREAM);
    await listener.bind(join(daemon.directory, "listener"));
    await listener.listen();
    await expect(listener.connect(daemon.path)).rejects.toMatchObject({ code: "EINVAL" });
    // A connection to a listener of the daemon reaches the caller, and not the daemon's API.
    await using near = await broker.socket(...STREAM);
    await near.connect(join(daemon.directory, "listener"));
    await using far = (await listener.accept()).socket;
    await near.send(PREFACE);
    expect(await far.recv(100)).toEqual(PREFACE);
  });

  it("if it has another type", async () => {
    await using datagram = await broker.socket(...DATAGRAM);
    await expect(datagram.connect(daemon.path)).rejects.toMatchObject({ code: "EPROTOTYPE" });
    await expect(datagram.sendto(PREFACE, daemon.path)).rejects.toMatchObject({ code: "EPROTOTYPE" });
    await using sequence = await broker.socket(1, 5);
    await expect(sequence.connect(daemon.path)).rejects.toMatchObject({ code: "EPROTOTYPE" });
  });
});

it("a user who may use unix sockets with paths does not become an operator through the daemon", async (ctx) => {
  const MALLORY = 65_534;
  const reason = lacks("CAP_SETUID") ?? (await cannot(asUser(MALLORY)));
  if (reason !== null) ctx.skip(reason);
  await using served = await ServedDaemon.start(["--admit", `uid:${MALLORY},unix`]);
  const index = JSON.stringify(new URL("../../dist/client/index.js", import.meta.url).href);
  const script = `
    import { connect } from ${index};
    const broker = await connect(${JSON.stringify(served.path)});
    const socket = await broker.socket(1, 1);
    await socket.connect(${JSON.stringify(served.path)});
    const preface = Buffer.from(${JSON.stringify(PREFACE.toString("base64"))}, "base64");
    const outcome = socket.send(preface).then(() => socket.recv(100));
    console.log(await outcome.then((data) => data.length, (error) => error.code));
    await broker.close();`;
  const [program = "", ...args] = asUser(MALLORY);
  const command = [...args, process.execPath, "--input-type=module", "--eval", script];
  const { stdout } = await promisify(execFile)(program, command);
  expect(stdout).toMatch(/^(0|EPIPE|ECONNRESET)\n$/);
  await served.process.says("stderr", /"connection refused"/);
});

it("a client in the broker's own process is refused too, and gets the reason", async () => {
  const directory = temporaryDirectory();
  const [client, server] = ["client", "server"].map((part) =>
    JSON.stringify(new URL(`../../dist/${part}/index.js`, import.meta.url).href),
  );
  const script = `
    import { connect } from ${client};
    import { startBroker } from ${server};
    const server = await startBroker({ endpoint: ${JSON.stringify(join(directory, "sock"))} });
    await connect(server.endpoint).then(() => console.log("connected"), (error) => console.log(error.name));
    await server.close();`;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script]);
  expect(stdout).toBe("BrokerError\n");
  expect(stderr).toContain("clients must be in another process");
});
