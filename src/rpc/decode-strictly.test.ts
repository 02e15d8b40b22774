import { create, type DescMessage, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { InetAddressSchema, SocketAddressSchema } from "../gen/sockbroker/v1/address_pb.js";
import { ControlMessageSchema } from "../gen/sockbroker/v1/ancillary_pb.js";
import { RecvRequestSchema, SendmsgRequestSchema } from "../gen/sockbroker/v1/socket_service_pb.js";
import { decodeStrictly, UnknownField } from "./decode-strictly.js";

/** Field 99 with the value 1. */
const UNKNOWN = Uint8Array.of(0x98, 0x06, 0x01);

/** An otherwise empty message with that field. */
function newer<Desc extends DescMessage>(schema: Desc): MessageShape<Desc> {
  return fromBinary(schema, UNKNOWN);
}

describe("a strictly decoded request", () => {
  it("is unchanged if all its fields are known", () => {
    const request = create(SendmsgRequestSchema, {
      handle: 7n,
      buffers: [Uint8Array.of(120)],
      address: { address: { case: "inet", value: { host: "127.0.0.1", port: 80 } } },
      ancillaryData: [{ level: 1, type: 2 }],
      timeout: { limit: { case: "unlimited", value: true } },
    });
    expect(decodeStrictly(SendmsgRequestSchema, toBinary(SendmsgRequestSchema, request))).toEqual(request);
  });

  it("is refused if it has an unknown field", () => {
    const bytes = Buffer.concat([toBinary(RecvRequestSchema, create(RecvRequestSchema, { handle: 7n })), UNKNOWN]);
    expect(() => decodeStrictly(RecvRequestSchema, bytes)).toThrow(new UnknownField("sockbroker.v1.RecvRequest", 99));
  });

  it("is refused if a nested message, an element of a list, or an arm of a oneof has an unknown field", () => {
    const { typeName } = SocketAddressSchema;
    const inside = create(SendmsgRequestSchema, { address: newer(SocketAddressSchema) });
    const listed = create(SendmsgRequestSchema, { ancillaryData: [{ level: 1 }, newer(ControlMessageSchema)] });
    const armed = create(SocketAddressSchema, { address: { case: "inet", value: newer(InetAddressSchema) } });
    expect(() => decodeStrictly(SendmsgRequestSchema, toBinary(SendmsgRequestSchema, inside))).toThrow(
      new UnknownField(typeName, 99),
    );
    expect(() => decodeStrictly(SendmsgRequestSchema, toBinary(SendmsgRequestSchema, listed))).toThrow(
      new UnknownField("sockbroker.v1.ControlMessage", 99),
    );
    expect(() => decodeStrictly(SocketAddressSchema, toBinary(SocketAddressSchema, armed))).toThrow(
      new UnknownField("sockbroker.v1.InetAddress", 99),
    );
  });
});
