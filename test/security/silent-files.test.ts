/*
 * A file system in user space that does not answer only delays callers that send from its files.
 *
 * Policy: the built-in one; the caller is the daemon's own user, and the file system requests everything from the
 * daemon. Needs: root and /dev/fuse for the mount, in its own mount namespace, and python3.
 */

import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, expect, it } from "vitest";
import { HostService } from "../../src/gen/sockbroker/v1/host_service_pb.js";
import { SocketService } from "../../src/gen/sockbroker/v1/socket_service_pb.js";
import { StreamService } from "../../src/gen/sockbroker/v1/stream_service_pb.js";
import { ServedDaemon } from "../support/command-line.js";
import { Outside } from "../support/outside.js";
import { handleOf, RawClient, type RawSession, symbolOf, until } from "../support/raw-broker.js";

const MODULES = fileURLToPath(new URL("../python", import.meta.url));
const OWN_MOUNTS = ["unshare", "--mount", "--propagation", "private"];
const FIONREAD = 0x541b;
const POLLIN = 1;
const x = Buffer.from("x");

function cannotMount(): string | null {
  try {
    accessSync("/dev/fuse", constants.R_OK | constants.W_OK);
  } catch {
    return "needs /dev/fuse, and to be let use it";
  }
  const run = spawnSync("sh", ["-c", `exec ${OWN_MOUNTS.join(" ")} true`]);
  return run.status === 0 ? null : "needs a mount namespace of its own: CAP_SYS_ADMIN";
}

beforeEach((ctx) => {
  const reason = cannotMount();
  if (reason !== null) ctx.skip(reason);
});

/** A process that serves one file, and then answers none of the given requests about it. */
function serving(directory: string, silent: string): Outside {
  const mountPoint = join(directory, "mnt");
  mkdirSync(mountPoint);
  const script = [
    "sys.path.insert(0, sys.argv[2])",
    "import fuse_files",
    "files = fuse_files.Files(sys.argv[3])",
    "file = os.open(sys.argv[3] + '/file', os.O_RDONLY)",
    "give(file)",
    // At its end the process would wait for its own answer.
    "os.close(file)",
    `files.silent = ${silent}`,
    "say('silent')",
  ];
  return new Outside(script, { args: [MODULES, mountPoint], through: OWN_MOUNTS });
}

async function receive(session: RawSession, way: bigint, outside: Outside): Promise<bigint> {
  expect(await outside.line()).toBe("silent");
  const { handles } = await session.op("recvFds", { handle: way, maxBytes: 1n, maxHandles: 1 });
  expect(handles).toHaveLength(1);
  return handles[0] ?? 0n;
}

const seconds = (number: number) =>
  ({ limit: { case: "duration", value: { seconds: BigInt(number), nanos: 0 } } }) as const;

it("delays no other call, whatever is done with the file", async () => {
  await using daemon = await ServedDaemon.start();
  await using outside = serving(daemon.directory, "fuse_files.QUESTIONS");
  using client = new RawClient(daemon.path);
  using session = client.session();
  using other = new RawClient(daemon.path);
  const answers = () => other.unary(HostService.method.gethostname, {});
  const way = await outside.way(session);
  const file = await receive(session, way, outside);
  await answers();
  const attempts = {
    "poll and watch": async () => {
      using stream = client.bidi(StreamService.method.watch);
      await stream.write({ interests: [{ handle: file, events: POLLIN }] });
      return (await stream.next())?.events.map(({ events }) => events);
    },
    ioctl: () =>
      symbolOf(
        session.op("ioctl", { handle: file, request: BigInt(FIONREAD), argument: { case: "integer", value: 0 } }),
      ),
    "sending it on": () => symbolOf(session.op("sendFds", { handle: way, buffers: [x], handles: [file] })),
    receiving: () => symbolOf(session.op("recv", { handle: file, maxBytes: 1n })),
    "a name": () => symbolOf(session.op("getsockname", { handle: file })),
    "the list of handles": () => client.statistics().then(({ handles }) => handles > 0),
  };
  const said: Record<string, unknown> = {};
  for (const [name, act] of Object.entries(attempts)) {
    said[name] = await act();
    await answers();
  }
  expect(said).toEqual({
    "poll and watch": [POLLIN],
    ioctl: "ENOTTY",
    "sending it on": "EOPNOTSUPP",
    receiving: "ENOTSOCK",
    "a name": "ENOTSOCK",
    "the list of handles": true,
  });
  const copy = handleOf((await session.op("dup", { handle: file })).socket);
  for (const handle of [file, copy]) {
    expect(await symbolOf(session.op("close", { handle }))).toBe("ok");
    await answers();
  }
});

it("delays sending from it, but nothing else on that socket", async () => {
  await using daemon = await ServedDaemon.start();
  await using outside = serving(daemon.directory, "(fuse_files.READ,)");
  using client = new RawClient(daemon.path);
  using session = client.session();
  using other = new RawClient(daemon.path);
  const fileHandle = await receive(session, await outside.way(session), outside);
  const pair = await session.op("socketpair", {});
  const [near, far] = [handleOf(pair.first), handleOf(pair.second)];
  const request = { handle: near, fileHandle, countBytes: 100n };
  expect(await symbolOf(session.op("sendfile", { ...request, timeout: seconds(1) }))).toBe("TIMEOUT");
  await other.unary(HostService.method.gethostname, {});
  await session.op("send", { handle: far, data: x });
  expect((await session.op("recv", { handle: near, maxBytes: 1n })).data).toHaveLength(1);
  // A thread is still sending, so data sent now could overtake its data.
  expect(await symbolOf(session.op("send", { handle: near, data: x, timeout: seconds(1) }))).toBe("TIMEOUT");
  expect(await symbolOf(session.op("close", { handle: near }))).toBe("ok");
  // Many more than the threads of a principal.
  const waiting = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const { first } = await session.op("socketpair", {});
      return symbolOf(session.op("sendfile", { ...request, handle: handleOf(first), timeout: seconds(1) }));
    }),
  );
  expect(new Set(waiting)).toEqual(new Set(["TIMEOUT"]));
  await other.unary(HostService.method.gethostname, {});
  daemon.process.child.kill("SIGTERM");
  // It drains and removes its endpoint; the process itself cannot exit before the kernel releases its threads.
  await until("the endpoint is given up", () => !existsSync(daemon.path) && !existsSync(`${daemon.path}.lock`));
  await outside[Symbol.asyncDispose]();
  expect(await daemon.process.ended()).toMatchObject({ code: 0 });
});

it("counts until it is closed", async () => {
  await using daemon = await ServedDaemon.start(["--max-handles", "2"]);
  await using outside = serving(daemon.directory, "(fuse_files.FLUSH,)");
  using client = new RawClient(daemon.path);
  using session = client.session();
  const file = await receive(session, await outside.way(session), outside);
  expect(await symbolOf(session.op("close", { handle: file }))).toBe("ok");
  expect(await symbolOf(session.op("socket", {}))).toBe("QUOTA_EXCEEDED");
  // Its mount ends with its server, and then every call on it.
  await outside[Symbol.asyncDispose]();
  await until(
    "the file is closed",
    async () => (await symbolOf(client.unary(SocketService.method.socket, {}))) === "ok",
  );
});
