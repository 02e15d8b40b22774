import { describe, expect, test } from "vitest";

import {
  AF_INET,
  boundDatagram,
  bytes,
  closing,
  constant,
  failed,
  got,
  pair,
  SOCK_DGRAM,
  SOL_SOCKET,
  socket,
} from "./helpers.js";

const MSG_TRUNC = constant("MSG_TRUNC");
const MSG_PEEK = constant("MSG_PEEK");
const MSG_CMSG_CLOEXEC = constant("MSG_CMSG_CLOEXEC");
const MSG_ZEROCOPY = 0x4000000;

describe("a datagram", () => {
  test("preserves its boundary and source, and has nothing else", () => {
    const a = boundDatagram();
    const b = boundDatagram();
    using _ = closing(a, b);
    const to = got(b.getsockname());
    expect(a.sendmsg([bytes("one"), bytes(""), bytes("two")], [], 0, to)).toBe(6);
    expect(a.sendmsg([], [], 0, to)).toBe(0);
    expect(b.recvmsg(100, 0, 0)).toEqual({
      data: Buffer.from("onetwo"),
      length: 6,
      flags: 0,
      address: a.getsockname(),
      control: [],
    });
    expect(got(b.recvmsg(100, 0, 0)).data).toHaveLength(0);
    expect(b.recvmsg(100, 0, 0)).toBe(failed("EAGAIN"));
  });

  test("that is truncated has MSG_TRUNC, and its real length if requested", () => {
    const [a, b] = pair(SOCK_DGRAM);
    using _ = closing(a, b);
    a.send(bytes("0123456789"), 0);
    expect(b.recvmsg(4, 0, MSG_PEEK)).toMatchObject({ data: Buffer.from("0123"), length: 4, flags: MSG_TRUNC });
    expect(b.recvmsg(4, 0, MSG_PEEK | MSG_TRUNC)).toMatchObject({ data: Buffer.from("0123"), length: 10 });
    expect(b.recv(4, MSG_PEEK | MSG_TRUNC)).toEqual(Buffer.from("0123"));
    expect(b.recvmmsg(1, 4, 0, MSG_TRUNC)).toMatchObject([{ data: Buffer.from("0123"), length: 10, flags: MSG_TRUNC }]);
  });

  test("has a maximum size", () => {
    const a = boundDatagram();
    const b = boundDatagram();
    using _ = closing(a, b);
    a.setsockoptInt(SOL_SOCKET, constant("SO_SNDBUF"), 1 << 20);
    const to = got(b.getsockname());
    expect(a.sendmsg([new Uint8Array(65507)], [], 0, to)).toBe(65507);
    expect(got(b.recvmsg(65536, 0, 0)).length).toBe(65507);
    expect(a.sendmsg([new Uint8Array(65508)], [], 0, to)).toBe(failed("EMSGSIZE"));
  });

  test("to a closed port fails in a later call, and the socket continues to work", () => {
    const gone = boundDatagram();
    const one = boundDatagram();
    using _ = closing(one);
    const address = got(gone.getsockname());
    gone.close();
    expect(one.connect(address)).toBe(0);
    expect(one.send(bytes("x"), 0)).toBe(1);
    expect(one.recv(1, 0)).toBe(failed("ECONNREFUSED"));
    expect(one.recv(1, 0)).toBe(failed("EAGAIN"));
  });

  test("without a destination is EDESTADDRREQ", () => {
    const one = socket(AF_INET, SOCK_DGRAM);
    using _ = closing(one);
    expect(one.send(bytes("x"), 0)).toBe(failed("EDESTADDRREQ"));
  });
});

describe("sendmsg", () => {
  test("sends IOV_MAX buffers and no more", () => {
    const [a, b] = pair();
    using _ = closing(a, b);
    const letters = Array.from({ length: 1024 }, () => bytes("x"));
    expect(a.sendmsg(letters, [], 0, null)).toBe(1024);
    expect(b.recv(2000, 0)).toHaveLength(1024);
    expect(a.sendmsg([...letters, bytes("y")], [], 0, null)).toBe(failed("EMSGSIZE"));
    expect(b.recv(1, 0)).toBe(failed("EAGAIN"));
  });

  test("refuses flags with which the kernel would read the memory later", () => {
    const [a, b] = pair();
    using _ = closing(a, b);
    expect(a.send(bytes("x"), MSG_ZEROCOPY)).toBe(failed("EOPNOTSUPP"));
    expect(a.sendmsg([bytes("x")], [], MSG_ZEROCOPY, null)).toBe(failed("EOPNOTSUPP"));
  });

  test("validates its lists", () => {
    const [a, b] = pair();
    using _ = closing(a, b);
    const anything = a as unknown as { sendmsg(...args: unknown[]): number };
    expect(() => anything.sendmsg("x", [], 0, null)).toThrow(new TypeError("property data must be an array"));
    expect(() => anything.sendmsg(["x"], [], 0, null)).toThrow("property data must be an array of Uint8Array");
    expect(() => anything.sendmsg([], [{ level: 1, type: 2 }], 0, null)).toThrow("property data must be a Uint8Array");
    expect(() => anything.sendmsg([], [null], 0, null)).toThrow(TypeError);
    expect(() => anything.sendmsg([], [], 0, undefined)).toThrow("property address must be a Sockaddr");
  });
});

describe("batches", () => {
  test("are received in order, each message with its own address", () => {
    const a = boundDatagram();
    const b = boundDatagram();
    const c = boundDatagram();
    using _ = closing(a, b, c);
    const address = got(c.getsockname());
    for (const text of ["1", "22", ""]) a.sendmsg([bytes(text)], [], 0, address);
    b.sendmsg([bytes("b")], [], 0, address);
    const received = got(c.recvmmsg(10, 100, 0, 0));
    expect(received.map(({ data }) => data.toString())).toEqual(["1", "22", "", "b"]);
    expect(received.map((message) => message.address)).toEqual([
      a.getsockname(),
      a.getsockname(),
      a.getsockname(),
      b.getsockname(),
    ]);
    expect(c.recvmmsg(10, 100, 0, 0)).toBe(failed("EAGAIN"));
  });

  test("have any requested size, within limits", () => {
    const [a, b] = pair(SOCK_DGRAM);
    using _ = closing(a, b);
    a.send(bytes("x"), 0);
    expect(b.recvmmsg(0, 100, 0, 0)).toBe(failed("EINVAL"));
    expect(b.recvmmsg(0xffffffff, 0xffffffff, 0xffffffff, 0)).toMatchObject([{ data: Buffer.from("x") }]);
    a.send(bytes("x"), 0);
    expect(b.recvmmsg(0xffffffff, 0, 0, 0)).toMatchObject([{ data: Buffer.alloc(0), flags: MSG_TRUNC }]);
  });
});

describe("flags", () => {
  test("contain MSG_CMSG_CLOEXEC only if the caller set it", () => {
    const [a, b] = pair(SOCK_DGRAM);
    using _ = closing(a, b);
    a.send(bytes("x"), 0);
    expect(got(b.recvmsg(1, 100, MSG_PEEK)).flags).toBe(0);
    expect(got(b.recvmsg(1, 100, MSG_CMSG_CLOEXEC)).flags).toBe(MSG_CMSG_CLOEXEC);
  });
});
