/*
 * The outer messages of the Session stream are encoded by hand. It carries tens of thousands of operations a second,
 * and the reflective codec spends three quarters of its time on the two outer messages, because it walks the ninety
 * arms of their oneof each time. Only the inner request and response go through it; the outer ones are a tag and a
 * length each:
 *
 *   SessionRequest  { repeated Operation operations = 1; repeated uint64 cancel_op_ids = 2 [packed]; }
 *   Operation       { uint64 op_id = 1; oneof request { … = N } }
 *   SessionResponse { repeated OperationResult results = 1; }
 *   OperationResult { uint64 op_id = 1; oneof outcome { Status error = 2; … = N } }
 *
 * Encoding here also keeps an invalid request from failing inside grpc-js, where it would end the stream with all other
 * operations.
 */
import {
  create,
  type DescMessage,
  type DescMethod,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { type Status, StatusSchema } from "../gen/google/rpc/status_pb.js";
import { ConversionService } from "../gen/sockbroker/v1/conversion_service_pb.js";
import { HostService } from "../gen/sockbroker/v1/host_service_pb.js";
import { InterfaceService } from "../gen/sockbroker/v1/interface_service_pb.js";
import { PolicyService } from "../gen/sockbroker/v1/policy_service_pb.js";
import { ResolverService } from "../gen/sockbroker/v1/resolver_service_pb.js";
import {
  type Operation,
  type OperationResult,
  OperationResultSchema,
  OperationSchema,
  SessionService,
} from "../gen/sockbroker/v1/session_service_pb.js";
import { SocketService } from "../gen/sockbroker/v1/socket_service_pb.js";
import { varintLength, writeVarint } from "../rpc/varint.js";

/** A verb: the name of its arm in `Operation`. */
export type Verb = NonNullable<Operation["request"]["case"]>;
/** The fields of a verb's request. */
export type RequestInit<V extends Verb> = MessageInitShape<
  GenMessage<Extract<Operation["request"], { case: V }>["value"]>
>;
/** A verb's response. */
export type ResponseOf<V extends Verb> = Extract<OperationResult["outcome"], { case: V }>["value"];

/** A result: an error, or the response of the verb with field number `arm`. */
export type Result =
  | { readonly opId: number; readonly error: Status }
  | { readonly opId: number; readonly arm: number; readonly bytes: Uint8Array };

/** An operation that is encoded except for its id. */
export interface EncodedOperation {
  readonly arm: number;
  readonly request: Uint8Array;
}

interface VerbCodec {
  readonly arm: number;
  readonly request: DescMessage;
  readonly response: DescMessage;
}

const OPERATIONS_TAG = (1 << 3) | WireType.LengthDelimited;
const CANCEL_TAG = (2 << 3) | WireType.LengthDelimited;
const OP_ID_TAG = (1 << 3) | WireType.Varint;
const ERROR_FIELD = 2;
/** The arms of `outcome` that this client knows. A newer daemon may add other fields beside them. */
const outcomes: ReadonlySet<number> = new Set(
  OperationResultSchema.fields.filter(({ oneof }) => oneof?.localName === "outcome").map(({ number }) => number),
);

const codecs: ReadonlyMap<string, VerbCodec> = new Map(
  OperationSchema.fields.flatMap((field) => {
    const outcome = OperationResultSchema.fields.find(({ localName }) => localName === field.localName);
    if (field.message === undefined || outcome?.message === undefined) return [];
    return [[field.localName, { arm: field.number, request: field.message, response: outcome.message }] as const];
  }),
);

/** The verbs that the API marks as free of side effects. */
const repeatable: ReadonlySet<string> = new Set(
  [SessionService, SocketService, ResolverService, InterfaceService, HostService, ConversionService, PolicyService]
    .flatMap(({ methods }): readonly DescMethod[] => methods)
    .filter(({ idempotency }) => idempotency !== MethodOptions_IdempotencyLevel.IDEMPOTENCY_UNKNOWN)
    .map(({ localName }) => localName),
);

/** Tells whether an operation can be performed twice without a difference. */
export function mayBeRepeated(verb: Verb): boolean {
  return repeatable.has(verb);
}

/** Encodes a request. Throws if a number does not fit its field. */
export function encodeOperation<V extends Verb>(verb: V, init: RequestInit<V>): EncodedOperation {
  const { arm, request } = codecOf(verb);
  return { arm, request: toBinary(request, create(request, init as MessageInitShape<DescMessage>)) };
}

/** Decodes the response of a verb. */
export function decodeResponse<V extends Verb>(verb: V, bytes: Uint8Array): ResponseOf<V> {
  const message: MessageShape<DescMessage> = fromBinary(codecOf(verb).response, bytes, { readUnknownFields: false });
  return message as never;
}

/** Returns an upper bound for the bytes that an operation takes in a SessionRequest. */
export function encodedLength(operation: EncodedOperation): number {
  return operation.request.length + 32;
}

/** Encodes a SessionRequest. */
export function encodeSessionRequest(
  operations: readonly { readonly opId: number; readonly encoded: EncodedOperation }[],
  cancelOpIds: readonly number[],
): Buffer {
  let size = 0;
  for (const { opId, encoded } of operations) {
    const inner = innerLength(opId, encoded);
    size += 1 + varintLength(inner) + inner;
  }
  const cancelBytes = cancelOpIds.reduce((sum, opId) => sum + varintLength(opId), 0);
  if (cancelBytes > 0) size += 1 + varintLength(cancelBytes) + cancelBytes;

  const message = Buffer.allocUnsafe(size);
  let at = 0;
  for (const { opId, encoded } of operations) {
    message[at++] = OPERATIONS_TAG;
    at = writeVarint(message, at, innerLength(opId, encoded));
    message[at++] = OP_ID_TAG;
    at = writeVarint(message, at, opId);
    at = writeVarint(message, at, encoded.arm * 8 + WireType.LengthDelimited);
    at = writeVarint(message, at, encoded.request.length);
    message.set(encoded.request, at);
    at += encoded.request.length;
  }
  if (cancelBytes > 0) {
    message[at++] = CANCEL_TAG;
    at = writeVarint(message, at, cancelBytes);
    for (const opId of cancelOpIds) at = writeVarint(message, at, opId);
  }
  return message;
}

/** Decodes a SessionResponse, and passes each result to `receive`. Throws if it is malformed. */
export function decodeSessionResponse(message: Uint8Array, receive: (result: Result) => void): void {
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 1 && wireType === WireType.LengthDelimited)
      decodeResult(reader, reader.uint32() + reader.pos, receive);
    else reader.skip(wireType, field);
  }
}

function decodeResult(reader: BinaryReader, end: number, receive: (result: Result) => void): void {
  let opId = 0;
  let arm = 0;
  let bytes: Uint8Array = new Uint8Array();
  while (reader.pos < end) {
    const [field, wireType] = reader.tag();
    if (wireType === WireType.LengthDelimited && outcomes.has(field)) {
      arm = field;
      bytes = reader.bytes();
    } else if (field === 1 && wireType === WireType.Varint) {
      opId = Number(reader.uint64());
    } else {
      reader.skip(wireType, field);
    }
  }
  receive(arm === ERROR_FIELD ? { opId, error: fromBinary(StatusSchema, bytes) } : { opId, arm, bytes });
}

/** Tells whether a result is the response of the verb. */
export function answers(verb: Verb, arm: number): boolean {
  return codecOf(verb).arm === arm;
}

function innerLength(opId: number, { arm, request }: EncodedOperation): number {
  return 1 + varintLength(opId) + varintLength(arm * 8) + varintLength(request.length) + request.length;
}

function codecOf(verb: Verb): VerbCodec {
  const codec = codecs.get(verb);
  if (codec === undefined) throw new TypeError(`no such operation: ${String(verb)}`);
  return codec;
}
