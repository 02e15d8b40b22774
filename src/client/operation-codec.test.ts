import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { StatusSchema } from "../gen/google/rpc/status_pb.js";
import { SessionRequestSchema, SessionResponseSchema } from "../gen/sockbroker/v1/session_service_pb.js";
import { answers, decodeFrame, decodeResponse, encodeFrame, encodeOperation, type Result } from "./operation-codec.js";

describe("encodeFrame", () => {
  test("writes what the generated codec reads", () => {
    const data = Buffer.alloc(70_000, 7);
    const frame = encodeFrame(
      [
        { opId: 1, encoded: encodeOperation("send", { handle: 2n ** 40n, data, flags: 0x4000 }) },
        { opId: 2 ** 45, encoded: encodeOperation("explainPolicy", { operation: "bind" }) },
        { opId: 300, encoded: encodeOperation("gethostname", {}) },
      ],
      [1, 127, 128, 2 ** 45],
    );
    expect(fromBinary(SessionRequestSchema, frame)).toEqual(
      create(SessionRequestSchema, {
        operations: [
          { opId: 1n, request: { case: "send", value: { handle: 2n ** 40n, data, flags: 0x4000 } } },
          { opId: 2n ** 45n, request: { case: "explainPolicy", value: { operation: "bind" } } },
          { opId: 300n, request: { case: "gethostname", value: {} } },
        ],
        cancelOpIds: [1n, 127n, 128n, 2n ** 45n],
      }),
    );
  });

  test("may be cancellations alone", () => {
    const request = fromBinary(SessionRequestSchema, encodeFrame([], [5]));
    expect(request.cancelOpIds).toEqual([5n]);
    expect(request.operations).toEqual([]);
  });
});

test("decodeFrame reads what the generated codec writes", () => {
  const error = create(StatusSchema, { code: 9, message: "no" });
  const frame = toBinary(
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
  decodeFrame(frame, (result) => results.push(result));
  const [first, second, third] = results;
  if (first === undefined || !("arm" in first)) throw new Error("not a response");
  expect(first.opId).toBe(1);
  expect(answers("recv", first.arm)).toBe(true);
  expect(answers("recvfrom", first.arm)).toBe(false);
  expect(Buffer.from(decodeResponse("recv", first.bytes).data).toString()).toBe("abc");
  expect(second).toEqual({ opId: 2 ** 40, error });
  expect(third).toMatchObject({ opId: 3, bytes: new Uint8Array() });
});

test("decodeFrame throws on what is cut short", () => {
  const frame = toBinary(
    SessionResponseSchema,
    create(SessionResponseSchema, {
      results: [{ opId: 1n, outcome: { case: "gethostname", value: { hostname: "h" } } }],
    }),
  );
  expect(() => decodeFrame(frame.subarray(0, frame.length - 1), () => undefined)).toThrow();
});

test("encodeOperation throws on a number beyond its field, here and not in the transport", () => {
  expect(() => encodeOperation("listen", { handle: -1n })).toThrow(/invalid uint64/);
  expect(() => encodeOperation("listen", { handle: 1n, backlog: 2 ** 40 })).toThrow(/invalid int32/);
});
