import {
  type DescField,
  type DescMessage,
  type DescOneof,
  fromBinary,
  type Message,
  type MessageShape,
} from "@bufbuild/protobuf";
import { limitFields } from "./field-limit.js";

/*
 * Requests are decoded strictly. A daemon that ignored an unknown field would silently do something other than its
 * newer caller asked for, so it refuses the request. (Responses are decoded leniently: a newer daemon may return more.)
 *
 * protobuf-es keeps unknown fields in the message that contains them, and a request may contain nested messages. Which
 * fields of a message type can contain messages is computed once; for most requests that is none.
 */

/** A request has an unknown field. */
export class UnknownField extends Error {
  override readonly name = "UnknownField";
  constructor(
    /** The message's full name. */
    readonly typeName: string,
    readonly field: number,
  ) {
    super(`${typeName} has no field ${field}`);
  }
}

/**
 * Decodes a message. Throws UnknownField, TooManyFields, or the decoder's error if the bytes are not a valid message.
 */
export function decodeStrictly<Desc extends DescMessage>(schema: Desc, bytes: Uint8Array): MessageShape<Desc> {
  limitFields(schema, bytes);
  const message = fromBinary(schema, bytes);
  refuseUnknown(schema, message);
  return message;
}

function refuseUnknown(schema: DescMessage, message: Message): void {
  const [unknown] = message.$unknown ?? [];
  if (unknown !== undefined) throw new UnknownField(schema.typeName, unknown.no);
  const members = message as Message & Record<string, unknown>;
  for (const look of lookersInto(schema)) look(members);
}

/** Checks one field of a message for nested messages. */
type Looker = (members: Record<string, unknown>) => void;

/** Cache, by schema. */
const lookers = new Map<DescMessage, readonly Looker[]>();

function lookersInto(schema: DescMessage): readonly Looker[] {
  let found = lookers.get(schema);
  if (found === undefined) {
    found = schema.members.flatMap((member) => looker(member) ?? []);
    lookers.set(schema, found);
  }
  return found;
}

/** Returns null for a field that cannot contain messages. */
function looker(member: DescField | DescOneof): Looker | null {
  const { localName } = member;
  if (member.kind === "oneof") {
    const arms = new Map(member.fields.flatMap((arm) => (arm.message ? [[arm.localName, arm.message] as const] : [])));
    return (members) => {
      const { case: name = "", value } = members[localName] as { case?: string; value?: unknown };
      const inner = arms.get(name);
      if (inner !== undefined) refuseUnknown(inner, value as Message);
    };
  }
  const inner = member.message;
  if (inner === undefined) return null;
  if (member.fieldKind === "list") {
    return (members) => {
      for (const one of members[localName] as readonly Message[]) refuseUnknown(inner, one);
    };
  }
  if (member.fieldKind === "map") throw new TypeError(`${member} is a map, which no request has`);
  return (members) => {
    const one = members[localName] as Message | undefined;
    if (one !== undefined) refuseUnknown(inner, one);
  };
}
