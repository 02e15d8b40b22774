/*
 * The messages of a Session stream on the wire. The other side is not a daemon but a recorder, because a daemon does
 * not report how operations arrived, and never answers too late or incorrectly.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { Server, ServerCredentials, type ServerDuplexStream } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { OperationStream } from "../../src/client/operation-stream.js";
import type { Status } from "../../src/gen/google/rpc/status_pb.js";
import { BrokerError_Code, BrokerErrorSchema } from "../../src/gen/sockbroker/v1/error_pb.js";
import {
  type SessionRequest,
  SessionRequestSchema,
  type SessionResponse,
  SessionResponseSchema,
  SessionService,
} from "../../src/gen/sockbroker/v1/session_service_pb.js";
import { type ClientChannel, closeChannel, openChannel } from "../../src/rpc/client-channel.js";
import { Code } from "../../src/rpc/code.js";
import { clientMethod } from "../../src/rpc/service-definition.js";
import { statusOf } from "../../src/rpc/status.js";
import { rejection } from "../support/client.js";

type Results = NonNullable<MessageInitShape<typeof SessionResponseSchema>["results"]>;

let recorder: Recorder;
let channel: ClientChannel;
let operations: OperationStream;

beforeEach(async () => {
  recorder = await startRecorder();
  channel = openChannel(recorder.path);
  operations = new OperationStream(channel);
});

afterEach(async () => {
  operations.cancel();
  closeChannel(channel);
  await recorder.stop();
});

describe("operations", () => {
  test("that are issued together are sent together, in order", async () => {
    recorder.answerAll();
    operations.setLimits({ maxRequestBytes: 1024 * 1024, maxWaitingOperations: 1000 });
    await Promise.all(Array.from({ length: 100 }, (_, index) => operations.call("close", { handle: BigInt(index) })));
    expect(recorder.requests.length).toBe(1);
    expect(recorder.requests[0]?.operations.map(({ opId }) => opId)).toEqual(
      Array.from({ length: 100 }, (_, index) => BigInt(index + 1)),
    );
  });

  test("that continue a batch are sent together again", async () => {
    recorder.answerAll();
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        for (let round = 0; round < 4; round++) await operations.call("close", { handle: 1n });
      }),
    );
    expect(recorder.requests.map((request) => request.operations.length)).toEqual([50, 50, 50, 50]);
  });

  test("are sent in messages of at most 128, and about 64 KiB", async () => {
    recorder.answerAll();
    operations.setLimits({ maxRequestBytes: 1024 * 1024, maxWaitingOperations: 1000 });
    await Promise.all(Array.from({ length: 300 }, () => operations.call("close", { handle: 1n })));
    expect(recorder.requests.map((request) => request.operations.length)).toEqual([128, 128, 44]);
    recorder.requests.length = 0;
    const data = Buffer.alloc(30_000);
    await Promise.all(Array.from({ length: 6 }, () => operations.call("send", { handle: 1n, data })));
    expect(recorder.requests.map((request) => request.operations.length)).toEqual([3, 3]);
  });

  test("in progress are at most one fewer than the daemon lets wait, so that it reads cancellations", async () => {
    operations.setLimits({ maxRequestBytes: 1024 * 1024, maxWaitingOperations: 4 });
    const aborter = new AbortController();
    const calls = Array.from({ length: 10 }, (_, index) =>
      operations.call("recv", { handle: 1n, maxBytes: BigInt(index) }, aborter.signal),
    );
    const settled = Promise.allSettled(calls);
    await recorder.received(1);
    expect(recorder.operationIds()).toEqual([1n, 2n, 3n]);
    recorder.answer([{ opId: 2n, outcome: { case: "recv", value: {} } }]);
    await recorder.received(2);
    expect(recorder.operationIds()).toEqual([1n, 2n, 3n, 4n]);
    aborter.abort();
    await recorder.received(3);
    expect(recorder.requests[2]?.cancelOpIds).toEqual([1n, 3n, 4n]);
    recorder.cancel([1n, 3n, 4n]);
    expect((await settled).map(({ status }) => status)).toEqual([
      "rejected",
      "fulfilled",
      ...Array.from({ length: 8 }, () => "rejected"),
    ]);
    expect(recorder.operationIds().length).toBe(4);
  });

  test("that cannot be encoded fail alone", async () => {
    recorder.answerAll();
    const bad = rejection(operations.call("close", { handle: -1n }));
    const good = operations.call("close", { handle: 1n });
    expect(await bad).toMatchObject({ name: "ArgumentError", code: "INTEGER_OUT_OF_RANGE" });
    await good;
  });

  test("that exceed the daemon's message size fail alone", async () => {
    recorder.answerAll();
    operations.setLimits({ maxRequestBytes: 10_000, maxWaitingOperations: 10 });
    const bad = rejection(operations.call("send", { handle: 1n, data: Buffer.alloc(10_000) }));
    expect(await bad).toMatchObject({ code: "EMSGSIZE" });
    await operations.call("send", { handle: 1n, data: Buffer.alloc(operations.maxPayloadBytes) });
  });
});

describe("an abort", () => {
  test("of an operation that was not sent sends nothing", async () => {
    recorder.answerAll();
    const aborter = new AbortController();
    const aborted = rejection(operations.call("recv", { handle: 1n }, aborter.signal));
    aborter.abort();
    expect(await aborted).toMatchObject({ name: "AbortError" });
    await operations.call("close", { handle: 1n });
    expect(recorder.requests).toMatchObject([{ operations: [{ request: { case: "close" } }], cancelOpIds: [] }]);
  });

  test("that comes too late returns the result", async () => {
    const aborter = new AbortController();
    const receiving = operations.call("recv", { handle: 1n }, aborter.signal);
    await recorder.received(1);
    aborter.abort();
    await recorder.received(2);
    recorder.answer([{ opId: 1n, outcome: { case: "recv", value: { data: Buffer.from("kept") } } }]);
    expect(Buffer.from((await receiving).data).toString()).toBe("kept");
  });

  test("leaves no listener on the signal", async () => {
    recorder.answerAll();
    const aborter = new AbortController();
    let listeners = 0;
    const { signal } = aborter;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners += 1;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners -= 1;
      remove(...args);
    };
    await Promise.all(Array.from({ length: 20 }, () => operations.call("close", { handle: 1n }, signal)));
    expect(listeners).toBe(0);
  });
});

describe("the end of the stream", () => {
  test("rejects operations in progress and queued ones", async () => {
    operations.setLimits({ maxRequestBytes: 1000, maxWaitingOperations: 2 });
    const calls = [1, 2, 3].map(() => rejection(operations.call("recv", { handle: 1n })));
    await recorder.received(1);
    recorder.end();
    expect(await Promise.all(calls)).toMatchObject(Array(3).fill({ code: "CONNECTION_LOST" }));
    expect(await rejection(operations.call("recv", { handle: 1n }))).toMatchObject({ code: "CONNECTION_LOST" });
    expect(operations.ended).toBe(true);
  });

  test("by close sends queued operations, cancels waiting ones, and accepts results", async () => {
    const waiting = rejection(operations.call("recv", { handle: 1n }));
    await recorder.received(1);
    const queued = operations.call("close", { handle: 2n });
    const closing = operations.close({ session: false });
    await recorder.received(2);
    expect(recorder.requests[1]).toMatchObject({
      operations: [{ opId: 2n, request: { case: "close", value: { handle: 2n } } }],
      cancelOpIds: [1n, 2n],
    });
    recorder.answer([{ opId: 2n, outcome: { case: "close", value: {} } }]);
    recorder.cancel([1n]);
    await queued;
    expect(await waiting).toMatchObject({ code: "BROKER_CLOSED" });
    recorder.end();
    await closing;
  });

  test("after a malformed message rejects operations in progress", async () => {
    const call = rejection(operations.call("recv", { handle: 1n }));
    await recorder.received(1);
    recorder.answerBytes(Buffer.from([0x0a, 0x7f, 0x01]));
    expect(await call).toMatchObject({ code: "NOT_A_BROKER" });
  });

  test("a result for another verb is an error, and one for an unknown op id is ignored", async () => {
    const call = rejection(operations.call("recv", { handle: 1n }));
    await recorder.received(1);
    recorder.answer([
      { opId: 77n, outcome: { case: "recv", value: {} } },
      { opId: 1n, outcome: { case: "close", value: {} } },
    ]);
    expect(await call).toMatchObject({ name: "BrokerError", code: "UNKNOWN" });
  });
});

function cancelled(): Status {
  const detail = create(BrokerErrorSchema, { code: BrokerError_Code.CANCELLED, message: "cancelled" });
  return statusOf(Code.CANCELLED, "cancelled", BrokerErrorSchema, detail);
}

interface Recorder {
  readonly path: string;
  readonly requests: SessionRequest[];
  /** Waits for `count` messages. */
  received(count: number): Promise<void>;
  operationIds(): bigint[];
  answer(results: Results): void;
  answerBytes(bytes: Buffer): void;
  /** Returns every `close` and `send`, at once. */
  answerAll(): void;
  cancel(opIds: readonly bigint[]): void;
  end(): void;
  stop(): Promise<void>;
}

async function startRecorder(): Promise<Recorder> {
  const directory = mkdtempSync(join(tmpdir(), "sockbroker-recorder-"));
  const path = join(directory, "sock");
  const requests: SessionRequest[] = [];
  let stream: ServerDuplexStream<Buffer, Buffer> | null = null;
  let answering = false;
  let wake: () => void = () => undefined;
  const answer = (results: Results): void => {
    const response: SessionResponse = create(SessionResponseSchema, { results });
    stream?.write(Buffer.from(toBinary(SessionResponseSchema, response)));
  };
  const server = new Server();
  const bytes = (value: Buffer): Buffer => value;
  server.addService(
    {
      session: {
        ...clientMethod(SessionService.method.session),
        requestSerialize: bytes,
        requestDeserialize: bytes,
        responseSerialize: bytes,
        responseDeserialize: bytes,
      },
    },
    {
      session: (call: ServerDuplexStream<Buffer, Buffer>) => {
        stream = call;
        call.on("data", (frame: Buffer) => {
          const request = fromBinary(SessionRequestSchema, frame);
          requests.push(request);
          if (answering) {
            answer(
              request.operations.map(({ opId, request: { case: verb } }) =>
                verb === "send"
                  ? { opId, outcome: { case: "send", value: {} } }
                  : { opId, outcome: { case: "close", value: {} } },
              ),
            );
          }
          wake();
        });
        call.on("error", () => undefined);
      },
    },
  );
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    );
  });
  return {
    path,
    requests,
    async received(count) {
      while (requests.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    operationIds: () => requests.flatMap((request) => request.operations.map(({ opId }) => opId)),
    answer,
    answerBytes: (frame) => {
      stream?.write(frame);
    },
    answerAll: () => {
      answering = true;
    },
    cancel: (opIds) => answer(opIds.map((opId) => ({ opId, outcome: { case: "error", value: cancelled() } }))),
    end: () => {
      stream?.end();
    },
    async stop() {
      server.forceShutdown();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
