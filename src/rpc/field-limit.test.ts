import { create, type DescMessage, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { describe, expect, it } from "vitest";
import { file_sockbroker_v1_admin_service } from "../gen/sockbroker/v1/admin_service_pb.js";
import { file_sockbroker_v1_conversion_service } from "../gen/sockbroker/v1/conversion_service_pb.js";
import { file_sockbroker_v1_host_service } from "../gen/sockbroker/v1/host_service_pb.js";
import { file_sockbroker_v1_interface_service } from "../gen/sockbroker/v1/interface_service_pb.js";
import { file_sockbroker_v1_policy_service } from "../gen/sockbroker/v1/policy_service_pb.js";
import { file_sockbroker_v1_resolver_service } from "../gen/sockbroker/v1/resolver_service_pb.js";
import { file_sockbroker_v1_session_service } from "../gen/sockbroker/v1/session_service_pb.js";
import {
  file_sockbroker_v1_socket_service,
  RecvRequestSchema,
  SendFdsRequestSchema,
  SendmsgRequestSchema,
} from "../gen/sockbroker/v1/socket_service_pb.js";
import { file_sockbroker_v1_stream_service } from "../gen/sockbroker/v1/stream_service_pb.js";
import { countVarints, limitFields, MOST_FIELDS, TooManyFields, UNCOUNTED_BYTES } from "./field-limit.js";

function encoded<S extends DescMessage>(schema: S, init: MessageInitShape<S>): Uint8Array {
  return toBinary(schema, create(schema, init));
}

function refusal(schema: DescMessage, bytes: Uint8Array): string {
  try {
    limitFields(schema, bytes);
    return "none";
  } catch (error) {
    if (error instanceof TooManyFields) return error.message;
    throw error;
  }
}

const limited = `more than ${MOST_FIELDS} fields`;

describe("the fields of a message", () => {
  const one = { level: 1, type: 2 };
  const members: readonly { name: string; schema: DescMessage; of: (count: number) => Uint8Array; each: number }[] = [
    {
      name: "an empty list element",
      schema: SendmsgRequestSchema,
      of: (count) => encoded(SendmsgRequestSchema, { buffers: Array<Uint8Array>(count).fill(new Uint8Array(1)) }),
      each: 1,
    },
    {
      name: "a message in a list, four times, with its own",
      schema: SendmsgRequestSchema,
      of: (count) => encoded(SendmsgRequestSchema, { ancillaryData: Array(count).fill(one) }),
      each: 6,
    },
    {
      name: "a number in a packed list, whatever its length",
      schema: SendFdsRequestSchema,
      // The field itself counts too.
      of: (count) => encoded(SendFdsRequestSchema, { handles: Array<bigint>(count - 1).fill(2n ** 40n) }),
      each: 1,
    },
    {
      name: "the same field again",
      schema: RecvRequestSchema,
      of: (count) => {
        const writer = new BinaryWriter();
        for (let i = 0; i < count; i++) writer.tag(1, WireType.Varint).uint64(2n ** 40n);
        return writer.finish();
      },
      each: 1,
    },
    {
      name: "an unknown field",
      schema: RecvRequestSchema,
      of: (count) => {
        const writer = new BinaryWriter();
        for (let i = 0; i < count; i++) writer.tag(999, WireType.Bit64).fixed64(7n);
        return writer.finish();
      },
      each: 1,
    },
  ];
  it.each(members)("are counted: $name", ({ schema, of, each }) => {
    const most = Math.floor(MOST_FIELDS / each);
    expect(refusal(schema, of(most))).toBe("none");
    expect(refusal(schema, of(most + 1))).toContain(limited);
  });

  it("are not its bytes", () => {
    const data = Buffer.alloc(4 * 1024 * 1024, Buffer.from([10, 0]));
    expect(refusal(SendmsgRequestSchema, encoded(SendmsgRequestSchema, { buffers: [data] }))).toBe("none");
  });

  it("cannot be too many in a short message", () => {
    const bytes = Buffer.alloc(UNCOUNTED_BYTES, Buffer.from([26, 0]));
    expect(refusal(SendmsgRequestSchema, bytes)).toBe("none");
    expect(refusal(SendmsgRequestSchema, Buffer.concat([bytes, bytes]))).toContain(limited);
  });

  const padding = Buffer.alloc(64 * 1024);
  const wrong = [
    { name: "a length instead of a number", bytes: [0x0a, 0xff, 0xff, 0x03], text: "wire type" },
    { name: "a fixed length instead of bytes", bytes: [0x11], text: "wire type" },
    { name: "an end of a group instead of a number", bytes: [0x0c], text: "wire type" },
    { name: "a group", bytes: [0xfb, 0x07], text: "group" },
    { name: "a field that is longer than the message", bytes: [0x12, 0xff, 0xff, 0xff, 0x7f], text: "EOF" },
    { name: "a message that is longer than the one it is in", bytes: [0x1a, 2, 0x22, 0x7f], text: "EOF" },
  ];
  it.each(wrong)("are not counted past $name", ({ bytes, text }) => {
    expect(() => limitFields(SendmsgRequestSchema, Buffer.concat([Buffer.from(bytes), padding]))).toThrow(text);
  });
});

it("every message of the requests can be counted", () => {
  const files = [
    file_sockbroker_v1_admin_service,
    file_sockbroker_v1_conversion_service,
    file_sockbroker_v1_host_service,
    file_sockbroker_v1_interface_service,
    file_sockbroker_v1_policy_service,
    file_sockbroker_v1_resolver_service,
    file_sockbroker_v1_session_service,
    file_sockbroker_v1_socket_service,
    file_sockbroker_v1_stream_service,
  ];
  // One field that no message has, longer than what is not counted.
  const bytes = new BinaryWriter().tag(99_999, WireType.LengthDelimited).bytes(new Uint8Array(20_000)).finish();
  const counted = new Set<DescMessage>();
  const count = (schema: DescMessage): void => {
    if (counted.has(schema)) return;
    counted.add(schema);
    limitFields(schema, bytes);
    for (const { message } of schema.fields) if (message !== undefined) count(message);
  };
  for (const { input } of files.flatMap(({ services }) => services).flatMap(({ methods }) => methods)) count(input);
  expect(counted.size).toBeGreaterThan(90);
});

it("counts varints by their last bytes", () => {
  expect(countVarints(Uint8Array.of(1, 0x80, 1, 0xff, 0xff, 3, 9), 1, 6)).toBe(2);
});
