/*
 * Encodes and decodes the two outer messages of the Session stream by hand. The reflective codec would walk the ninety
 * arms of their oneof for each of tens of thousands of operations a second; by hand they are a tag and a length each:
 *
 *   SessionRequest  { repeated Operation operations = 1; repeated uint64 cancel_op_ids = 2 [packed]; }
 *   Operation       { uint64 op_id = 1; oneof request { … = N } }
 *   SessionResponse { repeated OperationResult results = 1; }
 *   OperationResult { uint64 op_id = 1; oneof outcome { Status error = 2; … = N } }
 *
 * A request is decoded as its operations start: one of eight megabytes can contain a million of them, which as objects
 * would take hundreds of megabytes. An operation that cannot be decoded fails alone. Unknown fields of the outer
 * message are checked first, because then none of its operations may start.
 */

import { create, type DescMessage, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { type Status, StatusSchema } from "../../gen/google/rpc/status_pb.js";
import {
  OperationResultSchema,
  OperationSchema,
  SessionRequestSchema,
} from "../../gen/sockbroker/v1/session_service_pb.js";
import { decodeStrictly, UnknownField } from "../../rpc/decode-strictly.js";
import { varintLength, writeVarint } from "../../rpc/varint.js";

/** An operation whose request is not decoded yet. */
export interface EncodedOperation {
  readonly opId: bigint;
  /** The arm of the oneof; null if it is unknown or unset. */
  readonly arm: Arm | null;
  /** The number of an unknown field; null if there is none. */
  readonly unknownField: number | null;
  readonly request: Uint8Array;
}

/** A verb in both oneofs. */
export interface Arm {
  readonly name: string;
  readonly number: number;
  readonly request: DescMessage;
  readonly response: DescMessage;
}

const OPERATIONS = 1;
const CANCEL_OP_IDS = 2;
const LENGTH_DELIMITED_1 = (1 << 3) | WireType.LengthDelimited;
const VARINT_1 = (1 << 3) | WireType.Varint;
const ERROR_FIELD = 2;
const EMPTY = new Uint8Array(0);

const arms: ReadonlyMap<number, Arm> = new Map(
  OperationSchema.fields.flatMap(({ number, localName, message: request }) => {
    const response = OperationResultSchema.fields.find((field) => field.localName === localName)?.message;
    if (request === undefined || response === undefined) return [];
    return [[number, { name: localName, number, request, response }] as const];
  }),
);

/** Reads a SessionRequest, one operation at a time. */
export class RequestReader {
  readonly #reader: BinaryReader;
  /** The ids to cancel that were read so far; complete when there are no more operations. */
  readonly cancelOpIds: bigint[] = [];

  /** Throws UnknownField if the message has an unknown field, or an error if the bytes are not a valid message. */
  constructor(bytes: Uint8Array) {
    refuseUnknown(bytes);
    this.#reader = new BinaryReader(bytes);
  }

  /** Returns the next operation, or null. Throws if the bytes are not a valid SessionRequest. */
  next(): EncodedOperation | null {
    const reader = this.#reader;
    while (reader.pos < reader.len) {
      const [field, wireType] = reader.tag();
      if (field === OPERATIONS) return this.#operation(this.#end());
      if (wireType === WireType.LengthDelimited) {
        for (const end = this.#end(); reader.pos < end; ) this.cancelOpIds.push(BigInt(reader.uint64()));
      } else this.cancelOpIds.push(BigInt(reader.uint64()));
    }
    return null;
  }

  #operation(end: number): EncodedOperation {
    const reader = this.#reader;
    let opId = 0n;
    let arm: Arm | null = null;
    let request: Uint8Array = EMPTY;
    let unknownField: number | null = null;
    while (reader.pos < end) {
      const [field, wireType] = reader.tag();
      const known = wireType === WireType.LengthDelimited ? arms.get(field) : undefined;
      if (known !== undefined) {
        arm = known;
        request = reader.bytes();
      } else if (field === 1 && wireType === WireType.Varint) opId = BigInt(reader.uint64());
      else {
        unknownField = field;
        reader.skip(wireType, field);
      }
    }
    if (reader.pos !== end) throw new RangeError("an operation is longer than its length");
    return { opId, arm, unknownField, request };
  }

  /** Reads a length, and returns the end position of what follows. */
  #end(): number {
    const length = this.#reader.uint32();
    const end = this.#reader.pos + length;
    if (end > this.#reader.len) throw new RangeError("premature EOF");
    return end;
  }
}

/** Throws UnknownField for a field other than the two of a SessionRequest, or of another wire type. */
function refuseUnknown(bytes: Uint8Array): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    const known =
      (wireType === WireType.LengthDelimited && (field === OPERATIONS || field === CANCEL_OP_IDS)) ||
      (wireType === WireType.Varint && field === CANCEL_OP_IDS);
    if (!known) throw new UnknownField(SessionRequestSchema.typeName, field);
    reader.skip(wireType, field);
  }
}

/** Decodes the request of an operation. Throws if it is invalid, UnknownField if it has an unknown field. */
export function decodeRequest(arm: Arm, bytes: Uint8Array): object {
  return decodeStrictly(arm.request, bytes);
}

/** Collects results into a SessionResponse. */
export class ResponseWriter {
  #results: { readonly opId: bigint; readonly field: number; readonly outcome: Uint8Array; readonly length: number }[] =
    [];
  /** Size of the response so far, in bytes. */
  byteLength = 0;

  /** Adds the response of an operation. Returns its size in bytes. */
  succeed(opId: bigint, arm: Arm, response: object): number {
    const message = create(arm.response, response as MessageInitShape<DescMessage>);
    return this.#add(opId, arm.number, toBinary(arm.response, message));
  }

  /** Adds the error of an operation. Returns its size in bytes. */
  fail(opId: bigint, status: Status): number {
    return this.#add(opId, ERROR_FIELD, toBinary(StatusSchema, status));
  }

  /** Returns the response and starts a new one. Returns null if there are no results. */
  take(): Buffer | null {
    if (this.#results.length === 0) return null;
    const bytes = Buffer.allocUnsafe(this.byteLength);
    let at = 0;
    for (const { opId, field, outcome, length } of this.#results) {
      bytes[at++] = LENGTH_DELIMITED_1;
      at = writeVarint(bytes, at, length);
      bytes[at++] = VARINT_1;
      at = writeBigVarint(bytes, at, opId);
      at = writeVarint(bytes, at, field * 8 + WireType.LengthDelimited);
      at = writeVarint(bytes, at, outcome.length);
      bytes.set(outcome, at);
      at += outcome.length;
    }
    this.#results = [];
    this.byteLength = 0;
    return bytes;
  }

  #add(opId: bigint, field: number, outcome: Uint8Array): number {
    const length = 1 + bigVarintLength(opId) + varintLength(field * 8) + varintLength(outcome.length) + outcome.length;
    this.#results.push({ opId, field, outcome, length });
    const bytes = 1 + varintLength(length) + length;
    this.byteLength += bytes;
    return bytes;
  }
}

function bigVarintLength(value: bigint): number {
  if (value <= Number.MAX_SAFE_INTEGER) return varintLength(Number(value));
  return value < 1n << 56n ? 8 : value < 1n << 63n ? 9 : 10;
}

function writeBigVarint(target: Uint8Array, at: number, value: bigint): number {
  let rest = value;
  let position = at;
  while (rest > Number.MAX_SAFE_INTEGER) {
    target[position++] = Number(rest & 0x7fn) | 0x80;
    rest >>= 7n;
  }
  return writeVarint(target, position, Number(rest));
}
