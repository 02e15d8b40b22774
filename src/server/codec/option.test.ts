import { describe, expect, it } from "vitest";
import { linux } from "../../native/linux.js";
import { loadAddon } from "../../native/load-addon.js";
import { durationOf } from "./duration.js";
import { lingerCodec, timevalCodec } from "./option.js";

const { AF_UNIX, SOCK_STREAM, SOL_SOCKET, SO_LINGER, SO_RCVTIMEO } = linux;

function socket() {
  const native = loadAddon().socket(AF_UNIX, SOCK_STREAM, 0, null);
  if (typeof native === "number") throw new Error(`socket: ${native}`);
  return native;
}

describe("option structs", () => {
  it("linger survives setsockopt and getsockopt", () => {
    const native = socket();
    expect(native.setsockopt(SOL_SOCKET, SO_LINGER, lingerCodec.write({ on: true, seconds: 7 }))).toBe(0);
    const bytes = native.getsockopt(SOL_SOCKET, SO_LINGER, lingerCodec.size);
    expect(typeof bytes !== "number" && lingerCodec.read(bytes)).toEqual({
      case: "linger",
      value: { on: true, seconds: 7 },
    });
    native.setsockopt(SOL_SOCKET, SO_LINGER, lingerCodec.write({ on: false, seconds: 0 }));
    native.close();
  });

  it("timeval survives setsockopt and getsockopt", () => {
    const native = socket();
    const wanted = durationOf(2_500_000_000n);
    expect(native.setsockopt(SOL_SOCKET, SO_RCVTIMEO, timevalCodec.write(wanted))).toBe(0);
    const bytes = native.getsockopt(SOL_SOCKET, SO_RCVTIMEO, timevalCodec.size);
    expect(typeof bytes !== "number" && timevalCodec.read(bytes)).toEqual({ case: "timeval", value: wanted });
    native.close();
  });

  it("an option value shorter than its format is refused", () => {
    expect(() => timevalCodec.read(new Uint8Array(4))).toThrowError(
      expect.objectContaining({ reason: "OPTION_FORMAT_MISMATCH" }),
    );
  });
});
