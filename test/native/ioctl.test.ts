import { describe, expect, test } from "vitest";

import { AF_INET, addon, bytes, closing, failed, got, pair, SOCK_DGRAM, socket } from "./helpers.js";

const FIONREAD = 0x541b;
const SIOCOUTQ = 0x5411;
const SIOCGIFNAME = 0x8910;
const SIOCGIFCONF = 0x8912;
const SIOCGIFADDR = 0x8915;
const SIOCGIFMTU = 0x8921;
const SIOCGIFINDEX = 0x8933;
const SIOCETHTOOL = 0x8946;
const IFREQ_BYTES = 40;

/** A struct ifreq, or a larger struct, with a name at its start. */
function named(name: string, size = IFREQ_BYTES): Buffer {
  const buffer = Buffer.alloc(size, 0);
  buffer.write(name, "latin1");
  return buffer;
}

function ints(...values: number[]): Buffer {
  return Buffer.from(new Int32Array(values).buffer);
}

describe("ioctl", () => {
  test("counts unread and unsent bytes", () => {
    const [a, b] = pair();
    using _ = closing(a, b);
    a.send(bytes("hello"), 0);
    expect(b.ioctlInt(FIONREAD, 0)).toEqual({ value: 5 });
    expect(b.ioctl(FIONREAD, new Uint8Array(4))).toEqual(ints(5));
    expect(got(a.ioctlInt(SIOCOUTQ, 0)).value).toBeGreaterThan(0);
  });

  test("returns as many bytes as it was given, and uses those of the struct", () => {
    const one = socket(AF_INET, SOCK_DGRAM);
    using _ = closing(one);
    for (const [request, first, size] of [
      [SIOCGIFADDR, 20, 4],
      [SIOCGIFMTU, 16, 4],
      [SIOCGIFINDEX, 16, 4],
    ] as const) {
      const whole = Buffer.from(got(one.ioctl(request, named("lo"))));
      for (const length of [3, 20, 32, 40, 41, 64, 256, 1024, 65536]) {
        const given = named("lo", length).fill(0xee, Math.min(length, IFREQ_BYTES));
        const answer = Buffer.from(got(one.ioctl(request, given)));
        expect(answer).toHaveLength(length);
        const used = answer.subarray(0, IFREQ_BYTES);
        expect(used.equals(whole.subarray(0, used.length)), `${request} ${length}`).toBe(true);
        expect(answer.subarray(IFREQ_BYTES).equals(given.subarray(IFREQ_BYTES))).toBe(true);
        if (length >= first + size) expect(answer.subarray(first, first + size)).not.toEqual(Buffer.alloc(size));
      }
    }
    expect(one.ioctl(FIONREAD, new Uint8Array())).toEqual(Buffer.alloc(0));
    expect(one.ioctl(SIOCGIFINDEX, new Uint8Array(65537))).toBe(failed("EINVAL"));
  });

  test("names interfaces", () => {
    const one = socket(AF_INET, SOCK_DGRAM);
    using _ = closing(one);
    const answer = Buffer.from(got(one.ioctl(SIOCGIFINDEX, named("lo"))));
    expect(answer.readInt32LE(16)).toBe(addon.ifNametoindex("lo"));
    expect(Buffer.from(got(one.ioctl(SIOCGIFNAME, answer))).toString("latin1", 0, 3)).toBe("lo\0");
    expect(one.ioctl(SIOCGIFINDEX, bytes("no-such"))).toBe(failed("ENODEV"));
  });

  test.each([
    ["a request of its own", 0xdeadbeef],
    ["one that opens a descriptor: SIOCGSKNS", 0x894c],
    ["one that changes the mode: FIONBIO", 0x5421],
  ])("returns null for %s", (_, request) => {
    const one = socket(AF_INET, SOCK_DGRAM);
    using __ = closing(one);
    expect(one.ioctl(request, new Uint8Array(8))).toBeNull();
    expect(one.ioctlInt(request, 0)).toBeNull();
  });

  test("returns null for a struct request with an int", () => {
    const one = socket(AF_INET, SOCK_DGRAM);
    using _ = closing(one);
    for (const request of [SIOCGIFINDEX, SIOCGIFCONF, SIOCETHTOOL]) expect(one.ioctlInt(request, 0)).toBeNull();
  });
});

describe("SIOCGIFCONF", () => {
  /** A struct ifconf with an unmapped address, for which the kernel would return EFAULT. */
  const conf = (length: number, address = 0xdead000n) => {
    const struct = Buffer.alloc(16);
    struct.writeInt32LE(length);
    struct.writeBigUInt64LE(address, 8);
    return struct;
  };

  test("returns the list after the struct, and never reads the address", () => {
    const one = socket(AF_INET, SOCK_DGRAM);
    using _ = closing(one);
    const answer = Buffer.from(got(one.ioctl(SIOCGIFCONF, conf(4096))));
    const filled = answer.readInt32LE();
    expect(filled % IFREQ_BYTES).toBe(0);
    expect(answer).toHaveLength(16 + filled);
    expect(answer.readBigUInt64LE(8)).toBe(0xdead000n);
    const names = Array.from({ length: filled / IFREQ_BYTES }, (_, index) => {
      const start = 16 + index * IFREQ_BYTES;
      return answer.toString("latin1", start, answer.indexOf(0, start));
    });
    expect(names).toContain("lo");
  });

  test("returns the required size if the address is NULL", () => {
    const one = socket(AF_INET, SOCK_DGRAM);
    using _ = closing(one);
    const { length } = got(one.ioctl(SIOCGIFCONF, conf(65536)));
    expect(one.ioctl(SIOCGIFCONF, conf(0, 0n))).toEqual(conf(length - 16, 0n));
  });

  test("fills the available space, and no more", () => {
    const one = socket(AF_INET, SOCK_DGRAM);
    using _ = closing(one);
    for (const room of [-(2 ** 31), -1, 0, 1, 39]) {
      expect(one.ioctl(SIOCGIFCONF, conf(room)), String(room)).toEqual(conf(0));
    }
    expect(got(one.ioctl(SIOCGIFCONF, conf(41)))).toHaveLength(16 + IFREQ_BYTES);
    expect(got(one.ioctl(SIOCGIFCONF, conf(2 ** 31 - 1))).length).toBeGreaterThan(16);
    for (const wrong of [0, 8, 15, 17]) expect(one.ioctl(SIOCGIFCONF, new Uint8Array(wrong))).toBe(failed("EINVAL"));
  });
});

describe("SIOCETHTOOL", () => {
  const GDRVINFO = 0x3;
  const GLINK = 0xa;
  const GSSET_INFO = 0x37;
  const GSTRINGS = 0x1b;
  const GLINKSETTINGS = 0x4c;

  /** A struct ifreq with an unmapped address, and a struct of ethtool. */
  function request(command: number, size: number, name = "lo"): Buffer {
    const ifreq = named(name);
    ifreq.writeBigUInt64LE(0xdead000n, 16);
    const data = Buffer.alloc(size);
    data.writeUInt32LE(command);
    return Buffer.concat([ifreq, data]);
  }

  test("allows reads that need no privileges, and never reads the address", () => {
    const one = socket(AF_INET, SOCK_DGRAM);
    using _ = closing(one);
    const link = Buffer.from(got(one.ioctl(SIOCETHTOOL, request(GLINK, 8))));
    expect(link).toEqual(Buffer.concat([request(GLINK, 8).subarray(0, 40), ints(GLINK, 1)]));
    // Without a driver: loopback has none, or "net", depending on the kernel.
    const driver = one.ioctl(SIOCETHTOOL, request(GDRVINFO, 196));
    if (typeof driver === "number") expect(driver).toBe(failed("EOPNOTSUPP"));
    else expect(got(driver)).toHaveLength(236);
    expect(one.ioctl(SIOCETHTOOL, request(GLINK, 8, "no-such"))).toBe(failed("ENODEV"));
  });

  test("fails if the result exceeds the available space, and changes nothing beyond it", () => {
    const one = socket(AF_INET, SOCK_DGRAM);
    using _ = closing(one);
    // struct ethtool_drvinfo has 196 bytes, struct ethtool_value 8.
    expect(one.ioctl(SIOCETHTOOL, request(GLINK, 4))).toBe(failed("EFAULT"));
    const results = [GDRVINFO, GLINKSETTINGS, GSSET_INFO, GSTRINGS].map((command) =>
      one.ioctl(SIOCETHTOOL, request(command, 4)),
    );
    for (const result of results) expect([failed("EFAULT"), failed("EOPNOTSUPP")]).toContain(result);
  });

  test.each([
    ["ETHTOOL_SSET", 0x2],
    ["ETHTOOL_GREGS", 0x4],
    ["ETHTOOL_GWOL, which tells a password", 0x5],
    ["ETHTOOL_NWAY_RST", 0x9],
    ["ETHTOOL_FLASHDEV", 0x33],
    ["ETHTOOL_RESET", 0x34],
    ["no such command", 0xffff],
  ])("refuses %s", (_, command) => {
    const one = socket(AF_INET, SOCK_DGRAM);
    using __ = closing(one);
    expect(one.ioctl(SIOCETHTOOL, request(command, 256))).toBe(failed("EOPNOTSUPP"));
  });

  test("requires both structs", () => {
    const one = socket(AF_INET, SOCK_DGRAM);
    using _ = closing(one);
    for (const size of [0, 40, 43]) expect(one.ioctl(SIOCETHTOOL, new Uint8Array(size))).toBe(failed("EINVAL"));
    expect(one.ioctl(SIOCETHTOOL, new Uint8Array(40 + 65537))).toBe(failed("EINVAL"));
  });
});
