/*
 * Data frames of an attach stream that arrive in parts, with the built-in policy. The frames are written by hand, because
 * no client stops within one.
 */

import { randomBytes } from "node:crypto";
import type { ClientHttp2Stream } from "node:http2";
import {
  create,
  type DescMethod,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { AddressFamily, SocketType } from "../../src/gen/sockbroker/v1/address_pb.js";
import { AdminService } from "../../src/gen/sockbroker/v1/admin_service_pb.js";
import { SocketService } from "../../src/gen/sockbroker/v1/socket_service_pb.js";
import {
  AttachError_Activity,
  ClientFrameSchema,
  type ServerFrame,
  ServerFrameSchema,
  StreamService,
} from "../../src/gen/sockbroker/v1/stream_service_pb.js";
import type { Init } from "../../src/server/codec/init.js";
import { ended, framed, HandMadeConnection } from "../support/hand-made-calls.js";
import { handleOf, RawDaemon } from "../support/raw-broker.js";

const DATA = randomBytes(100_000);
const { recv, socketpair } = SocketService.method;

let daemon: RawDaemon;
beforeAll(async () => {
  daemon = await RawDaemon.start();
});
afterAll(() => daemon[Symbol.asyncDispose]());

let caller: HandMadeConnection;
beforeEach(() => {
  caller = new HandMadeConnection(daemon.path);
  return () => caller[Symbol.dispose]();
});

/** Makes a unary call by hand, in the implicit session of the connection. */
async function unary<Method extends DescMethod>(
  method: Method,
  request: MessageInitShape<Method["input"]>,
): Promise<MessageShape<Method["output"]>> {
  const stream = caller.call(`/${method.parent.typeName}/${method.name}`);
  stream.end(framed(toBinary(method.input, create(method.input, request))));
  const { body, headers } = await ended(stream);
  expect(headers["grpc-status"]).toBe("0");
  return fromBinary(method.output, body.subarray(5)) as MessageShape<Method["output"]>;
}

/** Two connected sockets, the first of them attached. */
async function attached(type: SocketType) {
  const { first, second } = await unary(socketpair, { family: AddressFamily.UNIX, type });
  const stream = caller.call(`/${StreamService.typeName}/${StreamService.method.attach.name}`);
  const frames = serverFrames(stream);
  stream.write(encoded({ case: "attach", value: { handle: handleOf(first) } }));
  expect((await frames.next()).value?.frame.case).toBe("attached");
  return { stream, frames, first: handleOf(first), second: handleOf(second) };
}

function encoded(frame: NonNullable<Init<typeof ClientFrameSchema>["frame"]>): Buffer {
  return framed(toBinary(ClientFrameSchema, create(ClientFrameSchema, { frame })));
}

async function* serverFrames(stream: ClientHttp2Stream): AsyncGenerator<ServerFrame, undefined> {
  let bytes = Buffer.alloc(0);
  for await (const chunk of stream) {
    bytes = Buffer.concat([bytes, chunk as Buffer]);
    while (bytes.length >= 5 && bytes.length >= 5 + bytes.readUInt32BE(1)) {
      const end = 5 + bytes.readUInt32BE(1);
      yield fromBinary(ServerFrameSchema, bytes.subarray(5, end));
      bytes = bytes.subarray(end);
    }
  }
}

/** Receives exactly so many bytes. */
async function received(handle: bigint, bytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (let left = bytes; left > 0; ) {
    const { data } = await unary(recv, { handle, maxBytes: BigInt(left) });
    parts.push(Buffer.from(data));
    left -= data.length;
  }
  return Buffer.concat(parts);
}

describe("a data frame that arrives in parts", () => {
  it("is sent as it arrives, and counted", async () => {
    const { stream, frames, second } = await attached(SocketType.STREAM);
    const bytes = encoded({ case: "data", value: DATA });
    const headerBytes = bytes.length - DATA.length;
    for (let at = 0; at < bytes.length; at += 30_000) {
      const part = bytes.subarray(at, at + 30_000);
      stream.write(part);
      const start = Math.max(at - headerBytes, 0);
      const end = at - headerBytes + part.length;
      expect((await received(second, end - start)).equals(DATA.subarray(start, end))).toBe(true);
    }
    stream.write(encoded({ case: "sync", value: { id: 1n } }));
    expect((await frames.next()).value?.frame).toMatchObject({ case: "synced", value: { sentBytes: 100_000n } });
  });

  it("may be cut within its header", async () => {
    const { stream, second } = await attached(SocketType.STREAM);
    const bytes = encoded({ case: "data", value: DATA });
    for (let cut = 1; cut <= 10; cut++) {
      stream.write(bytes.subarray(0, cut));
      // What follows is in another HTTP/2 frame, because this call was answered before.
      await unary(socketpair, {});
      stream.write(bytes.subarray(cut));
      expect((await received(second, DATA.length)).equals(DATA)).toBe(true);
    }
  });

  it("and is never completed was sent as far as it arrived", async () => {
    const { stream, first, second } = await attached(SocketType.STREAM);
    stream.write(encoded({ case: "data", value: DATA }).subarray(0, 50_000));
    expect((await received(second, 49_000)).equals(DATA.subarray(0, 49_000))).toBe(true);
    stream.close();
    await ended(stream);
    await unary(SocketService.method.shutdown, { handle: first, how: 1 });
    const rest = await received(second, 50_000 - 9 - 49_000);
    expect(rest.equals(DATA.subarray(49_000, 50_000 - 9))).toBe(true);
    expect((await unary(recv, { handle: second, maxBytes: 1n })).data).toHaveLength(0);
  });

  it("and is not completed when the daemon ends the stream is reported", async () => {
    await using mortal = await RawDaemon.start();
    caller[Symbol.dispose]();
    caller = new HandMadeConnection(mortal.path);
    const { stream, frames, second } = await attached(SocketType.STREAM);
    stream.write(encoded({ case: "data", value: DATA }).subarray(0, 50_009));
    await received(second, 50_000);
    using operator = mortal.client();
    await operator.unary(AdminService.method.drain, { grace: { seconds: 0n, nanos: 1_000_000 } });
    expect((await frames.next()).value?.frame).toMatchObject({
      case: "error",
      value: { activity: AttachError_Activity.SEND, final: true, sentBytes: 50_000n },
    });
  });

  it("is one message on a socket with messages", async () => {
    const { stream, second } = await attached(SocketType.SEQPACKET);
    const bytes = encoded({ case: "data", value: DATA });
    stream.write(bytes.subarray(0, 50_000));
    await unary(socketpair, {});
    stream.write(bytes.subarray(50_000));
    const { data } = await unary(recv, { handle: second, maxBytes: 200_000n });
    expect(Buffer.compare(data, DATA)).toBe(0);
  });
});
