import { chmodSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { connect as connectTo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { create, type DescMethodUnary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { Metadata } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AdminService } from "../../src/gen/sockbroker/v1/admin_service_pb.js";
import { SessionService } from "../../src/gen/sockbroker/v1/session_service_pb.js";
import { SocketService } from "../../src/gen/sockbroker/v1/socket_service_pb.js";
import { fromGrpcStatus } from "../../src/rpc/status.js";
import { cannotBeNobody, NOBODY } from "../support/nobody.js";
import { handleOf, RawDaemon, RawError, symbolOf, until } from "../support/raw-broker.js";

/* Sessions and their leases. The built-in policy admits the daemon's own user and, here, nobody (65534). */

const { openSession, renewSession, closeSession, getSession } = SessionService.method;
const { recv, socketpair, sendall, fileno } = SocketService.method;
const shortest = { seconds: 1n };

let daemon: RawDaemon;
beforeAll(async () => {
  daemon = await RawDaemon.start("--admit", `uid:${NOBODY}`);
});
afterAll(() => daemon[Symbol.asyncDispose]());

describe("a leased session", () => {
  it("outlives its connection, and is resumed from another one by its token", async () => {
    const first = daemon.client();
    const { token } = await first.unary(openSession, {});
    const pair = await first.unary(socketpair, {}, { token });
    await first.unary(sendall, { handle: handleOf(pair.first), data: Buffer.from("kept") }, { token });
    first[Symbol.dispose]();

    using second = daemon.client({ token });
    await until("the first connection is gone", async () => (await second.statistics()).connections === 1);
    const { data } = await second.unary(recv, { handle: handleOf(pair.second), maxBytes: 10n });
    expect(Buffer.from(data).toString()).toBe("kept");
    await second.unary(closeSession, {});
  });

  it("is resumed by a stream after its connection broke; operations that waited have consumed nothing", async () => {
    const first = daemon.client();
    const { token } = await first.unary(openSession, {});
    const broken = first.session({ token });
    const pair = await broken.op("socketpair", {});
    const waiting = symbolOf(broken.op("recv", { handle: handleOf(pair.second), maxBytes: 10n }));
    using second = daemon.client({ token });
    await until("the receive waits", async () => (await second.statistics()).waitingOperations === 1);
    first[Symbol.dispose]();
    broken.stream.cancel();
    await waiting.catch(() => "lost");
    await until("it waits no more", async () => (await second.statistics()).waitingOperations === 0);

    using resumed = second.session();
    await resumed.op("sendall", { handle: handleOf(pair.first), data: Buffer.from("all") });
    expect((await resumed.op("recv", { handle: handleOf(pair.second), maxBytes: 10n })).data.length).toBe(3);
    await resumed.op("closeSession", {});
  });

  it("expires with its lease: its handles are closed, and its token is LEASE_EXPIRED", async () => {
    using client = daemon.client();
    await client.quiet();
    const { token, session } = await client.unary(openSession, { lease: shortest, name: "short" });
    expect(session?.name).toBe("short");
    await client.unary(socketpair, {}, { token });
    const before = await client.statistics();
    expect([before.handles, before.timers]).toEqual([2, 1]);
    await until("it expires", async () => (await client.statistics()).handles === 0);
    expect(await symbolOf(client.unary(getSession, {}, { token }))).toBe("LEASE_EXPIRED");
    expect(await symbolOf(client.unary(renewSession, {}, { token }))).toBe("LEASE_EXPIRED");
    const stream = client.session({ token });
    expect((await stream.ended)?.symbol).toBe("LEASE_EXPIRED");
    const after = await client.statistics();
    expect([after.timers, after.waitingOperations]).toEqual([0, 0]);
    expect(after.openDescriptors).toBe(before.openDescriptors - 2);
  });

  it("restarts its lease with any call that has its token, and reports the remaining time", async () => {
    using client = daemon.client();
    const lease = 60_000;
    const { token, session } = await client.unary(openSession, { lease: { seconds: 60n } });
    expect(milliseconds(session?.remainingLease)).toBeLessThanOrEqual(lease);
    const left = async () => {
      const { sessions } = await client.unary(AdminService.method.listSessions, {});
      return milliseconds(sessions.find(({ id }) => id === session?.id)?.remainingLease);
    };
    const calls = [
      () => client.unary(renewSession, {}, { token }),
      () => client.unary(getSession, {}, { token }),
      () => client.unary(socketpair, {}, { token }),
      () => symbolOf(client.unary(recv, { handle: 1n, maxBytes: 1n }, { token })),
    ];
    for (const call of calls) {
      // An operator's ListSessions does not restart it.
      await until("some of it has passed", async () => (await left()) < lease - 300);
      const before = performance.now();
      await call();
      // However slow this machine is: the lease cannot have run for longer than since the call.
      expect((await left()) + (performance.now() - before)).toBeGreaterThanOrEqual(lease - 1);
    }
    await client.unary(closeSession, {}, { token });
    expect((await client.statistics()).timers).toBe(0);
  });

  it("does not expire while a unary call waits, and expires without one", async () => {
    using client = daemon.client();
    const { token } = await client.unary(openSession, { lease: shortest });
    const pair = await client.unary(socketpair, {}, { token });
    const waiting = client.unary(recv, { handle: handleOf(pair.first), maxBytes: 1n }, { token });
    await until("it waits", async () => (await client.statistics()).waitingOperations === 1);
    expect((await client.statistics()).timers).toBe(0);
    // Longer than the lease, which is the shortest possible: this test needs time to pass.
    await delay(1_300);
    await client.unary(sendall, { handle: handleOf(pair.second), data: Buffer.from("x") }, { token });
    expect((await waiting).data.length).toBe(1);
    await until("it expires", async () => (await client.statistics()).handles === 0);
  });

  it("is distinguished from one that never existed", async () => {
    using client = daemon.client();
    const { token } = await client.unary(openSession, {});
    await client.unary(closeSession, {}, { token });
    expect(await symbolOf(client.unary(getSession, {}, { token: "0".repeat(32) }))).toBe("SESSION_NOT_FOUND");
    expect(await symbolOf(client.unary(getSession, {}, { token }))).not.toBe("ok");
  });

  it("does not expire while a stream is open, and starts its lease when the last one ends", async () => {
    using client = daemon.client();
    const { token } = await client.unary(openSession, { lease: shortest });
    const session = client.session({ token });
    const pair = await session.op("socketpair", {});
    const { session: info } = await session.op("getSession", {});
    expect(info?.remainingLease).toBeUndefined();
    expect((await client.statistics()).timers).toBe(0);
    await delay(1_300);
    expect((await session.op("fileno", { handle: handleOf(pair.first) })).handle).toBe(handleOf(pair.first));

    session.stream.halfClose();
    await session.ended;
    await until("the lease has begun", async () => (await client.statistics()).timers === 1);
    await until("it expires", async () => (await client.statistics()).timers === 0);
    expect(await symbolOf(client.unary(fileno, { handle: handleOf(pair.first) }, { token }))).toBe("LEASE_EXPIRED");
  });

  it("has a lease from a second to a day", async () => {
    using client = daemon.client();
    for (const lease of [{ nanos: 999_999_999 }, { seconds: 0n }, { seconds: 86_401n }]) {
      expect(await symbolOf(client.unary(openSession, { lease }))).toBe("LEASE_OUT_OF_RANGE");
    }
    expect(await symbolOf(client.unary(openSession, { name: "x".repeat(129) }))).toBe("NAME_TOO_LONG");
    expect((await client.statistics()).timers).toBe(0);
  });

  it("ends with its streams when an operator revokes it", async () => {
    using client = daemon.client();
    const { token, session } = await client.unary(openSession, {});
    const stream = client.session({ token });
    const pair = await stream.op("socketpair", {});
    const waiting = symbolOf(stream.op("recv", { handle: handleOf(pair.first), maxBytes: 1n }));
    using operator = daemon.client();
    await until("it waits", async () => (await operator.statistics()).waitingOperations === 1);
    const { revoked } = await operator.unary(AdminService.method.revokeSession, { sessionId: session?.id ?? "" });
    expect(revoked).toBe(true);
    expect(await waiting).toBe("CANCELLED");
    expect((await stream.ended)?.symbol).toBe("CANCELLED");
    const { handles, streams } = await operator.statistics();
    expect([handles, streams]).toEqual([0, 0]);
  });

  it("belongs to its principal: another principal with the token does not find it", async (ctx) => {
    const reason = cannotBeNobody();
    if (reason !== null) ctx.skip(reason);
    chmodSync(daemon.directory, 0o755);
    using client = daemon.client();
    const { token } = await client.unary(openSession, {});
    const stranger = new Stranger(daemon.path);
    expect(await symbolOf(stranger.unary(getSession, {}))).toBe("ok");
    expect(await symbolOf(stranger.unary(getSession, {}, token))).toBe("SESSION_NOT_FOUND");
    expect(await symbolOf(stranger.unary(renewSession, {}, token))).toBe("SESSION_NOT_FOUND");
    expect(await symbolOf(stranger.unary(closeSession, {}, token))).toBe("SESSION_NOT_FOUND");
    expect(await symbolOf(client.unary(getSession, {}, { token }))).toBe("ok");
    // It does not distinguish an ended session from one that never existed either.
    await client.unary(closeSession, {}, { token });
    expect(await symbolOf(stranger.unary(getSession, {}, token))).toBe("SESSION_NOT_FOUND");
    stranger.close();
  });
});

describe("the session of a connection", () => {
  it("has handles that are not found on other connections", async () => {
    using first = daemon.client();
    using second = daemon.client();
    const pair = await first.unary(socketpair, {});
    expect(await symbolOf(second.unary(fileno, { handle: handleOf(pair.first) }))).toBe("HANDLE_NOT_FOUND");
  });

  it("reports for a handle of an earlier connection that the session ended, and does not reuse its number", async () => {
    const lost = daemon.client();
    const old = handleOf((await lost.unary(socketpair, {})).second);
    lost[Symbol.dispose]();
    using anew = daemon.client();
    await expect(anew.unary(recv, { handle: old, maxBytes: 1n })).rejects.toMatchObject({
      symbol: "HANDLE_NOT_FOUND",
      message: expect.stringMatching(
        /before this connection's session began, at \S+Z, and a handle ends with the conn/,
      ),
    });
    const { first, second } = await anew.unary(socketpair, {});
    expect(handleOf(first) > old && handleOf(second) > old).toBe(true);
    await expect(anew.unary(fileno, { handle: old })).rejects.toMatchObject({ symbol: "HANDLE_NOT_FOUND" });
    await expect(anew.unary(fileno, { handle: old + 1_000n })).rejects.toMatchObject({
      message: expect.stringMatching(/has no handle \d+$/),
    });
  });

  it("ends with its connection", async () => {
    using observer = daemon.client();
    const before = await observer.quiet();
    for (let i = 0; i < 20; i++) {
      const client = daemon.client();
      await client.unary(socketpair, {});
      client[Symbol.dispose]();
    }
    await until("all are gone", async () => (await observer.statistics()).handles === before.handles);
    const after = await observer.statistics();
    expect([after.connections, after.sessions]).toEqual([1, 1]);
    expect(after.openDescriptors).toBe(before.openDescriptors);
  });

  it("is replaced by a new, empty one when it is closed", async () => {
    using client = daemon.client();
    const pair = await client.unary(socketpair, {});
    await client.unary(closeSession, {});
    expect(await symbolOf(client.unary(fileno, { handle: handleOf(pair.first) }))).toBe("HANDLE_NOT_FOUND");
    expect((await client.unary(getSession, {})).session?.handleCount).toBe(0);
  });
});

function milliseconds(duration: { readonly seconds: bigint; readonly nanos: number } | undefined): number {
  return duration === undefined ? Number.NaN : Number(duration.seconds) * 1_000 + duration.nanos / 1e6;
}

/** A connection of another user. */
class Stranger {
  readonly #session;

  constructor(path: string) {
    // The kernel records the user at connect(2), which happens immediately.
    process.seteuid?.(NOBODY);
    const socket = connectTo(path);
    process.seteuid?.(0);
    this.#session = connectHttp2("http://localhost", { createConnection: () => socket });
  }

  async unary<M extends DescMethodUnary>(method: M, init: MessageInitShape<M["input"]>, token?: string): Promise<void> {
    const stream = this.#session.request({
      ":method": "POST",
      ":path": `/${method.parent.typeName}/${method.name}`,
      "content-type": "application/grpc",
      te: "trailers",
      ...(token === undefined ? {} : { "sockbroker-session": token }),
    });
    const message = toBinary(method.input, create(method.input, init) as never);
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(message.length, 1);
    stream.end(Buffer.concat([prefix, message]));
    const ending: Record<string, unknown> = {};
    stream.on("response", (headers) => Object.assign(ending, headers));
    stream.on("trailers", (headers) => Object.assign(ending, headers));
    stream.resume();
    await new Promise((resolve) => stream.once("close", resolve));
    const code = Number(ending["grpc-status"]);
    if (code === 0) return;
    const metadata = new Metadata();
    const details = ending["grpc-status-details-bin"];
    if (typeof details === "string") metadata.set("grpc-status-details-bin", Buffer.from(details, "base64"));
    throw new RawError(fromGrpcStatus({ code, details: String(ending["grpc-message"]), metadata }));
  }

  close(): void {
    this.#session.close();
  }
}
