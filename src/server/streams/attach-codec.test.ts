import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { ClientFrameSchema, ServerFrameSchema } from "../../gen/sockbroker/v1/stream_service_pb.js";
import { linux } from "../../native/linux.js";
import { dataStart, encodeData } from "../../rpc/data-frame.js";
import { decodeFrame, encodeFrame } from "./attach-codec.js";
import { lendBuffer, returnBuffer } from "./frame-buffers.js";

const NOTHING = new Uint8Array(0);

describe("a data frame that is encoded in place", () => {
  it.each([1, 127, 128, 16_383, 16_384, 65_536, 1_048_576])(
    "of %i bytes equals what the generated codec writes, after its prefix",
    (size) => {
      const buffer = lendBuffer(size);
      buffer.room.fill(7);
      const frame = buffer.frame(size);
      const value = new Uint8Array(size).fill(7);
      const message = toBinary(ServerFrameSchema, create(ServerFrameSchema, { frame: { case: "data", value } }));
      expect([frame[0], frame.readUInt32BE(1)]).toEqual([0, message.length]);
      expect(frame.subarray(5).equals(message)).toBe(true);
      returnBuffer(buffer);
    },
  );

  it("uses a returned buffer of the same size again", () => {
    const first = lendBuffer(100_000);
    const second = lendBuffer(100_000);
    expect(second).not.toBe(first);
    returnBuffer(first);
    expect(lendBuffer(131_072)).toBe(first);
    expect(lendBuffer(65_536)).not.toBe(second);
  });
});

describe("a frame of messages", () => {
  const inet = (port: number) => ({ address: { case: "inet" as const, value: { host: "10.0.0.1", port } } });
  const packet = (packetType: number, hardwareAddress: Uint8Array) => ({
    address: { case: "packet" as const, value: { interfaceName: "lo", protocol: 2048, packetType, hardwareAddress } },
  });
  const { SOL_SOCKET, SO_RXQ_OVFL } = linux;
  const control = [
    { level: SOL_SOCKET, type: SO_RXQ_OVFL, data: new Uint8Array(16).fill(1) },
    {
      level: SOL_SOCKET,
      type: 1,
      data: NOTHING,
      view: { case: "rights" as const, value: { handles: [1n, 2n ** 40n] } },
    },
  ];
  const messages = [
    {},
    { data: NOTHING, lengthBytes: 0n, ancillaryData: [], flags: 0 },
    { data: new Uint8Array(200).fill(3), lengthBytes: 70_000n, flags: 32, address: inet(1) },
    ...[1, 2, 1, 0, 3, 4, 5, 6, 1].map((port) => ({ data: Uint8Array.of(port), lengthBytes: 1n, address: inet(port) })),
    { data: new Uint8Array(70_000), lengthBytes: 70_000n, address: packet(4, Uint8Array.of(1, 2, 3)) },
    { data: NOTHING, lengthBytes: 5n, address: packet(4, Uint8Array.of(1, 2, 4)), ancillaryData: control },
    { data: NOTHING, lengthBytes: 5n, address: packet(4, Uint8Array.of(1, 2)), ancillaryData: control, flags: 2 ** 30 },
  ];

  it.each([0, 1, 2, 3, messages.length])("equals what the generated codec writes, of %i messages", (count) => {
    const frame = { case: "messages" as const, value: { messages: messages.slice(0, count) } };
    const generated = toBinary(ServerFrameSchema, create(ServerFrameSchema, { frame }));
    expect(Buffer.compare(encodeFrame(frame), generated)).toBe(0);
  });

  it("has all bits of the flags", () => {
    const frame = { case: "messages" as const, value: { messages: [{ flags: -(2 ** 31) + 1 }] } };
    const decoded = fromBinary(ServerFrameSchema, encodeFrame(frame));
    expect(decoded.frame).toMatchObject({ value: { messages: [{ flags: -(2 ** 31) + 1 }] } });
  });
});

describe("data of the caller", () => {
  const framed = (value: Uint8Array) =>
    toBinary(ClientFrameSchema, create(ClientFrameSchema, { frame: { case: "data", value } }));

  it.each([0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152])("of %i bytes begins after its length", (size) => {
    const value = new Uint8Array(size).fill(7);
    const frame = framed(value);
    expect(Buffer.compare(encodeData(value), frame)).toBe(0);
    expect(dataStart(frame.subarray(0, 5), frame.length)).toBe(frame.length - size);
    const decoded = decodeFrame(frame);
    expect(decoded.case).toBe("data");
    expect(Buffer.compare(decoded.value as Uint8Array, value)).toBe(0);
  });

  it("is not found without its whole length, nor beside another field", () => {
    const frame = framed(new Uint8Array(100_000));
    for (const bytes of [0, 1, 2, 3]) expect(dataStart(frame.subarray(0, bytes), frame.length)).toBe(0);
    const sync = toBinary(ClientFrameSchema, create(ClientFrameSchema, { frame: { case: "sync", value: { id: 9n } } }));
    expect(dataStart(sync, sync.length)).toBe(0);
    // The last field of a oneof counts.
    const both = new Uint8Array([...frame, ...sync]);
    expect(dataStart(both, both.length)).toBe(0);
    expect(decodeFrame(both)).toMatchObject({ case: "sync" });
    expect(dataStart(Uint8Array.of(0x12, 0xff, 0xff, 0xff, 0xff, 0x7f), 2 ** 28)).toBe(0);
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
