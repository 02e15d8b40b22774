/*
 * A session survives the failure of its connection, but not the end of its process. A proxy between client and daemon
 * cuts the connection; the checks use a connection of their own. Needs `npm run build`.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Broker, BrokerError, connect, PollEvents } from "../../src/client/index.js";
import { internetAddress, rejection, tcpPair } from "../support/client.js";
import { type Daemon, startDaemon } from "../support/daemon.js";
import { until } from "../support/raw-broker.js";
import { Tap } from "../support/tap.js";

let daemon: Daemon;
let tap: Tap;
let observer: Broker;
let broker: Broker;

beforeAll(async () => {
  daemon = await startDaemon();
  tap = await Tap.start(daemon.endpoint.replace("unix://", ""));
  observer = await connect(daemon.endpoint);
});

afterAll(async () => {
  await observer.close();
  await tap[Symbol.asyncDispose]();
  await daemon[Symbol.asyncDispose]();
});

beforeEach(async () => {
  broker = await connect(tap.path);
});

afterEach(() => broker.close());

/** How many sessions there are in addition to the observer's. */
async function sessions(): Promise<number> {
  return (await observer.admin.listSessions()).length - 1;
}

/** Cuts the connection, and waits until the broker has noticed and reconnected. */
async function cut(): Promise<void> {
  tap.cut();
  await broker.gethostname();
}

describe("after the connection broke", () => {
  test("handles remain, and calls in progress fail with mayHaveHappened", async () => {
    const [near, far] = await broker.socketpair();
    await far.send(Buffer.from("still here"));
    const { id } = await broker.getSession();
    const waiting = rejection(far.recv(1));
    await broker.getprotobyname("tcp");
    tap.cut();
    const lost = await waiting;
    expect(lost).toBeInstanceOf(BrokerError);
    expect(lost).toMatchObject({ code: "CONNECTION_LOST", mayHaveHappened: true });
    expect((await near.recv(100)).toString()).toBe("still here");
    expect((await broker.getSession()).id).toBe(id);
    await Promise.all([near.close(), far.close()]);
    expect((await broker.getSession()).handleCount).toBe(0);
  });

  test("a listener and its connections continue to work", async () => {
    await using pair = await tcpPair(broker);
    const address = await internetAddress(pair.listener);
    for (let round = 0; round < 5; round++) {
      await cut();
      const made = await broker.createConnection(address);
      const { socket } = await pair.listener.accept();
      await made.sendall(Buffer.from("hello"));
      expect((await socket.recv(5)).toString()).toBe("hello");
      await pair.client.sendall(Buffer.from("again"));
      expect((await pair.server.recv(5)).toString()).toBe("again");
      await Promise.all([made.close(), socket.close()]);
    }
  });

  test("repeatable operations are sent again, and those that were not sent are sent", async () => {
    const [near, far] = await broker.socketpair();
    for (let round = 0; round < 20; round++) {
      const asked = [near.getsockname(), broker.getSession(), near.getpeername(), broker.gethostname()];
      // The connection breaks at a different moment each time: before or after the operation was sent.
      for (let turn = 0; turn < round; turn++) await null;
      if (round % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
      tap.cut();
      await Promise.all(asked);
      expect(await far.send(Buffer.from("x"))).toBe(1);
      expect((await near.recv(10)).toString()).toBe("x");
    }
    const waiting = rejection(near.recv(1));
    await broker.gethostname();
    tap.hold();
    tap.cut();
    await waiting;
    const late = [far.send(Buffer.from("sent")), far.send(Buffer.from(" once"))];
    tap.release();
    expect(await Promise.all(late)).toEqual([4, 5]);
    expect((await near.recv(100)).toString()).toBe("sent once");
  });

  test("a close is performed once, however often it is sent", async () => {
    for (let round = 0; round < 20; round++) {
      const socket = await broker.socket();
      const closing = socket.close();
      if (round % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
      tap.cut();
      await closing;
    }
    expect((await broker.getSession()).handleCount).toBe(0);
  });

  test("attachments and watchers fail, and the handle can be attached and watched again", async () => {
    const [near, far] = await broker.socketpair();
    const attachment = await near.attach();
    const reading = rejection(attachment.read());
    const watching = rejection(broker.watch([{ socket: far, events: PollEvents.IN }]).next());
    await broker.gethostname();
    tap.cut();
    expect(await reading).toMatchObject({ name: "BrokerError", code: "CONNECTION_LOST" });
    expect(await watching).toMatchObject({ name: "BrokerError", code: "CONNECTION_LOST" });
    await using again = await near.attach();
    await far.send(Buffer.from("x"));
    expect(await again.read()).toMatchObject({ type: "data" });
    await again.write(Buffer.from("y"));
    await using watcher = broker.watch([{ socket: far, events: PollEvents.IN }]);
    expect(await watcher.next()).toMatchObject({ events: PollEvents.IN });
  });

  test("an abort before the reconnection takes effect", async () => {
    const [near] = await broker.socketpair();
    const aborter = new AbortController();
    const waiting = rejection(near.recv(1, { signal: aborter.signal }));
    await broker.gethostname();
    tap.hold();
    tap.cut();
    await waiting;
    const queued = rejection(near.recv(1, { signal: aborter.signal }));
    aborter.abort(new Error("enough"));
    expect((await queued).message).toBe("enough");
    tap.release();
    expect(await near.gettimeout()).toBeNull();
    await near.close();
  });

  test("a reconnection after the lease has expired is LEASE_EXPIRED", async () => {
    await using brief = await connect({ endpoint: tap.path, session: { lease: 1 } });
    const before = await sessions();
    const socket = await brief.socket();
    tap.hold();
    tap.cut();
    const asked = rejection(socket.getsockname());
    await until("the lease has run out", async () => (await sessions()) === before - 1);
    tap.release();
    expect(await asked).toMatchObject({ code: "LEASE_EXPIRED" });
    expect(await rejection(brief.socket())).toMatchObject({ code: "LEASE_EXPIRED" });
  });

  test("calls fail with CONNECTION_LOST if the daemon is gone, and nothing hangs", async () => {
    const mortal = await startDaemon();
    const doomed = await connect(mortal.endpoint);
    const [socket] = await doomed.socketpair();
    const asked = rejection(socket.recv(1));
    await doomed.gethostname();
    await mortal.kill();
    expect(await asked).toMatchObject({ code: "CONNECTION_LOST", mayHaveHappened: true });
    expect(await rejection(socket.getsockname())).toMatchObject({ code: "CONNECTION_LOST", mayHaveHappened: false });
    await socket.close();
    await doomed.close();
  });

  test("a broker that is closed before the reconnection ends its session", async () => {
    const before = await sessions();
    const other = await connect(tap.path);
    await other.socket();
    tap.cut();
    await other.close();
    await until("the session has ended", async () => (await sessions()) === before);
  });
});

test("a session uses further connections if it has more streams than one connection allows", async () => {
  const [near, far] = await broker.socketpair();
  const before = tap.connections;
  const { connections } = await observer.admin.getStatistics();
  const watchers = Array.from({ length: 1_100 }, () => broker.watch([{ socket: near, events: PollEvents.IN }]));
  const events = Promise.all(watchers.map((watcher) => watcher.next()));
  await far.send(Buffer.from("x"));
  expect((await events).every((event) => event?.events === PollEvents.IN)).toBe(true);
  expect(tap.connections).toBe(before + 2);
  {
    await using attachment = await near.attach();
    expect(await attachment.read()).toMatchObject({ type: "data" });
  }
  await Promise.all(watchers.map((watcher) => watcher[Symbol.asyncDispose]()));
  await until("the others are closed", async () => (await observer.admin.getStatistics()).connections === connections);
});

describe("a process that ends without closing its broker", () => {
  const client = new URL("../../dist/client/index.js", import.meta.url).href;
  const endings = {
    "by SIGKILL": (child: ChildProcess) => child.kill("SIGKILL"),
    "by SIGTERM": (child: ChildProcess) => child.kill("SIGTERM"),
    "by itself": (child: ChildProcess) => child.stdin?.end(),
  };

  test.each(Object.entries(endings))("%s leaves nothing behind, long before its lease expires", async (_, end) => {
    const before = await observer.admin.getStatistics();
    const script = `
      import { connect } from ${JSON.stringify(client)};
      const broker = await connect(${JSON.stringify(daemon.endpoint)});
      const [near, far] = await broker.socketpair();
      await near.attach();
      void far.recv(1);
      console.log((await broker.getSession()).lease);
      process.stdin.on("end", () => process.exit()).resume();
    `;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const ended = once(child, "close");
    const [lease] = (await once(child.stdout, "data")) as [Buffer];
    expect(Number(lease.toString())).toBe(30);
    expect(await sessions()).toBe(2);
    end(child);
    await ended;
    const gone = async () => {
      const { sessions, handles, streams, openDescriptors } = await observer.admin.getStatistics();
      return (
        [sessions, handles, streams, openDescriptors].join() ===
        [before.sessions, before.handles, before.streams, before.openDescriptors].join()
      );
    };
    await until("everything is gone", gone, 10_000);
  });

  test("ends all its sessions, and none of another process", async () => {
    const raw = new URL("../../dist/rpc/client-channel.js", import.meta.url).href;
    const call = new URL("../../dist/rpc/unary-call.js", import.meta.url).href;
    const messages = new URL("../../dist/gen/sockbroker/v1/session_service_pb.js", import.meta.url).href;
    const script = `
      import { create } from "@bufbuild/protobuf";
      import { openChannel } from ${JSON.stringify(raw)};
      import { unaryCall } from ${JSON.stringify(call)};
      import { OpenSessionRequestSchema, SessionService } from ${JSON.stringify(messages)};
      const channel = openChannel(${JSON.stringify(daemon.endpoint.replace("unix://", ""))});
      const request = create(OpenSessionRequestSchema, { endsWithProcess: true, lease: { seconds: 600n } });
      for (let i = 0; i < 300; i++) await unaryCall(channel, SessionService.method.openSession, request, {});
      console.log("opened");
      process.stdin.resume();
    `;
    const start = () => {
      const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
        stdio: ["pipe", "pipe", "inherit"],
      });
      return { child, opened: once(child.stdout, "data"), ended: once(child, "close") };
    };
    const before = await sessions();
    const [ends, lives] = [start(), start()];
    await Promise.all([ends.opened, lives.opened]);
    expect(await sessions()).toBe(before + 600);
    ends.child.kill("SIGKILL");
    await ends.ended;
    await until("its sessions are gone", async () => (await sessions()) <= before + 300);
    expect(await sessions()).toBe(before + 300);
    lives.child.kill("SIGKILL");
    await lives.ended;
    await until("the others are gone, too", async () => (await sessions()) === before);
  });

  test("does not end a session that was opened for others, which has its lease", async () => {
    const script = `
      import { connect } from ${JSON.stringify(client)};
      const broker = await connect({ endpoint: ${JSON.stringify(daemon.endpoint)}, session: { lease: 60 } });
      await broker.socket();
      console.log(broker.sessionToken);
    `;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = once(child, "close");
    const [token] = (await once(child.stdout, "data")) as [Buffer];
    child.kill("SIGKILL");
    await ended;
    await using heir = await connect({ endpoint: daemon.endpoint, session: { token: token.toString().trim() } });
    expect((await heir.getSession()).handleCount).toBe(1);
    await heir.closeSession();
  });
});
