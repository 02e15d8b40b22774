import { create, toBinary } from "@bufbuild/protobuf";
import { Metadata } from "@grpc/grpc-js";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { AddressFamily, SocketAddressSchema, SocketType } from "../../src/gen/sockbroker/v1/address_pb.js";
import { AdminService, type GetStatisticsResponse } from "../../src/gen/sockbroker/v1/admin_service_pb.js";
import { ConversionService } from "../../src/gen/sockbroker/v1/conversion_service_pb.js";
import { HostService } from "../../src/gen/sockbroker/v1/host_service_pb.js";
import { InterfaceService } from "../../src/gen/sockbroker/v1/interface_service_pb.js";
import { PolicyService } from "../../src/gen/sockbroker/v1/policy_service_pb.js";
import { ResolverService } from "../../src/gen/sockbroker/v1/resolver_service_pb.js";
import {
  OperationSchema,
  SessionRequestSchema,
  SessionService,
} from "../../src/gen/sockbroker/v1/session_service_pb.js";
import { SocketService } from "../../src/gen/sockbroker/v1/socket_service_pb.js";
import { AttachError_Activity, StreamService } from "../../src/gen/sockbroker/v1/stream_service_pb.js";
import {
  frame,
  handleOf,
  inet,
  LOOPBACK,
  portOf,
  type RawClient,
  RawDaemon,
  RawError,
  symbolOf,
  until,
} from "../support/raw-broker.js";

/*
 * Requests that no well-behaved caller sends, one at a time; bad-input-fuzz has random ones. With the built-in policy.
 */

const { socket, socketpair, bind, connectTo, close, recv, recvfrom, recvmsg, send, sendmsg, setsockopt, getsockopt } =
  SocketService.method;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_LINGER = 13;
const SO_RCVTIMEO = 20;
const SCM_RIGHTS = 1;
const RESOURCE_EXHAUSTED = 8;

let daemon: RawDaemon;
let client: RawClient;
let observer: RawClient;
let before: GetStatisticsResponse;
beforeAll(async () => {
  daemon = await RawDaemon.start();
  observer = daemon.client();
  await observer.statistics();
});
afterAll(async () => {
  observer[Symbol.dispose]();
  await daemon[Symbol.asyncDispose]();
});
beforeEach(async () => {
  before = await observer.statistics();
  client = daemon.client();
});
afterEach(async () => {
  client[Symbol.dispose]();
  await until("everything is closed", async () => {
    const { handles, openDescriptors, streams, waitingOperations } = await observer.statistics();
    return handles + streams + waitingOperations === 0 && openDescriptors === before.openDescriptors;
  });
  expect(daemon.faults).toEqual([]);
});

describe("metadata", () => {
  const { openSession, getSession, session } = SessionService.method;
  const key = "sockbroker-session";
  const token = "0".repeat(32);
  const bad: readonly (readonly [what: string, metadata: Record<string, (string | Buffer)[]>])[] = [
    ["no token in it", { [key]: [""] }],
    ["a token that is too short", { [key]: [token.slice(1)] }],
    ["a token that is too long", { [key]: [`${token}0`] }],
    ["a token with a blank inside", { [key]: [`${token.slice(1, 16)} ${token.slice(16)}`] }],
    ["a token in capitals", { [key]: ["F".repeat(32)] }],
    ["two tokens", { [key]: [token, token] }],
    ["a token as bytes", { [`${key}-bin`]: [Buffer.from(token)] }],
    ["a key that the daemon does not know", { "sockbroker-sesion": [token] }],
  ];

  it.each(bad)("with %s is refused, and not treated as missing", async (_, values) => {
    const metadata = new Metadata();
    for (const [name, list] of Object.entries(values)) for (const value of list) metadata.add(name, value);
    expect(await symbolOf(client.unary(getSession, {}, { metadata }))).toBe("MALFORMED_REQUEST");
    expect(await symbolOf(client.unary(AdminService.method.listHandles, {}, { metadata }))).toBe("MALFORMED_REQUEST");
    for (const method of [session, StreamService.method.attach, StreamService.method.watch]) {
      using stream = client.bidi(method as typeof session, { metadata });
      expect(await symbolOf(stream.next())).toBe("MALFORMED_REQUEST");
    }
  });

  it("of other programs is ignored", async () => {
    const opened = await client.unary(openSession, {});
    const metadata = new Metadata();
    metadata.set(key, opened.token);
    metadata.set("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    expect((await client.unary(getSession, {}, { metadata })).session?.id).toBe(opened.session?.id);
    await client.unary(SessionService.method.closeSession, {}, { metadata });
  });
});

describe("a handle", () => {
  const requests = OperationSchema.fields.filter(({ message }) =>
    message?.fields.some(({ localName }) => localName === "handle"),
  );

  it.each(requests.map(({ localName }) => localName))("that was never opened is not found by %s", async (verb) => {
    using session = client.session();
    for (const handle of [1n, 2n ** 30n, 2n ** 62n, 2n ** 64n - 1n]) {
      expect(await symbolOf(session.op(verb as "fileno", plausible(verb, handle) as never)), String(handle)).toBe(
        "HANDLE_NOT_FOUND",
      );
    }
  });

  it.each(requests.map(({ localName }) => localName))("that is not set is malformed for %s", async (verb) => {
    using session = client.session();
    for (const handle of [0n, undefined]) {
      const { handle: _, ...request } = plausible(verb, 0n) as { handle: bigint };
      const asked = handle === undefined ? request : { ...request, handle };
      await expect(session.op(verb as "fileno", asked as never)).rejects.toMatchObject({
        symbol: "MALFORMED_REQUEST",
        message: expect.stringContaining("handle is not set"),
      });
    }
  });

  it("that is not set is malformed for streams and operators", async () => {
    using attached = client.bidi(StreamService.method.attach);
    await attached.write({ frame: { case: "attach", value: {} } });
    expect(await symbolOf(attached.next())).toBe("MALFORMED_REQUEST");
    using watched = client.bidi(StreamService.method.watch);
    await watched.write({ interests: [{ events: 1 }] });
    expect(await symbolOf(watched.next())).toBe("MALFORMED_REQUEST");
    expect(await symbolOf(client.unary(AdminService.method.closeHandle, {}))).toBe("MALFORMED_REQUEST");
  });

  it("that is 0 where it is optional is not found", async () => {
    expect(await symbolOf(client.unary(socket, { fileno: 0n }))).toBe("HANDLE_NOT_FOUND");
  });

  it.each(requests.map(({ localName }) => localName))("that was closed is not found by %s", async (verb) => {
    using session = client.session();
    const pair = await session.op("socketpair", {});
    const handle = handleOf(pair.first);
    await session.op("close", { handle });
    expect(await symbolOf(session.op(verb as "fileno", plausible(verb, handle) as never))).toBe("HANDLE_NOT_FOUND");
  });

  it("of another session is not found, and cannot be passed on", async () => {
    const pair = await observer.unary(socketpair, {});
    const own = await client.unary(socketpair, {});
    const extra = await observer.unary(socketpair, {});
    const handle = handleOf(extra.second);
    const rights = { case: "rights" as const, value: { handles: [handle] } };
    const ancillaryData = [{ level: SOL_SOCKET, type: SCM_RIGHTS, view: rights }];
    const passing = client.unary(sendmsg, { handle: handleOf(own.first), buffers: [Buffer.from("x")], ancillaryData });
    expect(await symbolOf(passing)).toBe("HANDLE_NOT_FOUND");
    for (const one of [pair.first, pair.second, extra.first, extra.second])
      await observer.unary(close, { handle: handleOf(one) });
  });
});

describe("strings of hundreds of kilobytes", () => {
  const long = "a".repeat(300_000);
  const asks: readonly (readonly [string, () => Promise<unknown>])[] = [
    ["a permission", () => client.unary(PolicyService.method.explainPolicy, { permission: long })],
    [
      "a host",
      () =>
        client.unary(SocketService.method.createConnection, { host: long, destination: { case: "port", value: 1 } }),
    ],
    [
      "a name to look up",
      () => client.unary(ResolverService.method.gethostbyname, { name: { case: "hostname", value: long } }),
    ],
    ["an address", () => client.unary(ConversionService.method.inetAton, { address: long })],
    ["an interface", () => client.unary(InterfaceService.method.ifNametoindex, { name: long })],
    ["a namespace", () => client.unary(socket, { netns: { namespace: { case: "name", value: long } } })],
    ["a session", () => client.unary(SessionService.method.openSession, { name: long })],
  ];
  it.each(asks)("are refused as %s, and the connection continues", async (_, ask) => {
    await expect(ask()).rejects.toBeInstanceOf(RawError);
    expect((await client.unary(HostService.method.gethostname, {})).hostname).not.toBe("");
  });
});

describe("a name", () => {
  const { gethostbyname, gethostbynameEx, gethostbyaddr, getaddrinfo, getservbyname } = ResolverService.method;
  const text = Buffer.from("127.0.0.1");
  const notUtf8 = Buffer.from([0x6e, 0xff, 0x2e, 0x78]);

  const unset: readonly (readonly [string, () => Promise<unknown>])[] = [
    ["gethostbyname", () => client.unary(gethostbyname, {})],
    ["gethostbyname_ex", () => client.unary(gethostbynameEx, {})],
    ["gethostbyaddr", () => client.unary(gethostbyaddr, {})],
    ["sethostname", () => client.unary(HostService.method.sethostname, {})],
    ["create_connection", () => client.unary(SocketService.method.createConnection, { host: "127.0.0.1" })],
  ];
  it.each(unset)("that is not set is malformed for %s", async (_, ask) => {
    expect(await symbolOf(ask())).toBe("MALFORMED_REQUEST");
  });

  it("is the same as text and as bytes", async () => {
    const asText = await client.unary(gethostbyname, { name: { case: "hostname", value: "127.0.0.1" } });
    const asBytes = await client.unary(gethostbyname, { name: { case: "rawHostname", value: text } });
    expect([asText.address, asBytes.address]).toEqual(["127.0.0.1", "127.0.0.1"]);
    const entries = [
      { case: "host", value: "127.0.0.1" },
      { case: "rawHost", value: text },
    ] as const;
    for (const node of entries) {
      const { results } = await client.unary(getaddrinfo, { node, service: "80", type: 1 });
      expect(results.map(({ address }) => address?.address)).toMatchObject([
        { value: { host: "127.0.0.1", port: 80 } },
      ]);
    }
  });

  const lookUps: readonly (readonly [string, (value: Uint8Array) => Promise<unknown>])[] = [
    ["getaddrinfo", (value) => client.unary(getaddrinfo, { node: { case: "rawHost", value } })],
    ["gethostbyname", (value) => client.unary(gethostbyname, { name: { case: "rawHostname", value } })],
    ["gethostbyname_ex", (value) => client.unary(gethostbynameEx, { name: { case: "rawHostname", value } })],
    ["gethostbyaddr", (value) => client.unary(gethostbyaddr, { host: { case: "rawAddress", value } })],
  ];
  it.each(lookUps)("that is not UTF-8 is looked up, and one with a NUL is not: %s", async (_, ask) => {
    expect(await symbolOf(ask(notUtf8))).toMatch(/^(EAI_|HOST_NOT_FOUND)/);
    expect(await symbolOf(ask(Buffer.from("127.0.0.1\0.example")))).toBe("EMBEDDED_NUL");
  });

  it("of a service with a NUL is refused", async () => {
    expect(await symbolOf(client.unary(getservbyname, { service: "http\0s" }))).toBe("EMBEDDED_NUL");
    const node = { case: "host", value: "127.0.0.1" } as const;
    expect(await symbolOf(client.unary(getaddrinfo, { node, service: "80\0" }))).toBe("EMBEDDED_NUL");
  });
});

describe("a receive without a size", () => {
  const forms = ["recv", "recvfrom", "recvmsg", "recvFds"] as const;
  it.each(forms)("is malformed, and is not the end of the data: %s", async (verb) => {
    const pair = await client.unary(socketpair, {});
    await client.unary(send, { handle: handleOf(pair.first), data: Buffer.from("kept") });
    const handle = handleOf(pair.second);
    const unary: Promise<unknown> = client.unary(SocketService.method[verb] as typeof recv, { handle });
    await expect(unary).rejects.toMatchObject({
      symbol: "MALFORMED_REQUEST",
      message: expect.stringContaining("needs max_bytes"),
    });
    using session = client.session();
    expect(await symbolOf(session.op(verb as "recv", { handle }))).toBe("MALFORMED_REQUEST");
    // With a size of 0 the response has no data, and the data stays in the socket.
    expect((await client.unary(recv, { handle, maxBytes: 0n })).data).toHaveLength(0);
    expect(Buffer.from((await client.unary(recv, { handle, maxBytes: 9n })).data).toString()).toBe("kept");
  });
});

describe("sizes", () => {
  it("of a receive are limited to the maximum", async () => {
    const pair = await client.unary(socketpair, {});
    await client.unary(send, { handle: handleOf(pair.first), data: Buffer.from("small") });
    for (const maxBytes of [2n ** 32n, 2n ** 40n, 2n ** 63n - 1n]) {
      const options = { handle: handleOf(pair.second), maxBytes, flags: 2 };
      expect((await client.unary(recv, options)).data.length).toBe(5);
      expect((await client.unary(recvfrom, options)).data.length).toBe(5);
      expect((await client.unary(recvmsg, { ...options, maxAncillaryBytes: 2n ** 32n })).data.length).toBe(5);
    }
    const { residentBytes } = await observer.statistics();
    expect(Number(residentBytes - before.residentBytes)).toBeLessThan(128 * 2 ** 20);
  });

  it("below zero are refused without a system call", async () => {
    const pair = await client.unary(socketpair, {});
    const handle = handleOf(pair.first);
    for (const maxBytes of [-1n, -(2n ** 63n)]) {
      expect(await symbolOf(client.unary(recv, { handle, maxBytes }))).toBe("NEGATIVE_SIZE");
      expect(await symbolOf(client.unary(recvfrom, { handle, maxBytes }))).toBe("NEGATIVE_SIZE");
      expect(await symbolOf(client.unary(recvmsg, { handle, maxBytes }))).toBe("NEGATIVE_SIZE");
    }
    const ancillary = client.unary(recvmsg, { handle, maxBytes: 1n, maxAncillaryBytes: -1n });
    expect(await symbolOf(ancillary)).toBe("ANCILLARY_SIZE");
  });

  it("of a message beyond the limit are refused, and the connection continues", async () => {
    const pair = await client.unary(socketpair, {});
    const { limits } = await client.unary(SessionService.method.whoAmI, {});
    const data = Buffer.alloc(Number(limits?.maxRequestBytes) + 1);
    const sending = client.unary(send, { handle: handleOf(pair.first), data });
    await expect(sending).rejects.toMatchObject({ status: { code: RESOURCE_EXHAUSTED } });
    const stream = client.bidi(StreamService.method.attach);
    void stream.write({ frame: { case: "attach", value: { handle: handleOf(pair.first) } } });
    await frame(stream, "attached");
    void stream.write({ frame: { case: "data", value: data } });
    await expect(stream.rest()).rejects.toMatchObject({ status: { code: RESOURCE_EXHAUSTED } });
    expect((await client.unary(send, { handle: handleOf(pair.first), data: Buffer.from("x") })).sentBytes).toBe(1n);
  });

  it("of an option that do not fit are refused by the kernel", async () => {
    const { socket: made } = await client.unary(socket, {});
    const handle = handleOf(made);
    const set = (name: number, data: Uint8Array) =>
      symbolOf(
        client.unary(setsockopt, { handle, level: SOL_SOCKET, name, value: { value: { case: "data", value: data } } }),
      );
    expect(await set(SO_RCVBUF, Buffer.alloc(0))).toBe("EINVAL");
    expect(await set(SO_RCVBUF, Buffer.alloc(3))).toBe("EINVAL");
    expect(await set(SO_LINGER, Buffer.alloc(4))).toBe("EINVAL");
    expect(await set(SO_RCVTIMEO, Buffer.alloc(1))).toBe("EINVAL");
    for (const maxBytes of [-1, 1_025, 2 ** 31 - 1]) {
      expect(
        await symbolOf(client.unary(getsockopt, { handle, level: SOL_SOCKET, name: SO_RCVBUF, maxBytes })),
      ).not.toBe("ok");
    }
    const none = client.unary(setsockopt, { handle, level: SOL_SOCKET, name: SO_RCVBUF });
    expect(await symbolOf(none)).toBe("MALFORMED_REQUEST");
  });
});

describe("an address", () => {
  const arms = SocketAddressSchema.fields
    .map(({ localName }) => localName)
    .filter((arm) => arm !== "inet" && arm !== "rds");

  it.each(arms)("of %s is refused by an AF_INET socket, which is unchanged", async (arm) => {
    const { socket: made } = await client.unary(socket, { family: AddressFamily.INET, type: SocketType.DGRAM });
    const handle = handleOf(made);
    const address = {
      address: { case: arm, value: arm === "raw" ? { family: AddressFamily.APPLETALK } : {} },
    } as never;
    for (const outcome of [
      client.unary(bind, { handle, address }),
      client.unary(connectTo, { handle, address }),
      client.unary(SocketService.method.connectEx, { handle, address }),
      client.unary(SocketService.method.sendto, { handle, address, data: Buffer.from("x") }),
      client.unary(sendmsg, { handle, address, buffers: [Buffer.from("x")] }),
    ]) {
      const symbol = await symbolOf(outcome);
      expect(symbol).not.toBe("ok");
      expect(symbol).not.toMatch(/INTERNAL|untyped/);
    }
    const { localAddress } = await client.unary(bind, { handle, address: LOOPBACK });
    expect(portOf(localAddress)).toBeGreaterThan(0);
  });

  it("that is missing or out of range is refused", async () => {
    const { socket: made } = await client.unary(socket, {});
    const handle = handleOf(made);
    expect(await symbolOf(client.unary(bind, { handle }))).toMatch(/ADDRESS/);
    expect(await symbolOf(client.unary(connectTo, { handle, address: {} }))).toMatch(/ADDRESS/);
    expect(await symbolOf(client.unary(bind, { handle, address: inet(65_536) }))).toBe("PORT_OUT_OF_RANGE");
    expect(await symbolOf(client.unary(bind, { handle, address: inet(2 ** 32 - 1) }))).toBe("PORT_OUT_OF_RANGE");
    const long = {
      address: { case: "unixDomain", value: { name: { case: "abstractName", value: Buffer.alloc(4_096, 1) } } },
    } as const;
    const unix = await client.unary(socket, { family: AddressFamily.UNIX });
    expect(await symbolOf(client.unary(bind, { handle: handleOf(unix.socket), address: long }))).toBe(
      "UNIX_PATH_TOO_LONG",
    );
  });
});

describe("control messages", () => {
  it("never transfer a number that the kernel would use as a descriptor of the daemon", async () => {
    const pair = await client.unary(socketpair, {});
    const [first, second] = [handleOf(pair.first), handleOf(pair.second)];
    for (const length of [0, 1, 3, 4, 5, 8, 64]) {
      for (let fd = 0; fd < 32; fd++) {
        const data = Buffer.alloc(length);
        for (let at = 0; at + 4 <= length; at += 4) data.writeInt32LE(fd, at);
        const ancillaryData = [{ level: SOL_SOCKET, type: SCM_RIGHTS, data }];
        await symbolOf(client.unary(sendmsg, { handle: first, buffers: [Buffer.from("x")], ancillaryData }));
      }
    }
    await client.unary(send, { handle: first, data: Buffer.from("end") });
    for (let all = ""; !all.endsWith("end"); ) {
      const got = await client.unary(recvmsg, { handle: second, maxBytes: 100n, maxAncillaryBytes: 4_096n });
      all = Buffer.from(got.data).toString();
      const rights = got.ancillaryData.flatMap(({ view }) => (view.case === "rights" ? view.value.handles : []));
      expect(rights).toEqual([]);
    }
    expect((await client.unary(SessionService.method.getSession, {})).session?.handleCount).toBe(2);
  });
});

describe("an attach stream", () => {
  it.each(["data", "messages", "shutdown", "setsockopt", "sync", "detach", "close"] as const)(
    "that starts with %s is malformed",
    async (kind) => {
      const stream = client.bidi(StreamService.method.attach);
      const value = kind === "data" ? Buffer.from("x") : {};
      void stream.write({ frame: { case: kind, value } as never });
      expect(await symbolOf(stream.rest())).toBe("MALFORMED_REQUEST");
    },
  );

  it("that attaches twice, to nothing, or without a frame is refused", async () => {
    const pair = await client.unary(socketpair, {});
    const handle = handleOf(pair.first);
    const twice = await client.attach({ handle });
    void twice.write({ frame: { case: "attach", value: { handle } } });
    expect(await symbolOf(twice.rest())).toBe("MALFORMED_REQUEST");
    expect(await symbolOf(client.attach({ handle: 1n }))).toBe("HANDLE_NOT_FOUND");
    const empty = await client.attach({ handle });
    void empty.write({});
    expect(await symbolOf(empty.rest())).toBe("MALFORMED_REQUEST");
    expect(await symbolOf(client.attach({ handle, sendOnly: true, receiveOnly: true }))).toBe("MALFORMED_REQUEST");
    // None of them occupies the handle.
    const last = await client.attach({ handle });
    last.halfClose();
    await last.rest();
  });

  it("continues after errors of the kernel", async () => {
    const pair = await client.unary(socketpair, {});
    using stream = await client.attach({ handle: handleOf(pair.first) });
    void stream.write({ frame: { case: "shutdown", value: { how: 77 } } });
    const error = await frame(stream, "error");
    expect(error.activity).toBe(AttachError_Activity.CONTROL);
    expect(error.status && new RawError(error.status).symbol).toBe("EINVAL");
    void stream.write({ frame: { case: "data", value: Buffer.from("x") } });
    expect((await client.unary(recv, { handle: handleOf(pair.second), maxBytes: 10n })).data.length).toBe(1);
  });
});

describe("a Session stream", () => {
  it("with sixty thousand empty operations answers each, with limited memory", { timeout: 60_000 }, async () => {
    const stream = client.bidi(SessionService.method.session);
    const one = toBinary(SessionRequestSchema, create(SessionRequestSchema, { operations: [{}] }));
    const count = 60_000;
    void stream.write(Buffer.alloc(count * one.length, one));
    stream.halfClose();
    let answered = 0;
    let peak = 0n;
    for (let response = await stream.next(); response !== null; response = await stream.next()) {
      if (answered % 20_000 < response.results.length) {
        const { residentBytes } = await observer.statistics();
        if (residentBytes > peak) peak = residentBytes;
      }
      answered += response.results.length;
    }
    expect(answered).toBe(count);
    expect(Number(peak - before.residentBytes)).toBeLessThan(192 * 2 ** 20);
  });

  it("answers an operation that cannot be decoded, and continues with the next one", async () => {
    const stream = client.bidi(SessionService.method.session);
    // op_id 1 with a SocketRequest of one byte, which starts a field and does not end it; then op_id 2, GetSession.
    void stream.write(Buffer.from([0x0a, 6, 0x08, 1, 0xa2, 0x01, 1, 0x08, 0x0a, 4, 0x08, 2, 0x62, 0]));
    stream.halfClose();
    const results = (await stream.rest()).flatMap((response) => response.results);
    const [bad, good] = results;
    expect(bad?.outcome.case === "error" && new RawError(bad.outcome.value).symbol).toBe("MALFORMED_REQUEST");
    expect([bad?.opId, good?.opId, good?.outcome.case]).toEqual([1n, 2n, "getSession"]);
  });

  it("whose message is truncated is malformed", async () => {
    const stream = client.bidi(SessionService.method.session);
    void stream.write(Buffer.from([0x0a, 100, 0x08]));
    expect(await symbolOf(stream.rest())).toBe("MALFORMED_REQUEST");
  });
});

/** A request of a verb that would be valid for an open handle. */
function plausible(verb: string, handle: bigint): object {
  switch (verb) {
    case "bind":
    case "connectTo":
    case "connectEx":
    case "sendto":
      return { handle, address: LOOPBACK, data: Buffer.from("x") };
    case "sendmsgAfalg":
      return { handle, op: 1 };
    case "setsockopt":
      return { handle, level: SOL_SOCKET, name: SO_RCVBUF, value: { value: { case: "integer", value: 1 } } };
    case "sendfile":
      return { handle, fileHandle: handle };
    default:
      return { handle };
  }
}
