/* Every kind of error, and every way in which the daemon can be unreachable. Needs `npm run build`. */

import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttp2 } from "node:http2";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  ArgumentError,
  type Broker,
  BrokerError,
  connect,
  HostError,
  ResolverError,
  SocketError,
  SocketTimeoutError,
} from "../../src/client/index.js";
import { internetAddress, rejection, tcpPair } from "../support/client.js";
import { type Daemon, startDaemon } from "../support/daemon.js";
import { cannotBeNobody, NOBODY } from "../support/nobody.js";

let daemon: Daemon;
let broker: Broker;
const directory = mkdtempSync(join(tmpdir(), "sockbroker-errors-"));

beforeAll(async () => {
  daemon = await startDaemon();
  broker = await connect(daemon.endpoint);
});

afterAll(async () => {
  await broker.close();
  await daemon[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

describe("connect", () => {
  test("to a path that does not exist is ENDPOINT_NOT_FOUND", async () => {
    const error = await rejection(connect(join(directory, "nothing")));
    expect(error).toBeInstanceOf(BrokerError);
    expect(error).toMatchObject({ code: "ENDPOINT_NOT_FOUND" });
    expect(error.message).toMatch(
      /^cannot reach (unix:\/\/\S*nothing): no such file; is the daemon running\? sockbroker serve --endpoint \1$/,
    );
  });

  test("to a file where nobody listens is ENDPOINT_REFUSED", async () => {
    writeFileSync(join(directory, "file"), "");
    await expect(connect(join(directory, "file"))).rejects.toMatchObject({ code: "ENDPOINT_REFUSED" });
  });

  test("to a socket without permission is ENDPOINT_FORBIDDEN", async ({ skip }) => {
    const reason = cannotBeNobody();
    if (reason !== null) skip(reason);
    const closed = join(directory, "closed");
    await using _ = await listen(closed, createServer());
    chmodSync(closed, 0o600);
    chmodSync(directory, 0o755);
    process.seteuid?.(NOBODY);
    try {
      const error = await rejection(connect(closed));
      expect(error).toMatchObject({ code: "ENDPOINT_FORBIDDEN" });
      expect(error.message).toMatch(new RegExp(`closed: permission denied; .* --admit uid:${NOBODY}$`));
    } finally {
      process.seteuid?.(0);
    }
  });

  test("to a server without HTTP/2 is NOT_A_BROKER", async () => {
    await using _ = await listen(
      join(directory, "other"),
      createServer((socket) => socket.on("error", () => undefined).end("HTTP/1.1 400 Bad Request\r\n\r\n")),
    );
    await expect(connect(join(directory, "other"))).rejects.toMatchObject({ code: "NOT_A_BROKER" });
  });

  test("to another HTTP/2 server is NOT_A_BROKER", async () => {
    const http2 = createHttp2((_request, response) => response.writeHead(404).end());
    await using _ = await listen(join(directory, "http2"), http2);
    await expect(connect(join(directory, "http2"))).rejects.toMatchObject({ code: "NOT_A_BROKER" });
  });

  test("to a server that never answers is NOT_A_BROKER after the timeout", async () => {
    await using _ = await listen(join(directory, "mute"), createServer());
    const connecting = connect({ endpoint: join(directory, "mute"), timeout: 0.2 });
    await expect(connecting).rejects.toMatchObject({ code: "NOT_A_BROKER" });
  });

  test("ends with the signal's reason", async () => {
    await using _ = await listen(join(directory, "mute2"), createServer());
    const reason = new Error("enough");
    const aborter = new AbortController();
    const connecting = connect({ endpoint: join(directory, "mute2"), signal: aborter.signal });
    aborter.abort(reason);
    await expect(connecting).rejects.toBe(reason);
    await expect(connect({ endpoint: daemon.endpoint, signal: aborter.signal })).rejects.toBe(reason);
  });

  test("takes the endpoint from the environment", async () => {
    process.env.SOCKBROKER_ENDPOINT = daemon.endpoint;
    await using other = await connect();
    expect(other.principal).toBe(broker.principal);
    delete process.env.SOCKBROKER_ENDPOINT;
  });

  test("with an unknown token is SESSION_NOT_FOUND", async () => {
    const connecting = connect({ endpoint: daemon.endpoint, session: { token: "0".repeat(32) } });
    await expect(connecting).rejects.toMatchObject({ code: "SESSION_NOT_FOUND" });
  });

  test.each(["", "x", "0".repeat(31), `${"0".repeat(32)} `, ` ${"0".repeat(32)}`, "F".repeat(32)])(
    "with token %j is a TypeError",
    async (token) => {
      expect(await rejection(connect({ endpoint: daemon.endpoint, session: { token } }))).toBeInstanceOf(TypeError);
    },
  );

  test.each(["http://x", "tcp://localhost:1", "127.0.0.1:5000", "unix://x"])(
    "to %s is a TypeError",
    async (endpoint) => {
      expect(await rejection(connect(endpoint))).toBeInstanceOf(TypeError);
    },
  );
});

describe("errors of the kernel", () => {
  test("have symbol, number and system call", async () => {
    await using listener = await broker.createServer({ host: "127.0.0.1", port: 0 });
    const address = await internetAddress(listener);
    await listener.close();
    const error = await rejection(broker.createConnection(address));
    expect(error).toBeInstanceOf(SocketError);
    expect(error).toMatchObject({ code: "ECONNREFUSED", errno: 111, syscall: "connect", os: "linux" });
  });

  test("distinguish a reset from the end of data", async () => {
    await using pair = await tcpPair(broker);
    const { SOL_SOCKET, SO_LINGER } = broker.constants;
    await pair.client.setsockopt(SOL_SOCKET, SO_LINGER, { on: true, seconds: 0 });
    await pair.client.close();
    await expect(pair.server.recv(1)).rejects.toMatchObject({ code: "ECONNRESET" });
  });

  test("are returned unchanged: EADDRINUSE, ENOTCONN, ENOPROTOOPT, EINVAL", async () => {
    await using listener = await broker.createServer({ host: "127.0.0.1", port: 0 });
    await using other = await broker.socket();
    await expect(other.bind(await internetAddress(listener))).rejects.toMatchObject({ code: "EADDRINUSE" });
    await expect(other.getpeername()).rejects.toMatchObject({ code: "ENOTCONN" });
    await expect(other.getsockopt(1, 9999)).rejects.toMatchObject({ code: "ENOPROTOOPT" });
    await expect(other.accept()).rejects.toMatchObject({ code: "EINVAL" });
    await expect(broker.socketpair(2)).rejects.toMatchObject({ code: "EOPNOTSUPP" });
  });
});

test("a timeout is not ETIMEDOUT", async () => {
  const [a, b] = await broker.socketpair();
  await a.settimeout(0.01);
  const error = await rejection(a.recv(1));
  expect(error).toBeInstanceOf(SocketTimeoutError);
  expect(error).toMatchObject({ code: "TIMEOUT", message: "timed out" });
  await expect(b.recv(1, { timeout: 0.01 })).rejects.toBeInstanceOf(SocketTimeoutError);
  await expect(b.recv(1, { timeout: 0 })).rejects.toMatchObject({ code: "EAGAIN" });
  expect(b.timeout).toBeNull();
  const large = Buffer.alloc(3 * 1024 * 1024);
  await expect(b.sendall(large, { timeout: 0.05 })).rejects.toBeInstanceOf(SocketTimeoutError);
  await Promise.all([a.close(), b.close()]);
});

test("errors of the resolver and of host look-ups have different classes", async () => {
  const { AI_NUMERICHOST } = broker.constants;
  const error = await rejection(broker.getaddrinfo("no address", null, { flags: AI_NUMERICHOST }));
  expect(error).toBeInstanceOf(ResolverError);
  expect(error).toMatchObject({ code: "EAI_NONAME", errno: -2 });
  const entry = await rejection(broker.gethostbyaddr("255.255.255.254"));
  expect(entry instanceof HostError || entry instanceof ResolverError).toBe(true);
});

describe("arguments", () => {
  test.each([
    ["a port", () => broker.createConnection({ host: "127.0.0.1", port: 70_000 }), "overflow", "PORT_OUT_OF_RANGE"],
    ["a timeout", async () => (await broker.socket()).settimeout(-1), "value", "TIMEOUT_NEGATIVE"],
    ["a size", async () => (await broker.socket()).recv(-1), "value", "NEGATIVE_SIZE"],
    ["a name", () => broker.getaddrinfo(`${"x".repeat(64)}.com`, null), "unicode", "LABEL_EMPTY_OR_TOO_LONG"],
    ["an interface", () => broker.ifNametoindex("nonexistent0"), "os", expect.any(String)],
    ["a backlog", async () => (await broker.socket()).listen(2 ** 31), "overflow", "INTEGER_OUT_OF_RANGE"],
    ["flags", async () => (await broker.socket()).recv(1, { flags: 2 ** 33 }), "overflow", expect.any(String)],
  ])("%s that is invalid is an ArgumentError", async (_, call, kind, code) => {
    const error = await rejection(call());
    expect(error).toBeInstanceOf(ArgumentError);
    expect(error).toMatchObject({ kind, code });
  });

  test.each<[string, (b: Broker) => Promise<unknown>]>([
    ["text for bytes", async (b) => (await b.socket()).send("text" as never)],
    ["a number for bytes", async (b) => (await b.socket()).sendto(5 as never, { host: "", port: 1 })],
    ["no address", async (b) => (await b.socket()).bind(undefined as never)],
    ["a text for a size", async (b) => (await b.socket()).recv("5" as never)],
    ["bytes for buffers", async (b) => (await b.socket()).sendmsg(Buffer.from("x") as never)],
    ["a text for a timeout", async (b) => (await b.socket()).settimeout("5" as never)],
    ["nothing for a timeout", async (b) => (await b.socket()).settimeout(undefined as never)],
    ["a number for a handle", async (b) => b.close(5 as never)],
    ["a number for a host", async (b) => b.getaddrinfo(5 as never, null)],
  ])("%s is a TypeError before anything is sent", async (_, call) => {
    expect(await rejection(call(broker))).toBeInstanceOf(TypeError);
  });

  test("a TypeError precedes the error of a closed socket, as in CPython", async () => {
    const socket = await broker.socket();
    await socket.close();
    expect(await rejection(socket.send("text" as never))).toBeInstanceOf(TypeError);
    expect(await rejection(socket.bind({ host: "", port: -1 }))).toBeInstanceOf(ArgumentError);
  });
});

describe("errors of the broker", () => {
  test("handles of other sessions are not found", async () => {
    await using other = await connect(daemon.endpoint);
    await using socket = await other.socket();
    await expect(broker.close(socket)).rejects.toMatchObject({ name: "BrokerError", code: "HANDLE_NOT_FOUND" });
    await expect(broker.close(1n)).rejects.toMatchObject({ code: "HANDLE_NOT_FOUND" });
  });

  test("Windows' functions are not supported", async () => {
    await using socket = await broker.socket();
    await expect(socket.share(1)).rejects.toMatchObject({ code: "NOT_SUPPORTED_ON_HOST" });
    await expect(broker.fromshare(Buffer.alloc(1))).rejects.toMatchObject({ code: "NOT_SUPPORTED_ON_HOST" });
  });

  test("a second attachment is refused", async () => {
    await using pair = await tcpPair(broker);
    await using _ = await pair.client.attach();
    await expect(pair.client.attach()).rejects.toMatchObject({ code: "HANDLE_BUSY" });
  });

  test("a daemon that dies fails the calls in progress and later ones", async () => {
    await using mortal = await startDaemon();
    const doomed = await connect(mortal.endpoint);
    const [a] = await doomed.socketpair();
    const waiting = rejection(a.recv(1));
    const attachment = await a.dup().then((copy) => copy.attach());
    const reading = rejection(attachment.read());
    await mortal.kill();
    expect(await waiting).toMatchObject({ name: "BrokerError", code: "CONNECTION_LOST" });
    expect(await reading).toMatchObject({ name: "BrokerError", code: "CONNECTION_LOST" });
    await expect(doomed.gethostname()).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    // Its handles ended with the connection, so there is nothing to close.
    await a.close();
    await doomed.close();
    await doomed.close();
  });
});

async function listen<S extends Pick<Server, "listen" | "close" | "once">>(
  path: string,
  server: S,
): Promise<AsyncDisposable> {
  server.listen(path);
  await once(server as unknown as Server, "listening");
  return {
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
}
