/*
 * Encodes and decodes the two outer messages of the Session stream by hand. The reflective codec would walk the ninety
 * arms of their oneof for each of tens of thousands of operations a second; by hand they are a tag and a length each:
 *
 *   SessionRequest  { repeated Operation operations = 1; repeated uint64 cancel_op_ids = 2 [packed]; }
 *   Operation       { uint64 op_id = 1; oneof request { … = N } }
 *   SessionResponse { repeated OperationResult results = 1; }
 *   OperationResult { uint64 op_id = 1; oneof outcome { Status error = 2; … = N } }
 *
 * A request is decoded as its operations start: one can contain tens of thousands of them, and a client may wait for the
 * first. An operation that cannot be decoded fails alone. Unknown fields of the outer message are checked first, because
 * then none of its operations may start.
 */

import { create, type DescMessage, type MessageInitShape, ScalarType, toBinary } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { type Status, StatusSchema } from "../../gen/google/rpc/status_pb.js";
import {
  OperationResultSchema,
  OperationSchema,
  SessionRequestSchema,
} from "../../gen/sockbroker/v1/session_service_pb.js";
import { decodeStrictly, UnknownField } from "../../rpc/decode-strictly.js";
import { countVarints, MOST_FIELDS, TooManyFields } from "../../rpc/field-limit.js";
import { MESSAGE_PREFIX_BYTES, writeMessagePrefix } from "../../rpc/message-prefix.js";
import { varintLength, writeVarint } from "../../rpc/varint.js";
import { lendBuffer, returnBuffer } from "./frame-buffers.js";

/** An operation of a request. */
export type ReadOperation = { readonly opId: bigint } & (
  | { readonly arm: Arm; readonly request: object }
  /** It cannot be decoded, or has no request (null). */
  | { readonly arm: null; readonly cause: unknown }
);

/** A verb in both oneofs. */
export interface Arm {
  readonly name: string;
  readonly number: number;
  readonly request: DescMessage;
  readonly response: DescMessage;
}

/** Most operations, and ids to cancel, of one request: it is checked as a whole before the first operation starts. */
export const MOST_ELEMENTS = 65_536;

const OPERATIONS = 1;
const CANCEL_OP_IDS = 2;
const LENGTH_DELIMITED_1 = (1 << 3) | WireType.LengthDelimited;
const LENGTH_DELIMITED_2 = (2 << 3) | WireType.LengthDelimited;
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
  readonly #bytes: Uint8Array;
  readonly #reader: BinaryReader;
  /** The ids to cancel that were read so far; complete when there are no more operations. */
  readonly cancelOpIds: bigint[] = [];

  /**
   * Throws UnknownField if the message has an unknown field, TooManyFields, or an error if the bytes are not a valid
   * message.
   */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#reader = new BinaryReader(bytes);
    this.#check();
    this.#reader.pos = 0;
  }

  /** Whether anything of the request has not been read. */
  get hasMore(): boolean {
    return this.#reader.pos < this.#reader.len;
  }

  /** Returns the next operation, or null. Throws if the bytes are not a valid SessionRequest. */
  next(): ReadOperation | null {
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

  /** Checks the fields, without looking into operations. */
  #check(): void {
    const reader = this.#reader;
    let left = MOST_ELEMENTS;
    while (reader.pos < reader.len) {
      left -= 1;
      const first = this.#bytes[reader.pos];
      if (first === LENGTH_DELIMITED_1 || first === LENGTH_DELIMITED_2) {
        reader.pos += 1;
        const end = this.#end();
        if (first === LENGTH_DELIMITED_2) left -= this.#countIds(end);
        reader.pos = end;
      } else this.#checkField();
      if (left < 0) throw new TooManyFields(SessionRequestSchema.typeName, MOST_ELEMENTS);
    }
  }

  /** Counts the ids until `end`. The last must end there: otherwise the fields that follow would be read as others. */
  #countIds(end: number): number {
    const start = this.#reader.pos;
    if (end > start && (this.#bytes[end - 1] ?? 0) >= 0x80) throw new RangeError("an id is longer than its field");
    return countVarints(this.#bytes, start, end);
  }

  #checkField(): void {
    const reader = this.#reader;
    const [field, wireType] = reader.tag();
    const known =
      (wireType === WireType.LengthDelimited && (field === OPERATIONS || field === CANCEL_OP_IDS)) ||
      (wireType === WireType.Varint && field === CANCEL_OP_IDS);
    if (!known) throw new UnknownField(SessionRequestSchema.typeName, field);
    reader.skip(wireType, field);
  }

  #operation(end: number): ReadOperation {
    const reader = this.#reader;
    let opId = 0n;
    let arm: Arm | null = null;
    let request: Uint8Array = EMPTY;
    let unknownField: number | null = null;
    for (let left = MOST_FIELDS; reader.pos < end; left -= 1) {
      if (left === 0) throw new TooManyFields(OperationSchema.typeName, MOST_FIELDS);
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
    if (unknownField !== null)
      return { opId, arm: null, cause: new UnknownField(OperationSchema.typeName, unknownField) };
    if (arm === null) return { opId, arm, cause: null };
    try {
      return { opId, arm, request: decodeStrictly(arm.request, request) };
    } catch (cause) {
      return { opId, arm: null, cause };
    }
  }

  /** Reads a length, and returns the end position of what follows. */
  #end(): number {
    const length = this.#reader.uint32();
    const end = this.#reader.pos + length;
    if (end > this.#reader.len) throw new RangeError("premature EOF");
    return end;
  }
}

/** Received data of this size is copied to its place in the response; in smaller results the generated codec copies it. */
const LARGE_DATA_BYTES = 4 * 1024;
/** Responses of this size are written into lent memory. */
const LENT_BYTES = 32 * 1024;

/** Cache, by schema. */
const dataTags = new Map<DescMessage, number>();

/** The tag of the field `data` of a response, of one byte; 0 if it has no such bytes. */
function dataTagOf(schema: DescMessage): number {
  let tag = dataTags.get(schema);
  if (tag === undefined) {
    const field = schema.field.data;
    const isBytes = field?.fieldKind === "scalar" && field.scalar === ScalarType.BYTES && field.number < 16;
    tag = isBytes ? field.number * 8 + WireType.LengthDelimited : 0;
    dataTags.set(schema, tag);
  }
  return tag;
}

/** A result: its encoded outcome, whose data, if it is large, follows as a field of its own. */
interface Result {
  readonly opId: bigint;
  readonly field: number;
  readonly outcome: Uint8Array;
  readonly dataTag: number;
  readonly data: Uint8Array;
  /** Length of the outcome, with the data. */
  readonly outcomeLength: number;
  readonly length: number;
}

/** A response with the message prefix. Call `release` once the transport has it. */
interface FramedResponse {
  readonly bytes: Buffer;
  readonly release: () => void;
}

function memoryFor(bytes: number): FramedResponse {
  if (bytes < LENT_BYTES) return { bytes: Buffer.allocUnsafe(bytes), release: () => undefined };
  const buffer = lendBuffer(bytes);
  return { bytes: buffer.room, release: () => returnBuffer(buffer) };
}

/** Collects results into a SessionResponse. */
export class ResponseWriter {
  #results: Result[] = [];
  /** Size of the response so far, in bytes. */
  byteLength = 0;

  /** Adds the response of an operation. Returns its size in bytes. */
  succeed(opId: bigint, arm: Arm, response: object): number {
    const { data } = response as { readonly data?: Uint8Array };
    const dataTag = data !== undefined && data.length >= LARGE_DATA_BYTES ? dataTagOf(arm.response) : 0;
    const rest = dataTag === 0 ? response : { ...response, data: EMPTY };
    const message = create(arm.response, rest as MessageInitShape<DescMessage>);
    return this.#add(opId, arm.number, toBinary(arm.response, message), dataTag, dataTag === 0 ? EMPTY : data);
  }

  /** Adds the error of an operation. Returns its size in bytes. */
  fail(opId: bigint, status: Status): number {
    return this.#add(opId, ERROR_FIELD, toBinary(StatusSchema, status));
  }

  /** Returns the response, with the message prefix, and starts a new one. Returns null if there are no results. */
  take(): FramedResponse | null {
    if (this.#results.length === 0) return null;
    const response = memoryFor(MESSAGE_PREFIX_BYTES + this.byteLength);
    const { bytes } = response;
    writeMessagePrefix(bytes, 0, this.byteLength);
    let at = MESSAGE_PREFIX_BYTES;
    for (const { opId, field, outcome, dataTag, data, outcomeLength, length } of this.#results) {
      bytes[at++] = LENGTH_DELIMITED_1;
      at = writeVarint(bytes, at, length);
      bytes[at++] = VARINT_1;
      at = writeBigVarint(bytes, at, opId);
      at = writeVarint(bytes, at, field * 8 + WireType.LengthDelimited);
      at = writeVarint(bytes, at, outcomeLength);
      bytes.set(outcome, at);
      at += outcome.length;
      if (dataTag === 0) continue;
      bytes[at++] = dataTag;
      at = writeVarint(bytes, at, data.length);
      bytes.set(data, at);
      at += data.length;
    }
    this.discard();
    return response;
  }

  /** Starts a new response. */
  discard(): void {
    this.#results = [];
    this.byteLength = 0;
  }

  #add(opId: bigint, field: number, outcome: Uint8Array, dataTag = 0, data: Uint8Array = EMPTY): number {
    const outcomeLength = outcome.length + (dataTag === 0 ? 0 : 1 + varintLength(data.length) + data.length);
    const length = 1 + bigVarintLength(opId) + varintLength(field * 8) + varintLength(outcomeLength) + outcomeLength;
    this.#results.push({ opId, field, outcome, dataTag, data, outcomeLength, length });
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
