import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SessionService } from "../../src/gen/sockbroker/v1/session_service_pb.js";
import { handleOf, type RawClient, RawDaemon, type RawSession, symbolOf, until } from "../support/raw-broker.js";

/* Handles that are closed while the kernel still holds the socket. With the built-in policy. */

const LIMIT = 10;
const MSG_DONTWAIT = 0x40;

let daemon: RawDaemon;
let client: RawClient;
let session: RawSession;
beforeEach(async () => {
  daemon = await RawDaemon.start("--max-handles", String(LIMIT));
  client = daemon.client();
  session = client.session();
});
afterEach(async () => {
  client[Symbol.dispose]();
  expect(daemon.faults).toEqual([]);
  await daemon[Symbol.asyncDispose]();
});

async function pair(): Promise<[bigint, bigint]> {
  const { first, second } = await session.op("socketpair", {});
  return [handleOf(first), handleOf(second)];
}

function unix(path: string) {
  const name = { case: "path", value: Buffer.from(path) } as const;
  return { address: { case: "unixDomain", value: { name } } } as const;
}

/** Opens a socket, sends it and closes it. Returns the symbol of the error, or "ok". */
async function park(carrier: bigint, from = session): Promise<string> {
  return symbolOf(
    (async () => {
      const handle = handleOf((await from.op("socket", {})).socket);
      await from.op("sendFds", {
        handle: carrier,
        buffers: [Buffer.from("x")],
        handles: [handle],
        flags: MSG_DONTWAIT,
      });
      await from.op("close", { handle });
    })(),
  );
}

/** Returns how many sockets can be sent and not received until the limit is reached. */
async function parkAll(carrier: bigint): Promise<number> {
  for (let count = 0; ; count++) {
    const reason = await park(carrier);
    if (reason === "QUOTA_EXCEEDED") return count;
    expect(reason).toBe("ok");
  }
}

/**
 * Sends as many sockets as the limit allows beside a pair. Those that were received and closed before may count until the
 * daemon checks again.
 */
async function parkToLimit(carrier: bigint): Promise<void> {
  let parked = 0;
  await until("as many as the limit are in flight", async () => {
    parked += await parkAll(carrier);
    return parked === LIMIT - 2;
  });
}

async function receive(handle: bigint): Promise<bigint> {
  const { handles } = await session.op("recvFds", { handle, maxBytes: 1n, maxHandles: 1 });
  if (handles[0] === undefined) throw new Error("nothing was received");
  return handles[0];
}

describe("a socket in flight", () => {
  it("counts as a handle until it is received and closed", async () => {
    const [a, b] = await pair();
    for (let round = 0; round < 2; round++) {
      await parkToLimit(a);
      // It counts once, as a handle again: otherwise the quota would not allow to receive it.
      for (let i = 0; i < LIMIT - 2; i++) await receive(b).then((handle) => session.op("close", { handle }));
    }
  });

  it("does not count after the pair that carries it was closed", async () => {
    const [a, b] = await pair();
    expect(await parkAll(a)).toBe(LIMIT - 2);
    await session.op("close", { handle: a });
    await session.op("socket", {});
    expect(await symbolOf(session.op("socket", {}))).toBe("QUOTA_EXCEEDED");
    await session.op("close", { handle: b });
    await until("there is room", async () => (await symbolOf(session.op("socketpair", {}))) === "ok");
  });

  it("counts once, however often it was sent, until no copy is left", async () => {
    const [a, b] = await pair();
    const handle = handleOf((await session.op("socket", {})).socket);
    const copies = LIMIT - 4;
    for (let i = 0; i < copies; i++)
      await session.op("sendFds", { handle: a, buffers: [Buffer.from("x")], handles: [handle, handle] });
    await session.op("close", { handle });
    for (let i = 0; i < copies; i++) await session.op("close", { handle: await receive(b) });
    await parkToLimit(a);
  });

  it("outlives its session in the queue of another one, and counts for its sender", async () => {
    const { token } = await client.unary(SessionService.method.openSession, {});
    const other = client.session({ token });
    const listener = handleOf((await session.op("socket", { family: 1 })).socket);
    const address = unix(join(daemon.directory, "other"));
    await session.op("bind", { handle: listener, address });
    await session.op("listen", { handle: listener });
    const far = handleOf((await other.op("socket", { family: 1 })).socket);
    await other.op("connectTo", { handle: far, address });
    const near = handleOf((await session.op("accept", { handle: listener })).socket);
    // The listener, both ends of the pair, and the sockets in flight.
    for (let i = 0; i < LIMIT - 3; i++) expect(await park(far, other)).toBe("ok");
    await client.unary(SessionService.method.closeSession, {}, { token });
    await session.op("socket", {});
    expect(await symbolOf(session.op("socket", {}))).toBe("QUOTA_EXCEEDED");
    await session.op("close", { handle: near });
    await until("there is room", async () => (await symbolOf(session.op("socketpair", {}))) === "ok");
  });
});

describe("a socket that another process received", () => {
  it("counts until that process has closed it", async () => {
    const path = join(daemon.directory, "outside");
    const listener = handleOf((await session.op("socket", { family: 1 })).socket);
    await session.op("bind", { handle: listener, address: unix(path) });
    await session.op("listen", { handle: listener });
    const script = [
      "import socket, sys",
      "s = socket.socket(socket.AF_UNIX)",
      "s.connect(sys.argv[1])",
      `kept = [socket.recv_fds(s, 1, 1)[1][0] for _ in range(${LIMIT - 2})]`,
      "s.sendall(b'!')",
      "s.recv(1)",
    ].join("\n");
    const process = promisify(execFile)("python3", ["-c", script, path]);
    const near = handleOf((await session.op("accept", { handle: listener })).socket);
    expect(await parkAll(near)).toBe(LIMIT - 2);
    expect((await session.op("recv", { handle: near, maxBytes: 1n })).data).toHaveLength(1);
    expect(await park(near)).toBe("QUOTA_EXCEEDED");
    await session.op("close", { handle: near });
    await process;
    await until("there is room", async () => (await symbolOf(session.op("socketpair", {}))) === "ok");
  });

  it("may be sent on, but a file may not, because the daemon could not detect when it is closed", async () => {
    const path = join(daemon.directory, "outside");
    const listener = handleOf((await session.op("socket", { family: 1 })).socket);
    await session.op("bind", { handle: listener, address: unix(path) });
    await session.op("listen", { handle: listener });
    const script = [
      "import os, socket, sys",
      "s = socket.socket(socket.AF_UNIX)",
      "s.connect(sys.argv[1])",
      "socket.send_fds(s, [b'x'], [socket.socket().detach(), os.pipe()[0], os.open(sys.executable, os.O_RDONLY)])",
      "s.recv(1)",
    ].join("\n");
    const process = promisify(execFile)("python3", ["-c", script, path]);
    const near = handleOf((await session.op("accept", { handle: listener })).socket);
    const { handles } = await session.op("recvFds", { handle: near, maxBytes: 1n, maxHandles: 3 });
    const [a] = await pair();
    const outcomes = [];
    for (const handle of handles)
      outcomes.push(
        await symbolOf(session.op("sendFds", { handle: a, buffers: [Buffer.from("x")], handles: [handle] })),
      );
    expect(outcomes).toEqual(["ok", "ok", "EOPNOTSUPP"]);
    await session.op("close", { handle: near });
    await process;
  });
});
