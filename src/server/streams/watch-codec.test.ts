import { create, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { WatchRequestSchema } from "../../gen/sockbroker/v1/stream_service_pb.js";
import { WatchReader } from "./watch-codec.js";

describe("a request of a watch that is decoded by hand", () => {
  it("has everything that the generated codec wrote", () => {
    const interests = [
      { handle: 2n ** 40n, events: 8192 },
      { handle: 0n, events: 0 },
    ];
    const bytes = toBinary(WatchRequestSchema, create(WatchRequestSchema, { interests, lookAgain: true }));
    const reader = new WatchReader(bytes);
    expect(reader.next()).toMatchObject(interests[0] ?? {});
    expect(reader.next()).toMatchObject(interests[1] ?? {});
    expect(reader.next()).toBeNull();
    expect(reader.lookAgain).toBe(true);
    expect(new WatchReader(new Uint8Array()).next()).toBeNull();
    expect(new WatchReader(new Uint8Array()).lookAgain).toBe(false);
  });

  it.each([
    { what: "an unknown field", bytes: [0x18, 1], error: "WatchRequest has no field 3" },
    { what: "an unknown field of an interest", bytes: [0x0a, 2, 0x18, 1], error: "WatchInterest has no field 3" },
    { what: "another wire type", bytes: [0x08, 1], error: "WatchRequest has no field 1" },
    { what: "an interest that is cut off", bytes: [0x0a, 9, 8], error: "EOF" },
  ])("is refused with $what", ({ bytes, error }) => {
    expect(() => new WatchReader(Uint8Array.from(bytes)).next()).toThrow(error);
  });
});
