import { describe, expect, it } from "vitest";
import { linux } from "../../src/native/linux.js";
import { ioctl } from "../../src/server/ops/ioctl.js";

const MAX_INT = 2 ** 31 - 1;

describe("FIONREAD with pushed-back data", () => {
  function entry(pushedBackBytes: number) {
    const kernel = Buffer.alloc(4);
    kernel.writeInt32LE(10);
    return { pushedBackBytes, ioctlInt: () => ({ value: 10 }), ioctl: () => kernel } as never;
  }

  it.each([
    [0, 10],
    [100, 110],
    [3 * 2 ** 30, MAX_INT],
  ])("of %i bytes is %i, which fits into an int", async (pushedBack, sum) => {
    const request = { handle: 1n, request: BigInt(linux.FIONREAD) };
    const integer = { ...request, argument: { case: "integer", value: 0 } } as never;
    expect(ioctl(null as never, integer, entry(pushedBack))).toEqual({ result: { case: "integer", value: sum } });
    const bytes = { ...request, argument: { case: "data", value: Buffer.alloc(4) } } as never;
    const { result } = await ioctl(null as never, bytes, entry(pushedBack));
    expect(Buffer.from(result?.value as Uint8Array).readInt32LE()).toBe(sum);
  });
});
