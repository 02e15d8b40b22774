/*
 * The decoders and encoders of messages, with valid inputs, damaged ones, and noise. Those by hand are compared with the
 * generated codec, and decoders may fail with no errors but those of `isDeclared`.
 */

import { create, type DescMessage, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { StatusSchema } from "../../src/gen/google/rpc/status_pb.js";
import { SocketAddressSchema } from "../../src/gen/sockbroker/v1/address_pb.js";
import { ControlMessageSchema } from "../../src/gen/sockbroker/v1/ancillary_pb.js";
import {
  OperationResultSchema,
  OperationSchema,
  SessionRequestSchema,
  SessionResponseSchema,
} from "../../src/gen/sockbroker/v1/session_service_pb.js";
import {
  ClientFrameSchema,
  ServerFrameSchema,
  type WatchInterest,
  WatchRequestSchema,
} from "../../src/gen/sockbroker/v1/stream_service_pb.js";
import { decodeStrictly, UnknownField } from "../../src/rpc/decode-strictly.js";
import { UNCOUNTED_BYTES } from "../../src/rpc/field-limit.js";
import { decodeFrame, encodeFrame } from "../../src/server/streams/attach-codec.js";
import { type Arm, type ReadOperation, RequestReader, ResponseWriter } from "../../src/server/streams/session-codec.js";
import { WatchReader } from "../../src/server/streams/watch-codec.js";
import { damage, noise, pick, type Random, randomOf } from "./bytes.js";
import { check } from "./check.js";
import { fuzzMessage } from "./requests.js";

const CORPUS = 300;
const corpora = new Map<DescMessage, readonly Uint8Array[]>();

/** A valid message: one of a few hundred that are generated once, because that takes longer than to decode one. */
function valid(random: Random, schema: DescMessage): Uint8Array {
  let corpus = corpora.get(schema);
  if (corpus === undefined) {
    corpus = Array.from({ length: CORPUS }, (_, index) => {
      const maker = { random: randomOf(schema.typeName.length, index), handles: [2n ** 30n], depth: 0 };
      return toBinary(schema, fuzzMessage(schema, maker));
    });
    corpora.set(schema, corpus);
  }
  return pick(random, corpus);
}

/** A message that may be damaged. */
function someBytes(random: Random, schema: DescMessage): { readonly bytes: Uint8Array; readonly isValid: boolean } {
  const choice = random(8);
  if (choice === 0) return { bytes: noise(random, 40), isValid: false };
  const bytes = valid(random, schema);
  if (choice < 3) return { bytes, isValid: true };
  return { bytes: damage(random, choice === 3 ? damage(random, bytes) : bytes), isValid: false };
}

/** Whether a decoder may throw an error: the generated codec's, and those of the API. */
function isDeclared(error: unknown): boolean {
  if (error instanceof RangeError) return error.message !== "Maximum call stack size exceeded";
  if (!(error instanceof Error)) return false;
  // A string that is not UTF-8.
  if ("code" in error && error.code === "ERR_ENCODING_INVALID_ENCODED_DATA") return true;
  return error.name === "UnknownField" || error.name === "TooManyFields" || error.constructor === Error;
}

/** The value, or null for a declared error. Any other error is a fault. */
function decoded<T>(decode: () => T): T | null {
  try {
    return decode();
  } catch (error) {
    if (!isDeclared(error)) throw error;
    return null;
  }
}

/** Whether a message, or one in it, has fields that its type does not have. */
function hasUnknown(value: unknown): boolean {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return false;
  if ("$unknown" in value && Array.isArray(value.$unknown) && value.$unknown.length > 0) return true;
  return Object.values(value).some(hasUnknown);
}

/** What a strict decoder must find in a message; null if it must fail. */
function generated<Desc extends DescMessage>(schema: Desc, bytes: Uint8Array) {
  const message = decoded(() => fromBinary(schema, bytes));
  return message === null || hasUnknown(message) ? null : message;
}

/** Compares what a strict decoder found with what the generated codec finds. */
function compare<Desc extends DescMessage>(
  schema: Desc,
  { bytes, isValid }: ReturnType<typeof someBytes>,
  found: MessageShape<Desc> | null,
  isStricter = bytes.length > UNCOUNTED_BYTES,
): void {
  const expected = generated(schema, bytes);
  check(!isValid || found !== null, `a valid ${schema.typeName} is refused`);
  check(found === null || expected !== null, `an invalid ${schema.typeName} is accepted`);
  // The generated codec does not mind a field that ends outside its message. Long messages are checked before.
  check(isStricter || found !== null || expected === null, `${schema.typeName} is refused`);
  if (found === null || expected === null) return;
  check(Buffer.compare(toBinary(schema, found), toBinary(schema, expected)) === 0, `${schema.typeName} differs`);
}

const requests = [...OperationSchema.fields.flatMap(({ message }) => message ?? [])];

/** One request of any verb. */
export function fuzzRequest(random: Random): void {
  const schema = pick(random, requests);
  const some = someBytes(random, schema);
  compare(
    schema,
    some,
    decoded(() => decodeStrictly(schema, some.bytes)),
  );
}

/** One frame of an attach stream. */
export function fuzzClientFrame(random: Random): void {
  const some = someBytes(random, ClientFrameSchema);
  const found = decoded(() => {
    const frame = decodeFrame(some.bytes);
    if (frame.case !== "messages") return create(ClientFrameSchema, { frame });
    // Those of a long frame are decoded as they are iterated.
    return create(ClientFrameSchema, { frame: { case: "messages", value: { messages: [...frame.value.messages] } } });
  });
  compare(ClientFrameSchema, some, found);
}

/** One message of the Watch stream. */
export function fuzzWatchRequest(random: Random): void {
  const some = someBytes(random, WatchRequestSchema);
  const found = decoded(() => {
    const reader = new WatchReader(some.bytes);
    const interests: WatchInterest[] = [];
    for (let next = reader.next(); next !== null; next = reader.next()) interests.push(next);
    return create(WatchRequestSchema, { interests, lookAgain: reader.lookAgain });
  });
  compare(WatchRequestSchema, some, found, true);
}

/** One message of the Session stream. An operation that cannot be decoded must not prevent the others. */
export function fuzzSessionRequest(random: Random): void {
  const isDamaged = random(3) !== 0;
  const parts = Array.from({ length: random(4) }, () => delimited(1, valid(random, OperationSchema)));
  const whole = Buffer.concat([...parts, ...(random(2) === 0 ? [valid(random, SessionRequestSchema)] : [])]);
  const bytes = isDamaged ? damage(random, whole) : whole;
  const expected = decoded(() => outerFields(bytes));
  const operations: ReadOperation[] = [];
  const cancelOpIds = decoded(() => {
    const reader = new RequestReader(bytes);
    for (let next = reader.next(); next !== null; next = reader.next()) {
      check(operations.length < bytes.length, "more operations than bytes");
      operations.push(next);
    }
    return reader.cancelOpIds;
  });
  if (cancelOpIds === null || expected === null) {
    check(isDamaged, "a valid request is refused");
    // Its operations are read later than the fields around them.
    check(cancelOpIds === null, "an invalid request is accepted");
    return;
  }
  check(expected.cancelOpIds.join() === cancelOpIds.join(), "other ids are cancelled");
  check(expected.operations.length === operations.length, "operations are missing");
  for (const [index, found] of operations.entries()) checkOperation(found, expected.operations[index], isDamaged);
}

function checkOperation(found: ReadOperation, bytes: Uint8Array | undefined, isDamaged: boolean): void {
  check(bytes !== undefined, "an operation that was not sent");
  const sent = decoded(() => fromBinary(OperationSchema, bytes));
  if (found.arm === null) {
    const { cause } = found;
    check(cause === null || isDeclared(cause), `an operation failed with ${cause}`);
    // The generated codec does not mind a field that ends outside its message.
    check(isDamaged || sent === null || sent.request.case === undefined, "a valid operation is refused");
    return;
  }
  check(sent !== null && sent.opId === found.opId, "an operation has another id");
  check(sent.request.case === found.arm.name, "an operation has another verb");
  // The generated codec merges repeated fields.
  if (isDamaged) return;
  const { request } = found.arm;
  const same = Buffer.compare(
    toBinary(request, found.request as never),
    toBinary(request, sent.request.value as never),
  );
  check(same === 0, "an operation differs");
}

/** The fields of a SessionRequest. */
function outerFields(bytes: Uint8Array): { operations: Uint8Array[]; cancelOpIds: bigint[] } {
  const operations: Uint8Array[] = [];
  const cancelOpIds: bigint[] = [];
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 1 && wireType === WireType.LengthDelimited) operations.push(reader.bytes());
    else if (field === 2 && wireType === WireType.Varint) cancelOpIds.push(BigInt(reader.uint64()));
    else if (field === 2 && wireType === WireType.LengthDelimited) {
      const ids = new BinaryReader(reader.bytes());
      while (ids.pos < ids.len) cancelOpIds.push(BigInt(ids.uint64()));
    } else throw new UnknownField(SessionRequestSchema.typeName, field);
  }
  return { operations, cancelOpIds };
}

/** A length-delimited field with a number below 16. */
function delimited(field: number, bytes: Uint8Array): Buffer {
  const length: number[] = [];
  let left = bytes.length;
  for (; left >= 0x80; left >>>= 7) length.push((left & 0x7f) | 0x80);
  return Buffer.concat([Buffer.of((field << 3) | 2, ...length, left), bytes]);
}

const arms: readonly Arm[] = OperationSchema.fields.flatMap(({ number, localName, message: request }) => {
  const response = OperationResultSchema.fields.find((field) => field.localName === localName)?.message;
  return request === undefined || response === undefined ? [] : [{ name: localName, number, request, response }];
});

/** Results of a Session stream, which the generated codec must read. */
export function fuzzResults(random: Random): void {
  const writer = new ResponseWriter();
  const sent: { readonly opId: bigint; readonly name: string; readonly bytes: Uint8Array }[] = [];
  let length = 0;
  for (let left = 1 + random(4); left > 0; left--) {
    const opId = BigInt.asUintN(64, (BigInt(random(2 ** 32)) << BigInt(random(33))) + BigInt(random(2 ** 32)));
    if (random(4) === 0) {
      const status = create(StatusSchema, { code: random(17), message: "no".repeat(random(100)) });
      sent.push({ opId, name: "error", bytes: toBinary(StatusSchema, status) });
      length += writer.fail(opId, status);
    } else {
      const arm = pick(random, arms);
      const bytes = valid(random, arm.response);
      sent.push({ opId, name: arm.name, bytes });
      length += writer.succeed(opId, arm, fromBinary(arm.response, bytes));
    }
  }
  const message = writer.take()?.bytes ?? null;
  check(message !== null && message.length === length + 5 && message.readUInt32BE(1) === length, "the length is wrong");
  const { results } = fromBinary(SessionResponseSchema, message.subarray(5));
  check(results.length === sent.length, "results are missing");
  for (const [index, { opId, outcome }] of results.entries()) {
    const one = sent[index];
    check(one !== undefined && one.opId === opId && outcome.case === one.name, "a result is another");
    const schema = OperationResultSchema.fields.find(({ localName }) => localName === outcome.case)?.message;
    check(schema !== undefined, "a result has no type");
    check(Buffer.compare(toBinary(schema, outcome.value as never), one.bytes) === 0, "a result differs");
  }
}

/** Received messages of an attach stream. */
export function fuzzReceived(random: Random): void {
  const messages = Array.from({ length: random(5) }, () => ({
    data: noise(random, pick(random, [1, 20, 300, 20_000])),
    lengthBytes: BigInt(random(pick(random, [2, 300, 2 ** 31]))),
    flags: random(2) === 0 ? 0 : random(2 ** 32) | 0,
    ...(random(2) === 0 ? {} : { address: fromBinary(SocketAddressSchema, valid(random, SocketAddressSchema)) }),
    ancillaryData: Array.from({ length: random(3) }, () =>
      fromBinary(ControlMessageSchema, valid(random, ControlMessageSchema)),
    ),
  }));
  const frame = { case: "messages" as const, value: { messages } };
  const expected = toBinary(ServerFrameSchema, create(ServerFrameSchema, { frame }));
  // Negative flags are encoded in fewer bytes.
  const found = toBinary(ServerFrameSchema, fromBinary(ServerFrameSchema, encodeFrame(frame)));
  check(Buffer.compare(found, expected) === 0, "received messages are encoded differently");
}
