import { describe, expect, test } from "vitest";

import {
  AF_INET,
  AF_UNIX,
  addon,
  bytes,
  closing,
  connection,
  constant,
  descriptorOf,
  failed,
  got,
  hasPython,
  listener,
  loopback,
  nextDescriptors,
  nextMessage,
  O_CLOEXEC,
  O_NONBLOCK,
  pair,
  pythonPeer,
  ready,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
  socket,
} from "./helpers.js";

const POLLIN = 1;
const POLLOUT = 4;
const SO_ERROR = constant("SO_ERROR");

describe("opening", () => {
  test.each([
    ["socket", () => void got(addon.socket(AF_INET, SOCK_STREAM, 0, null)), 1],
    ["socketpair", () => void pair(), 2],
    ["dup", () => void got(got(addon.socket(AF_INET, SOCK_STREAM, 0, null)).dup()), 2],
  ])("%s creates close-on-exec, non-blocking descriptors", (_, open, count) => {
    const made = descriptorOf(open);
    expect(made).toHaveLength(count);
    for (const { flags } of made) expect(flags & (O_CLOEXEC | O_NONBLOCK)).toBe(O_CLOEXEC | O_NONBLOCK);
  });

  test("of what the kernel lacks or refuses returns its errno", () => {
    expect(addon.socket(999, SOCK_STREAM, 0, null)).toBe(failed("EAFNOSUPPORT"));
    expect(addon.socket(AF_INET, 999, 0, null)).toBe(failed("EINVAL"));
    expect(addon.socket(AF_INET, SOCK_STREAM, 17, null)).toBe(failed("EPROTONOSUPPORT"));
    expect(addon.socketpair(AF_INET, SOCK_STREAM, 0)).toBe(failed("EOPNOTSUPP"));
  });

  test("accepts flags in the type", () => {
    const one = socket(AF_INET, SOCK_STREAM | constant("SOCK_NONBLOCK") | constant("SOCK_CLOEXEC"));
    using _ = closing(one);
    expect(one.type).toBe(SOCK_STREAM);
  });

  test("works for vsock", ({ skip }) => {
    const one = addon.socket(constant("AF_VSOCK"), SOCK_STREAM, 0, null);
    if (typeof one === "number") return skip(`this kernel has no such family: ${addon.strerror(-one)}`);
    using _ = closing(one);
    expect(one.family).toBe(40);
    expect(one.getsockname()).toEqual({ kind: "vsock", cid: 0xffffffff, port: 0xffffffff });
  });
});

describe("connecting", () => {
  test("continues after EINPROGRESS, and ends with writability", async () => {
    const server = listener();
    const client = socket(AF_INET, SOCK_STREAM);
    using _ = closing(server, client);
    expect(client.connect(got(server.getsockname()))).toBe(failed("EINPROGRESS"));
    expect(await ready(client, POLLOUT)).toBe(POLLOUT);
    expect(client.getsockoptInt(SOL_SOCKET, SO_ERROR)).toEqual({ value: 0 });
    expect(client.getpeername()).toEqual(server.getsockname());
    expect(client.connect(got(server.getsockname()))).toBe(0);
    expect(client.connect(got(server.getsockname()))).toBe(failed("EISCONN"));
  });

  test("to a closed port reports every watched event, and its error once", async () => {
    const server = listener();
    const address = got(server.getsockname());
    server.close();
    const client = socket(AF_INET, SOCK_STREAM);
    using _ = closing(client);
    expect(client.connect(address)).toBe(failed("EINPROGRESS"));
    expect(await ready(client, POLLIN | POLLOUT)).toBe(POLLIN | POLLOUT);
    expect(client.getsockoptInt(SOL_SOCKET, SO_ERROR)).toEqual({ value: -failed("ECONNREFUSED") });
    expect(client.getsockoptInt(SOL_SOCKET, SO_ERROR)).toEqual({ value: 0 });
  });

  test("to a unix path that does not exist fails immediately", () => {
    const client = socket(AF_UNIX, SOCK_STREAM);
    using _ = closing(client);
    expect(client.connect({ kind: "unix", path: bytes("/nonexistent/socket") })).toBe(failed("ENOENT"));
  });

  test("a datagram socket to AF_UNSPEC removes its peer", () => {
    const one = socket(AF_INET, SOCK_DGRAM);
    using _ = closing(one);
    expect(one.connect({ ...loopback, port: 9 })).toBe(0);
    expect(one.getpeername()).toEqual({ ...loopback, port: 9 });
    expect(one.connect({ kind: "raw", family: 0, data: new Uint8Array(14) })).toBe(0);
    expect(one.getpeername()).toBe(failed("ENOTCONN"));
  });
});

describe("accepting", () => {
  test("returns EAGAIN without a connection, and EINVAL without listen", () => {
    const server = listener();
    const idle = socket(AF_INET, SOCK_STREAM);
    using _ = closing(server, idle);
    expect(server.accept()).toBe(failed("EAGAIN"));
    expect(idle.accept()).toBe(failed("EINVAL"));
  });

  test("returns the peer's address, and close-on-exec, non-blocking descriptors", async () => {
    const server = listener();
    const client = socket(AF_INET, SOCK_STREAM);
    using _ = closing(server, client);
    client.connect(got(server.getsockname()));
    await ready(server, POLLIN);
    const made = descriptorOf(() => {
      const accepted = got(server.accept());
      expect(accepted.address).toEqual(client.getsockname());
      expect([accepted.socket.family, accepted.socket.type, accepted.socket.protocol]).toEqual([2, 1, 6]);
    });
    expect(made.map(({ flags }) => flags & (O_CLOEXEC | O_NONBLOCK))).toEqual([O_CLOEXEC | O_NONBLOCK]);
  });

  test("returns an empty path for an unnamed unix socket", async () => {
    const server = socket(AF_UNIX, SOCK_STREAM);
    const client = socket(AF_UNIX, SOCK_STREAM);
    using _ = closing(server, client);
    server.bind({ kind: "unix", path: new Uint8Array() });
    server.listen(1);
    expect(client.connect(got(server.getsockname()))).toBe(0);
    const accepted = got(server.accept());
    using __ = closing(accepted.socket);
    expect(accepted.address).toEqual({ kind: "unix", path: Buffer.alloc(0) });
  });
});

describe("a stream", () => {
  test("transfers bytes, returns EAGAIN without data, and has an end", () => {
    const [a, b] = pair();
    using _ = closing(a, b);
    expect(b.recv(10, 0)).toBe(failed("EAGAIN"));
    expect(a.send(bytes("hello"), 0)).toBe(5);
    expect(b.recv(2, 0)).toEqual(Buffer.from("he"));
    expect(b.recv(10, constant("MSG_PEEK"))).toEqual(Buffer.from("llo"));
    expect(b.recv(10, 0)).toEqual(Buffer.from("llo"));
    expect(a.shutdown(constant("SHUT_WR"))).toBe(0);
    expect(b.recv(10, 0)).toEqual(Buffer.alloc(0));
    expect(b.recv(10, 0)).toEqual(Buffer.alloc(0));
    expect(b.send(bytes("still"), 0)).toBe(5);
    expect(a.recv(10, 0)).toEqual(Buffer.from("still"));
  });

  test("is read into the caller's memory, and nothing beyond it is written", () => {
    const [a, b] = pair();
    using _ = closing(a, b);
    const memory = Buffer.alloc(8, "-");
    expect(b.recvInto(memory, 0)).toBe(failed("EAGAIN"));
    a.send(bytes("hello"), 0);
    expect(b.recvInto(memory.subarray(2, 5), constant("MSG_PEEK"))).toBe(3);
    expect(b.recvInto(memory.subarray(2, 6), 0)).toBe(4);
    expect(memory.toString()).toBe("--hell--");
    expect(b.recvInto(memory, 0)).toBe(1);
    expect(b.recvInto(new Uint8Array(), 0)).toBe(failed("EAGAIN"));
    a.shutdown(constant("SHUT_WR"));
    expect(b.recvInto(memory, 0)).toBe(0);
    expect(() => b.recvInto("memory" as never, 0)).toThrow("recvInto: argument 1 must be a Uint8Array");
  });

  test("transfers nothing if 0 bytes are requested", () => {
    const [a, b] = pair();
    using _ = closing(a, b);
    expect(a.send(new Uint8Array(), 0)).toBe(0);
    expect(b.recv(0, 0)).toBe(failed("EAGAIN"));
    a.send(bytes("x"), 0);
    expect(b.recv(0, 0)).toEqual(Buffer.alloc(0));
    expect(b.recv(9, 0)).toEqual(Buffer.from("x"));
  });

  test("accepts what fits, then returns EAGAIN", () => {
    const [a, b] = pair();
    using _ = closing(a, b);
    const chunk = new Uint8Array(1 << 20).fill(7);
    const sent = a.send(chunk, 0);
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThan(chunk.length);
    expect(a.send(chunk, 0)).toBe(failed("EAGAIN"));
    expect(a.poll(POLLOUT)).toBe(0);
    let received = 0;
    for (let part = b.recv(1 << 20, 0); typeof part !== "number"; part = b.recv(1 << 20, 0)) {
      expect(part.every((byte) => byte === 7)).toBe(true);
      received += part.length;
    }
    expect(received).toBe(sent);
  });

  test("is read in one call beyond the scratch buffer, and allocates only for the data received", () => {
    const [a, b] = pair();
    using _ = closing(a, b);
    a.setsockoptInt(SOL_SOCKET, constant("SO_SNDBUF"), 1 << 22);
    const data = new Uint8Array(150_000).map((_, index) => index % 251);
    expect(a.send(data, 0)).toBe(data.length);
    expect(Buffer.compare(got(b.recv(0xffffffff, 0)), data)).toBe(0);
    expect(a.send(bytes("x"), 0)).toBe(1);
    expect(got(b.recv(0xffffffff, 0)).buffer.byteLength).toBeLessThan(1 << 16);
  });

  test("distinguishes reset, broken pipe and end", async () => {
    const [client, accepted, server] = await connection();
    using _ = closing(client, accepted, server);
    accepted.setsockopt(SOL_SOCKET, constant("SO_LINGER"), new Uint8Array(new Int32Array([1, 0]).buffer));
    expect(accepted.close()).toBe(0);
    await ready(client, POLLIN);
    expect(client.recv(1, 0)).toBe(failed("ECONNRESET"));
    expect(client.recv(1, 0)).toEqual(Buffer.alloc(0));
    expect(client.send(bytes("x"), 0)).toBe(failed("EPIPE"));
  });

  test("has out-of-band data and a mark", async () => {
    const [client, accepted, server] = await connection();
    using _ = closing(client, accepted, server);
    expect(client.send(bytes("!"), constant("MSG_OOB"))).toBe(1);
    expect(await ready(accepted, 2)).toBe(2);
    expect(accepted.ioctlInt(0x8905, 0)).toEqual({ value: 1 });
    expect(accepted.recv(1, constant("MSG_OOB"))).toEqual(Buffer.from("!"));
    expect(accepted.recv(1, constant("MSG_OOB"))).toBe(failed("EINVAL"));
  });

  test("with MSG_TRUNC discards data on TCP, and reveals nothing received before", async () => {
    const [a, b] = pair();
    const [client, accepted, server] = await connection();
    using _ = closing(a, b, client, accepted, server);
    a.send(bytes("secret secret secret"), 0);
    b.recv(100, 0);
    client.send(bytes("0123456789"), 0);
    await ready(accepted, POLLIN);
    expect(accepted.recv(10, constant("MSG_TRUNC"))).toEqual(Buffer.alloc(10));
    expect(accepted.recv(10, 0)).toBe(failed("EAGAIN"));
  });

  test("never waits, even if another holder made the socket blocking", async ({ skip }) => {
    if (!hasPython) return skip("needs python3");
    const peer = await pythonPeer(`
a, b = socket.socketpair()
listener = socket.create_server(("127.0.0.1", 0))
socket.send_fds(peer, [b"x"], [a.fileno(), listener.fileno()])
peer.recv(1)
for one in (a, listener):
    fcntl.fcntl(one, fcntl.F_SETFL, fcntl.fcntl(one, fcntl.F_GETFL) & ~os.O_NONBLOCK)
peer.send(b"blocking")
peer.recv(1)`);
    const [stream, server] = await nextDescriptors(peer);
    if (stream === undefined || server === undefined) throw new Error("two sockets were sent");
    using _ = closing(peer, stream, server);
    peer.send(bytes("y"), 0);
    await nextMessage(peer);
    expect(stream.recv(1, 0)).toBe(failed("EAGAIN"));
    expect(stream.recvmsg(1, 0, 0)).toBe(failed("EAGAIN"));
    expect(stream.recvmmsg(1, 1, 0, 0)).toBe(failed("EAGAIN"));
    while (stream.send(new Uint8Array(65536), 0) > 0);
    expect(stream.sendmsg([bytes("x")], [], 0, null)).toBe(failed("EAGAIN"));
    expect(server.accept()).toBe(failed("EAGAIN"));
  });
});

describe("sendfile", () => {
  test("sends a file whose descriptor arrived in a message", async ({ skip }) => {
    if (!hasPython) return skip("needs python3");
    const [a, b] = pair();
    const peer = await pythonPeer(`
file = tempfile.TemporaryFile()
file.write(b"sendfile contents")
file.flush()
file.seek(0)
socket.send_fds(peer, [b"x"], [file.fileno()])
peer.recv(1)`);
    const [file] = await nextDescriptors(peer);
    if (file === undefined) throw new Error("a file was sent");
    using _ = closing(a, b, peer, file);
    expect([file.family, file.type, file.protocol]).toEqual([-1, -1, -1]);
    expect(await a.sendfile(file, 0n, 8)).toBe(8);
    expect(b.recv(100, 0)).toEqual(Buffer.from("sendfile"));
    expect(await a.sendfile(file, null, 100)).toBe(17);
    expect(await a.sendfile(file, null, 100)).toBe(0);
    expect(b.recv(100, 0)).toEqual(Buffer.from("sendfile contents"));
    expect(await a.sendfile(file, 2n ** 63n, 1)).toBe(failed("EINVAL"));
    expect(await a.sendfile(b, 0n, 1)).toBe(failed("ESPIPE"));
    expect(() => a.sendfile(file, -1n, 1)).toThrow("argument 2 must be a bigint from 0 to 2^64-1 or null");
    file.close();
    expect(await a.sendfile(file, null, 1)).toBe(failed("EBADF"));
  });
});
