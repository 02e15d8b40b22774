/*
 * Finds every number in a message through its descriptors, so that new fields are tested automatically. Creates
 * messages that are plausible except for one number, whose value is at the limits of its type or beyond those of a
 * smaller one.
 */

import { type DescField, type DescMessage, type MessageShape, ScalarType } from "@bufbuild/protobuf";
import { type ReflectList, type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";

/** The path from the message to the number. */
export type NumberPath = readonly DescField[];

/** Returns the value of any other field; undefined leaves it unset. */
export type Plausible = (field: DescField, parent: DescMessage) => unknown;

/** All numbers of a message, including those in nested messages. */
export function* numbersIn(schema: DescMessage, above: NumberPath = []): Generator<NumberPath> {
  for (const field of schema.fields) {
    const path = [...above, field];
    if (field.message !== undefined) {
      if (!above.some(({ message }) => message === field.message)) yield* numbersIn(field.message, path);
    } else if (field.enum !== undefined || extremesOf(field).length > 0) yield path;
  }
}

/** The name of a path in messages of a test: "address.packet.protocol". */
export function nameOf(path: NumberPath): string {
  return path.map(({ name }) => name).join(".");
}

/** The values to try in the last field of a path. */
export function extremesOf(field: DescField): readonly (number | bigint)[] {
  if (field.enum !== undefined) return int32;
  switch (field.scalar) {
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return int32;
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return uint32;
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return int64;
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return uint64;
    default:
      return [];
  }
}

const int32 = [-1, 256, 65_536, 2 ** 31 - 1, -(2 ** 31)];
const uint32 = [256, 65_536, 2 ** 31, 2 ** 32 - 1];
const int64 = [-1n, 2n ** 31n, 2n ** 32n, 2n ** 32n + 1n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)];
const uint64 = [2n ** 31n, 2n ** 32n, 2n ** 32n + 1n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n];

/** Creates a message with a value at the end of a path, and plausible ones elsewhere. */
export function withNumber<Desc extends DescMessage>(
  schema: Desc,
  path: NumberPath,
  value: number | bigint,
  plausible: Plausible,
): MessageShape<Desc> {
  return build(schema, path, value, plausible).message as MessageShape<Desc>;
}

function build(schema: DescMessage, path: NumberPath, value: unknown, plausible: Plausible): ReflectMessage {
  const message = reflect(schema);
  const [head, ...below] = path;
  for (const field of schema.fields) {
    if (field === head) continue;
    if (field.oneof !== undefined && field.oneof === head?.oneof) continue;
    const given = plausible(field, schema);
    if (given === undefined || (given === MESSAGE && field.message === undefined)) continue;
    put(message, field, given === MESSAGE ? build(field.message as DescMessage, [], null, plausible) : given);
  }
  if (head === undefined) return message;
  if (head.message !== undefined) put(message, head, build(head.message, below, value, plausible));
  else put(message, head, value);
  return message;
}

/** Returned by `Plausible` for a nested message that is to be created in the same way. */
export const MESSAGE = Symbol("a plausible message");

function put(message: ReflectMessage, field: DescField, value: unknown): void {
  if (field.fieldKind === "list") (message.get(field) as ReflectList).add(value);
  else message.set(field, value as never);
}
