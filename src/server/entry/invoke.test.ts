/* Needs unix sockets and TCP over loopback. */

import { create } from "@bufbuild/protobuf";
import { pino } from "pino";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
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
import { newResolver } from "../resolver/resolver.js";
import { ProcessWatch } from "../sessions/process-watch.js";
import { Session } from "../sessions/session.js";
import { Outliving } from "../sockets/outliving.js";
import { SocketEntry } from "../sockets/socket-entry.js";
import { ThrottledLog } from "../throttled-log.js";
import { DescriptorReserve } from "../transport/descriptor-reserve.js";
import { type EntryPoint, invoke } from "./invoke.js";
import { ops } from "./table.js";

const addon = loadAddon();
const { MSG_WAITALL, MSG_PEEK, MSG_FASTOPEN } = linux;
const SOCK_STREAM = 1;

/** Operations that may wait but are not called below, with the reason. */
const left: Record<string, string> = {
  createConnection: "it waits once for each address of the host",
  sendmsgAfalg: "needs AF_ALG; it sends by the function that sendmsg uses",
};

let session: Session;
let ctx: OpContext;
let entryPoint: EntryPoint;

beforeEach(() => {
  const counters = newCounters();
  const principal = newPrincipal("uid:1000", defaultLimits);
  session = new Session({
    ordinal: 0,
    principal,
    name: "",
    lease: null,
    counters,
    outliving: new Outliving(addon),
    processes: new ProcessWatch(),
    maxWaiting: 16,
    refusalOfShared: () => null,
    onShared: () => undefined,
    onEnd: () => undefined,
  });
  const log = pino({ level: "silent" });
  const services = {
    kernel: addon,
    policy: { decide: () => ({ allowed: true, rule: "test", reason: "" }), rulesFor: () => [] },
    resolver: newResolver(addon),
    limits: defaultLimits,
    counters,
    log,
    throttled: new ThrottledLog(log),
    descriptors: new DescriptorReserve(addon, 1),
    version: "",
  };
  const peer = { pid: process.pid, uid: 1000, gid: 1000 };
  ctx = { services, session, principal, peer, signal: () => new AbortController().signal };
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

/** A listener of TCP, and its address. */
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

it("is asked below of every operation that has a timeout", () => {
  const waiting = Object.values(SocketService.method)
    .filter(({ input }) => input.fields.some(({ message }) => message?.typeName === "sockbroker.v1.Timeout"))
    .map(({ localName }) => localName);
  const called = Object.keys(calls).map((name) => name.replace(/ .*/, ""));
  expect([...new Set([...called, ...Object.keys(left)])].sort()).toEqual(waiting.sort());
});

it.each(Object.keys(calls))("asks once how long %s may wait", async (name) => {
  const request = (await calls[name]?.()) ?? {};
  const row = ops[name.replace(/ .*/, "") as keyof typeof ops];
  const waitLimit = vi.spyOn(SocketEntry.prototype, "waitLimit");
  await invoke(entryPoint, ctx, row, request);
  expect(waitLimit).toHaveBeenCalledTimes(1);
});
