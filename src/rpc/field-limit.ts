import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";

/*
 * Decoding takes time for each field and each element of a list, not for each byte: four megabytes can hold two million
 * empty elements. So fields are counted in the encoded message, which takes a hundredth of the time, before anything is
 * decoded.
 */

/**
 * Most fields of a message that is decoded at once, with those of the messages in it, and elements of its lists. A field
 * that is a message counts as `MESSAGE_FIELDS`, because it takes as much longer.
 */
export const MOST_FIELDS = 8_192;
const MESSAGE_FIELDS = 4;

/** A shorter message is not counted: a field has at least two bytes, and an element of a list of numbers is decoded fast. */
export const UNCOUNTED_BYTES = (2 * MOST_FIELDS) / MESSAGE_FIELDS;

/** A message has more fields than are decoded at once. */
export class TooManyFields extends Error {
  override readonly name = "TooManyFields";
  constructor(typeName: string, most: number) {
    super(`${typeName} has more than ${most} fields and elements of lists`);
  }
}

/**
 * Throws TooManyFields for an encoded message with more than `MOST_FIELDS`, and RangeError if lengths or wire types are
 * wrong. The decoder does not compare the wire type of a field with its type, and would find other fields than are counted.
 */
export function limitFields(schema: DescMessage, bytes: Uint8Array): void {
  if (bytes.length > UNCOUNTED_BYTES) new Counter(schema, bytes).count(shapeOf(schema), bytes.length);
}

/** Counts the varints in a list of numbers. */
export function countVarints(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at++) if (((bytes[at] ?? 0) & 0x80) === 0) count += 1;
  return count;
}

/** How a field is encoded. */
interface Form {
  readonly wireType: WireType;
  /** The message in it. */
  readonly message: DescMessage | null;
  /** Whether it may also be a packed list of varints. */
  readonly isPackable: boolean;
}

type Shape = ReadonlyMap<number, Form>;

/** Cache, by schema. */
const shapes = new Map<DescMessage, Shape>();

function shapeOf(schema: DescMessage): Shape {
  let shape = shapes.get(schema);
  if (shape === undefined) {
    shape = new Map(schema.fields.map((field) => [field.number, formOf(field)]));
    shapes.set(schema, shape);
  }
  return shape;
}

function formOf(field: DescField): Form {
  const wireType = wireTypeOf(field);
  const isPackable = field.fieldKind === "list" && wireType !== WireType.LengthDelimited;
  if (isPackable && wireType !== WireType.Varint) throw new TypeError(`${field} is a list of fixed-length numbers`);
  return { wireType, message: field.message ?? null, isPackable };
}

function wireTypeOf(field: DescField): WireType {
  if (field.message !== undefined || field.fieldKind === "map") return WireType.LengthDelimited;
  switch (field.scalar) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return WireType.LengthDelimited;
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return WireType.Bit64;
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return WireType.Bit32;
    default:
      return WireType.Varint;
  }
}

class Counter {
  readonly #schema: DescMessage;
  readonly #bytes: Uint8Array;
  #at = 0;
  #left = MOST_FIELDS;

  constructor(schema: DescMessage, bytes: Uint8Array) {
    this.#schema = schema;
    this.#bytes = bytes;
  }

  /** Counts the fields up to `end`. */
  count(shape: Shape, end: number): void {
    while (this.#at < end) {
      this.#take(1);
      const tag = this.#varint();
      const wireType = tag & 7;
      const form = shape.get(tag >>> 3);
      const isPacked = form?.isPackable === true && wireType === WireType.LengthDelimited;
      if (form !== undefined && form.wireType !== wireType && !isPacked) throw wrong("a field has a wrong wire type");
      this.#skip(wireType, form, end);
    }
    if (this.#at > end) throw wrong("premature EOF");
  }

  #skip(wireType: number, form: Form | undefined, end: number): void {
    switch (wireType) {
      case WireType.Varint:
        this.#varint();
        return;
      case WireType.Bit64:
        this.#at += 8;
        return;
      case WireType.Bit32:
        this.#at += 4;
        return;
      case WireType.LengthDelimited:
        this.#content(form, end);
        return;
      default:
        throw wrong("a group, which no message has");
    }
  }

  #content(form: Form | undefined, end: number): void {
    const length = this.#varint();
    const after = this.#at + length;
    if (after > end) throw wrong("premature EOF");
    if (form?.message != null) {
      this.#take(MESSAGE_FIELDS - 1);
      this.count(shapeOf(form.message), after);
    } else if (form?.isPackable === true) this.#take(countVarints(this.#bytes, this.#at, after));
    this.#at = after;
  }

  #take(fields: number): void {
    this.#left -= fields;
    if (this.#left < 0) throw new TooManyFields(this.#schema.typeName, MOST_FIELDS);
  }

  /** The low 32 bits of a varint. */
  #varint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#bytes[this.#at++] ?? 0;
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  }
}

function wrong(text: string): RangeError {
  return new RangeError(text);
}
