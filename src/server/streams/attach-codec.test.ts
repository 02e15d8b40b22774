import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { ClientFrameSchema, ServerFrameSchema } from "../../gen/sockbroker/v1/stream_service_pb.js";
import { decodeFrame, encodeFrame, lendBuffer, returnBuffer } from "./attach-codec.js";

describe("a data frame in its place", () => {
  it.each([1, 127, 128, 16_383, 16_384, 65_536, 1_048_576])(
    "of %i bytes is what the generated codec writes, behind its prefix",
    (size) => {
      const buffer = lendBuffer(size);
      buffer.room(size).fill(7);
      const frame = buffer.frame(size);
      const value = new Uint8Array(size).fill(7);
      const message = toBinary(ServerFrameSchema, create(ServerFrameSchema, { frame: { case: "data", value } }));
      expect([frame[0], frame.readUInt32BE(1)]).toEqual([0, message.length]);
      expect(frame.subarray(5).equals(message)).toBe(true);
      returnBuffer(buffer);
    },
  );

  it("is made in a buffer that is lent again, to whoever needs as much", () => {
    const first = lendBuffer(100_000);
    const second = lendBuffer(100_000);
    expect(second).not.toBe(first);
    returnBuffer(first);
    expect(lendBuffer(131_072)).toBe(first);
    expect(lendBuffer(65_536)).not.toBe(second);
  });
});

describe("any other frame", () => {
  it("goes through the generated codec", () => {
    const bytes = encodeFrame({ case: "synced", value: { id: 3n, sentBytes: 5n, sentMessages: 0n } });
    expect(fromBinary(ServerFrameSchema, bytes).frame).toMatchObject({
      case: "synced",
      value: { id: 3n, sentBytes: 5n },
    });
    const sync = toBinary(ClientFrameSchema, create(ClientFrameSchema, { frame: { case: "sync", value: { id: 9n } } }));
    expect(decodeFrame(sync)).toMatchObject({ case: "sync", value: { id: 9n } });
    expect(() => decodeFrame(new Uint8Array([0x0a, 0x05]))).toThrow();
  });
});
