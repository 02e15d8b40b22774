import {
  type DescField,
  type DescMessage,
  type DescOneof,
  fromBinary,
  type Message,
  type MessageShape,
} from "@bufbuild/protobuf";

/*
 * Requests are decoded strictly. A daemon that ignored a field which it does not know would do something else than its
 * newer caller asked for, and say nothing; so it refuses. (Responses are decoded leniently: a newer daemon may tell more.)
 *
 * protobuf-es keeps unknown fields in the message that has them, and a request may have messages inside. Which of a
 * message's fields can is found out once; most requests then have none to look into.
 */

/** A request has a field that this side does not know. */
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

/** Decodes a message. Throws UnknownField, or what the decoder does when the bytes are no such message. */
export function decodeStrictly<Desc extends DescMessage>(schema: Desc, bytes: Uint8Array): MessageShape<Desc> {
  const message = fromBinary(schema, bytes);
  refuseUnknown(schema, message);
  return message;
}

function refuseUnknown(schema: DescMessage, message: Message): void {
  const [unknown] = message.$unknown ?? [];
  if (unknown !== undefined) throw new UnknownField(schema.typeName, unknown.no);
  const members = message as unknown as Record<string, unknown>;
  for (const look of lookersInto(schema)) look(members);
}

/** Looks into one member of a message. */
type Looker = (members: Record<string, unknown>) => void;

/** What was found out so far, by schema. */
const lookers = new Map<DescMessage, readonly Looker[]>();

function lookersInto(schema: DescMessage): readonly Looker[] {
  let found = lookers.get(schema);
  if (found === undefined) {
    found = schema.members.flatMap((member) => looker(member) ?? []);
    lookers.set(schema, found);
  }
  return found;
}

/** Answers null for a member that has no messages in it. */
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
