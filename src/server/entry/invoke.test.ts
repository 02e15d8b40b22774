/* Policy: allows everything, and records the queries. Needs: unix sockets, and TCP over loopback. */

import { create } from "@bufbuild/protobuf";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { newSession } from "../../../test/support/new-session.js";
import { AddressFamily, type SocketAddress, SocketAddressSchema } from "../../gen/sockbroker/v1/address_pb.js";
import { BrokerError_Code } from "../../gen/sockbroker/v1/error_pb.js";
import { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { linux } from "../../native/linux.js";
import { loadAddon } from "../../native/load-addon.js";
import { newPrincipal } from "../access/principal.js";
import { addressOf } from "../codec/address.js";
import type { OpContext } from "../context.js";
import { newCounters } from "../counters.js";
import { BrokerFault } from "../errors.js";
import { defaultLimits } from "../limits.js";
import type { Query } from "../policy/policy.js";
import { newResolver } from "../resolver/resolver.js";
import type { Session } from "../sessions/session.js";
import { Blocking } from "../sockets/blocking.js";
import { ThrottledLog } from "../throttled-log.js";
import { DescriptorReserve } from "../transport/descriptor-reserve.js";
import { type EntryPoint, invoke } from "./invoke.js";
import { ops } from "./table.js";

const addon = loadAddon();
const { MSG_WAITALL, MSG_PEEK, MSG_FASTOPEN, SOL_SOCKET, SO_LINGER, IPPROTO_TCP, FIONREAD } = linux;
const SOCK_STREAM = 1;

/** Operations that may wait but are not tested below, with the reason. */
const left: Record<string, string> = {
  createConnection: "it waits once for each address of the host",
  sendmsgAfalg: "needs AF_ALG; it sends by the function that sendmsg uses",
};

let session: Session;
let ctx: OpContext;
let entryPoint: EntryPoint;
let queries: Query[];

beforeEach(() => {
  queries = [];
  const counters = newCounters();
  const principal = newPrincipal("uid:1000", defaultLimits);
  session = newSession({ counters, principal });
  const log = pino({ level: "silent" });
  const services = {
    kernel: addon,
    policy: {
      decide: (query: Query) => {
        queries.push(query);
        return { allowed: true, rule: "test", reason: "" };
      },
      rulesFor: () => [],
    },
    resolver: newResolver(addon),
    limits: defaultLimits,
    counters,
    log,
    throttled: new ThrottledLog(log),
    descriptors: new DescriptorReserve(addon, 1),
    version: "",
  };
  const peer = { pid: process.pid, uid: 1000, gid: 1000 };
  ctx = {
    services,
    session,
    principal,
    peer,
    unread: { waitIfFull: () => false },
    signal: () => new AbortController().signal,
  };
  entryPoint = {
    services,
    connections: null as never,
    draining: () => false,
    statusOf: (error) => {
      throw error;
    },
    malformed: () => new Error("malformed"),
  };
});

afterEach(() => {
  session.destroy(new BrokerFault(BrokerError_Code.CANCELLED, "the test is over"));
  ctx.services.descriptors.close();
  vi.restoreAllMocks();
});

function adopt(native: ReturnType<typeof addon.socket>, family: number): bigint {
  if (typeof native === "number") throw new Error(`errno ${-native}`);
  return session.adopt(native, { family, type: SOCK_STREAM, protocol: 0 }).handle;
}

/** Two connected unix sockets, with data for the first to receive. */
function pair(): bigint {
  const sockets = addon.socketpair(AddressFamily.UNIX, SOCK_STREAM, 0);
  if (typeof sockets === "number") throw new Error(`errno ${-sockets}`);
  sockets[1].send(Buffer.from("data"), 0);
  adopt(sockets[1], AddressFamily.UNIX);
  return adopt(sockets[0], AddressFamily.UNIX);
}

/** A TCP listener, and its address. */
function listener(): [handle: bigint, address: SocketAddress] {
  const native = addon.socket(AddressFamily.INET, SOCK_STREAM, 0, null);
  if (typeof native === "number") throw new Error(`errno ${-native}`);
  native.bind({ kind: "inet", address: "127.0.0.1", port: 0 });
  native.listen(8);
  const address = native.getsockname();
  if (typeof address === "number" || address === null) throw new Error("no address");
  return [adopt(native, AddressFamily.INET), create(SocketAddressSchema, addressOf(address))];
}

function tcp(): bigint {
  return adopt(addon.socket(AddressFamily.INET, SOCK_STREAM, 0, null), AddressFamily.INET);
}

const data = Buffer.from("x");
const buffers = [data];
const receive = { maxBytes: 4n, flags: 0, maxAncillaryBytes: 0n, maxHandles: 1 };

const calls: Record<string, () => object | Promise<object>> = {
  recv: () => ({ handle: pair(), ...receive }),
  "recv MSG_WAITALL": () => ({ handle: pair(), ...receive, flags: MSG_WAITALL }),
  "recv MSG_WAITALL MSG_PEEK": () => ({ handle: pair(), ...receive, flags: MSG_WAITALL | MSG_PEEK }),
  recvfrom: () => ({ handle: pair(), ...receive }),
  recvmsg: () => ({ handle: pair(), ...receive }),
  "recvmsg MSG_WAITALL": () => ({ handle: pair(), ...receive, flags: MSG_WAITALL }),
  recvFds: () => ({ handle: pair(), ...receive }),
  send: () => ({ handle: pair(), data, flags: 0 }),
  sendall: () => ({ handle: pair(), data, flags: 0 }),
  sendto: () => ({ handle: tcp(), data, flags: MSG_FASTOPEN, address: listener()[1] }),
  sendmsg: () => ({ handle: pair(), buffers, ancillaryData: [], flags: 0 }),
  "sendmsg MSG_FASTOPEN": () => ({
    handle: tcp(),
    buffers,
    ancillaryData: [],
    flags: MSG_FASTOPEN,
    address: listener()[1],
  }),
  sendFds: () => ({ handle: pair(), buffers, handles: [pair()], flags: 0 }),
  sendfile: () => ({
    handle: pair(),
    fileHandle: adopt(addon.openNetns("/proc/self/ns/net"), -1),
    offsetBytes: 0n,
    countBytes: 0n,
  }),
  accept: async () => {
    const [handle, address] = listener();
    await invoke(entryPoint, ctx, ops.connectTo, { handle: tcp(), address } as object);
    return { handle };
  },
  connectTo: () => ({ handle: tcp(), address: listener()[1] }),
  connectEx: () => ({ handle: tcp(), address: listener()[1] }),
};

it("covers every operation that has a timeout", () => {
  const waiting = Object.values(SocketService.method)
    .filter(({ input }) => input.fields.some(({ message }) => message?.typeName === "sockbroker.v1.Timeout"))
    .map(({ localName }) => localName);
  const called = Object.keys(calls).map((name) => name.replace(/ .*/, ""));
  expect([...new Set([...called, ...Object.keys(left)])].sort()).toEqual(waiting.sort());
});

it.each(Object.keys(calls))("computes how long %s may wait only once", async (name) => {
  const request = (await calls[name]?.()) ?? {};
  const row = ops[name.replace(/ .*/, "") as keyof typeof ops];
  const waitLimit = vi.spyOn(Blocking.prototype, "waitLimit");
  await invoke(entryPoint, ctx, row, request);
  expect(waitLimit).toHaveBeenCalledTimes(1);
});

describe("the policy gets", () => {
  it("the caller's credentials", async () => {
    await invoke(entryPoint, ctx, ops.recv, { handle: pair(), ...receive });
    expect(queries).toMatchObject([
      {
        principal: "uid:1000",
        evidence: { pid: process.pid, uid: 1000, gid: 1000 },
        permission: "receive",
        endpoint: null,
      },
    ]);
  });

  it("the option, and the socket as the kernel describes it", async () => {
    const socket = adopt(addon.socket(AddressFamily.INET, SOCK_STREAM, 0, null), AddressFamily.INET6);
    await invoke(entryPoint, ctx, ops.getsockopt, { handle: socket, level: SOL_SOCKET, name: SO_LINGER } as object);
    expect(queries).toMatchObject([
      {
        permission: "getsockopt",
        option: { level: SOL_SOCKET, name: SO_LINGER },
        family: AddressFamily.INET,
        type: SOCK_STREAM,
        protocol: IPPROTO_TCP,
      },
    ]);
  });

  it("the ioctl", async () => {
    const argument = { case: "integer", value: 0 };
    await invoke(entryPoint, ctx, ops.ioctl, { handle: pair(), request: BigInt(FIONREAD), argument } as object);
    expect(queries).toMatchObject([{ permission: "ioctl", ioctl: BigInt(FIONREAD), family: AddressFamily.UNIX }]);
  });

  it("the family, type and protocol before a socket is opened", async () => {
    await invoke(entryPoint, ctx, ops.socketpair, { typeFlags: 0, protocol: 0 } as object);
    const facts = { family: AddressFamily.UNIX, type: SOCK_STREAM, protocol: 0 };
    expect(queries).toMatchObject([{ permission: "socket", ...facts, local: null, remote: null }]);
  });

  it("the normalised address, and later both addresses of the connection", async () => {
    const [, address] = listener();
    const port = address.address.case === "inet" ? address.address.value.port : 0;
    const mapped = {
      address: { case: "inet6", value: { host: "0:0:0:0:0:FFFF:7f00:1", port, flowinfo: 0, scopeId: 0 } },
    };
    const native = addon.socket(AddressFamily.INET6, SOCK_STREAM, 0, null);
    const handle = adopt(native, AddressFamily.INET6);
    await invoke(entryPoint, ctx, ops.connectTo, {
      handle,
      address: create(SocketAddressSchema, mapped as object),
    } as object);
    const endpoint = `127.0.0.1:${port}`;
    expect(queries).toMatchObject([{ permission: "connect", endpoint, remote: { endpoint, embedded: [] } }]);
    await invoke(entryPoint, ctx, ops.send, { handle, data, flags: 0 } as object);
    expect(queries.at(-1)).toMatchObject({ permission: "send", endpoint: null, remote: { endpoint } });
    expect(queries.at(-1)?.local?.endpoint).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  it("the address to bind as the local address", async () => {
    const address = create(SocketAddressSchema, { address: { case: "inet", value: { host: "127.0.0.1", port: 0 } } });
    await invoke(entryPoint, ctx, ops.bind, { handle: tcp(), address } as object);
    expect(queries).toMatchObject([
      { permission: "bind", endpoint: "127.0.0.1:0", local: { endpoint: "127.0.0.1:0" } },
    ]);
    expect(queries[0]?.remote).toBeNull();
  });

  it("the family of a server before it is opened", async () => {
    const address = create(SocketAddressSchema, { address: { case: "inet6", value: { host: "::1", port: 0 } } });
    await invoke(entryPoint, ctx, ops.createServer, { address } as object);
    const facts = { family: AddressFamily.INET6, type: SOCK_STREAM };
    expect(queries.map(({ permission }) => permission)).toEqual(["socket", "listen", "setsockopt", "bind"]);
    for (const query of queries) expect(query).toMatchObject(facts);
  });

  it("the network namespace", async () => {
    const netns = { namespace: { case: "name", value: "none-of-that-name" } };
    expect(() => invoke(entryPoint, ctx, ops.socket, { typeFlags: 0, netns } as object)).toThrow();
    expect(queries.at(-1)).toMatchObject({ permission: "netns", netns: "none-of-that-name" });
  });
});
