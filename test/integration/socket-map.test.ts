/*
 * What docs/python-socket-map.md states about names without conformance cases: those that only the client has, and
 * those that this host lacks.
 *
 * The policy is the built-in one: the daemon's own user may do everything.
 */

import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AddressFamily, type Broker, callJson, connect, SocketType } from "../../src/client/index.js";
import { type Daemon, startDaemon } from "../support/daemon.js";

let daemon: Daemon;
let broker: Broker;

beforeAll(async () => {
  daemon = await startDaemon();
  broker = await connect(daemon.endpoint);
});

afterAll(async () => {
  await broker?.close();
  await daemon?.kill();
});

interface ConstantsAnswer {
  readonly constants: readonly { readonly name: string; readonly integer?: string }[];
  readonly absent: readonly { readonly name: string; readonly reason: string }[];
}

async function getConstants(): Promise<ConstantsAnswer> {
  for await (const answer of callJson("HostService/GetConstants", {}, { endpoint: daemon.endpoint })) {
    return answer as unknown as ConstantsAnswer;
  }
  throw new Error("no answer");
}

describe("functions of the client alone", () => {
  test("a duplex stream replaces makefile: data that was written can be read, and the end is the end", async () => {
    const [near, far] = await broker.socketpair();
    const [left, right] = [near.duplex(), far.duplex()];
    left.end("one\ntwo\n");
    right.end();
    expect([await text(right), await text(left)]).toEqual(["one\ntwo\n", ""]);
  });

  test("leaving a scope closes the socket", async () => {
    let handle: bigint;
    {
      await using socket = await broker.socket();
      handle = socket.handle;
    }
    await expect(broker.fromfd(handle, AddressFamily.INET, SocketType.STREAM)).rejects.toMatchObject({
      code: "HANDLE_NOT_FOUND",
    });
  });

  test("a structured clone of a socket has none of its members", async () => {
    await using socket = await broker.socket();
    expect(JSON.stringify(socket)).toBe("{}");
    expect(structuredClone(socket)).toEqual({});
  });

  test("the properties that repr shows exist, also after the socket was closed", async () => {
    const socket = await broker.socket(AddressFamily.INET, SocketType.DGRAM);
    const { handle } = socket;
    expect(socket.fileno()).toBe(handle);
    await socket.close();
    expect(socket).toMatchObject({ handle, closed: true, family: 2, type: 2, proto: 0, timeout: null });
    expect(socket.fileno()).toBe(-1n);
  });
});

describe("values", () => {
  test("families and types have the host's numbers", () => {
    const { AF_UNIX, AF_INET, AF_INET6, AF_CAN, AF_VSOCK, SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_RDM } =
      broker.constants;
    expect([
      AddressFamily.UNIX,
      AddressFamily.INET,
      AddressFamily.INET6,
      AddressFamily.CAN,
      AddressFamily.VSOCK,
    ]).toEqual([AF_UNIX, AF_INET, AF_INET6, AF_CAN, AF_VSOCK]);
    expect([SocketType.STREAM, SocketType.DGRAM, SocketType.RAW, SocketType.RDM]).toEqual([
      SOCK_STREAM,
      SOCK_DGRAM,
      SOCK_RAW,
      SOCK_RDM,
    ]);
  });

  test("an RDS address is an inet address", async () => {
    await using socket = await broker.socket(AddressFamily.INET, SocketType.DGRAM);
    const bound = await socket.bind({ family: "rds", host: "127.0.0.1", port: 0 });
    expect(bound).toMatchObject({ family: "inet", host: "127.0.0.1" });
  });
});

describe("what this host lacks", () => {
  test("an ioctl that this host lacks is an error", async () => {
    await using socket = await broker.socket();
    const sioRcvall = 0x98000001;
    await expect(socket.ioctl(sioRcvall, 1)).rejects.toMatchObject({ code: "NOT_SUPPORTED_ON_HOST" });
  });

  test("a Hyper-V address is NOT_SUPPORTED_ON_HOST", async () => {
    await using socket = await broker.socket();
    const zero = "00000000-0000-0000-0000-000000000000";
    await expect(socket.connect({ family: "hyperv", vmId: zero, serviceId: zero })).rejects.toMatchObject({
      code: "NOT_SUPPORTED_ON_HOST",
    });
  });

  test("a constant of another system is listed as absent, with the reason", async () => {
    const { absent } = await getConstants();
    const reasons = Object.fromEntries(absent.map(({ name, reason }) => [name, reason]));
    expect(reasons).toMatchObject({
      PF_SYSTEM: "defined on macos only",
      AF_DIVERT: "defined on freebsd only",
      AF_HYPERV: "defined on windows only",
    });
  });

  test("a pointer in a process is not a constant", async () => {
    const { constants, absent } = await getConstants();
    expect([...constants, ...absent].map(({ name }) => name)).not.toContain("CAPI");
  });
});
