import { toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type OperationResult,
  type SessionResponse,
  SessionService,
} from "../../src/gen/sockbroker/v1/session_service_pb.js";
import { SocketService } from "../../src/gen/sockbroker/v1/socket_service_pb.js";
import { ClientFrameSchema, StreamService } from "../../src/gen/sockbroker/v1/stream_service_pb.js";
import type { Random } from "../fuzz/bytes.js";
import { fuzzOperation } from "../fuzz/requests.js";
import { chooseSeed, handleOf, type RawClient, RawDaemon, RawError, seeded, until } from "../support/raw-broker.js";

/*
 * A hundred thousand random requests. Needs its own network namespace, because they bind and connect to arbitrary
 * addresses. SOCKBROKER_TEST_SEED repeats a run, SOCKBROKER_FUZZ_REQUESTS sets how many. With the built-in policy.
 */

const REQUESTS = Number(process.env.SOCKBROKER_FUZZ_REQUESTS ?? 100_000);
const PER_SESSION = 5_000;
const BATCH = 50;

let daemon: RawDaemon;
beforeAll(async () => {
  daemon = await RawDaemon.start();
});
afterAll(() => daemon[Symbol.asyncDispose]());

describe("random requests", () => {
  it("are answered with typed errors, and crash or leak nothing", { timeout: 240_000 }, async (ctx) => {
    if (process.env.SOCKBROKER_TEST_NAMESPACE === undefined) ctx.skip("needs a network namespace of its own");
    const seed = chooseSeed();
    const random = seeded(seed);
    using observer = daemon.client();
    const before = await observer.quiet();
    const outcomes = new Map<string, number>();
    let answered = 0;
    for (let made = 0; made < REQUESTS; made += PER_SESSION) {
      answered += await session(random, outcomes, `seed ${seed}, session ${made / PER_SESSION}`);
    }
    expect(answered).toBe(REQUESTS);
    // If no random request succeeded, the test would prove little.
    expect(outcomes.get("ok"), `seed ${seed}`).toBeGreaterThan(REQUESTS / 20);
    expect(outcomes.size, `seed ${seed}`).toBeGreaterThan(30);
    await back(observer, before, seed);
    expect(daemon.faults, `seed ${seed}`).toEqual([]);
  });

  it("that are not messages end only their own streams", { timeout: 60_000 }, async () => {
    const seed = chooseSeed();
    const random = seeded(seed);
    using observer = daemon.client();
    const before = await observer.quiet();
    using client = daemon.client();
    const pair = await client.unary(SocketService.method.socketpair, {});
    const attach = toBinary(ClientFrameSchema, {
      $typeName: "sockbroker.v1.ClientFrame",
      frame: { case: "attach", value: { ...attachStart, handle: handleOf(pair.first) } },
    });
    for (let i = 0; i < 1_000; i++) {
      const note = `seed ${seed}, stream ${i}`;
      const bytes = Buffer.from(Array.from({ length: random(60) }, () => random(256)));
      const method = random(2) === 0 ? SessionService.method.session : StreamService.method.attach;
      using stream = client.bidi(method);
      if (method === StreamService.method.attach && random(2) === 0) void stream.write(attach);
      void stream.write(bytes);
      stream.halfClose();
      try {
        await stream.rest();
      } catch (error) {
        expect(error, note).toBeInstanceOf(RawError);
        expect((error as RawError).symbol, note).not.toMatch(/INTERNAL|untyped/);
      }
    }
    for (let i = 0; i < 1_000; i++) {
      const bytes = Buffer.from(Array.from({ length: random(60) }, () => random(256)));
      const methods = [
        SocketService.method.bind,
        SocketService.method.recvmsg,
        SocketService.method.getsockopt,
      ] as const;
      const method = methods[random(methods.length)] ?? methods[0];
      const error = await client.bytes(method as typeof SocketService.method.bind, bytes).catch((cause) => cause);
      if (error instanceof RawError) expect(error.symbol, `seed ${seed}, call ${i}`).not.toMatch(/INTERNAL|untyped/);
    }
    client[Symbol.dispose]();
    await back(observer, before, seed);
    expect(daemon.faults, `seed ${seed}`).toEqual([]);
  });
});

const attachStart = {
  $typeName: "sockbroker.v1.AttachStart",
  sendOnly: false,
  receiveOnly: false,
  maxMessageBytes: 0,
  maxAncillaryBytes: 0,
} as const;

/** Sends random operations on a new connection. Returns how many results arrived. */
async function session(random: Random, outcomes: Map<string, number>, note: string): Promise<number> {
  using client = daemon.client();
  const stream = client.bidi(SessionService.method.session);
  const handles: bigint[] = [];
  const open = new Map<bigint, string>();
  let opId = 0n;
  let answered = 0;
  for (let sent = 0; sent < PER_SESSION; sent += BATCH) {
    const request = new BinaryWriter();
    for (let i = 0; i < BATCH; i++) {
      const { verb, field, bytes } = fuzzOperation(random, handles);
      opId += 1n;
      open.set(opId, verb);
      const operation = new BinaryWriter().tag(1, WireType.Varint).uint64(opId);
      operation.tag(field, WireType.LengthDelimited).bytes(bytes);
      request.tag(1, WireType.LengthDelimited).bytes(operation.finish());
    }
    await stream.write(request.finish());
    // Operations without a time limit are cancelled: after their batch, or a while later.
    if (random(2) === 0) await take();
    await stream.write({ cancelOpIds: [...open.keys()] });
    while (open.size > 0) await take();
    // So few handles that random choices repeat them.
    while (handles.length > 24) handles.splice(random(handles.length), 1);
  }
  stream.halfClose();
  await stream.rest();
  return answered;

  async function take(): Promise<void> {
    const response: SessionResponse | null = await stream.next();
    if (response === null) throw new Error(`the stream ended (${note})`);
    for (const result of response.results) {
      const verb = open.get(result.opId);
      if (verb === undefined) throw new Error(`a result of no operation (${note})`);
      open.delete(result.opId);
      answered++;
      const symbol = symbolOf(result);
      outcomes.set(symbol, (outcomes.get(symbol) ?? 0) + 1);
      if (/INTERNAL|untyped/.test(symbol)) throw new Error(`${verb} answered ${symbol} (${note})`);
      handles.push(...handlesIn(result));
    }
  }
}

function symbolOf({ outcome }: OperationResult): string {
  return outcome.case === "error" ? new RawError(outcome.value).symbol : "ok";
}

/** The handles that a result opens. */
function handlesIn({ outcome }: OperationResult): bigint[] {
  switch (outcome.case) {
    case "socket":
    case "dup":
    case "fromfd":
    case "accept":
    case "createServer":
    case "createConnection":
      return [handleOf(outcome.value.socket)];
    case "socketpair":
      return [handleOf(outcome.value.first), handleOf(outcome.value.second)];
    default:
      return [];
  }
}

/** Waits until only the observer's resources are left. */
async function back(
  observer: RawClient,
  before: { readonly openDescriptors: number; readonly handles: number },
  seed: number,
): Promise<void> {
  let left: Record<string, number> = {};
  const closed = async (): Promise<boolean> => {
    const { handles, waitingOperations, streams, connections, openDescriptors } = await observer.statistics();
    left = {
      handles: handles - before.handles,
      waitingOperations,
      streams,
      connections: connections - 1,
      descriptors: openDescriptors - before.openDescriptors,
    };
    return Object.values(left).every((count) => count === 0);
  };
  await until("everything is closed", closed).catch((error: Error) => {
    throw new Error(`${error.message} (seed ${seed}): ${JSON.stringify(left)}`);
  });
}
