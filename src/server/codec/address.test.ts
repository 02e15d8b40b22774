import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { SocketAddressSchema } from "../../gen/sockbroker/v1/address_pb.js";
import { ArgumentError_Kind } from "../../gen/sockbroker/v1/error_pb.js";
import type { Sockaddr } from "../../native/binding.js";
import { endpointOf } from "../access/endpoint.js";
import { addressFrom, addressMessage } from "./address.js";

const addresses: readonly (readonly [string, Sockaddr])[] = [
  ["unix:/run/x", { kind: "unix", path: Buffer.from("/run/x") }],
  ["unix:@name", { kind: "unix", path: Buffer.from("\0name") }],
  ["unix:", { kind: "unix", path: new Uint8Array(0) }],
  ["netlink:7:3", { kind: "netlink", pid: 7, groups: 3 }],
  [
    "packet:lo:0x0800",
    {
      kind: "packet",
      interface: "lo",
      protocol: 0x800,
      packetType: 0,
      hardwareType: 772,
      hardwareAddress: new Uint8Array(6),
    },
  ],
  ["can:vcan0", { kind: "can", interface: "vcan0" }],
  ["isotp:vcan0:0x123:0x456", { kind: "isotp", interface: "vcan0", rxId: 0x123, txId: 0x456 }],
  ["j1939:vcan0:0x40000:255", { kind: "j1939", interface: "vcan0", name: 2n ** 63n, pgn: 0x40000, address: 255 }],
  ["tipc:2:1:2:2", { kind: "tipc", addressType: 2, v1: 1, v2: 2, v3: 2, scope: 2 }],
  ["alg:hash:sha256", { kind: "alg", type: "hash", name: "sha256", feature: 0, mask: 0 }],
  ["vsock:4294967295:1024", { kind: "vsock", cid: 4294967295, port: 1024 }],
  ["l2cap:00:11:22:33:44:55:1", { kind: "l2cap", bdaddr: "00:11:22:33:44:55", psm: 1, cid: 0, bdaddrType: 0 }],
  ["rfcomm:00:11:22:33:44:55:3", { kind: "rfcomm", bdaddr: "00:11:22:33:44:55", channel: 3 }],
  ["hci:1", { kind: "hci", device: 1, channel: 0 }],
  ["sco:00:11:22:33:44:55", { kind: "sco", bdaddr: "00:11:22:33:44:55" }],
  ["qipcrtr:1:2", { kind: "qipcrtr", node: 1, port: 2 }],
  ["family-9:0102", { kind: "raw", family: 9, data: Buffer.from([1, 2]) }],
];

describe("addresses", () => {
  it.each(addresses)("%s survives encoding and decoding", (endpoint, address) => {
    const back = addressFrom(addressMessage(address), "bind");
    expect(back).toEqual({ kind: "concrete", address });
    expect(endpointOf(address)).toBe(endpoint);
  });

  it("keep the host of an inet address as a name to resolve", () => {
    const inet6: Sockaddr = { kind: "inet6", address: "fe80::1", port: 80, flowinfo: 1, scopeId: 2 };
    expect(addressFrom(addressMessage(inet6), "bind")).toEqual({
      kind: "name",
      family: "inet6",
      host: "fe80::1",
      rest: { ...inet6, address: "" },
    });
    expect(endpointOf(inet6)).toBe("[fe80::1%2]:80");
    expect(endpointOf({ kind: "inet", address: "10.0.0.1", port: 443 })).toBe("10.0.0.1:443");
  });
});

describe("numbers that exceed a member of the struct", () => {
  it("are truncated, as by CPython's casts", () => {
    const cut = (address: NonNullable<MessageInitShape<typeof SocketAddressSchema>["address"]>) =>
      addressFrom(create(SocketAddressSchema, { address }), "bind");
    expect(cut({ case: "j1939", value: { interfaceName: "vcan0", name: 1n, pgn: 2, address: 256 } })).toEqual({
      kind: "concrete",
      address: { kind: "j1939", interface: "vcan0", name: 1n, pgn: 2, address: 0 },
    });
    expect(cut({ case: "l2cap", value: { bdaddr: "00:11:22:33:44:55", psm: 65537, cid: 65538 } })).toEqual({
      kind: "concrete",
      address: { kind: "l2cap", bdaddr: "00:11:22:33:44:55", psm: 1, cid: 2, bdaddrType: 0 },
    });
    expect(cut({ case: "l2cap", value: { bdaddr: "00:11:22:33:44:55", bdaddrType: 258 } })).toEqual({
      kind: "concrete",
      address: { kind: "l2cap", bdaddr: "00:11:22:33:44:55", psm: 0, cid: 0, bdaddrType: 2 },
    });
    expect(cut({ case: "rfcomm", value: { bdaddr: "00:11:22:33:44:55", channel: 257 } })).toEqual({
      kind: "concrete",
      address: { kind: "rfcomm", bdaddr: "00:11:22:33:44:55", channel: 1 },
    });
    expect(cut({ case: "hci", value: { device: 65537, channel: 65538 } })).toEqual({
      kind: "concrete",
      address: { kind: "hci", device: 1, channel: 2 },
    });
    expect(cut({ case: "tipc", value: { addressType: 3, scope: 2 ** 32 - 1 } })).toEqual({
      kind: "concrete",
      address: { kind: "tipc", addressType: 3, v1: 0, v2: 0, v3: 0, scope: -1 },
    });
  });
});

describe("addresses that are refused before the system call", () => {
  const { OVERFLOW, OS, VALUE, TYPE } = ArgumentError_Kind;
  it.each([
    [
      OVERFLOW,
      "PORT_OUT_OF_RANGE",
      "bind(): port must be 0-65535.",
      { case: "inet", value: { host: "", port: 65536 } },
    ],
    [
      OVERFLOW,
      "FLOWINFO_OUT_OF_RANGE",
      "bind(): flowinfo must be 0-1048575.",
      { case: "inet6", value: { flowinfo: 1048576 } },
    ],
    [OVERFLOW, "FAMILY_OUT_OF_RANGE", "bind(): family must be 0-65535.", { case: "raw", value: { family: 65537 } }],
    [
      OS,
      "UNIX_PATH_TOO_LONG",
      "AF_UNIX path too long",
      { case: "unixDomain", value: { name: { case: "path", value: Buffer.alloc(108, 97) } } },
    ],
    [
      OS,
      "UNIX_PATH_TOO_LONG",
      "AF_UNIX path too long",
      { case: "unixDomain", value: { name: { case: "abstractName", value: Buffer.alloc(108, 97) } } },
    ],
    [
      OS,
      "INTERFACE_NAME_TOO_LONG",
      "AF_CAN interface name too long",
      { case: "can", value: { interfaceName: "a".repeat(16) } },
    ],
    [
      VALUE,
      "HARDWARE_ADDRESS_TOO_LONG",
      "Hardware address must be 8 bytes or less",
      { case: "packet", value: { hardwareAddress: Buffer.alloc(9) } },
    ],
    [VALUE, "ALG_TYPE_TOO_LONG", "AF_ALG type too long.", { case: "alg", value: { type: "a".repeat(14) } }],
    [VALUE, "ALG_NAME_TOO_LONG", "AF_ALG name too long.", { case: "alg", value: { name: "a".repeat(64) } }],
    [TYPE, "TIPC_ADDRESS_TYPE", "Invalid address type", { case: "tipc", value: { addressType: 9 } }],
    [OS, "BAD_BLUETOOTH_ADDRESS", "bad bluetooth address", { case: "sco", value: { bdaddr: "nonsense" } }],
    [TYPE, "ADDRESS_MISSING", "bind(): an address is required", { case: undefined }],
  ] as const)("%s %s", (kind, reason, message, address) => {
    const asked = create(SocketAddressSchema, { address } as never);
    expect(() => addressFrom(asked, "bind")).toThrowError(
      expect.objectContaining({ name: "ArgumentFault", kind, reason, message, operation: "bind" }),
    );
  });

  it("allows the longest path and the longest abstract name", () => {
    for (const name of ["path", "abstractName"] as const) {
      const asked = create(SocketAddressSchema, {
        address: { case: "unixDomain", value: { name: { case: name, value: Buffer.alloc(107, 97) } } },
      });
      expect(addressFrom(asked, "bind").kind).toBe("concrete");
    }
  });
});
