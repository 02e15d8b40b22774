import { describe, expect, test, vi } from "vitest";

import type { ControlOut, NativeSocket } from "../../src/native/binding.js";
import {
  AF_INET,
  addon,
  boundDatagram,
  bytes,
  closing,
  constant,
  descriptorOf,
  descriptors,
  failed,
  got,
  hasPython,
  nextDescriptors,
  O_CLOEXEC,
  O_NONBLOCK,
  pair,
  pythonPeer,
  SOCK_DGRAM,
  SOL_SOCKET,
  socket,
} from "./helpers.js";

const SCM_RIGHTS = constant("SCM_RIGHTS");
const SCM_CREDENTIALS = 2;
const SCM_PIDFD = 4;
const SO_PASSPIDFD = 76;
const MSG_CTRUNC = constant("MSG_CTRUNC");

function rights(...sockets: NativeSocket[]): ControlOut[] {
  return [{ level: SOL_SOCKET, type: SCM_RIGHTS, data: new Uint8Array(), sockets }];
}

describe("SCM_RIGHTS", () => {
  test("transfers sockets as objects, never as numbers", () => {
    const [a, b] = pair();
    const udp = boundDatagram();
    using _ = closing(a, b, udp);
    expect(a.sendmsg([bytes("x")], rights(udp, a), 0, null)).toBe(1);
    const { control, flags } = got(b.recvmsg(10, addon.cmsgSpace(8), 0));
    expect(flags).toBe(0);
    expect(control).toMatchObject([{ level: SOL_SOCKET, type: SCM_RIGHTS, data: Buffer.alloc(0) }]);
    const [copy, other] = got(control[0]?.sockets ?? null);
    if (copy === undefined || other === undefined) throw new Error("two were sent");
    using __ = closing(copy, other);
    expect(copy.getsockname()).toEqual(udp.getsockname());
    expect([copy.family, copy.type, other.family]).toEqual([AF_INET, SOCK_DGRAM, 1]);
    udp.close();
    expect(copy.poll(4)).toBe(4);
  });

  test("makes received descriptors close-on-exec, and sockets non-blocking", () => {
    const [a, b] = pair();
    using _ = closing(a, b);
    a.sendmsg([bytes("x")], rights(a), 0, null);
    const made = descriptorOf(() => got(b.recvmsg(10, 100, 0)));
    expect(made.map(({ flags }) => flags & (O_CLOEXEC | O_NONBLOCK))).toEqual([O_CLOEXEC | O_NONBLOCK]);
  });

  test("does not change the mode of other files, which is shared", async ({ skip }) => {
    if (!hasPython) return skip("needs python3");
    const peer = await pythonPeer(`
r, w = os.pipe()
s = socket.socket()
socket.send_fds(peer, [b"x"], [r, s.fileno()])
peer.recv(1)`);
    using _ = closing(peer);
    const before = descriptors();
    const [pipe, foreign] = await nextDescriptors(peer);
    if (pipe === undefined || foreign === undefined) throw new Error("two were sent");
    using __ = closing(pipe, foreign);
    const made = [...descriptors().keys()].filter((fd) => !before.has(fd));
    expect(made).toHaveLength(2);
    expect(pipe.family).toBe(-1);
    expect(pipe.recv(1, 0)).toBe(failed("ENOTSOCK"));
    expect(pipe.getsockname()).toBe(failed("ENOTSOCK"));
    // FIONREAD takes the pipe's lock, which a writer may hold for any length of time.
    expect(pipe.ioctlInt(0x541b, 0)).toBe(failed("ENOTTY"));
    const { readFileSync } = await import("node:fs");
    const modes = made.map((fd) => {
      const flags = Number.parseInt(
        /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))?.[1] ?? "",
        8,
      );
      return [(flags & O_CLOEXEC) !== 0, (flags & O_NONBLOCK) !== 0];
    });
    expect(modes).toEqual([
      [true, false],
      [true, true],
    ]);
    // A thread closes the pipe; without the wait the next test would see it disappear.
    pipe.close();
    await vi.waitFor(() => expect([...descriptors().keys()].filter((fd) => made.includes(fd))).toHaveLength(1));
  });

  test("closes descriptors without room, and sets MSG_CTRUNC", () => {
    const [a, b] = pair(SOCK_DGRAM);
    using _ = closing(a, b);
    const before = descriptors();
    for (const [space, kept] of [
      [0, 0],
      [addon.cmsgLen(0), 0],
      [addon.cmsgLen(4), 1],
      [addon.cmsgLen(8), 2],
    ] as const) {
      a.sendmsg([bytes("x")], rights(a, b, a), 0, null);
      const message = got(b.recvmsg(1, space, 0));
      expect(message.flags & MSG_CTRUNC).toBe(MSG_CTRUNC);
      const arrived = message.control.flatMap(({ sockets }) => [...(sockets ?? [])]);
      expect(arrived).toHaveLength(kept);
      for (const one of arrived) one.close();
    }
    expect(descriptors()).toEqual(before);
  });

  test("closes descriptors in a message that is not read", () => {
    const before = descriptors();
    const [a, b] = pair(SOCK_DGRAM);
    a.sendmsg([bytes("x")], rights(a, b), 0, null);
    b.recv(1, 0);
    a.sendmsg([bytes("x")], rights(a, b), 0, null);
    a.close();
    b.close();
    expect(descriptors()).toEqual(before);
  });

  test("can arrive in batches", () => {
    const [a, b] = pair(SOCK_DGRAM);
    using _ = closing(a, b);
    const before = descriptors();
    for (let count = 0; count < 2; count++) a.sendmsg([bytes("x")], rights(a, b), 0, null);
    const arrived = got(b.recvmmsg(4, 10, 100, 0)).flatMap(({ control }) => [...(control[0]?.sockets ?? [])]);
    expect(arrived).toHaveLength(4);
    for (const one of arrived) one.close();
    expect(descriptors()).toEqual(before);
  });

  test("ignores numbers in the data", () => {
    const [a, b] = pair();
    using _ = closing(a, b);
    const numbers = new Uint8Array(new Int32Array([0, 1, 2]).buffer);
    a.sendmsg([bytes("x")], [{ level: SOL_SOCKET, type: SCM_RIGHTS, data: numbers, sockets: null }], 0, null);
    expect(got(b.recvmsg(1, 100, 0)).control).toEqual([]);
  });

  test("refuses closed sockets, and sockets in other control messages", () => {
    const [a, b] = pair();
    const closed = socket(AF_INET, SOCK_DGRAM);
    closed.close();
    using _ = closing(a, b);
    expect(a.sendmsg([bytes("x")], rights(a, closed), 0, null)).toBe(failed("EBADF"));
    expect(b.recv(1, 0)).toBe(failed("EAGAIN"));
    const odd = [{ level: 0, type: SCM_RIGHTS, data: bytes(""), sockets: [a] }];
    expect(() => a.sendmsg([bytes("x")], odd, 0, null)).toThrow("property sockets must be null but for SCM_RIGHTS");
  });

  test("allows no more descriptors than the kernel", () => {
    const [a, b] = pair();
    using _ = closing(a, b);
    expect(a.sendmsg([bytes("x")], rights(...Array.from({ length: 254 }, () => a)), 0, null)).toBe(failed("EINVAL"));
    expect(a.sendmsg([bytes("x")], rights(...Array.from({ length: 253 }, () => a)), 0, null)).toBe(1);
    const arrived = got(b.recvmsg(1, 65536, 0)).control.flatMap(({ sockets }) => [...(sockets ?? [])]);
    expect(arrived).toHaveLength(253);
    for (const one of arrived) one.close();
  });
});

describe("other control messages", () => {
  test("SCM_CREDENTIALS arrives as bytes", () => {
    const [a, b] = pair();
    using _ = closing(a, b);
    b.setsockoptInt(SOL_SOCKET, constant("SO_PASSCRED"), 1);
    a.send(bytes("x"), 0);
    const [message] = got(b.recvmsg(1, 100, 0)).control;
    expect(message).toMatchObject({ level: SOL_SOCKET, type: SCM_CREDENTIALS, sockets: null });
    const data = new Int32Array(new Uint8Array(got(message ?? null).data).buffer);
    expect([...data]).toEqual([process.pid, process.getuid?.(), process.getgid?.()]);
  });

  test("SCM_PIDFD arrives as an object that reports when the process ends", ({ skip }) => {
    const [a, b] = pair();
    using _ = closing(a, b);
    const error = b.setsockoptInt(SOL_SOCKET, SO_PASSPIDFD, 1);
    if (error < 0) return skip(`needs Linux 6.5: ${addon.strerror(-error)}`);
    const before = descriptors();
    a.send(bytes("x"), 0);
    const [message] = got(b.recvmsg(1, 100, 0)).control;
    expect(message).toMatchObject({ level: SOL_SOCKET, type: SCM_PIDFD, data: Buffer.alloc(0) });
    const [process] = got(message?.sockets ?? null);
    expect(process?.poll(1)).toBe(0);
    expect(process?.close()).toBe(0);
    expect(descriptors()).toEqual(before);
  });

  test("of the Internet protocols are sent and received, with their padding", () => {
    const a = boundDatagram();
    const b = boundDatagram();
    using _ = closing(a, b);
    const IP_TOS = constant("IP_TOS");
    const IP_TTL = constant("IP_TTL");
    b.setsockoptInt(0, constant("IP_RECVTOS"), 1);
    b.setsockoptInt(0, constant("IP_RECVTTL"), 1);
    const int = (value: number) => new Uint8Array(new Int32Array([value]).buffer);
    const control = [
      { level: 0, type: IP_TOS, data: int(0x20), sockets: null },
      { level: 0, type: IP_TTL, data: int(7), sockets: null },
    ];
    expect(a.sendmsg([bytes("x")], control, 0, got(b.getsockname()))).toBe(1);
    const received = got(b.recvmsg(1, 200, 0)).control;
    expect(received).toEqual([
      { level: 0, type: IP_TTL, data: Buffer.from(int(7)), sockets: null },
      { level: 0, type: IP_TOS, data: Buffer.from([0x20]), sockets: null },
    ]);
  });

  test("that contain addresses in this process are refused", () => {
    const [a, b] = pair();
    using _ = closing(a, b);
    const control = [{ level: 276, type: constant("RDS_CMSG_RDMA_ARGS"), data: new Uint8Array(48), sockets: null }];
    expect(a.sendmsg([bytes("x")], control, 0, null)).toBe(failed("EOPNOTSUPP"));
  });

  test("that are too large are ENOBUFS from the kernel", () => {
    const [a, b] = pair();
    using _ = closing(a, b);
    const control = (size: number) => [{ level: 1, type: 99, data: new Uint8Array(size), sockets: null }];
    expect(a.sendmsg([bytes("x")], control(1 << 20), 0, null)).toBe(failed("ENOBUFS"));
    expect(a.sendmsg([bytes("x")], control(2 << 20), 0, null)).toBe(failed("ENOBUFS"));
  });
});

describe("peerCredentials", () => {
  test("returns the process at the other end, and a pidfd", () => {
    const [a, b] = pair();
    using _ = closing(a, b);
    const before = descriptors();
    const credentials = got(a.peerCredentials());
    expect(credentials).toMatchObject({ pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.() });
    expect(credentials.pidfd === null || credentials.pidfd.poll(1) === 0).toBe(true);
    credentials.pidfd?.close();
    expect(descriptors()).toEqual(before);
  });

  test("returns a pidfd that reports the end of the process", async ({ skip }) => {
    if (!hasPython) return skip("needs python3");
    const peer = await pythonPeer("peer.recv(1)");
    using _ = closing(peer);
    const { pid, pidfd } = got(peer.peerCredentials());
    expect(pid).not.toBe(process.pid);
    if (pidfd === null) return;
    using __ = closing(pidfd);
    expect(pidfd.poll(1)).toBe(0);
    peer.send(bytes("x"), 0);
    await new Promise<void>((resolve) => {
      pidfd.watch(1, () => {
        pidfd.watch(0, null);
        resolve();
      });
    });
    expect(pidfd.poll(1)).toBe(1);
  });

  test("is ENOTCONN without a peer", () => {
    const one = socket(1, 1);
    const tcp = socket(AF_INET, 1);
    using _ = closing(one, tcp);
    expect(one.peerCredentials()).toBe(failed("ENOTCONN"));
    expect(tcp.peerCredentials()).toBe(failed("ENOTCONN"));
  });
});
