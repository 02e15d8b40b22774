import { describe, expect, it } from "vitest";
import { AdminService } from "../../src/gen/sockbroker/v1/admin_service_pb.js";
import { OperationSchema, SessionService } from "../../src/gen/sockbroker/v1/session_service_pb.js";
import { SocketService } from "../../src/gen/sockbroker/v1/socket_service_pb.js";
import {
  handleOf,
  type RawClient,
  RawDaemon,
  RawError,
  type RawSession,
  type RequestOf,
  until,
} from "../support/raw-broker.js";

// Policy: the built-in one. Needs: nothing.

const { socket, socketpair, shutdown, close, recv, send, getsockname } = SocketService.method;
const { closeSession, openSession } = SessionService.method;

async function symbolOf(made: Promise<unknown>): Promise<string> {
  try {
    await made;
    return "ok";
  } catch (error) {
    if (error instanceof RawError) return error.symbol;
    throw error;
  }
}

describe("while the daemon drains", () => {
  /** Starts draining the daemon, and prevents it from ending by an operation that waits. */
  async function draining(daemon: RawDaemon, client: RawClient): Promise<AsyncDisposable> {
    const { first, second } = await client.unary(socketpair, {});
    const waiting = client.unary(recv, { handle: handleOf(first), maxBytes: 1n });
    await until("the operation waits", async () => (await client.statistics()).waitingOperations === 1);
    using operator = daemon.client();
    await operator.unary(AdminService.method.drain, { grace: { seconds: 60n } });
    return {
      async [Symbol.asyncDispose]() {
        await client.unary(close, { handle: handleOf(second) });
        await waiting;
      },
    };
  }

  it("calls that end something work as unary calls and on a Session stream, and calls that begin something work on neither", async () => {
    await using daemon = await RawDaemon.start();
    using client = daemon.client();
    const open = async () => handleOf((await client.unary(socket, {})).socket);
    const pairs = await Promise.all([client.unary(socketpair, {}), client.unary(socketpair, {})]);
    const handles = [await open(), await open()];
    const tokens = await Promise.all([client.unary(openSession, {}), client.unary(openSession, {})]);
    using session = client.session();
    using ending = client.session({ token: tokens[1]?.token ?? "" });
    await ending.op("getSession", {});
    await session.op("getSession", {});
    await using _draining = await draining(daemon, client);

    const unary = [
      client.unary(socket, {}),
      client.unary(getsockname, { handle: handles[0] ?? 0n }),
      client.unary(openSession, {}),
      client.unary(shutdown, { handle: handleOf(pairs[0]?.first), how: 2 }),
      client.unary(close, { handle: handles[0] ?? 0n }),
      client.unary(closeSession, {}, { token: tokens[0]?.token ?? "" }),
    ];
    expect(await Promise.all(unary.map(symbolOf))).toEqual(["DRAINING", "DRAINING", "DRAINING", "ok", "ok", "ok"]);
    const streamed = [
      session.op("socket", {}),
      session.op("getsockname", { handle: handles[1] ?? 0n }),
      session.op("shutdown", { handle: handleOf(pairs[1]?.first), how: 2 }),
      session.op("close", { handle: handles[1] ?? 0n }),
      ending.op("closeSession", {}),
    ];
    expect(await Promise.all(streamed.map(symbolOf))).toEqual(["DRAINING", "DRAINING", "ok", "ok", "ok"]);
    expect((await client.session().ended)?.symbol).toBe("DRAINING");
  });
});

describe("the counters", () => {
  type Attempt = (client: RawClient, session: RawSession, handle: bigint) => Promise<unknown>;
  const waiting = { maxBytes: 1n, timeout: { limit: { case: "duration", value: { nanos: 1_000_000 } } } } as const;
  const receive = (handle: bigint): RequestOf<"recv"> => ({ handle, ...waiting });
  /** Not a message: a field with a length, without contents. */
  const undecodable = Buffer.from([0x12, 0x7f]);

  it.each<[name: string, symbol: string, unary: Attempt, streamed: Attempt]>([
    ["succeeds", "ok", (client) => client.unary(socket, {}), (_client, session) => session.op("socket", {})],
    [
      "fails at once",
      "HANDLE_NOT_FOUND",
      (client) => client.unary(close, { handle: 1n }),
      (_client, session) => session.op("close", { handle: 1n }),
    ],
    [
      "fails after it has waited",
      "TIMEOUT",
      (client, _session, handle) => client.unary(recv, receive(handle)),
      (_client, session, handle) => session.op("recv", receive(handle)),
    ],
    [
      "does not decode",
      "MALFORMED_REQUEST",
      (client) => client.bytes(send, undecodable),
      async (_client, session) => {
        const done = session.expect(77n);
        const arm = Buffer.from([0x08, 77, ...armOf("send"), undecodable.length, ...undecodable]);
        await session.stream.write(Buffer.from([0x0a, arm.length, ...arm]));
        return await done;
      },
    ],
  ])("are the same both ways for an operation that %s", async (_name, symbol, unary, streamed) => {
    await using daemon = await RawDaemon.start();
    using client = daemon.client();
    using session = client.session();
    const { first } = await client.unary(socketpair, {});
    for (const attempt of [unary, streamed]) {
      const before = await client.statistics();
      expect(await symbolOf(attempt(client, session, handleOf(first)))).toBe(symbol);
      const after = await client.statistics();
      expect(after.operationsTotal - before.operationsTotal).toBe(1n);
      expect(after.operationsFailedTotal - before.operationsFailedTotal).toBe(symbol === "ok" ? 0n : 1n);
    }
  });
});

/** The tag of an arm of Operation. */
function armOf(name: string): number[] {
  const field = OperationSchema.fields.find(({ localName }) => localName === name);
  if (field === undefined) throw new Error(`Operation has no arm ${name}`);
  const tag = (field.number << 3) | 2;
  return tag < 128 ? [tag] : [(tag & 0x7f) | 0x80, tag >> 7];
}
