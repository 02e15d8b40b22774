import type { OutgoingHttpHeaders } from "node:http2";
import { toBinary } from "@bufbuild/protobuf";
import { type Status, StatusSchema } from "../../gen/google/rpc/status_pb.js";
import { Code } from "../code.js";
import { DETAILS_KEY } from "../metadata-keys.js";
import { encodeBytes } from "./metadata.js";

/**
 * Clients limit the size of metadata, gRPC's C library to 8 KiB, and Node ends a connection whose header fields are too
 * large. Longer texts are cut, and larger details left out.
 */
const MAX_MESSAGE_BYTES = 2 * 1024;
const MAX_DETAILS_BYTES = 4 * 1024;

const OK: OutgoingHttpHeaders = { "grpc-status": Code.OK };

/** The header fields with which a call ends; null for OK. */
export function trailersOf(status: Status | null): OutgoingHttpHeaders {
  if (status === null) return { ...OK };
  const trailers: OutgoingHttpHeaders = {
    "grpc-status": status.code,
    "grpc-message": encodeMessage(status.message),
  };
  if (status.details.length > 0) {
    const details = toBinary(StatusSchema, status);
    if (details.length <= MAX_DETAILS_BYTES) trailers[DETAILS_KEY] = encodeBytes(details);
  }
  return trailers;
}

/**
 * Encodes a text for `grpc-message`: UTF-8, with `%XX` for all but printable ASCII, and for `%`. Also for spaces at its
 * start and end, with which HTTP/2 has no field: clients would drop it, or fail.
 */
export function encodeMessage(text: string): string {
  const bytes = Buffer.from(text);
  let encoded = "";
  for (const byte of bytes.subarray(0, endOfText(bytes))) {
    const plain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += plain ? String.fromCharCode(byte) : percent(byte);
  }
  return encoded.replace(/^ | $/g, percent(0x20));
}

function percent(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
}

/** Where to cut a text that is too long: not within a character. */
function endOfText(bytes: Buffer): number {
  if (bytes.length <= MAX_MESSAGE_BYTES) return bytes.length;
  let end = MAX_MESSAGE_BYTES;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return end;
}
