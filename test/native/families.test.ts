import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";

import type { NativeSocket, Sockaddr } from "../../src/native/binding.js";
import { addon, bytes, closing, constant, got, ready, SOCK_DGRAM, SOCK_STREAM } from "./helpers.js";

// End-to-end tests of families that a kernel may lack. Kernels of distributions have all of them, if the modules are
// loaded (and for CAN an interface exists: ip link add vcan0 type vcan; ip link set vcan0 up).

const SOCK_RAW = constant("SOCK_RAW");
const SOCK_RDM = constant("SOCK_RDM");
const SOCK_SEQPACKET = constant("SOCK_SEQPACKET");
const AF_ALG = constant("AF_ALG");
const AF_CAN = constant("AF_CAN");
const AF_TIPC = constant("AF_TIPC");
const AF_BLUETOOTH = constant("AF_BLUETOOTH");
const AF_QIPCRTR = constant("AF_QIPCRTR");
const AF_RDS = constant("AF_RDS");

type Skip = (reason: string) => never;

/** Opens a socket, or skips the test with the reason. */
function needs(skip: Skip, family: number, type: number, protocol: number): NativeSocket {
  const one = addon.socket(family, type, protocol, null);
  return typeof one === "number" ? skip(`this kernel has no such family: ${addon.strerror(-one)}`) : one;
}

function needsVcan(skip: Skip): void {
  if (addon.ifNametoindex("vcan0") < 0) skip("needs an interface vcan0");
}

describe("CAN", () => {
  test("raw frames arrive with the name of the interface", async ({ skip }) => {
    needsVcan(skip);
    const a = needs(skip, AF_CAN, SOCK_RAW, constant("CAN_RAW"));
    const b = needs(skip, AF_CAN, SOCK_RAW, constant("CAN_RAW"));
    using _ = closing(a, b);
    expect(a.bind({ kind: "can", interface: "vcan0" })).toBe(0);
    expect(b.bind({ kind: "can", interface: "" })).toBe(0);
    expect(a.getsockname()).toEqual({ kind: "can", interface: "vcan0" });
    const frame = bytes("\x23\x01\0\0\x02\0\0\0\xde\xad\0\0\0\0\0\0");
    expect(a.send(frame, 0)).toBe(16);
    await ready(b, 1);
    expect(b.recvmsg(72, 0, 0)).toMatchObject({
      data: Buffer.from(frame),
      address: { kind: "can", interface: "vcan0" },
    });
    expect(b.sendmsg([frame], [], 0, { kind: "can", interface: "vcan0" })).toBe(16);
  });

  test.for<[string, number, Sockaddr]>([
    ["ISOTP", constant("CAN_ISOTP"), { kind: "isotp", interface: "vcan0", rxId: 0x123, txId: 0x9234_5678 }],
    [
      "J1939",
      constant("CAN_J1939"),
      { kind: "j1939", interface: "vcan0", name: 0x1122_3344_5566_7788n, pgn: 0x4_0000, address: 0xff },
    ],
  ])("%s keeps its address", ([, protocol, address], { skip }) => {
    needsVcan(skip);
    const one = needs(skip, AF_CAN, SOCK_DGRAM, protocol);
    using _ = closing(one);
    expect(one.bind(address)).toBe(0);
    expect(one.getsockname()).toEqual(address);
  });

  test("ISOTP transfers a message longer than a frame", async ({ skip }) => {
    needsVcan(skip);
    const a = needs(skip, AF_CAN, SOCK_DGRAM, constant("CAN_ISOTP"));
    const b = needs(skip, AF_CAN, SOCK_DGRAM, constant("CAN_ISOTP"));
    using _ = closing(a, b);
    expect(a.bind({ kind: "isotp", interface: "vcan0", rxId: 0x701, txId: 0x702 })).toBe(0);
    expect(b.bind({ kind: "isotp", interface: "vcan0", rxId: 0x702, txId: 0x701 })).toBe(0);
    const data = new Uint8Array(1000).map((_, index) => index);
    expect(a.send(data, 0)).toBe(1000);
    await ready(b, 1);
    const { address, ...message } = got(b.recvmsg(4096, 100, 0));
    expect(message).toEqual({ data: Buffer.from(data), length: 1000, flags: 0, control: [] });
    expect(address).toMatchObject({ kind: "isotp", interface: "vcan0" });
  });

  test("J1939 reports the sender, and the destination as control messages", async ({ skip }) => {
    needsVcan(skip);
    const a = needs(skip, AF_CAN, SOCK_DGRAM, constant("CAN_J1939"));
    const b = needs(skip, AF_CAN, SOCK_DGRAM, constant("CAN_J1939"));
    using _ = closing(a, b);
    const at = (address: number, pgn: number) =>
      ({ kind: "j1939", interface: "vcan0", name: 0n, pgn, address }) as const;
    expect(a.bind(at(0x20, constant("J1939_NO_PGN")))).toBe(0);
    expect(b.bind(at(0x30, constant("J1939_NO_PGN")))).toBe(0);
    expect(a.sendmsg([bytes("hello")], [], 0, at(0x30, 0x1_2300))).toBe(5);
    await ready(b, 1);
    const { data, address, control } = got(b.recvmsg(100, 200, 0));
    expect(data).toEqual(Buffer.from("hello"));
    expect(address).toEqual(at(0x20, 0x1_2300));
    expect(control.map(({ level }) => level)).toContain(constant("SOL_CAN_BASE") + constant("CAN_J1939"));
  });

  test("BCM connects to an interface", ({ skip }) => {
    needsVcan(skip);
    const one = needs(skip, AF_CAN, SOCK_DGRAM, constant("CAN_BCM"));
    using _ = closing(one);
    expect(one.connect({ kind: "can", interface: "vcan0" })).toBe(0);
  });
});

describe("AF_ALG", () => {
  test("hashes", ({ skip }) => {
    const algorithm = needs(skip, AF_ALG, SOCK_SEQPACKET, 0);
    using _ = closing(algorithm);
    expect(algorithm.bind({ kind: "alg", type: "hash", name: "sha256", feature: 0, mask: 0 })).toBe(0);
    const operation = got(algorithm.accept());
    using __ = closing(operation.socket);
    expect(operation.socket.send(bytes("abc"), 0)).toBe(3);
    expect(operation.socket.recv(512, 0)).toEqual(createHash("sha256").update("abc").digest());
  });

  test("encrypts, with operation and initialization vector as control messages", ({ skip }) => {
    const algorithm = needs(skip, AF_ALG, SOCK_SEQPACKET, 0);
    using _ = closing(algorithm);
    expect(algorithm.bind({ kind: "alg", type: "skcipher", name: "cbc(aes)", feature: 0, mask: 0 })).toBe(0);
    const SOL_ALG = constant("SOL_ALG");
    expect(algorithm.setsockopt(SOL_ALG, constant("ALG_SET_KEY"), bytes("0123456789abcdef"))).toBe(0);
    const operation = got(algorithm.accept());
    using __ = closing(operation.socket);
    const control = [
      { level: SOL_ALG, type: constant("ALG_SET_OP"), data: bytes("\x01\0\0\0"), sockets: null },
      { level: SOL_ALG, type: constant("ALG_SET_IV"), data: bytes(`\x10\0\0\0${"v".repeat(16)}`), sockets: null },
    ];
    expect(operation.socket.sendmsg([new Uint8Array(16)], control, 0, null)).toBe(16);
    expect(operation.socket.recv(100, 0)).toHaveLength(16);
  });
});

describe("TIPC", () => {
  test("delivers to a name, and reports the sender's id", async ({ skip }) => {
    const server = needs(skip, AF_TIPC, SOCK_RDM, 0);
    const client = needs(skip, AF_TIPC, SOCK_RDM, 0);
    using _ = closing(server, client);
    const scope = constant("TIPC_NODE_SCOPE");
    expect(server.bind({ kind: "tipc", addressType: 1, v1: 70_001, v2: 1, v3: 9, scope })).toBe(0);
    const to = { kind: "tipc", addressType: 2, v1: 70_001, v2: 5, v3: 0, scope: 0 } as const;
    expect(client.sendmsg([bytes("hello")], [], 0, to)).toBe(5);
    await ready(server, 1);
    const { data, address } = got(server.recvmsg(100, 100, 0));
    expect(data).toEqual(Buffer.from("hello"));
    expect(address).toMatchObject({ kind: "tipc", addressType: 3, v3: 0 });
    expect(client.getsockname()).toMatchObject({ kind: "tipc", addressType: 3 });
  });
});

describe("Bluetooth", () => {
  test.for<[string, number, number, Sockaddr]>([
    ["L2CAP", SOCK_SEQPACKET, 0, { kind: "l2cap", bdaddr: "00:00:00:00:00:00", psm: 0x1001, cid: 0, bdaddrType: 0 }],
    ["RFCOMM", SOCK_STREAM, 3, { kind: "rfcomm", bdaddr: "00:00:00:00:00:00", channel: 7 }],
  ])("%s keeps its address", ([, type, protocol, address], { skip }) => {
    const one = needs(skip, AF_BLUETOOTH, type, protocol);
    using _ = closing(one);
    expect(one.bind(address)).toBe(0);
    expect(one.listen(1)).toBe(0);
    expect(one.getsockname()).toEqual(address);
  });
});

describe("QIPCRTR", () => {
  test("delivers within a node", async ({ skip }) => {
    const a = needs(skip, AF_QIPCRTR, SOCK_DGRAM, 0);
    const b = needs(skip, AF_QIPCRTR, SOCK_DGRAM, 0);
    using _ = closing(a, b);
    const own = got(a.getsockname());
    if (own.kind !== "qipcrtr") throw new Error(own.kind);
    expect(a.bind({ kind: "qipcrtr", node: own.node, port: 0x4444 })).toBe(0);
    expect(b.sendmsg([bytes("hi")], [], 0, { kind: "qipcrtr", node: own.node, port: 0x4444 })).toBe(2);
    await ready(a, 1);
    expect(a.recvmsg(10, 0, 0)).toMatchObject({ data: Buffer.from("hi"), address: b.getsockname() });
  });
});

describe("RDS", () => {
  test("delivers over loopback, with addresses of AF_INET", async ({ skip }) => {
    const a = needs(skip, AF_RDS, SOCK_SEQPACKET, 0);
    const b = needs(skip, AF_RDS, SOCK_SEQPACKET, 0);
    using _ = closing(a, b);
    expect(a.bind({ kind: "inet", address: "127.0.0.1", port: 4001 })).toBe(0);
    expect(b.bind({ kind: "inet", address: "127.0.0.1", port: 4002 })).toBe(0);
    expect(a.sendmsg([bytes("hi")], [], 0, got(b.getsockname()))).toBe(2);
    await ready(b, 1);
    expect(b.recvmsg(10, 0, 0)).toMatchObject({ data: Buffer.from("hi"), address: a.getsockname() });
  });
});
