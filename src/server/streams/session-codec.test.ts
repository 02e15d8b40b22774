import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";
import {
  OperationSchema,
  SessionRequestSchema,
  SessionResponseSchema,
} from "../../gen/sockbroker/v1/session_service_pb.js";
import { decodeRequest, RequestReader, ResponseWriter } from "./session-codec.js";

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

describe("reading a request by hand", () => {
  it("finds what the generated codec wrote: every verb, every size of op id, and the cancellations", () => {
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

  it("decodes what is in an operation", () => {
    const recv = { case: "recv", value: { handle: 2n ** 40n, maxBytes: -1n, flags: -1 } } as const;
    const message = create(SessionRequestSchema, { operations: [{ opId: 7n, request: recv }] });
    const next = new RequestReader(toBinary(SessionRequestSchema, message)).next();
    if (next?.arm == null) throw new Error("no operation");
    expect(decodeRequest(next.arm, next.request)).toMatchObject(recv.value);
  });

  it("answers an operation without a known request, with the field that it does not know", () => {
    const reader = new RequestReader(Buffer.from([0x0a, 5, 0x08, 3, 0xfa, 0x3e, 0]));
    expect(reader.next()).toMatchObject({ opId: 3n, arm: null, unknownField: 1007 });
    expect(reader.next()).toBeNull();
  });

  it.each([
    ["a field that is not known", 3, [0x1a, 1, 9]],
    ["one behind operations", 3, [0x0a, 2, 0x08, 3, 0x1a, 1, 9]],
    ["operations that are a number", 1, [0x08, 3]],
    ["an id of eight bytes", 2, [0x11, 0, 0, 0, 0, 0, 0, 0, 0]],
  ])("refuses %s before anything is read", (_, field, bytes) => {
    expect(() => new RequestReader(Buffer.from(bytes))).toThrow(
      expect.objectContaining({ name: "UnknownField", typeName: "sockbroker.v1.SessionRequest", field }),
    );
  });

  it.each([
    ["cut in a length", [0x0a]],
    ["shorter than it says", [0x0a, 5, 0x08, 1]],
    ["longer inside than outside", [0x0a, 2, 0x62, 5, 0, 0, 0, 0, 0]],
    ["a field without a number", [0x02, 0]],
  ])("refuses bytes that are %s", (_, bytes) => {
    expect(() => {
      const reader = new RequestReader(Buffer.from(bytes));
      while (reader.next() !== null);
    }).toThrow();
  });
});

describe("writing a response by hand", () => {
  it("gives what the generated codec reads, in as many bytes as it says", () => {
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
      bytes += writer.succeed(opId, recv, { data: Buffer.alloc(300, 1), lengthBytes: 300n });
      bytes += writer.fail(opId, create(StatusSchema, { code: 5, message: "no" }));
    }
    expect(writer.byteLength).toBe(bytes);
    const response = writer.take();
    expect(response?.length).toBe(bytes);
    const { results } = fromBinary(SessionResponseSchema, response ?? Buffer.alloc(0));
    expect(results.map(({ opId }) => opId)).toEqual(opIds.flatMap((opId) => [opId, opId]));
    expect(results[0]?.outcome).toMatchObject({ case: "recv", value: { lengthBytes: 300n } });
    expect(results[1]?.outcome).toMatchObject({ case: "error", value: { code: 5, message: "no" } });
    expect(writer.take()).toBeNull();
    expect(writer.byteLength).toBe(0);
  });
});
