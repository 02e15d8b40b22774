/* The header fields of requests and responses: deadlines, metadata, statuses. */

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { StatusSchema } from "../../src/gen/google/rpc/status_pb.js";
import { ArgumentErrorSchema } from "../../src/gen/sockbroker/v1/error_pb.js";
import { bytesOf, encodeBytes, keysOf, valuesOf } from "../../src/rpc/server/metadata.js";
import { parseTimeout } from "../../src/rpc/server/timeout.js";
import { trailersOf } from "../../src/rpc/server/trailers.js";
import { damage, noise, pick, type Random } from "./bytes.js";
import { check } from "./check.js";

/** Nanoseconds of each unit of `grpc-timeout`. */
const units = new Map<string, bigint>([
  ["H", 3_600_000_000_000n],
  ["M", 60_000_000_000n],
  ["S", 1_000_000_000n],
  ["m", 1_000_000n],
  ["u", 1_000n],
  ["n", 1n],
]);
const LONGEST_TIMER_MS = 2n ** 31n - 1n;

function timeoutOf(text: string): number | null {
  const unit = units.get(text.slice(-1));
  const digits = text.slice(0, -1);
  if (unit === undefined || digits.length < 1 || digits.length > 8) return null;
  for (const digit of digits) if (digit < "0" || digit > "9") return null;
  const milliseconds = (BigInt(digits) * unit + 999_999n) / 1_000_000n;
  return Number(milliseconds < LONGEST_TIMER_MS ? milliseconds : LONGEST_TIMER_MS);
}

export function fuzzTimeout(random: Random): void {
  const valid = `${random(10 ** (1 + random(9)))}${pick(random, ["H", "M", "S", "m", "u", "n", "s", ""])}`;
  const text = random(2) === 0 ? valid : damage(random, Buffer.from(valid)).toString("latin1");
  const milliseconds = parseTimeout(text);
  check(milliseconds === timeoutOf(text), `${JSON.stringify(text)} is ${milliseconds} ms`);
}

const names = ["x-a", "x-b", "x-a-bin", "x-b-bin", "sockbroker-session", "grpc-timeout", "te", ":path", "x-", ""];

export function fuzzMetadata(random: Random): void {
  const fields = Array.from({ length: random(8) }, () => {
    const name = pick(random, names);
    const values = Array.from({ length: 1 + random(3) }, () => noise(random, 20));
    if (!name.endsWith("-bin"))
      return { name, text: values.map((value) => value.toString("latin1")).join(), values: null };
    const encoded = values
      .map((value) => (random(2) === 0 ? encodeBytes(value) : value.toString("base64")))
      .join(pick(random, [",", ", "]));
    if (random(3) !== 0) return { name, text: encoded, values };
    return { name, text: damage(random, Buffer.from(encoded)).toString("latin1"), values: null };
  });
  const headers = fields.flatMap(({ name, text }) => [name, text]);
  const prefix = pick(random, ["", "x-", "sockbroker-", ":"]);
  const used = new Set(["grpc-timeout", "te", ":path"]);
  const keys = [...new Set(fields.map(({ name }) => name))].filter(
    (name) => name.startsWith(prefix) && !used.has(name),
  );
  check(keysOf(headers, prefix).join() === keys.join(), "other keys");
  for (const key of names) {
    const same = fields.filter(({ name }) => name === key);
    const texts = same.map(({ text }) => text);
    check(JSON.stringify(valuesOf(headers, key)) === JSON.stringify(texts), "other values");
    if (!key.endsWith("-bin")) continue;
    const found = bytesOf(headers, key);
    check(found.reduce((sum, { length }) => sum + length, 0) <= texts.join().length, "more bytes than characters");
    if (same.some(({ values }) => values === null)) continue;
    const sent = same.flatMap(({ values }) => values ?? []);
    check(found.length === sent.length && found.every((value, i) => sent[i]?.equals(value)), "other bytes");
  }
}

const texts = ["a", "%", " ", "\n", "\u0000", "\u007f", "ä", "☺", "😈", "\ud800", "\udc00", "\r\n", "100%"];

/** A status, whose header fields must be valid, short enough for all clients, and mean the same. */
export function fuzzTrailers(random: Random): void {
  const long = pick(random, [1, 1, 1, 100, 1_000]);
  const message = Array.from({ length: random(8) }, () => pick(random, texts).repeat(1 + random(long))).join("");
  const details = Array.from({ length: random(3) }, () =>
    anyPack(
      ArgumentErrorSchema,
      create(ArgumentErrorSchema, { operation: "x".repeat(random(pick(random, [10, 3_000]))) }),
    ),
  );
  const status = create(StatusSchema, { code: 1 + random(16), message, details });
  const trailers = trailersOf(status);
  check(Number(trailers["grpc-status"]) === status.code, "another code");
  const encoded = String(trailers["grpc-message"]);
  check(/^[\x21-\x7e]?$|^[\x21-\x7e][\x20-\x7e]*[\x21-\x7e]$/.test(encoded), "characters that HTTP/2 does not allow");
  const meant = message.toWellFormed();
  const decoded = decodeURIComponent(encoded);
  check(meant.startsWith(decoded), "another message");
  if (Buffer.byteLength(meant) <= 2_048) check(decoded === meant, "a short message is cut");
  else check(Buffer.byteLength(decoded) > 2_044, "too much of a message is cut");
  const bytes = trailers["grpc-status-details-bin"];
  const size = Object.entries(trailers).reduce(
    (sum, [name, value]) => sum + name.length + String(value).length + 32,
    0,
  );
  check(size <= 3 * 2_048 + Math.ceil((4_096 * 4) / 3) + 200, `${size} bytes of header fields`);
  if (bytes === undefined) {
    check(details.length === 0 || toBinary(StatusSchema, status).length > 4_096, "details are left out");
    return;
  }
  const [sent] = bytesOf(["grpc-status-details-bin", String(bytes)], "grpc-status-details-bin");
  check(sent !== undefined && fromBinary(StatusSchema, sent).details.length === details.length, "other details");
}
