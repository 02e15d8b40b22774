import { type DescField, type DescMessage, type Message, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect } from "../../src/client/index.js";
import { AdminService } from "../../src/gen/sockbroker/v1/admin_service_pb.js";
import { PolicyService } from "../../src/gen/sockbroker/v1/policy_service_pb.js";
import {
  type OperationResult,
  OperationSchema,
  SessionService,
} from "../../src/gen/sockbroker/v1/session_service_pb.js";
import { SocketService } from "../../src/gen/sockbroker/v1/socket_service_pb.js";
import { ClientFrameSchema, StreamService, WatchRequestSchema } from "../../src/gen/sockbroker/v1/stream_service_pb.js";
import { extremesOf, MESSAGE, type NumberPath, nameOf, numbersIn, withNumber } from "../support/number-fields.js";
import { handleOf, RawDaemon, RawError, symbolOf } from "../support/raw-broker.js";

/*
 * A number out of the range of its type gives a typed error, or the kernel's or CPython's result, and never crashes the
 * daemon. Covers every number of every request, with the built-in policy.
 */

const INTERNAL = /INTERNAL|UNKNOWN$|untyped/;

let daemon: RawDaemon;
let client: ReturnType<RawDaemon["client"]>;
beforeAll(async () => {
  daemon = await RawDaemon.start();
  client = daemon.client();
});
afterAll(async () => {
  client[Symbol.dispose]();
  await daemon[Symbol.asyncDispose]();
});

describe("a number at the limits of its field", () => {
  const verbs = OperationSchema.fields.filter(({ message, oneof }) => oneof !== undefined && message !== undefined);

  it("causes no internal error in any operation", { timeout: 120_000 }, async (ctx) => {
    if (process.env.SOCKBROKER_TEST_NAMESPACE === undefined) ctx.skip("needs a network namespace of its own");
    const handles = await openHandles();
    const faults: string[] = [];
    let tried = 0;
    for (const verb of verbs) {
      for (const path of numbersIn(verb.message as DescMessage)) {
        const requests = await requestsOf(verb, path, handles);
        tried += requests.length;
        const symbols = await outcomesOf(verb, requests, nameOf(path).includes("timeout"));
        for (const [index, symbol] of symbols.entries()) {
          if (INTERNAL.test(symbol)) faults.push(`${verb.name} ${requests[index]?.name}: ${symbol}`);
        }
      }
    }
    expect(faults).toEqual([]);
    expect(daemon.faults).toEqual([]);
    // At least as many as there are fields: without descriptors nothing would be tried.
    expect(tried).toBeGreaterThan(1_000);
  });

  it("causes no internal error as an op id", async () => {
    using session = client.session();
    for (const opId of [0n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n]) {
      const done = session.expect<"hasIpv6">(opId);
      await session.stream.write({
        cancelOpIds: [opId],
        operations: [{ opId, request: { case: "hasIpv6", value: {} } }],
      });
      expect(await symbolOf(done), String(opId)).toBe("ok");
    }
    expect(daemon.faults).toEqual([]);
  });

  it("causes no internal error in a unary call that is not an operation", async () => {
    const { listHandles, listSessions, closeHandle, drain, getStatistics, revokeSession } = AdminService.method;
    const calls = [
      listHandles,
      listSessions,
      closeHandle,
      drain,
      getStatistics,
      revokeSession,
      SessionService.method.openSession,
    ];
    for (const method of calls) {
      for (const path of numbersIn(method.input)) {
        for (const value of extremesOf(path.at(-1) as DescField)) {
          // A very long grace period is valid, and would end the daemon that the other tests need.
          if (method === drain && Number(value) > 0 && Number(value) < 2 ** 33) continue;
          const message = withNumber(method.input, path, value, () => undefined);
          const symbol = await symbolOf(client.bytes(method as typeof listHandles, message as never));
          expect(symbol, `${method.name} ${nameOf(path)} = ${value}`).not.toMatch(INTERNAL);
        }
      }
    }
    expect(daemon.faults).toEqual([]);
  });

  it("causes no internal error in a frame of an attach stream", async (ctx) => {
    if (process.env.SOCKBROKER_TEST_NAMESPACE === undefined) ctx.skip("needs a network namespace of its own");
    const handles = await openHandles();
    const faults: string[] = [];
    for (const path of numbersIn(ClientFrameSchema)) {
      for (const value of extremesOf(path.at(-1) as DescField)) {
        for (const handle of await handlesFor(path, value, handles)) {
          const first = path[0]?.localName === "attach";
          const plausible = (field: DescField, parent: DescMessage) =>
            parent.name === "ClientFrame" ? undefined : plausibleFor(field, parent, handle, 0);
          const message = withNumber(ClientFrameSchema, path, value, plausible);
          using stream = client.bidi(StreamService.method.attach);
          if (!first) await stream.write({ frame: { case: "attach", value: { handle } } });
          await stream.write(toBinary(ClientFrameSchema, message));
          stream.halfClose();
          const name = `${nameOf(path)} = ${value}`;
          try {
            for (const { frame } of await stream.rest()) {
              if (frame.case !== "error" || frame.value.status === undefined) continue;
              const { symbol } = new RawError(frame.value.status);
              if (INTERNAL.test(symbol)) faults.push(`${name}: ${symbol} in the stream`);
            }
          } catch (error) {
            if (!(error instanceof RawError)) throw error;
            if (INTERNAL.test(error.symbol)) faults.push(`${name}: ${error.symbol}`);
          }
        }
      }
    }
    expect(faults).toEqual([]);
    expect(daemon.faults).toEqual([]);
  });

  it("causes no internal error in an interest of a watch", async () => {
    const { first } = await client.unary(SocketService.method.socketpair, {});
    for (const path of numbersIn(WatchRequestSchema)) {
      for (const value of extremesOf(path.at(-1) as DescField)) {
        const plausible = (field: DescField) =>
          field.localName === "handle" ? handleOf(first) : field.localName === "events" ? 1 : undefined;
        using stream = client.bidi(StreamService.method.watch);
        await stream.write(toBinary(WatchRequestSchema, withNumber(WatchRequestSchema, path, value, plausible)));
        stream.halfClose();
        expect(await symbolOf(stream.rest()), `${nameOf(path)} = ${value}`).toBe("ok");
      }
    }
    expect(daemon.faults).toEqual([]);
  });

  it("is respected as the interval of WatchHandles", async () => {
    await using broker = await connect(`unix://${daemon.path}`);
    // Longer than Node's timers support, which would use 1 ms instead.
    const ending = new AbortController();
    const watching = broker.admin.watchHandles({ interval: 2 ** 31, signal: ending.signal });
    await watching.next();
    let again = false;
    const next = watching.next().then(() => {
      again = true;
    });
    await broker.socketpair();
    // Many turns of the daemon's event loop, and much longer than a millisecond.
    for (let i = 0; i < 200; i++) await broker.getSession();
    expect(again).toBe(false);
    ending.abort();
    await expect(next).rejects.toThrow();
  });
});

describe("a number that exceeds a member of a struct", () => {
  const loopback = Buffer.concat([Buffer.from([0, 9, 127, 0, 0, 1]), Buffer.alloc(8)]);

  it.each([65_536 + 1, 65_536, 2 ** 31 - 1, -1])("is refused as family %i of a raw address", async (family) => {
    const { socket, fromfd, bind } = SocketService.method;
    const opened = await client.unary(socket, { type: 2 });
    const stands = await client.unary(fromfd, { handle: handleOf(opened.socket), family: 31, type: 2, protocol: 9 });
    const address = { address: { case: "raw" as const, value: { family, data: loopback } } };
    expect(await symbolOf(client.unary(bind, { handle: handleOf(stands.socket), address }))).toBe(
      "FAMILY_OUT_OF_RANGE",
    );
    expect(await symbolOf(client.unary(PolicyService.method.explainPolicy, { permission: "bind", address }))).toBe(
      "FAMILY_OUT_OF_RANGE",
    );
  });

  it("is refused as an ioctl request, and not truncated", async () => {
    const { first } = await client.unary(SocketService.method.socketpair, {});
    const FIONREAD = 0x541bn;
    const ioctl = (request: bigint) =>
      symbolOf(
        client.unary(SocketService.method.ioctl, {
          handle: handleOf(first),
          request,
          argument: { case: "integer", value: 0 },
        }),
      );
    expect(await ioctl(FIONREAD)).toBe("ok");
    for (const high of [1n, 2n ** 31n, 2n ** 32n - 1n]) {
      expect(await ioctl((high << 32n) | FIONREAD)).toBe("NOT_SUPPORTED_ON_HOST");
    }
  });
});

interface Tried {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A socket of each kind, and substitutes for families that the host may lack. */
interface Handles {
  readonly plain: readonly bigint[];
  /** The handle that is used for a socket of that family and protocol. */
  as(family: number, protocol: number): Promise<bigint>;
}

async function openHandles(): Promise<Handles> {
  const { socket, socketpair, fromfd, createServer } = SocketService.method;
  const { first, second } = await client.unary(socketpair, {});
  await client.unary(SocketService.method.send, { handle: handleOf(first), data: Buffer.from("something to receive") });
  const listener = await client.unary(createServer, {
    address: { address: { case: "inet", value: { host: "127.0.0.1", port: 0 } } },
  });
  const udp = await client.unary(socket, { type: 2 });
  const stands = handleOf(udp.socket);
  return {
    plain: [stands, handleOf(second), handleOf(listener.socket)],
    as: async (family, protocol) =>
      handleOf((await client.unary(fromfd, { handle: stands, family, type: 2, protocol })).socket),
  };
}

/** The families and protocols whose addresses use an arm. */
const familyOf: Readonly<Record<string, readonly [family: number, protocol: number]>> = {
  inet: [2, 0],
  inet6: [10, 0],
  netlink: [16, 0],
  packet: [17, 0],
  isotp: [29, 6],
  j1939: [29, 7],
  tipc: [30, 0],
  alg: [38, 0],
  vsock: [40, 0],
  l2cap: [31, 0],
  hci: [31, 1],
  rfcomm: [31, 3],
  qipcrtr: [42, 0],
  rds: [21, 0],
};

/** The messages to try for a number: one for each value, handle and form of the argument. */
async function requestsOf(verb: DescField, path: NumberPath, handles: Handles): Promise<Tried[]> {
  const schema = verb.message as DescMessage;
  const number = path.at(-1) as DescField;
  const tried: Tried[] = [];
  for (const value of extremesOf(number)) {
    for (const handle of await handlesFor(path, value, handles)) {
      for (const form of /ioctl|sockopt/.test(verb.name) ? [0, 1] : [0]) {
        const plausible = (field: DescField, parent: DescMessage) => plausibleFor(field, parent, handle, form);
        const message: Message = withNumber(schema, path, value, plausible);
        tried.push({ name: `${nameOf(path)} = ${value}`, bytes: toBinary(schema, message) });
      }
    }
  }
  return tried;
}

async function handlesFor(path: NumberPath, value: number | bigint, handles: Handles): Promise<readonly bigint[]> {
  if (path[0]?.parent.name === "SendmsgAfalgRequest") return [await handles.as(38, 0)];
  const arm = path.find((field) => field.oneof?.parent.name === "SocketAddress")?.localName;
  if (arm === undefined) return handles.plain;
  // A raw address must have the socket's family, except on Bluetooth.
  if (arm === "raw") return [await handles.as(Math.max(Number(value), 0), 0), await handles.as(31, 9)];
  const family = familyOf[arm];
  if (family === undefined) throw new Error(`no family for ${arm}`);
  return [await handles.as(...family)];
}

function plausibleFor(field: DescField, parent: DescMessage, handle: bigint, form: number): unknown {
  switch (field.localName) {
    case "handle":
    case "fileHandle":
      return handle;
    case "host":
      return field.scalar === undefined || parent.name === "GetaddrinfoRequest" ? undefined : "127.0.0.1";
    case "bdaddr":
      return "00:11:22:33:44:55";
    case "interfaceName":
      return "lo";
    case "maxBytes":
      return parent.name === "GetsockoptRequest" ? (form === 0 ? undefined : 16) : 16n;
    case "duration":
      return MESSAGE;
    case "timeout":
    case "address":
    case "source":
      return field.message?.name === "Duration" ? undefined : MESSAGE;
    case "inet":
      return MESSAGE;
    case "addressType":
      return 3;
    case "buffers":
    case "data":
      return field.oneof === undefined || form === 1 ? Buffer.alloc(16) : undefined;
    case "integer":
      return parent.name === "ControlMessage" || form === 1 ? undefined : 1;
    case "value":
      return field.message === undefined ? undefined : MESSAGE;
    case "op":
      return 0;
    case "level":
      return 1;
    case "operation":
      return "connect";
    case "service":
      return "9";
    default:
      return undefined;
  }
}

let lastId = 0n;

/** Performs operations, and returns the outcome of each. Those that may wait are cancelled. */
async function outcomesOf(verb: DescField, requests: readonly Tried[], waits: boolean): Promise<string[]> {
  using stream = client.bidi(SessionService.method.session);
  const first = lastId + 1n;
  const request = new BinaryWriter();
  for (const { bytes } of requests) {
    lastId += 1n;
    const operation = new BinaryWriter().tag(1, WireType.Varint).uint64(lastId);
    operation.tag(verb.number, WireType.LengthDelimited).bytes(bytes);
    request.tag(1, WireType.LengthDelimited).bytes(operation.finish());
  }
  await stream.write(request.finish());
  if (waits) await stream.write({ cancelOpIds: requests.map((_, index) => first + BigInt(index)) });
  const symbols = requests.map(() => "no answer");
  for (let left = requests.length; left > 0; ) {
    const response = await stream.next();
    if (response === null) throw new Error(`the stream ended at ${verb.name}`);
    for (const { opId, outcome } of response.results) {
      symbols[Number(opId - first)] = symbolOfOutcome(outcome);
      left -= 1;
    }
  }
  return symbols;
}

function symbolOfOutcome(outcome: OperationResult["outcome"]): string {
  return outcome.case === "error" ? new RawError(outcome.value).symbol : "ok";
}
