import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { AdminService } from "../../src/gen/sockbroker/v1/admin_service_pb.js";
import { StreamService } from "../../src/gen/sockbroker/v1/stream_service_pb.js";
import { Outside } from "../support/outside.js";
import { pythonVersion } from "../support/python.js";
import {
  abstract,
  frame,
  handleOf,
  type RawClient,
  RawDaemon,
  type RawSession,
  symbolOf,
  until,
} from "../support/raw-broker.js";

/*
 * Data that was received, not used and pushed back belongs to the open description: a receive on any of its descriptors
 * returns it. With the built-in policy. Needs, for sockets that leave the daemon: python3.
 */

const MSG_PEEK = 0x02;
const MSG_WAITALL = 0x100;
const FIONREAD = 0x541bn;
const POLLIN = 1;
const POLLOUT = 4;
const POLLRDNORM = 0x40;
const ECONNRESET = 104;
const SOL_SOCKET = 1;
const SO_ERROR = 4;
const NO_WAIT = { limit: { case: "duration", value: {} } } as const;

let daemon: RawDaemon;
let client: RawClient;
let session: RawSession;
let near: bigint;
let far: bigint;
beforeAll(async () => {
  daemon = await RawDaemon.start();
});
afterAll(async () => {
  expect(daemon.faults).toEqual([]);
  await daemon[Symbol.asyncDispose]();
});
beforeEach(async () => {
  client = daemon.client();
  session = client.session();
  [near, far] = await pair();
});
afterEach(() => client[Symbol.dispose]());

async function pair(type = 1): Promise<[bigint, bigint]> {
  const { first, second } = await session.op("socketpair", { family: 1, type });
  return [handleOf(first), handleOf(second)];
}

async function send(text: string): Promise<void> {
  await session.op("sendall", { handle: far, data: Buffer.from(text) });
}

async function recv(handle: bigint, maxBytes = 100, flags = 0, by = session): Promise<string> {
  const { data } = await by.op("recv", { handle, maxBytes: BigInt(maxBytes), flags });
  return Buffer.from(data).toString();
}

async function pushBack(text: string, handle = near): Promise<void> {
  await session.op("pushBack", { handle, data: Buffer.from(text) });
}

async function dup(handle: bigint): Promise<bigint> {
  return handleOf((await session.op("dup", { handle })).socket);
}

/** Sends a handle by SCM_RIGHTS, and receives it. */
async function sent(handle: bigint): Promise<bigint> {
  const [here, there] = await pair();
  await session.op("sendFds", { handle: here, buffers: [Buffer.from("x")], handles: [handle] });
  const { handles } = await session.op("recvFds", { handle: there, maxBytes: 1n, maxHandles: 1 });
  await session.op("close", { handle: here });
  await session.op("close", { handle: there });
  return handles[0] ?? 0n;
}

/** Receives everything that was sent, and pushes the last part back. */
async function withPushedBack(text: string, part: number): Promise<void> {
  await send(text);
  expect(await recv(near, text.length)).toBe(text);
  await pushBack(text.slice(part));
}

describe.each([
  ["a duplicate", dup],
  ["a descriptor that was sent and received", sent],
  ["a duplicate of one that was sent and received", async (handle: bigint) => dup(await sent(handle))],
])("%s", (_what, another) => {
  it("receives data that is pushed back later, in order, before the kernel's data", async () => {
    const other = await another(near);
    await withPushedBack("0123456789", 6);
    await send("kernel");
    await pushBack("45");
    expect(await recv(other, 3)).toBe("456");
    expect(await recv(near, 1)).toBe("7");
    expect(await recv(other)).toBe("89");
    expect(await recv(near)).toBe("kernel");
    await expect(symbolOf(session.op("recv", { handle: other, maxBytes: 1n, timeout: NO_WAIT }))).resolves.toBe(
      "EAGAIN",
    );
  });

  it("receives data that was pushed back before, and keeps it when the first one is closed", async () => {
    await withPushedBack("abcdef", 2);
    const other = await another(near);
    await session.op("close", { handle: near });
    expect(await recv(other)).toBe("cdef");
  });

  it("sees it with MSG_PEEK and FIONREAD, together with the kernel's", async () => {
    const other = await another(near);
    await withPushedBack("abcdef", 2);
    await send("gh");
    expect(await recv(other, 100, MSG_PEEK)).toBe("cdefgh");
    const integer = await session.op("ioctl", {
      handle: other,
      request: FIONREAD,
      argument: { case: "integer", value: 0 },
    });
    expect(integer.result.value).toBe(6);
    const argument = { case: "data", value: Buffer.alloc(4) } as const;
    const { result } = await session.op("ioctl", { handle: other, request: FIONREAD, argument });
    expect(Buffer.from(result.value as Uint8Array).readInt32LE()).toBe(6);
    expect(await recv(other, 6, MSG_WAITALL)).toBe("cdefgh");
  });

  it("wakes waiting receives and watches", async () => {
    const other = await another(near);
    await send("data");
    expect(await recv(near)).toBe("data");
    const waiting = session.op("recv", { handle: other, maxBytes: 2n });
    await until("it waits", async () => (await client.statistics()).waitingOperations === 1);
    await pushBack("data");
    expect(Buffer.from((await waiting).data).toString()).toBe("da");
    using watch = client.bidi(StreamService.method.watch);
    await watch.write({ interests: [{ handle: other, events: POLLIN }] });
    expect((await watch.next())?.events).toMatchObject([{ handle: other, events: POLLIN }]);
    expect(await recv(near)).toBe("ta");
    await watch.write({ interests: [{ handle: other, events: POLLIN }], lookAgain: true });
    await pushBack("x");
    expect((await watch.next())?.events).toMatchObject([{ handle: other, events: POLLIN }]);
  });

  it("receives the error after the data, once", async () => {
    const other = await another(near);
    await send("data");
    expect(await recv(near)).toBe("data");
    await session.op("pushBack", { handle: near, data: Buffer.from("ta"), errorNumber: ECONNRESET });
    expect(await recv(other)).toBe("ta");
    expect(await symbolOf(session.op("recv", { handle: other, maxBytes: 1n }))).toBe("ECONNRESET");
    expect(await symbolOf(session.op("recv", { handle: near, maxBytes: 1n, timeout: NO_WAIT }))).toBe("EAGAIN");
  });

  it("has the error as SO_ERROR, once, as an integer and as bytes", async () => {
    const other = await another(near);
    const option = { handle: other, level: SOL_SOCKET, name: SO_ERROR };
    for (const maxBytes of [0, 4]) {
      await session.op("pushBack", { handle: near, errorNumber: ECONNRESET });
      const values = [];
      for (let i = 0; i < 2; i++) {
        const { value } = await session.op("getsockopt", { ...option, maxBytes });
        const each = value?.value;
        values.push(each?.case === "data" ? Buffer.from(each.value).readInt32LE() : each?.value);
      }
      expect(values).toEqual([ECONNRESET, 0]);
    }
  });

  it("wakes a waiting receive and a watch by an error alone, and a watch of POLLRDNORM by data", async () => {
    const other = await another(near);
    const waiting = symbolOf(session.op("recv", { handle: other, maxBytes: 1n }));
    await until("it waits", async () => (await client.statistics()).waitingOperations === 1);
    await session.op("pushBack", { handle: near, errorNumber: ECONNRESET });
    expect(await waiting).toBe("ECONNRESET");
    using watch = client.bidi(StreamService.method.watch);
    const begin = async (events: number) => {
      await watch.write({
        interests: [events, POLLOUT].map((each, i) => ({ handle: i === 0 ? other : far, events: each })),
      });
      expect((await watch.next())?.events).toMatchObject([{ handle: far, events: POLLOUT }]);
    };
    await begin(POLLIN);
    await session.op("pushBack", { handle: near, errorNumber: ECONNRESET });
    expect((await watch.next())?.events).toMatchObject([{ handle: other, events: POLLIN }]);
    expect(await symbolOf(session.op("recv", { handle: other, maxBytes: 1n }))).toBe("ECONNRESET");
    await send("data");
    expect(await recv(near)).toBe("data");
    await begin(POLLRDNORM);
    await pushBack("a");
    expect((await watch.next())?.events).toMatchObject([{ handle: other, events: POLLRDNORM }]);
    await watch.write({ interests: [{ handle: other, events: POLLRDNORM }] });
    expect((await watch.next())?.events).toMatchObject([{ handle: other, events: POLLRDNORM }]);
  });

  it("shares O_NONBLOCK", async () => {
    const other = await another(near);
    await session.op("setblocking", { handle: near, blocking: false });
    expect(await symbolOf(session.op("recv", { handle: other, maxBytes: 1n }))).toBe("EAGAIN");
  });
});

it("a descriptor in another session receives the data, also after the first session has ended", async () => {
  await withPushedBack("abcdef", 2);
  using other = daemon.client();
  using theirs = other.session();
  const address = abstract(`push-back-${process.pid}`);
  const listener = handleOf((await theirs.op("socket", { family: 1 })).socket);
  await theirs.op("bind", { handle: listener, address });
  await theirs.op("listen", { handle: listener });
  const way = handleOf((await session.op("socket", { family: 1 })).socket);
  await session.op("connectTo", { handle: way, address });
  const end = handleOf((await theirs.op("accept", { handle: listener })).socket);
  await session.op("sendFds", { handle: way, buffers: [Buffer.from("x")], handles: [near] });
  session[Symbol.dispose]();
  client[Symbol.dispose]();
  const { handles } = await theirs.op("recvFds", { handle: end, maxBytes: 1n, maxHandles: 1 });
  expect(await recv(handles[0] ?? 0n, 100, 0, theirs)).toBe("cdef");
});

describe("is refused", () => {
  it("for more bytes than were received; peeked bytes do not count", async () => {
    await send("data");
    await recv(near, 4, MSG_PEEK);
    expect(await symbolOf(pushBack("d"))).toBe("MORE_THAN_RECEIVED");
    expect(await recv(near)).toBe("data");
    expect(await symbolOf(pushBack("data!"))).toBe("MORE_THAN_RECEIVED");
    await pushBack("da");
    expect(await symbolOf(pushBack("ta!"))).toBe("MORE_THAN_RECEIVED");
    await pushBack("ta");
    expect(await recv(near)).toBe("tada");
  });

  it("for messages, and for an invalid errno", async () => {
    const [datagram] = await pair(2);
    expect(await symbolOf(pushBack("", datagram))).toBe("NOT_A_STREAM");
    expect(await symbolOf(session.op("pushBack", { handle: near, errorNumber: 4096 }))).toBe("INTEGER_OUT_OF_RANGE");
  });

  it("for a listening socket, of which an accept would not take the error", async () => {
    const listener = handleOf((await session.op("socket", { family: 1 })).socket);
    await session.op("bind", { handle: listener, address: abstract(`push-back-listener-${process.pid}`) });
    await session.op("listen", { handle: listener });
    expect(await symbolOf(session.op("pushBack", { handle: listener, errorNumber: ECONNRESET }))).toBe("ENOTCONN");
  });

  it("while an attach stream receives from the handle", async () => {
    await send("data");
    expect(await recv(near)).toBe("data");
    using stream = await client.attach({ handle: near, receiveOnly: true });
    expect(await symbolOf(pushBack("a"))).toBe("HANDLE_BUSY");
    await stream.write({ frame: { case: "detach", value: {} } });
    await frame(stream, "detached");
    await pushBack("a");
    expect(await recv(near)).toBe("a");
  });

  it("beyond the principal's limit, until data is received", async () => {
    await using limited = await RawDaemon.start("--max-handles", "12");
    client[Symbol.dispose]();
    client = limited.client();
    session = client.session();
    [near, far] = await pair();
    // 256 KiB for each of 12 handles.
    const piece = Buffer.alloc(1 << 20, "p");
    for (let i = 0; i < 3; i++) {
      const sending = session.op("sendall", { handle: far, data: piece });
      await recv(near, piece.length, MSG_WAITALL);
      await sending;
    }
    for (let i = 0; i < 2; i++) await session.op("pushBack", { handle: near, data: piece });
    expect(await symbolOf(session.op("pushBack", { handle: near, data: piece }))).toBe("QUOTA_EXCEEDED");
    await recv(near, 1 << 20, MSG_WAITALL);
    await session.op("pushBack", { handle: near, data: piece });
    expect((await recv(near, 1 << 21, MSG_WAITALL)).length).toBe(1 << 21);
  });
});

describe("what is received while the last handle is closed counts for nobody", () => {
  /** Fills a handle's attach stream, which nobody reads, and returns it. */
  async function unread(handle: bigint) {
    const stream = client.bidi(StreamService.method.attach);
    await stream.write({ frame: { case: "attach", value: { handle } } });
    const sending = session.op("sendall", { handle: far, data: Buffer.alloc(3 << 20) });
    sending.catch(() => undefined);
    const received = async () =>
      Number(
        (await client.unary(AdminService.method.listHandles, {})).handles.find((each) => each.socket?.handle === handle)
          ?.receivedBytes,
      );
    let before = -1;
    await until("the stream is full", async () => {
      const now = await received();
      const full = now > 0 && now === before;
      before = now;
      if (!full) await delay(50);
      return full;
    });
    return { stream, sending };
  }

  it.each([
    [
      "by a close frame",
      async () => {
        const { stream } = await unread(near);
        await stream.write({ frame: { case: "close", value: {} } });
        await until("it is closed", async () => (await symbolOf(session.op("getsockname", { handle: near }))) !== "ok");
        stream[Symbol.dispose]();
      },
    ],
    [
      "by Close",
      async () => {
        const { stream } = await unread(near);
        await session.op("close", { handle: near });
        stream[Symbol.dispose]();
      },
    ],
    [
      "while MSG_WAITALL has a part",
      async () => {
        const waiting = symbolOf(session.op("recv", { handle: near, maxBytes: 1n << 20n, flags: MSG_WAITALL }));
        await session.op("sendall", { handle: far, data: Buffer.alloc(1 << 18) });
        await session.op("close", { handle: near });
        expect(await waiting).toBe("EBADF");
      },
    ],
  ])("%s", async (_how, close) => {
    // 256 KiB for each of 4 handles, which the data of this many rounds exceeds.
    await using limited = await RawDaemon.start("--max-handles", "4");
    client[Symbol.dispose]();
    client = limited.client();
    session = client.session();
    for (let i = 0; i < 6; i++) {
      [near, far] = await pair();
      await close();
      await session.op("close", { handle: far });
    }
    [near] = await pair();
    using stream = await client.attach({ handle: near });
    expect(stream).toBeDefined();
  });

  it("and comes once if a close frame ends the stream and there is a duplicate", async () => {
    const other = await dup(near);
    const { stream, sending } = await unread(near);
    await stream.write({ frame: { case: "close", value: {} } });
    let bytes = 0;
    for (const { frame } of await stream.rest()) if (frame.case === "data") bytes += frame.value.length;
    while (bytes < 3 << 20) bytes += (await recv(other, 1 << 20)).length;
    await sending;
    await expect(symbolOf(session.op("recv", { handle: other, maxBytes: 1n, timeout: NO_WAIT }))).resolves.toBe(
      "EAGAIN",
    );
    expect(bytes).toBe(3 << 20);
  });
});

describe("a socket for a process outside the daemon", () => {
  it("is only sent after the pushed-back data was received", async (ctx) => {
    if (pythonVersion === null) ctx.skip("needs python3");
    await using outside = new Outside(["(number,) = take()", "say(os.read(number, 100).decode())"]);
    const way = await outside.way(session);
    await withPushedBack("abcdef", 2);
    const give = () => session.op("sendFds", { handle: way, buffers: [Buffer.from("x")], handles: [near] });
    expect(await symbolOf(give())).toBe("UNREAD_DATA");
    expect(await recv(near)).toBe("cdef");
    await send("kernel");
    await give();
    expect(await outside.line()).toBe("kernel");
  });

  it("is recognised when it arrives twice, and when it comes back", async (ctx) => {
    if (pythonVersion === null) ctx.skip("needs python3");
    await using outside = new Outside([
      "one, two = socket.socketpair()",
      "two.send(b'data')",
      "give(one, one)",
      "(number,) = take()",
      "give(number)",
    ]);
    const way = await outside.way(session);
    const { handles } = await session.op("recvFds", { handle: way, maxBytes: 1n, maxHandles: 2 });
    const [first = 0n, second = 0n] = handles;
    expect(await recv(first)).toBe("data");
    await pushBack("ta", first);
    expect(await recv(second, 1)).toBe("t");
    expect(await recv(second)).toBe("a");
    await session.op("sendFds", { handle: way, buffers: [Buffer.from("x")], handles: [near] });
    const back = (await session.op("recvFds", { handle: way, maxBytes: 1n, maxHandles: 1 })).handles[0] ?? 0n;
    await withPushedBack("abcdef", 2);
    expect(await recv(back)).toBe("cdef");
  });
});
