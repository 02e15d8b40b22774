import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";

import type { Sockaddr } from "../../src/native/binding.js";
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  addon,
  bytes,
  closing,
  constant,
  failed,
  got,
  loopback,
  SOCK_DGRAM,
  SOCK_STREAM,
  socket,
} from "./helpers.js";
import { testingAddon } from "./testing-addon.js";

const directory = mkdtempSync(join(tmpdir(), "sockbroker-"));
afterAll(() => rmSync(directory, { recursive: true }));

const AF_BLUETOOTH = constant("AF_BLUETOOTH");
const AF_CAN = constant("AF_CAN");

/** Encodes and decodes without a socket. `protocol` is the socket's. */
function roundTrip(address: Sockaddr, protocol = 0): Sockaddr {
  const encoded = got(testingAddon.testing.encodeSockaddr(address));
  const family = new DataView(encoded.buffer, encoded.byteOffset).getUint16(0, true);
  return testingAddon.testing.decodeSockaddr(encoded, family, 0, protocol);
}

describe("an address survives encoding and decoding", () => {
  test.each<[string, Sockaddr, number?]>([
    ["inet", { kind: "inet", address: "192.0.2.1", port: 65535 }],
    ["inet6", { kind: "inet6", address: "2001:db8::1", port: 1, flowinfo: 0xfffff, scopeId: 0xffffffff }],
    ["unix path", { kind: "unix", path: bytes("/run/x") }],
    ["unix path that is not UTF-8", { kind: "unix", path: bytes("/\xff\xfe") }],
    ["unix abstract with NULs", { kind: "unix", path: bytes("\0a\0b\0") }],
    ["unix unnamed", { kind: "unix", path: bytes("") }],
    ["netlink", { kind: "netlink", pid: 0xffffffff, groups: 0x80000001 }],
    [
      "packet",
      {
        kind: "packet",
        interface: "lo",
        protocol: 0x88cc,
        packetType: 4,
        hardwareType: 772,
        hardwareAddress: bytes("\x01\x02\x03\x04\x05\xff\x07\x08"),
      },
    ],
    [
      "packet of no interface",
      { kind: "packet", interface: "", protocol: 3, packetType: 0, hardwareType: 0, hardwareAddress: bytes("") },
    ],
    ["can", { kind: "can", interface: "lo" }, constant("CAN_RAW")],
    ["can of every interface", { kind: "can", interface: "" }, constant("CAN_BCM")],
    ["isotp", { kind: "isotp", interface: "lo", rxId: 0x98dadaf1, txId: 0x7ff }, constant("CAN_ISOTP")],
    [
      "j1939",
      { kind: "j1939", interface: "lo", name: 0xffffffffffffffffn, pgn: 0x40000, address: 0xff },
      constant("CAN_J1939"),
    ],
    ["tipc range", { kind: "tipc", addressType: 1, v1: 1000, v2: 2, v3: 3, scope: 2 }],
    ["tipc name", { kind: "tipc", addressType: 2, v1: 1000, v2: 7, v3: 7, scope: 3 }],
    ["tipc id", { kind: "tipc", addressType: 3, v1: 0xffffffff, v2: 7, v3: 0, scope: -1 }],
    ["alg", { kind: "alg", type: "skcipher", name: "cbc(aes)", feature: 1, mask: 2 }],
    ["alg at its longest", { kind: "alg", type: "a".repeat(13), name: "b".repeat(63), feature: 0, mask: 0 }],
    ["vsock", { kind: "vsock", cid: 0xffffffff, port: 0xffffffff }],
    ["l2cap", { kind: "l2cap", bdaddr: "01:23:45:67:89:AB", psm: 0x1001, cid: 4, bdaddrType: 2 }, 0],
    ["hci", { kind: "hci", device: 0xffff, channel: 3 }, 1],
    ["sco", { kind: "sco", bdaddr: "FF:EE:DD:CC:BB:AA" }, 2],
    ["rfcomm", { kind: "rfcomm", bdaddr: "00:00:00:FF:FF:FF", channel: 30 }, 3],
    ["qipcrtr", { kind: "qipcrtr", node: 0xffffffff, port: 0xfffffffe }],
    ["another family", { kind: "raw", family: 5, data: bytes("\x01\x02") }],
    ["another family at its longest", { kind: "raw", family: 0xffff, data: new Uint8Array(126).fill(7) }],
  ])("%s", (_, address, protocol) => {
    const decoded = roundTrip(address, protocol);
    expect(JSON.stringify(decoded, plain)).toBe(JSON.stringify(address, plain));
  });

  test("tipc name: Python's form has an empty range", () => {
    expect(roundTrip({ kind: "tipc", addressType: 2, v1: 1, v2: 7, v3: 0, scope: 2 })).toMatchObject({ v2: 7, v3: 7 });
  });

  test("l2cap: bytes in the kernel's order", () => {
    const encoded = testingAddon.testing.encodeSockaddr({
      kind: "l2cap",
      bdaddr: "1:2:3:4:5:6",
      psm: 0x0102,
      cid: 0x0304,
      bdaddrType: 1,
    });
    expect(Buffer.from(got(encoded)).toString("hex")).toBe("1f000201060504030201040301" + "00");
  });
});

/** Bytes and bigints as text, so that a Buffer equals a Uint8Array. */
function plain(_: string, value: unknown): unknown {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "object" && value !== null && "type" in value && value.type === "Buffer") {
    return (value as unknown as { data: number[] }).data;
  }
  return value instanceof Uint8Array ? [...value] : value;
}

describe("an invalid address", () => {
  test.each<[string, Sockaddr, string]>([
    ["a name", { kind: "inet", address: "localhost", port: 0 }, "EINVAL"],
    ["short IPv4", { kind: "inet", address: "127.1", port: 0 }, "EINVAL"],
    ["a NUL in it", { kind: "inet", address: "127.0.0.1\0.example", port: 0 }, "EINVAL"],
    ["IPv6 with a zone", { kind: "inet6", address: "fe80::1%lo", port: 0, flowinfo: 0, scopeId: 0 }, "EINVAL"],
    ["a path of 108 bytes", { kind: "unix", path: new Uint8Array(108).fill(97) }, "ENAMETOOLONG"],
    ["an abstract name of 109 bytes", { kind: "unix", path: new Uint8Array(109) }, "ENAMETOOLONG"],
    ["no such interface", { kind: "can", interface: "no-such" }, "ENODEV"],
    ["an interface of 16 bytes", { kind: "can", interface: "a".repeat(16) }, "ENAMETOOLONG"],
    ["a TIPC type", { kind: "tipc", addressType: 9, v1: 0, v2: 0, v3: 0, scope: 0 }, "EINVAL"],
    ["an alg type of 14 bytes", { kind: "alg", type: "a".repeat(14), name: "", feature: 0, mask: 0 }, "ENAMETOOLONG"],
    ["an alg name of 64 bytes", { kind: "alg", type: "", name: "b".repeat(64), feature: 0, mask: 0 }, "ENAMETOOLONG"],
    ["a device address", { kind: "sco", bdaddr: "00:11:22:33:44" }, "EINVAL"],
    ["a device address and more", { kind: "sco", bdaddr: "00:11:22:33:44:55:" }, "EINVAL"],
    [
      "a hardware address of 9 bytes",
      {
        kind: "packet",
        interface: "",
        protocol: 0,
        packetType: 0,
        hardwareType: 0,
        hardwareAddress: new Uint8Array(9),
      },
      "EINVAL",
    ],
    ["127 bytes", { kind: "raw", family: 5, data: new Uint8Array(127) }, "EINVAL"],
  ])("%s is refused", (_, address, errno) => {
    expect(testingAddon.testing.encodeSockaddr(address)).toBe(failed(errno));
  });

  test.each([
    ["nothing", "", 0, { kind: "raw", family: 0, data: Buffer.alloc(0) }],
    ["a short inet", "\x02\0\0\x50", 0, { kind: "raw", family: 2, data: Buffer.from([0, 0x50]) }],
    ["a Bluetooth protocol of no kind", "\x1f\0\x01", 8, { kind: "raw", family: 31, data: Buffer.from([1]) }],
    ["an interface that is gone", "\x1d\0\0\0\xff\xff\xff\x7f", 1, { kind: "can", interface: "" }],
  ])("%s decodes without a crash", (_, struct, protocol, address) => {
    expect(testingAddon.testing.decodeSockaddr(bytes(struct), 0, 0, protocol)).toEqual(address);
  });

  test("every struct of every length decodes without a crash", () => {
    for (let family = 0; family < 50; family++) {
      for (let length = 2; length <= 130; length++) {
        const struct = new Uint8Array(length).fill(0xff);
        struct.set([family, 0]);
        for (const protocol of [0, 1, 2, 3, 6, 7]) testingAddon.testing.decodeSockaddr(struct, family, 1, protocol);
      }
    }
  });

  test("the family of the socket only selects the codec of CAN and Bluetooth", () => {
    const struct = bytes(`${String.fromCharCode(AF_CAN)}${"\0".repeat(23)}`);
    expect(testingAddon.testing.decodeSockaddr(struct, AF_BLUETOOTH, 0, constant("CAN_J1939"))).toMatchObject({
      kind: "j1939",
    });
  });
});

describe("bind and getsockname", () => {
  test("inet", () => {
    const one = socket(AF_INET, SOCK_STREAM);
    using _ = closing(one);
    expect(one.bind(loopback)).toBe(0);
    expect(one.getsockname()).toEqual({ kind: "inet", address: "127.0.0.1", port: expect.any(Number) });
    expect(one.bind(loopback)).toBe(failed("EINVAL"));
    expect(one.getpeername()).toBe(failed("ENOTCONN"));
  });

  test("inet6", () => {
    const one = socket(AF_INET6, SOCK_DGRAM);
    using _ = closing(one);
    expect(one.bind({ kind: "inet6", address: "::1", port: 0, flowinfo: 0, scopeId: 0 })).toBe(0);
    expect(one.getsockname()).toMatchObject({ kind: "inet6", address: "::1", flowinfo: 0, scopeId: 0 });
  });

  test.each([
    ["a path", () => bytes(join(directory, "socket"))],
    ["a path of 107 bytes", () => bytes(join(directory, "x".repeat(107)).slice(0, 107))],
    ["an abstract name", () => bytes(`\0sockbroker-${process.pid}\0\xff`)],
    ["an abstract name of 108 bytes", () => bytes(`\0${process.pid}`.padEnd(108, "y"))],
  ])("unix: %s", (_, path) => {
    const one = socket(AF_UNIX, SOCK_STREAM);
    using __ = closing(one);
    expect(one.getsockname()).toEqual({ kind: "unix", path: Buffer.alloc(0) });
    expect(one.bind({ kind: "unix", path: path() })).toBe(0);
    expect(one.getsockname()).toEqual({ kind: "unix", path: Buffer.from(path()) });
  });

  test("unix: an empty path requests an automatic name", () => {
    const one = socket(AF_UNIX, SOCK_DGRAM);
    using _ = closing(one);
    expect(one.bind({ kind: "unix", path: new Uint8Array() })).toBe(0);
    const name = got(one.getsockname());
    expect(name.kind === "unix" && name.path.length).toBe(6);
  });

  test("netlink", () => {
    const one = socket(constant("AF_NETLINK"), constant("SOCK_RAW"));
    using _ = closing(one);
    expect(one.bind({ kind: "netlink", pid: 0, groups: 1 })).toBe(0);
    expect(one.getsockname()).toEqual({ kind: "netlink", pid: expect.any(Number), groups: 1 });
  });

  test("packet", ({ skip }) => {
    const one = addon.socket(constant("AF_PACKET"), SOCK_DGRAM, 0, null);
    if (typeof one === "number") return skip(`needs CAP_NET_RAW: ${addon.strerror(-one)}`);
    using _ = closing(one);
    const address = { packetType: 0, hardwareType: 0, hardwareAddress: new Uint8Array() };
    expect(one.bind({ kind: "packet", interface: "lo", protocol: 0x0800, ...address })).toBe(0);
    expect(one.getsockname()).toEqual({
      kind: "packet",
      interface: "lo",
      protocol: 0x0800,
      packetType: 0,
      hardwareType: 772,
      hardwareAddress: Buffer.alloc(6),
    });
  });

  test.for<[string, number, number, number, Sockaddr]>([
    ["can", AF_CAN, constant("SOCK_RAW"), constant("CAN_RAW"), { kind: "can", interface: "" }],
    [
      "alg",
      constant("AF_ALG"),
      constant("SOCK_SEQPACKET"),
      0,
      { kind: "alg", type: "hash", name: "sha256", feature: 0, mask: 0 },
    ],
    [
      "tipc",
      constant("AF_TIPC"),
      constant("SOCK_RDM"),
      0,
      { kind: "tipc", addressType: 1, v1: 70000, v2: 1, v3: 2, scope: 2 },
    ],
    ["hci", AF_BLUETOOTH, constant("SOCK_RAW"), 1, { kind: "hci", device: 0xffff, channel: 0 }],
    ["l2cap", AF_BLUETOOTH, 5, 0, { kind: "l2cap", bdaddr: "00:00:00:00:00:00", psm: 0, cid: 0, bdaddrType: 0 }],
    ["rfcomm", AF_BLUETOOTH, SOCK_STREAM, 3, { kind: "rfcomm", bdaddr: "00:00:00:00:00:00", channel: 0 }],
    ["sco", AF_BLUETOOTH, 5, 2, { kind: "sco", bdaddr: "00:00:00:00:00:00" }],
  ])("%s", ([, family, type, protocol, address], { skip }) => {
    const one = addon.socket(family, type, protocol, null);
    if (typeof one === "number") return skip(`this kernel has no such family: ${addon.strerror(-one)}`);
    using _ = closing(one);
    expect(one.bind(address)).toBe(0);
    // AF_ALG stores no address, and HCI none without a controller.
    if (address.kind === "alg" || address.kind === "hci") return;
    expect(got(one.getsockname()).kind).toBe(address.kind);
  });
});
