import { once } from "node:events";
import { type ClientHttp2Session, type ClientHttp2Stream, connect, type Settings } from "node:http2";
import { connect as connectSocket } from "node:net";
import { create, type DescMessage, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SocketType } from "../../src/gen/sockbroker/v1/address_pb.js";
import { HostService } from "../../src/gen/sockbroker/v1/host_service_pb.js";
import { SessionService } from "../../src/gen/sockbroker/v1/session_service_pb.js";
import { SocketService } from "../../src/gen/sockbroker/v1/socket_service_pb.js";
import {
  ClientFrameSchema,
  ServerFrameSchema,
  WatchRequestSchema,
} from "../../src/gen/sockbroker/v1/stream_service_pb.js";
import { RawDaemon, symbolOf } from "../support/raw-broker.js";

/*
 * Callers that send requests and do not read, and callers that request very much at once, with HTTP/2 encoded by hand:
 * the window for the daemon's responses is 0. With the built-in policy.
 */

let daemon: RawDaemon;
beforeAll(async () => {
  daemon = await RawDaemon.start();
});
afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
});

/** A message in gRPC's framing. */
function framed(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

function encoded<S extends DescMessage>(schema: S, init: MessageInitShape<S>): Buffer {
  return framed(toBinary(schema, create(schema, init)));
}

/** A connection encoded by hand. */
class HandMade implements Disposable {
  readonly #session: ClientHttp2Session;

  constructor(settings: Settings = {}) {
    this.#session = connect("http://localhost", { createConnection: () => connectSocket(daemon.path), settings });
  }

  call(path: string, token?: string): ClientHttp2Stream {
    const stream = this.#session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      ...(token === undefined ? {} : { "sockbroker-session": token }),
    });
    stream.on("error", () => undefined);
    return stream;
  }

  /** Opens the window for the daemon's responses. */
  async openWindow(): Promise<void> {
    this.#session.settings({ initialWindowSize: 2 ** 24 });
    this.#session.setLocalWindowSize(2 ** 24);
    await once(this.#session, "localSettings");
  }

  [Symbol.dispose](): void {
    this.#session.destroy();
  }
}

/** Reads `count` messages of a stream. */
async function read(stream: ClientHttp2Stream, count: number): Promise<Buffer[]> {
  const messages: Buffer[] = [];
  let bytes = Buffer.alloc(0);
  for await (const chunk of stream) {
    bytes = Buffer.concat([bytes, chunk as Buffer]);
    while (bytes.length >= 5 && bytes.length >= 5 + bytes.readUInt32BE(1)) {
      const end = 5 + bytes.readUInt32BE(1);
      messages.push(bytes.subarray(5, end));
      bytes = bytes.subarray(end);
      if (messages.length === count) return messages;
    }
  }
  return messages;
}

/** A leased session with a pair of sockets, so that another connection can use it. */
async function pairOf(client: ReturnType<RawDaemon["client"]>) {
  const { token } = await client.unary(SessionService.method.openSession, {});
  const pair = await client.unary(SocketService.method.socketpair, { type: SocketType.STREAM }, { token });
  return { token, near: pair.first?.handle ?? 0n, far: pair.second?.handle ?? 0n };
}

type Frame = NonNullable<MessageInitShape<typeof ClientFrameSchema>["frame"]>;

describe("a caller that does not read its answers", () => {
  const members: readonly { name: string; frame: (id: bigint) => Frame; answer: string }[] = [
    { name: "sync", frame: (id) => ({ case: "sync", value: { id } }), answer: "synced" },
    { name: "shutdown that fails", frame: () => ({ case: "shutdown", value: { how: 77 } }), answer: "error" },
    {
      name: "setsockopt that fails",
      frame: () => ({
        case: "setsockopt",
        value: { level: 1, name: 9_999, value: { value: { case: "integer", value: 1 } } },
      }),
      answer: "error",
    },
  ];
  it.each(members)("is not read by an attach stream ($name)", async ({ frame, answer }) => {
    using client = daemon.client();
    const { token, near, far } = await pairOf(client);
    using silent = new HandMade({ initialWindowSize: 0 });
    const stream = silent.call("/sockbroker.v1.StreamService/Attach", token);
    const count = 1_000;
    stream.write(encoded(ClientFrameSchema, { frame: { case: "attach", value: { handle: near } } }));
    const asked = Array.from({ length: count }, (_, id) => encoded(ClientFrameSchema, { frame: frame(BigInt(id)) }));
    stream.write(Buffer.concat(asked));
    stream.write(encoded(ClientFrameSchema, { frame: { case: "data", value: Buffer.from("x") } }));

    const soon = { limit: { case: "duration" as const, value: { seconds: 1n, nanos: 0 } } };
    const early = client.unary(SocketService.method.recv, { handle: far, maxBytes: 1n, timeout: soon }, { token });
    expect(await symbolOf(early)).toBe("TIMEOUT");

    await silent.openWindow();
    const [, ...answers] = await read(stream, count + 1);
    expect(new Set(answers.map((bytes) => fromBinary(ServerFrameSchema, bytes).frame.case))).toEqual(new Set([answer]));
    expect(answers).toHaveLength(count);
    const { data } = await client.unary(SocketService.method.recv, { handle: far, maxBytes: 1n }, { token });
    expect(`${Buffer.from(data)}`).toBe("x");
  });

  it("is not read by a watch", async () => {
    using client = daemon.client();
    const { token } = await pairOf(client);
    using silent = new HandMade({ initialWindowSize: 0 });
    const stream = silent.call("/sockbroker.v1.StreamService/Watch", token);
    const interests = Array.from({ length: 1_000 }, (_, i) => ({ handle: BigInt(1_000_000 + i), events: 1 }));
    const request = encoded(WatchRequestSchema, { interests });
    expect(await isTaken(stream, Array(200).fill(request))).toBe(false);
  });

  it.each(["v1", "v1alpha"])("is not read by reflection %s", async (version) => {
    using silent = new HandMade({ initialWindowSize: 0 });
    const stream = silent.call(`/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`);
    // file_containing_symbol, and 32 KiB in an unknown field, which the response does not repeat.
    const request = framed(
      new BinaryWriter()
        .tag(4, WireType.LengthDelimited)
        .string("sockbroker.v1.NoSuchService")
        .tag(15, WireType.LengthDelimited)
        .bytes(new Uint8Array(32 * 1024))
        .finish(),
    );
    const count = 300;
    expect(await isTaken(stream, Array(count).fill(request))).toBe(false);
    await silent.openWindow();
    expect(await read(stream, count)).toHaveLength(count);
  });

  /**
   * Whether the daemon reads all of it while it answers others for a while. It exceeds the daemon's window, which would
   * be read in any case.
   */
  async function isTaken(stream: ClientHttp2Stream, requests: readonly Buffer[]): Promise<boolean> {
    let taken = false;
    for (const [index, request] of requests.entries()) {
      stream.write(request, () => {
        taken = index === requests.length - 1;
      });
    }
    using client = daemon.client();
    const { near, token } = await pairOf(client);
    const soon = { limit: { case: "duration" as const, value: { seconds: 1n, nanos: 0 } } };
    const waiting = client.unary(SocketService.method.recv, { handle: near, maxBytes: 1n, timeout: soon }, { token });
    expect(await symbolOf(waiting)).toBe("TIMEOUT");
    return taken;
  }
});

it("others are served while a stream has tens of thousands of messages pending", async () => {
  using client = daemon.client();
  const { token, near } = await pairOf(client);
  using greedy = new HandMade({ initialWindowSize: 2 ** 24 });
  const stream = greedy.call("/sockbroker.v1.StreamService/Attach", token);
  stream.write(encoded(ClientFrameSchema, { frame: { case: "attach", value: { handle: near } } }));
  // A frame of HTTP/2 has about 1,500 of these, so a turn for each frame would be about twenty turns.
  const count = 30_000;
  const refused = encoded(ClientFrameSchema, { frame: { case: "shutdown", value: { how: 77 } } });
  stream.write(Buffer.concat(Array<Buffer>(count).fill(refused)));
  let handled = false;
  const everything = read(stream, count + 1).finally(() => {
    handled = true;
  });
  let others = 0;
  while (others < 60 && !handled) {
    await client.unary(HostService.method.gethostname, {});
    others += 1;
  }
  expect(handled).toBe(false);
  expect(await everything).toHaveLength(count + 1);
});
