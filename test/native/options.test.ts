import { describe, expect, test } from "vitest";

import {
  AF_INET,
  boundDatagram,
  bytes,
  closing,
  constant,
  descriptors,
  failed,
  got,
  pair,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
  socket,
} from "./helpers.js";

const SO_RCVBUF = constant("SO_RCVBUF");
const SO_LINGER = constant("SO_LINGER");

function ints(...values: number[]): Uint8Array {
  return new Uint8Array(new Int32Array(values).buffer);
}

describe("options", () => {
  test("are read and written as ints", () => {
    const one = socket(AF_INET, SOCK_STREAM);
    using _ = closing(one);
    expect(one.setsockoptInt(SOL_SOCKET, constant("SO_REUSEADDR"), 1)).toBe(0);
    expect(one.getsockoptInt(SOL_SOCKET, constant("SO_REUSEADDR"))).toEqual({ value: 1 });
    expect(one.getsockoptInt(SOL_SOCKET, constant("SO_TYPE"))).toEqual({ value: SOCK_STREAM });
    expect(one.getsockoptInt(SOL_SOCKET, 9999)).toBe(failed("ENOPROTOOPT"));
    expect(one.setsockoptInt(SOL_SOCKET, 9999, 1)).toBe(failed("ENOPROTOOPT"));
  });

  test("are read and written as bytes, with the length that the kernel returns", () => {
    const one = socket(AF_INET, SOCK_STREAM);
    using _ = closing(one);
    expect(one.setsockopt(SOL_SOCKET, SO_LINGER, ints(1, 5))).toBe(0);
    expect(one.getsockopt(SOL_SOCKET, SO_LINGER, 100)).toEqual(Buffer.from(ints(1, 5)));
    expect(one.getsockopt(SOL_SOCKET, SO_LINGER, 4)).toEqual(Buffer.from(ints(1)));
    expect(got(one.getsockopt(6, constant("TCP_INFO"), 65536)).length).toBeGreaterThan(100);
    expect(got(one.getsockopt(6, constant("TCP_CONGESTION"), 16)).length).toBe(16);
    one.setsockopt(SOL_SOCKET, SO_LINGER, ints(0, 0));
  });

  test("of a wrong size are refused by the kernel", () => {
    const one = socket(AF_INET, SOCK_STREAM);
    using _ = closing(one);
    expect(one.setsockopt(SOL_SOCKET, SO_RCVBUF, bytes("x"))).toBe(failed("EINVAL"));
    expect(one.setsockopt(SOL_SOCKET, SO_RCVBUF, bytes(""))).toBe(failed("EINVAL"));
    expect(one.getsockopt(SOL_SOCKET, SO_RCVBUF, 0)).toEqual(Buffer.alloc(0));
  });

  test("are at most 65536 bytes", () => {
    const one = socket(AF_INET, SOCK_STREAM);
    using _ = closing(one);
    expect(one.setsockopt(SOL_SOCKET, SO_RCVBUF, new Uint8Array(65536))).toBe(0);
    expect(one.setsockopt(SOL_SOCKET, SO_RCVBUF, new Uint8Array(65537))).toBe(failed("EINVAL"));
    expect(one.getsockopt(SOL_SOCKET, SO_RCVBUF, 65536)).toHaveLength(4);
    expect(one.getsockopt(SOL_SOCKET, SO_RCVBUF, 65537)).toBe(failed("EINVAL"));
  });

  test("may have a length without a value", () => {
    const one = socket(AF_INET, SOCK_STREAM);
    using _ = closing(one);
    expect(one.setsockoptNull(SOL_SOCKET, SO_RCVBUF, 4)).toBe(failed("EFAULT"));
    expect(one.setsockoptNull(constant("SOL_ALG"), constant("ALG_SET_AEAD_AUTHSIZE"), 16)).toBe(failed("ENOPROTOOPT"));
  });

  test("that attach a filter take the program itself", () => {
    const a = boundDatagram();
    const b = boundDatagram();
    using _ = closing(a, b);
    const SO_ATTACH_FILTER = 26;
    const to = got(b.getsockname());
    // ret #9: the first byte of payload after the UDP header.
    const program = bytes("\x06\0\0\0\x09\0\0\0");
    expect(b.setsockopt(SOL_SOCKET, SO_ATTACH_FILTER, program)).toBe(0);
    a.sendmsg([bytes("abc")], [], 0, to);
    expect(b.recv(10, 0)).toEqual(Buffer.from("a"));
    for (const wrong of [bytes(""), bytes("\x06\0\0"), new Uint8Array(8 * 4097), new Uint8Array(16).fill(255)]) {
      expect(b.setsockopt(SOL_SOCKET, SO_ATTACH_FILTER, wrong)).toBe(failed("EINVAL"));
    }
    expect(b.setsockoptInt(SOL_SOCKET, SO_ATTACH_FILTER, 1)).toBe(failed("EOPNOTSUPP"));
  });

  test.each([
    ["SO_ATTACH_BPF", 1, 50],
    ["SO_ATTACH_REUSEPORT_EBPF", 1, 52],
    ["IPT_SO_SET_REPLACE", 0, 64],
    ["ARPT_SO_SET_ADD_COUNTERS", 0, 97],
    ["EBT_SO_SET_ENTRIES", 0, 128],
    ["IP6T_SO_SET_REPLACE", 41, 64],
    ["XDP_UMEM_REG", 283, 4],
    ["XDP_RX_RING", 283, 2],
    ["XDP_UMEM_COMPLETION_RING", 283, 6],
    ["PACKET_RX_RING", 263, 5],
    ["PACKET_TX_RING", 263, 13],
    ["NETLINK_RX_RING", 270, 6],
    ["RDS_GET_MR", 276, 2],
    ["RDS_GET_MR_FOR_DEST", 276, 7],
  ])("that refer to resources of this process are refused: %s", (_, level, name) => {
    const one = socket(AF_INET, SOCK_DGRAM);
    using __ = closing(one);
    expect(one.setsockopt(level, name, new Uint8Array(64))).toBe(failed("EOPNOTSUPP"));
    expect(one.setsockoptInt(level, name, 1)).toBe(failed("EOPNOTSUPP"));
    expect(one.setsockoptNull(level, name, 64)).toBe(failed("EOPNOTSUPP"));
  });

  test("that return a descriptor are refused, and open none", () => {
    const [a, b] = pair();
    using _ = closing(a, b);
    const before = descriptors();
    expect(a.getsockoptInt(SOL_SOCKET, 77)).toBe(failed("EOPNOTSUPP"));
    expect(a.getsockopt(SOL_SOCKET, 77, 4)).toBe(failed("EOPNOTSUPP"));
    expect(descriptors()).toEqual(before);
  });

  test("that move data into a mapping of the descriptor are refused", () => {
    const one = socket(AF_INET, SOCK_STREAM);
    using _ = closing(one);
    const TCP_ZEROCOPY_RECEIVE = 35;
    expect(one.getsockopt(6, TCP_ZEROCOPY_RECEIVE, 64)).toBe(failed("EOPNOTSUPP"));
    expect(one.getsockoptInt(6, TCP_ZEROCOPY_RECEIVE)).toBe(failed("EOPNOTSUPP"));
  });

  const SO_GET_FILTER = 26;
  const load = bytes("\x30\0\0\0\x08\0\0\0");
  const accept = bytes("\x06\0\0\0\xff\0\0\0");
  const programOf = (instructions: number) =>
    Buffer.concat([...Array.from({ length: instructions - 1 }, () => load), accept]);

  test.each([1, 4, 32, 33, 1000])("whose length counts instructions can be read back: a filter of %i", (count) => {
    const one = socket(AF_INET, SOCK_DGRAM);
    using _ = closing(one);
    expect(one.getsockopt(SOL_SOCKET, SO_GET_FILTER, 64)).toEqual(Buffer.alloc(0));
    expect(one.getsockoptInt(SOL_SOCKET, SO_GET_FILTER)).toEqual({ value: 0 });
    const program = programOf(count);
    expect(one.setsockopt(SOL_SOCKET, SO_GET_FILTER, program)).toBe(0);
    expect(one.getsockoptInt(SOL_SOCKET, SO_GET_FILTER)).toEqual({ value: count });
    for (const size of [program.length, program.length + 7, 65536]) {
      expect(one.getsockopt(SOL_SOCKET, SO_GET_FILTER, size)).toEqual(program);
    }
    // Each of these sizes is enough as a number of instructions, but too small in bytes.
    for (const size of [0, 4, count, program.length - 1]) {
      expect(one.getsockopt(SOL_SOCKET, SO_GET_FILTER, size), String(size)).toBe(failed("EINVAL"));
    }
  });
});
