import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";
import {
  OperationSchema,
  SessionRequestSchema,
  SessionResponseSchema,
} from "../../gen/sockbroker/v1/session_service_pb.js";
import { MESSAGE_PREFIX_BYTES } from "../../rpc/message-prefix.js";
import { MOST_ELEMENTS, RequestReader, ResponseWriter } from "./session-codec.js";

const opIds = [
  0n,
  1n,
  127n,
  128n,
  2n ** 32n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 56n,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 64n - 1n,
];

describe("a request that is decoded by hand", () => {
  it("has everything that the generated codec wrote: every verb, every size of op id, and cancellations", () => {
    const verbs = OperationSchema.fields.flatMap(({ localName, message }) =>
      message === undefined ? [] : [localName],
    );
    const operations = verbs.map((verb, i) => ({
      opId: opIds[i % opIds.length] ?? 0n,
      request: { case: verb, value: {} } as never,
    }));
    const bytes = toBinary(SessionRequestSchema, create(SessionRequestSchema, { operations, cancelOpIds: opIds }));
    const reader = new RequestReader(bytes);
    for (const { opId } of operations) {
      const next = reader.next();
      expect(next?.opId).toBe(opId);
      expect(verbs).toContain(next?.arm?.name);
    }
    expect(reader.next()).toBeNull();
    expect(reader.cancelOpIds).toEqual(opIds);
  });

  it.each([
    { what: "operations", of: (count: number) => Buffer.alloc(2 * count, Buffer.from([0x0a, 0])) },
    { what: "ids to cancel", of: (count: number) => Buffer.alloc(3 * count, Buffer.from([0x10, 0x80, 1])) },
    {
      what: "ids to cancel, packed",
      of: (count: number) =>
        Buffer.from(
          toBinary(
            SessionRequestSchema,
            create(SessionRequestSchema, { cancelOpIds: Array(count - 1).fill(2n ** 40n) }),
          ),
        ),
    },
  ])("may have so many $what, and no more", ({ of }) => {
    expect(() => new RequestReader(of(MOST_ELEMENTS))).not.toThrow();
    expect(() => new RequestReader(of(MOST_ELEMENTS + 1))).toThrow("more than 65536 fields");
  });

  it("has decoded operations", () => {
    const recv = { case: "recv", value: { handle: 2n ** 40n, maxBytes: -1n, flags: -1 } } as const;
    const message = create(SessionRequestSchema, { operations: [{ opId: 7n, request: recv }] });
    const next = new RequestReader(toBinary(SessionRequestSchema, message)).next();
    if (next?.arm == null) throw new Error("no operation");
    expect(next.request).toMatchObject(recv.value);
  });

  it("with an operation that is not known names the unknown field", () => {
    const reader = new RequestReader(Buffer.from([0x0a, 5, 0x08, 3, 0xfa, 0x3e, 0]));
    const cause = { name: "UnknownField", typeName: "sockbroker.v1.Operation", field: 1007 };
    expect(reader.next()).toMatchObject({ opId: 3n, arm: null, cause });
    expect(reader.next()).toBeNull();
  });

  it("decodes the others if one cannot be decoded, or has no request", () => {
    const reader = new RequestReader(
      Buffer.from([0x0a, 5, 0x08, 3, 0x62, 1, 0xff, 0x0a, 2, 0x08, 4, 0x0a, 4, 0x08, 5, 0x62, 0]),
    );
    expect(reader.next()).toMatchObject({ opId: 3n, arm: null, cause: expect.any(Error) });
    expect(reader.next()).toEqual({ opId: 4n, arm: null, cause: null });
    expect(reader.next()).toMatchObject({ opId: 5n, arm: expect.anything(), request: expect.anything() });
    expect(reader.next()).toBeNull();
  });

  it.each([
    ["a field that is not known", 3, [0x1a, 1, 9]],
    ["one behind operations", 3, [0x0a, 2, 0x08, 3, 0x1a, 1, 9]],
    ["operations that are a number", 1, [0x08, 3]],
    ["an id of eight bytes", 2, [0x11, 0, 0, 0, 0, 0, 0, 0, 0]],
  ])("is refused for %s before anything is decoded", (_, field, bytes) => {
    expect(() => new RequestReader(Buffer.from(bytes))).toThrow(
      expect.objectContaining({ name: "UnknownField", typeName: "sockbroker.v1.SessionRequest", field }),
    );
  });

  it.each([
    ["cut in a length", [0x0a]],
    ["shorter than it says", [0x0a, 5, 0x08, 1]],
    ["longer inside than outside", [0x0a, 2, 0x62, 5, 0, 0, 0, 0, 0]],
    ["a field without a number", [0x02, 0]],
    ["an id that is longer than its field, behind which it would go on as another", [0x12, 1, 0x90, 0x10, 1]],
  ])("is refused if its bytes are %s", (_, bytes) => {
    expect(() => {
      const reader = new RequestReader(Buffer.from(bytes));
      while (reader.next() !== null);
    }).toThrow();
  });
});

describe("a response that is encoded by hand", () => {
  it.each([300, 4_095, 4_096, 100_000])(
    "is what the generated codec reads, and has the computed length: %i",
    (size) => {
      const writer = new ResponseWriter();
      const recv = new RequestReader(
        toBinary(
          SessionRequestSchema,
          create(SessionRequestSchema, { operations: [{ request: { case: "recv", value: {} } }] }),
        ),
      ).next()?.arm;
      if (recv == null) throw new Error("no verb");
      let bytes = 0;
      for (const opId of opIds) {
        bytes += writer.succeed(opId, recv, { data: Buffer.alloc(size, 1), lengthBytes: 300n });
        bytes += writer.fail(opId, create(StatusSchema, { code: 5, message: "no" }));
      }
      expect(writer.byteLength).toBe(bytes);
      const response = writer.take()?.bytes.subarray(MESSAGE_PREFIX_BYTES);
      expect(response?.length).toBe(bytes);
      const { results } = fromBinary(SessionResponseSchema, response ?? Buffer.alloc(0));
      expect(results.map(({ opId }) => opId)).toEqual(opIds.flatMap((opId) => [opId, opId]));
      expect(results[0]?.outcome).toMatchObject({
        case: "recv",
        value: { data: Buffer.alloc(size, 1), lengthBytes: 300n },
      });
      expect(results[1]?.outcome).toMatchObject({ case: "error", value: { code: 5, message: "no" } });
      expect(writer.take()).toBeNull();
      expect(writer.byteLength).toBe(0);
    },
  );
});
