/*
 * Encodes and decodes the frames of an attach stream. The generated codec does all but data and messages. Received data is
 * in frames already: see frame-buffers.ts.
 */

import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { SocketAddressSchema } from "../../gen/sockbroker/v1/address_pb.js";
import { ControlMessageSchema } from "../../gen/sockbroker/v1/ancillary_pb.js";
import {
  type ClientFrame,
  ClientFrameSchema,
  type OutgoingMessage,
  OutgoingMessageSchema,
  OutgoingMessagesSchema,
  ServerFrameSchema,
} from "../../gen/sockbroker/v1/stream_service_pb.js";
import { dataStart } from "../../rpc/data-frame.js";
import { decodeStrictly, UnknownField } from "../../rpc/decode-strictly.js";
import { UNCOUNTED_BYTES } from "../../rpc/field-limit.js";
import { varintLength, writeVarint } from "../../rpc/varint.js";
import type { Init } from "../codec/init.js";

export type FrameInit = NonNullable<Init<typeof ServerFrameSchema>["frame"]>;

type Frame = ClientFrame["frame"];

/** A frame of the caller. Its messages can be iterated once, which throws like `decodeFrame`. */
export type DecodedFrame =
  | Exclude<Frame, { case: "messages" }>
  | { readonly case: "messages"; readonly value: { readonly messages: Iterable<OutgoingMessage> } };

/** ClientFrame.messages and ServerFrame.messages: field 3, length-delimited. */
const MESSAGES_TAG = (3 << 3) | WireType.LengthDelimited;
/** OutgoingMessages.messages. */
const MESSAGES = 1;

/**
 * Decodes a frame. The messages of a long one are decoded as they are sent: there may be a million of them. Throws if the
 * bytes are not a valid frame, UnknownField if it has an unknown field.
 */
export function decodeFrame(bytes: Uint8Array): DecodedFrame {
  const start = dataStart(bytes, bytes.length);
  if (start > 0) return { case: "data", value: bytes.subarray(start) };
  if (bytes.length > UNCOUNTED_BYTES && bytes[0] === MESSAGES_TAG) {
    const reader = new BinaryReader(bytes);
    reader.tag();
    const messages = reader.bytes();
    if (reader.pos === reader.len) return { case: "messages", value: { messages: messagesIn(messages) } };
  }
  return decodeStrictly(ClientFrameSchema, bytes).frame;
}

function* messagesIn(bytes: Uint8Array): Generator<OutgoingMessage> {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field !== MESSAGES || wireType !== WireType.LengthDelimited) {
      throw new UnknownField(OutgoingMessagesSchema.typeName, field);
    }
    yield decodeStrictly(OutgoingMessageSchema, reader.bytes());
  }
}

export function encodeFrame(frame: FrameInit): Buffer {
  if (frame.case === "messages") return encodeMessages(frame.value.messages ?? []);
  const bytes = toBinary(ServerFrameSchema, create(ServerFrameSchema, { frame }));
  // The transport requires a Buffer.
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** IncomingMessages.messages and the fields of IncomingMessage. Field numbers and wire types are the proto's. */
const MESSAGE_TAG = (1 << 3) | 2;
const MESSAGE_DATA_TAG = (1 << 3) | 2;
const MESSAGE_LENGTH_TAG = 2 << 3;
const MESSAGE_ADDRESS_TAG = (3 << 3) | 2;
const MESSAGE_CONTROL_TAG = (4 << 3) | 2;
const MESSAGE_FLAGS_TAG = 5 << 3;

type MessageInit = NonNullable<Extract<FrameInit, { case: "messages" }>["value"]["messages"]>[number];
type AddressInit = NonNullable<MessageInit["address"]>;

/** A message whose parts are encoded; `bytes` is its length. */
interface EncodedMessage {
  readonly data: Uint8Array;
  readonly length: number;
  readonly flags: number;
  readonly address: Uint8Array | null;
  readonly control: readonly Uint8Array[];
  readonly bytes: number;
}

/**
 * Encodes a frame of received messages. A capture has many small ones, and for each of them the generated codec would walk the
 * fields of the message and of its address.
 */
function encodeMessages(messages: readonly MessageInit[]): Buffer {
  const encoded = messages.map(encodeMessage);
  const inner = encoded.reduce((sum, { bytes }) => sum + fieldLength(bytes), 0);
  const frame = Buffer.allocUnsafe(fieldLength(inner));
  let at = writeHeader(frame, 0, MESSAGES_TAG, inner);
  for (const message of encoded) {
    const { data, length, flags, address, control, bytes } = message;
    at = writeHeader(frame, at, MESSAGE_TAG, bytes);
    if (data.length > 0) at = writeBytes(frame, at, MESSAGE_DATA_TAG, data);
    if (length > 0) at = writeHeader(frame, at, MESSAGE_LENGTH_TAG, length);
    if (address !== null) at = writeBytes(frame, at, MESSAGE_ADDRESS_TAG, address);
    for (const one of control) at = writeBytes(frame, at, MESSAGE_CONTROL_TAG, one);
    if (flags > 0) at = writeHeader(frame, at, MESSAGE_FLAGS_TAG, flags);
  }
  return frame;
}

function encodeMessage(message: MessageInit): EncodedMessage {
  const data = message.data ?? NOTHING;
  const length = Number(message.lengthBytes ?? 0n);
  // Of a negative int32 decoders read the lower 32 bits.
  const flags = (message.flags ?? 0) >>> 0;
  const address = message.address === undefined ? null : encodeAddress(message.address);
  const control = (message.ancillaryData ?? []).map((one) =>
    toBinary(ControlMessageSchema, create(ControlMessageSchema, one)),
  );
  let bytes = 0;
  if (data.length > 0) bytes += fieldLength(data.length);
  if (length > 0) bytes += 1 + varintLength(length);
  if (address !== null) bytes += fieldLength(address.length);
  for (const one of control) bytes += fieldLength(one.length);
  if (flags > 0) bytes += 1 + varintLength(flags);
  return { data, length, flags, address, control, bytes };
}

/** The length of a field with a tag of one byte. */
function fieldLength(bytes: number): number {
  return 1 + varintLength(bytes) + bytes;
}

function writeHeader(target: Buffer, at: number, tag: number, value: number): number {
  target[at] = tag;
  return writeVarint(target, at + 1, value);
}

function writeBytes(target: Buffer, at: number, tag: number, bytes: Uint8Array): number {
  const start = writeHeader(target, at, tag, bytes.length);
  target.set(bytes, start);
  return start + bytes.length;
}

/** The last addresses that were encoded: most messages come from a few. */
const recent: { readonly address: AddressInit; readonly bytes: Uint8Array }[] = [];
const RECENT_ADDRESSES = 4;

function encodeAddress(address: AddressInit): Uint8Array {
  for (const known of recent) if (isSame(known.address, address)) return known.bytes;
  const bytes = toBinary(SocketAddressSchema, create(SocketAddressSchema, address));
  if (recent.length === RECENT_ADDRESSES) recent.pop();
  recent.unshift({ address, bytes });
  return bytes;
}

/** Compares the fields of objects, and those of objects in them. */
function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (one instanceof Uint8Array) return other instanceof Uint8Array && Buffer.compare(one, other) === 0;
  const keys = Object.keys(one);
  if (keys.length !== Object.keys(other).length) return false;
  return keys.every((key) => isSame((one as Fields)[key], (other as Fields)[key]));
}

type Fields = Readonly<Record<string, unknown>>;

const NOTHING = new Uint8Array(0);
