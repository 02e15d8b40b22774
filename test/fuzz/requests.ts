/*
 * Operations that a careless or a hostile caller might send, generated from the descriptors, so that new fields are
 * covered automatically. Half of the values are plausible (open handles, small numbers, loopback addresses), so that
 * requests get far enough; the others are arbitrary values of their types, and some of the bytes are then damaged.
 *
 * Operations that could change the host outside the test's own network namespace are never generated: those on the
 * hostname, on other namespaces, with AF_VSOCK, which has no namespaces, with netlink, with files at arbitrary paths,
 * and with families and protocols for which the kernel would load a module.
 */

import { type DescField, type DescMessage, type Message, ScalarType, toBinary } from "@bufbuild/protobuf";
import { type ReflectList, reflect } from "@bufbuild/protobuf/reflect";
import { AddressFamily } from "../../src/gen/sockbroker/v1/address_pb.js";
import { OperationSchema } from "../../src/gen/sockbroker/v1/session_service_pb.js";
import { damage, pick, type Random, text } from "./bytes.js";

/** Excluded: they would end the session that the others need, or reach beyond the namespace. */
const excludedVerbs: ReadonlySet<string> = new Set(["sethostname", "closeSession", "ioctl"]);
const families = [AddressFamily.UNIX, AddressFamily.INET, AddressFamily.INET6] as const;
/** In addition to those: 0, and numbers unknown to any kernel. */
const noFamilies = [AddressFamily.UNSPECIFIED, 1_000, 2 ** 31 - 1] as const;
const protocols = [0, 0, 0, 0, 1, 6, 17, 58, 255, -1, 65_536, 2 ** 31 - 1] as const;
const excludedArms: ReadonlySet<string> = new Set(["vsock", "netlink", "raw", "path", "netns", "namespace"]);

const verbs = OperationSchema.fields.filter(
  (field) => field.oneof !== undefined && !excludedVerbs.has(field.localName),
);

export interface FuzzedOperation {
  readonly verb: string;
  readonly field: number;
  readonly bytes: Uint8Array;
}

/** Generates one operation, for a session that has these handles. */
export function fuzzOperation(random: Random, handles: readonly bigint[]): FuzzedOperation {
  const verb = pick(random, verbs);
  if (verb.message === undefined) throw new Error(`${verb.name} is no message`);
  const message = fuzzMessage(verb.message, { random, handles, depth: 0 });
  const bytes = toBinary(verb.message, message);
  const damaged = random(16) === 0 && !mayNotBeDamaged.has(verb.localName);
  return { verb: verb.localName, field: verb.number, bytes: damaged ? damage(random, bytes) : bytes };
}

/** A flipped bit can change an address into one of an excluded family, or a name into a path. */
const mayNotBeDamaged: ReadonlySet<string> = new Set([
  "socket",
  "socketpair",
  "fromfd",
  "bind",
  "connectTo",
  "connectEx",
  "sendto",
  "sendmsg",
  "sendFds",
  "createServer",
  "createConnection",
]);

interface Maker {
  readonly random: Random;
  readonly handles: readonly bigint[];
  readonly depth: number;
}

/** Generates a message with random fields. */
export function fuzzMessage(schema: DescMessage, maker: Maker): Message {
  const message = reflect(schema);
  const deeper = { ...maker, depth: maker.depth + 1 };
  for (const member of schema.members) {
    const field = member.kind === "oneof" ? pick(maker.random, allowed(member.fields)) : member;
    // Plausible requests have their handle and their address; any field may still be missing.
    if (maker.random(8) === 0 || (maker.depth > 3 && field.message !== undefined)) continue;
    set(message, field, deeper);
  }
  return message.message as Message;
}

function set(message: ReturnType<typeof reflect>, field: DescField, maker: Maker): void {
  if (excludedArms.has(field.localName)) return;
  switch (field.fieldKind) {
    case "list": {
      const list: ReflectList = message.get(field);
      for (let i = maker.random(4); i > 0; i--) {
        if (field.listKind === "message") list.add(reflect(field.message, fuzzMessage(field.message, maker)));
        else if (field.listKind === "scalar") list.add(scalar(field.scalar, field, maker));
      }
      return;
    }
    case "map":
      return;
    case "message":
      message.set(field, reflect(field.message, fuzzMessage(field.message, maker)));
      return;
    case "enum":
      message.set(field, enumeration(field, maker.random));
      return;
    case "scalar":
      message.set(field, scalar(field.scalar, field, maker));
  }
}

function allowed(fields: readonly DescField[]): readonly DescField[] {
  const some = fields.filter(({ localName }) => !excludedArms.has(localName));
  return some.length > 0 ? some : fields;
}

function enumeration(field: DescField, random: Random): number {
  if (field.localName === "family") return random(16) === 0 ? pick(random, noFamilies) : pick(random, families);
  if (field.localName === "type" && random(8) !== 0) return pick(random, [1, 2, 5]);
  return pick(random, field.enum?.values.map(({ number }) => number) ?? [0]);
}

const interesting32 = [0, 1, 2, -1, 4, 8, 16, 64, 255, 256, 1_024, 65_535, 65_536, 2 ** 31 - 1, -(2 ** 31)] as const;
const interesting64 = [
  0n,
  1n,
  16n,
  100n,
  4_096n,
  65_536n,
  2n ** 31n,
  2n ** 32n,
  2n ** 32n + 1n,
  2n ** 63n - 1n,
] as const;
const hosts = [
  "127.0.0.1",
  "localhost",
  "",
  "::1",
  "0.0.0.0",
  "256.1.1.1",
  "<broadcast>",
  "name.invalid",
  "\u0000",
  "lo",
];

function scalar(type: ScalarType, field: DescField, { random, handles }: Maker): unknown {
  const { localName } = field;
  switch (type) {
    case ScalarType.BOOL:
      return random(2) === 0;
    case ScalarType.STRING:
      return localName === "host" ? pick(random, hosts) : random(3) === 0 ? text(random) : pick(random, hosts);
    case ScalarType.BYTES:
      if (localName === "host") return Buffer.from(pick(random, hosts));
      return Buffer.from(Array.from({ length: random(8) === 0 ? random(70_000) : random(24) }, () => random(256)));
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      if (/handle|fileno/i.test(localName) && handles.length > 0 && random(8) !== 0) return pick(random, handles);
      // Operations without a time limit are cancelled; there is no need to wait for all of them.
      return BigInt.asUintN(64, random(4) === 0 ? BigInt(random(2 ** 31)) ** 2n : pick(random, interesting64));
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return BigInt.asIntN(64, random(3) === 0 ? -pick(random, interesting64) : pick(random, interesting64));
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return random(2) === 0 ? random(100) : pick(random, interesting32) >>> 0;
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return random(1_000) / 7;
    default:
      if (localName === "protocol") return pick(random, protocols);
      // Option names and protocols are mostly small numbers, and so are flags.
      return random(3) === 0 ? pick(random, interesting32) : random(80);
  }
}
