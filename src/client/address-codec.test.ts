import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { AddressFamily, SocketAddressSchema } from "../gen/sockbroker/v1/address_pb.js";
import type { AddressInput, SocketAddress } from "./address.js";
import { addressFromProto } from "./address-from-proto.js";
import { addressToProto } from "./address-to-proto.js";
import { ArgumentError } from "./errors.js";
import { createUnixPaths } from "./unix-paths.js";

const unixPaths = createUnixPaths(() => "/home/u");
const encode = (input: AddressInput, family: number = AddressFamily.INET, operation = "connect") =>
  create(SocketAddressSchema, addressToProto(input, { operation, family, unixPaths }));
const through = (input: AddressInput, family?: number) => addressFromProto(encode(input, family), unixPaths);

const addresses: SocketAddress[] = [
  { family: "inet", host: "127.0.0.1", port: 80 },
  { family: "inet6", host: "fe80::1", port: 80, flowinfo: 5, scopeId: 2 },
  { family: "unix", path: "/run/x" },
  { family: "unix", path: "" },
  { family: "unix", path: Buffer.from([0x2f, 0xff]) },
  { family: "abstract", name: Buffer.from("name") },
  { family: "netlink", pid: 1, groups: 2 },
  {
    family: "packet",
    interfaceName: "lo",
    protocol: 3,
    packetType: 4,
    hardwareType: 1,
    hardwareAddress: Buffer.alloc(6, 1),
  },
  { family: "can", interfaceName: "vcan0" },
  { family: "isotp", interfaceName: "vcan0", rxId: 1, txId: 0x80000001 },
  { family: "j1939", interfaceName: "vcan0", name: 2n ** 63n, pgn: 0x40000, address: 255 },
  { family: "tipc", addressType: 2, v1: 1, v2: 2, v3: 3, scope: 2 },
  { family: "alg", type: "hash", name: "sha256", feature: 0, mask: 0 },
  { family: "vsock", cid: 4294967295, port: 4294967295 },
  { family: "l2cap", bdaddr: "00:11:22:33:44:55", psm: 1, cid: 0, bdaddrType: 0 },
  { family: "rfcomm", bdaddr: "00:11:22:33:44:55", channel: 1 },
  { family: "hci", device: 0, channel: 1 },
  { family: "sco", bdaddr: "00:11:22:33:44:55" },
  { family: "qipcrtr", node: 1, port: 2 },
  { family: "hyperv", vmId: "a", serviceId: "b" },
  { family: "raw", addressFamily: 40, data: Buffer.from([1, 2]) },
];

test.each(addresses)("$family survives encoding and decoding", (address) => {
  expect(through(address)).toEqual(address);
});

test("RDS addresses decode as inet, as in Python", () => {
  expect(through({ family: "rds", host: "10.0.0.1", port: 1 })).toEqual({ family: "inet", host: "10.0.0.1", port: 1 });
});

test("a family that this client does not know decodes as null", () => {
  expect(addressFromProto(create(SocketAddressSchema, {}), unixPaths)).toBeNull();
  expect(addressFromProto(undefined, unixPaths)).toBeNull();
});

describe("{ host, port }", () => {
  test("gets the family of the socket", () => {
    expect(encode({ host: "h", port: 1 }).address.case).toBe("inet");
    expect(encode({ host: "h", port: 1 }, AddressFamily.INET6).address.case).toBe("inet6");
  });

  test.each([-1, 65536, 1e9])("refuses port %d as CPython does", (port) => {
    const bind = () => encode({ host: "", port }, AddressFamily.INET, "bind");
    expect(bind).toThrow("bind(): port must be 0-65535.");
    expect(bind).toThrow(ArgumentError);
  });

  test.each([undefined, "80", 1.5, null])("refuses port %j with a TypeError", (port) => {
    expect(() => encode({ host: "", port: port as never })).toThrow(TypeError);
  });

  test("refuses flowinfo of more than 20 bits", () => {
    expect(() => encode({ host: "", port: 1, flowinfo: 2 ** 20 }, AddressFamily.INET6)).toThrow(/flowinfo must be/);
  });
});

test.each([null, undefined, 5, true])("refuses %j as an address with a TypeError", (input) => {
  expect(() => encode(input as never)).toThrow(TypeError);
});

describe("text and bytes", () => {
  test("are accepted as paths of unix sockets", () => {
    expect(through("/a", AddressFamily.UNIX)).toEqual({ family: "unix", path: "/a" });
    expect(through(Buffer.from("/a"), AddressFamily.UNIX)).toEqual({ family: "unix", path: "/a" });
    expect(through("", AddressFamily.UNIX)).toEqual({ family: "unix", path: "" });
  });

  test("are abstract names if they begin with NUL, and may contain further NULs", () => {
    expect(through("\0a\0b", AddressFamily.UNIX)).toEqual({ family: "abstract", name: Buffer.from("a\0b") });
  });

  test("end at the first NUL if they are paths, as in C", () => {
    expect(through("/a\0b", AddressFamily.UNIX)).toEqual({ family: "unix", path: "/a" });
  });

  test("are refused for other families", () => {
    expect(() => encode("127.0.0.1")).toThrow(TypeError);
  });
});

describe("relative paths", () => {
  const paths = createUnixPaths(() => "/home/u");
  const use = (operation: string) => ({ operation, family: AddressFamily.UNIX, unixPaths: paths });
  const show = (path: string) =>
    addressFromProto(
      create(SocketAddressSchema, {
        address: { case: "unixDomain", value: { name: { case: "path", value: Buffer.from(path) } } },
      }),
      paths,
    );

  test("are relative to the client's directory", () => {
    expect(addressToProto("s", use("connect"))).toEqual({
      address: { case: "unixDomain", value: { name: { case: "path", value: Buffer.from("/home/u/s") } } },
    });
  });

  test("are returned as they were bound; other paths are returned as absolute paths", () => {
    addressToProto("./x/../s", use("bind"));
    addressToProto("t", use("connect"));
    expect(show("/home/u/./x/../s")).toEqual({ family: "unix", path: "./x/../s" });
    expect(show("/home/u/t")).toEqual({ family: "unix", path: "/home/u/t" });
  });

  test("are forgotten when the same file is bound by its absolute path", () => {
    addressToProto("u", use("bind"));
    addressToProto("/home/u/u", use("bind"));
    expect(show("/home/u/u")).toEqual({ family: "unix", path: "/home/u/u" });
  });
});
