import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { describe, expect, test } from "vitest";
import { StatusSchema } from "../gen/google/rpc/status_pb.js";
import {
  OperationResultSchema,
  SessionRequestSchema,
  SessionResponseSchema,
} from "../gen/sockbroker/v1/session_service_pb.js";
import {
  answers,
  decodeResponse,
  decodeSessionResponse,
  encodeOperation,
  encodeSessionRequest,
  type Result,
} from "./operation-codec.js";

describe("encodeSessionRequest", () => {
  test("writes bytes that the generated codec reads", () => {
    const data = Buffer.alloc(70_000, 7);
    const message = encodeSessionRequest(
      [
        { opId: 1, encoded: encodeOperation("send", { handle: 2n ** 40n, data, flags: 0x4000 }) },
        { opId: 2 ** 45, encoded: encodeOperation("explainPolicy", { permission: "bind" }) },
        { opId: 300, encoded: encodeOperation("gethostname", {}) },
      ],
      [1, 127, 128, 2 ** 45],
    );
    expect(fromBinary(SessionRequestSchema, message)).toEqual(
      create(SessionRequestSchema, {
        operations: [
          { opId: 1n, request: { case: "send", value: { handle: 2n ** 40n, data, flags: 0x4000 } } },
          { opId: 2n ** 45n, request: { case: "explainPolicy", value: { permission: "bind" } } },
          { opId: 300n, request: { case: "gethostname", value: {} } },
        ],
        cancelOpIds: [1n, 127n, 128n, 2n ** 45n],
      }),
    );
  });

  test("may contain only cancellations", () => {
    const request = fromBinary(SessionRequestSchema, encodeSessionRequest([], [5]));
    expect(request.cancelOpIds).toEqual([5n]);
    expect(request.operations).toEqual([]);
  });
});

test("decodeSessionResponse reads bytes that the generated codec writes", () => {
  const error = create(StatusSchema, { code: 9, message: "no" });
  const message = toBinary(
    SessionResponseSchema,
    create(SessionResponseSchema, {
      results: [
        { opId: 1n, outcome: { case: "recv", value: { data: Buffer.from("abc"), lengthBytes: 3n } } },
        { opId: 2n ** 40n, outcome: { case: "error", value: error } },
        { opId: 3n, outcome: { case: "shutdown", value: {} } },
      ],
    }),
  );
  const results: Result[] = [];
  decodeSessionResponse(message, (result) => results.push(result));
  const [first, second, third] = results;
  if (first === undefined || !("arm" in first)) throw new Error("not a response");
  expect(first.opId).toBe(1);
  expect(answers("recv", first.arm)).toBe(true);
  expect(answers("recvfrom", first.arm)).toBe(false);
  expect(Buffer.from(decodeResponse("recv", first.bytes).data).toString()).toBe("abc");
  expect(second).toEqual({ opId: 2 ** 40, error });
  expect(third).toMatchObject({ opId: 3, bytes: new Uint8Array() });
});

/** Fields that a newer daemon may add, one for each wire type: varint, 64 and 32 bits, bytes, a group. */
const newFields: readonly (readonly [string, (writer: BinaryWriter) => unknown])[] = [
  ["a number", (writer) => writer.tag(999, WireType.Varint).uint32(7)],
  ["64 bits", (writer) => writer.tag(999, WireType.Bit64).fixed64(7)],
  ["32 bits", (writer) => writer.tag(999, WireType.Bit32).fixed32(7)],
  ["bytes", (writer) => writer.tag(999, WireType.LengthDelimited).bytes(Buffer.from("new"))],
  ["a group", (writer) => writer.tag(999, WireType.StartGroup).tag(999, WireType.EndGroup)],
];

test.each(newFields)("decodeSessionResponse skips %s of a newer daemon, before and after the outcome", (_, add) => {
  const recv = create(OperationResultSchema, {
    opId: 5n,
    outcome: { case: "recv", value: { data: Buffer.from("abc"), lengthBytes: 3n } },
  });
  const writer = new BinaryWriter();
  add(writer);
  const added = writer.finish();
  const known = toBinary(OperationResultSchema, recv);
  for (const pieces of [
    [added, known],
    [known, added],
  ]) {
    const message = new BinaryWriter();
    add(message);
    message.tag(1, WireType.LengthDelimited).bytes(Buffer.concat(pieces));
    add(message);
    const results: Result[] = [];
    decodeSessionResponse(message.finish(), (result) => results.push(result));
    const [result] = results;
    if (results.length !== 1 || result === undefined || !("arm" in result)) throw new Error("not one response");
    expect(result.opId).toBe(5);
    expect(answers("recv", result.arm)).toBe(true);
    expect(Buffer.from(decodeResponse("recv", result.bytes).data).toString()).toBe("abc");
  }
});

test("decodeSessionResponse throws if the message is truncated", () => {
  const message = toBinary(
    SessionResponseSchema,
    create(SessionResponseSchema, {
      results: [{ opId: 1n, outcome: { case: "gethostname", value: { hostname: "h" } } }],
    }),
  );
  expect(() => decodeSessionResponse(message.subarray(0, message.length - 1), () => undefined)).toThrow();
});

test("encodeOperation throws if a number exceeds its field, before the transport gets it", () => {
  expect(() => encodeOperation("listen", { handle: -1n })).toThrow(/invalid uint64/);
  expect(() => encodeOperation("listen", { handle: 1n, backlog: 2 ** 40 })).toThrow(/invalid int32/);
});
