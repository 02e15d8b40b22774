import { chmod } from "node:fs/promises";
import type { ClientHttp2Stream } from "node:http2";
import { create, type DescMessage, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SocketType } from "../../src/gen/sockbroker/v1/address_pb.js";
import { HostService } from "../../src/gen/sockbroker/v1/host_service_pb.js";
import {
  SessionRequestSchema,
  SessionResponseSchema,
  SessionService,
} from "../../src/gen/sockbroker/v1/session_service_pb.js";
import { SocketService } from "../../src/gen/sockbroker/v1/socket_service_pb.js";
import {
  ClientFrameSchema,
  ServerFrameSchema,
  WatchRequestSchema,
  WatchResponseSchema,
} from "../../src/gen/sockbroker/v1/stream_service_pb.js";
import { ended, framed, HandMadeConnection } from "../support/hand-made-calls.js";
import { cannotBeNobody, NOBODY } from "../support/nobody.js";
import { RawDaemon, symbolOf } from "../support/raw-broker.js";

/*
 * Messages whose size is allowed, and which would keep the daemon busy for seconds. Those with more elements than anyone
 * needs are refused before they are decoded; long lists that are useful are worked on in many turns of the event loop,
 * and others are served meanwhile. With the built-in policy.
 */

const INVALID_ARGUMENT = "3";
const MOST_BYTES = 4 * 1024 * 1024;

let daemon: RawDaemon;
beforeAll(async () => {
  daemon = await RawDaemon.start("--admit", `uid:${NOBODY}`);
  await chmod(daemon.directory, 0o755);
});
afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
});

/** A field with as many times `element` as a message may have. */
function filled(field: number, ...element: number[]): Uint8Array {
  const writer = new BinaryWriter().tag(field, WireType.LengthDelimited);
  return writer.bytes(Buffer.alloc(MOST_BYTES - 64, Buffer.from(element))).finish();
}

/** As many times `element` as a message may have. */
function repeated(...element: number[]): Buffer {
  const bytes = Buffer.from(element);
  return Buffer.alloc(bytes.length * Math.floor((MOST_BYTES - 64) / bytes.length), bytes);
}

function encoded<S extends DescMessage>(schema: S, init: MessageInitShape<S>): Buffer {
  return framed(toBinary(schema, create(schema, init)));
}

describe("a message with more elements than anyone needs is refused", () => {
  const members = [
    { method: "SocketService/Sendmsg", what: "buffers", bytes: repeated(18, 0), most: 8_192 },
    { method: "SocketService/Sendmsg", what: "control messages", bytes: repeated(26, 0), most: 8_192 },
    { method: "SocketService/Sendmsg", what: "fields of one address", bytes: filled(6, 10, 0), most: 8_192 },
    { method: "SocketService/SendFds", what: "handles", bytes: filled(3, 7), most: 8_192 },
    { method: "SocketService/Recv", what: "unknown fields", bytes: repeated(0xf8, 0x07, 1), most: 8_192 },
    { method: "SocketService/Recv", what: "times the same field", bytes: repeated(8, 1), most: 8_192 },
    { method: "SessionService/WhoAmI", what: "unknown fields", bytes: repeated(0xf8, 0x07, 1), most: 8_192 },
    { method: "SessionService/Session", what: "empty operations", bytes: repeated(10, 0), most: 65_536 },
    { method: "SessionService/Session", what: "ids to cancel", bytes: filled(2, 5), most: 65_536 },
    { method: "SessionService/Session", what: "ids to cancel, not packed", bytes: repeated(16, 5), most: 65_536 },
    { method: "SessionService/Session", what: "fields of one operation", bytes: filled(1, 8, 1), most: 8_192 },
    { method: "StreamService/Watch", what: "fields of one interest", bytes: filled(1, 16, 1), most: 8_192 },
    { method: "StreamService/Watch", what: "times look_again", bytes: repeated(16, 1), most: 8_192 },
    { method: "StreamService/Attach", what: "fields of a frame", bytes: filled(1, 8, 1), most: 8_192 },
  ];
  it.each(members)("$method: $what", async ({ method, bytes, most }) => {
    using connection = new HandMadeConnection(daemon.path);
    const stream = connection.call(`/sockbroker.v1.${method}`);
    stream.end(framed(bytes));
    const { headers } = await ended(stream);
    expect(headers["grpc-status"]).toBe(INVALID_ARGUMENT);
    expect(decodeURIComponent(String(headers["grpc-message"]))).toContain(`more than ${most} fields`);
  });

  it("an attach frame: control messages of one message", async () => {
    using client = daemon.client();
    using connection = new HandMadeConnection(daemon.path);
    const { token, near } = await pairOf(client);
    const stream = attach(connection, token, near);
    stream.end(
      framed(
        new BinaryWriter()
          .tag(3, WireType.LengthDelimited)
          .bytes(filled(1, 26, 0))
          .finish(),
      ),
    );
    const { headers } = await ended(stream);
    expect(headers["grpc-status"]).toBe(INVALID_ARGUMENT);
    expect(decodeURIComponent(String(headers["grpc-message"]))).toContain("more than 8192 fields");
  });

  it("a million descriptors in the bytes of a control message, like the kernel does", async () => {
    using client = daemon.client();
    const pair = await client.unary(SocketService.method.socketpair, {});
    const handle = pair.first?.handle ?? 0n;
    const data = Buffer.alloc(MOST_BYTES - 1024, Buffer.from([0, 0, 0, 64]));
    const sending = client.unary(SocketService.method.sendmsg, {
      handle,
      buffers: [Buffer.from("x")],
      ancillaryData: [{ level: 1, type: 1, data }],
    });
    expect(await symbolOf(sending)).toBe("EINVAL");
  });
});

describe("others are served while a long list is worked on", () => {
  it("operations of a Session stream", async () => {
    const count = 60_000;
    const operation = { opId: 1n, request: { case: "gethostname", value: {} } } as const;
    using connection = new HandMadeConnection(daemon.path, { initialWindowSize: 2 ** 24 });
    const stream = connection.call("/sockbroker.v1.SessionService/Session");
    stream.end(encoded(SessionRequestSchema, { operations: Array(count).fill(operation) }));
    const everything = read(stream).then((messages) =>
      messages.flatMap((bytes) => fromBinary(SessionResponseSchema, bytes).results),
    );
    await othersAreServedBefore(everything);
    expect(await everything).toHaveLength(count);
  });

  it("messages of one attach frame", async () => {
    using client = daemon.client();
    const { token, near } = await pairOf(client, SocketType.STREAM);
    const count = 200_000;
    using connection = new HandMadeConnection(daemon.path);
    const stream = attach(connection, token, near);
    // The kernel takes any number of messages without a byte.
    const messages = Array(count).fill({ data: new Uint8Array(0), flags: 0x40 });
    stream.write(encoded(ClientFrameSchema, { frame: { case: "messages", value: { messages } } }));
    stream.end(encoded(ClientFrameSchema, { frame: { case: "sync", value: { id: 1n } } }));
    const everything = read(stream).then((all) => all.map((bytes) => fromBinary(ServerFrameSchema, bytes).frame));
    await othersAreServedBefore(everything);
    expect((await everything).find(({ case: kind }) => kind === "synced")).toMatchObject({
      value: { sentMessages: BigInt(count), sentBytes: 0n },
    });
  });

  it("interests of one watch", async () => {
    using client = daemon.client();
    const { token, near } = await pairOf(client);
    const POLLIN = 1;
    const POLLNVAL = 32;
    using connection = new HandMadeConnection(daemon.path);
    const stream = connection.call("/sockbroker.v1.StreamService/Watch", { "sockbroker-session": token });
    const interests = Array(200_000).fill({ handle: near, events: POLLIN });
    stream.write(encoded(WatchRequestSchema, { interests: [...interests, { handle: 7n, events: POLLIN }] }));
    const last = new Promise<Buffer>((resolve) => {
      stream.once("data", resolve);
    });
    await othersAreServedBefore(last);
    const { events } = fromBinary(WatchResponseSchema, (await last).subarray(5));
    expect(events).toMatchObject([{ handle: 7n, events: POLLNVAL }]);
  });

  /** Others get ten answers, one after the other, before `everything` is done. */
  async function othersAreServedBefore(everything: Promise<unknown>): Promise<void> {
    let done = false;
    void everything.finally(() => {
      done = true;
    });
    using client = daemon.client();
    for (let served = 0; served < 10; served++) await client.unary(HostService.method.gethostname, {});
    expect(done).toBe(false);
  }
});

describe("the messages of a long attach frame", () => {
  it("are sent up to one that cannot be decoded, which ends the stream", async () => {
    using client = daemon.client();
    const { token, near, far } = await pairOf(client);
    using connection = new HandMadeConnection(daemon.path);
    const stream = attach(connection, token, near);
    const message = (data: Uint8Array) => new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(data).finish();
    const good = message(Buffer.concat([Buffer.from([10, 1]), Buffer.from("x")]));
    const bad = message(Buffer.from([0xf8, 0x07, 1]));
    const padding = message(Buffer.concat([Buffer.from([10, 0x80, 0x80, 1]), Buffer.alloc(16 * 1024)]));
    const messages = Buffer.concat([good, bad, padding]);
    stream.end(framed(new BinaryWriter().tag(3, WireType.LengthDelimited).bytes(messages).finish()));
    const { headers } = await ended(stream);
    expect(decodeURIComponent(String(headers["grpc-message"]))).toContain("OutgoingMessage has no field 127");
    const received = await client.unary(SocketService.method.recv, { handle: far, maxBytes: 9n }, { token });
    expect(`${Buffer.from(received.data)}`).toBe("x");
  });
});

describe("principals take turns", () => {
  it("whatever number of streams one of them has", async (ctx) => {
    const reason = cannotBeNobody();
    if (reason !== null) ctx.skip(reason);
    process.seteuid?.(NOBODY);
    const nobody = new HandMadeConnection(daemon.path, { initialWindowSize: 2 ** 24 });
    try {
      await new Promise((resolve) => nobody.session.once("connect", resolve));
    } finally {
      process.seteuid?.(0);
    }
    using _ = nobody;
    using client = daemon.client();
    await client.unary(HostService.method.gethostname, {});
    const operation = { opId: 1n, request: { case: "gethostname", value: {} } } as const;
    const request = encoded(SessionRequestSchema, { operations: Array(2_000).fill(operation) });
    const streams = Array.from({ length: 256 }, () => {
      const stream = nobody.call("/sockbroker.v1.SessionService/Session");
      stream.end(request);
      return read(stream);
    });
    let done = 0;
    for (const stream of streams) void stream.finally(() => done++);
    // With a turn for each stream one call would take a second, and all of this would be done after some.
    for (let served = 0; served < 15; served++) await client.unary(HostService.method.gethostname, {});
    expect(done).toBeLessThan(streams.length / 2);
    await Promise.all(streams);
  });
});

async function pairOf(client: ReturnType<RawDaemon["client"]>, type = SocketType.DGRAM) {
  const { token } = await client.unary(SessionService.method.openSession, {});
  const pair = await client.unary(SocketService.method.socketpair, { type }, { token });
  return { token, near: pair.first?.handle ?? 0n, far: pair.second?.handle ?? 0n };
}

function attach(connection: HandMadeConnection, token: string, handle: bigint): ClientHttp2Stream {
  const stream = connection.call("/sockbroker.v1.StreamService/Attach", { "sockbroker-session": token });
  stream.write(encoded(ClientFrameSchema, { frame: { case: "attach", value: { handle } } }));
  return stream;
}

/** Reads all messages of a stream. */
async function read(stream: ClientHttp2Stream): Promise<Buffer[]> {
  const { body } = await ended(stream);
  const messages: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    messages.push(body.subarray(at + 5, end));
    at = end;
  }
  return messages;
}
