import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  handleOf,
  inet,
  LOOPBACK,
  portOf,
  type RawClient,
  RawDaemon,
  type RawSession,
  symbolOf,
  until,
} from "../support/raw-broker.js";

/*
 * What the kernel reports only once: an error that arrives while data is gathered, and that a closed socket had unread
 * data. With the built-in policy.
 */

const SOL_SOCKET = 1;
const SO_ERROR = 4;
const SO_LINGER = 13;
const MSG_WAITALL = 0x100;
const ECONNRESET = 104;

let daemon: RawDaemon;
let client: RawClient;
let session: RawSession;
beforeAll(async () => {
  daemon = await RawDaemon.start();
  client = daemon.client();
  session = client.session();
});
afterAll(async () => {
  client[Symbol.dispose]();
  expect(daemon.faults).toEqual([]);
  await daemon[Symbol.asyncDispose]();
});

/** Two ends of a connection over loopback. */
async function connection(): Promise<[bigint, bigint]> {
  const listener = (await session.op("createServer", { address: LOOPBACK })).socket;
  const { address } = inet(portOf(listener?.localAddress));
  const here = handleOf((await session.op("socket", {})).socket);
  await session.op("connectTo", { handle: here, address: { address } });
  const there = handleOf((await session.op("accept", { handle: handleOf(listener) })).socket);
  return [here, there];
}

async function received(handle: bigint): Promise<string> {
  const { data } = await session.op("recv", { handle, maxBytes: 100n });
  return Buffer.from(data).toString();
}

/** Starts to gather more data than will arrive, and waits until it has received everything that did. */
async function gathering(handle: bigint, from: bigint) {
  await session.op("sendall", { handle: from, data: Buffer.from("part") });
  const begun = session.begin("recv", { handle, maxBytes: 100n, flags: MSG_WAITALL });
  await until("it waits for more", async () => (await client.statistics()).waitingOperations === 1);
  return begun;
}

describe("a reset after data that MSG_WAITALL gathered", () => {
  async function reset(): Promise<bigint> {
    const [here, there] = await connection();
    const { done } = await gathering(here, there);
    const value = { value: { case: "linger", value: { on: true, seconds: 0 } } } as const;
    await session.op("setsockopt", { handle: there, level: SOL_SOCKET, name: SO_LINGER, value });
    await session.op("close", { handle: there });
    expect(Buffer.from((await done).data).toString()).toBe("part");
    return here;
  }

  it("is returned by the next receive", async () => {
    const handle = await reset();
    expect(await symbolOf(received(handle))).toBe("ECONNRESET");
    expect(await received(handle)).toBe("");
  });

  it("makes sending fail", async () => {
    const handle = await reset();
    const send = () => symbolOf(session.op("send", { handle, data: Buffer.from("x") }));
    expect([await send(), await send()]).toEqual(["ECONNRESET", "EPIPE"]);
    expect(await received(handle)).toBe("");
  });

  it("is the value of SO_ERROR", async () => {
    const handle = await reset();
    const error = async () =>
      (await session.op("getsockopt", { handle, level: SOL_SOCKET, name: SO_ERROR })).value?.value;
    expect(await error()).toEqual({ case: "integer", value: ECONNRESET });
    expect(await error()).toEqual({ case: "integer", value: 0 });
    expect(await received(handle)).toBe("");
  });
});

describe("closing a socket with data that nobody received", () => {
  /** A connection whose data is in the daemon, and no longer in the kernel. */
  async function withUnread(): Promise<[bigint, bigint]> {
    const [here, there] = await connection();
    const { opId, done } = await gathering(here, there);
    session.cancel(opId);
    expect(await symbolOf(done)).toBe("CANCELLED");
    return [here, there];
  }

  it("resets the connection", async () => {
    const [here, there] = await withUnread();
    await session.op("close", { handle: here });
    expect(await symbolOf(received(there))).toBe("ECONNRESET");
  });

  it("does not reset it if the data was received", async () => {
    const [here, there] = await withUnread();
    expect(await received(here)).toBe("part");
    await session.op("close", { handle: here });
    expect(await received(there)).toBe("");
  });

  it("does not reset it while a duplicate is open", async () => {
    const [here, there] = await withUnread();
    const duplicate = handleOf((await session.op("dup", { handle: here })).socket);
    await session.op("close", { handle: here });
    await session.op("sendall", { handle: duplicate, data: Buffer.from("still here") });
    expect(await received(there)).toBe("still here");
  });

  it("does not reset it if the socket arrived in a message", async () => {
    const [here, there] = await withUnread();
    const { first, second } = await session.op("socketpair", {});
    await session.op("sendFds", { handle: handleOf(first), buffers: [Buffer.from("x")], handles: [here] });
    await session.op("close", { handle: here });
    const { handles } = await session.op("recvFds", { handle: handleOf(second), maxBytes: 10n, maxHandles: 1 });
    await session.op("sendall", { handle: handles[0] ?? 0n, data: Buffer.from("still here") });
    expect(await received(there)).toBe("still here");
  });
});
