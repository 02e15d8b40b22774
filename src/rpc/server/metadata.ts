/*
 * The metadata of a call: the header fields of its request that HTTP/2 and gRPC themselves do not use. They are looked
 * for when a handler asks, because most handlers do not.
 */

/** The suffix of keys whose values are bytes. */
const BINARY_SUFFIX = "-bin";

/** Header fields that are not metadata, in addition to the pseudo-header fields. */
const transport: ReadonlySet<string> = new Set([
  "accept-encoding",
  "content-type",
  "grpc-accept-encoding",
  "grpc-encoding",
  "grpc-timeout",
  "te",
]);

/** Header fields as Node has them: a name, its value, the next name, and so on. Names are in lower case. */
export type RawHeaders = readonly string[];

/** Returns the keys that begin with a prefix, each once. */
export function keysOf(headers: RawHeaders, prefix: string): string[] {
  const keys = new Set<string>();
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] ?? "";
    if (name.startsWith(prefix) && !name.startsWith(":") && !transport.has(name)) keys.add(name);
  }
  return [...keys];
}

/** Returns the values of a key, in order. Those of a binary key are not decoded. */
export function valuesOf(headers: RawHeaders, key: string): string[] {
  const values: string[] = [];
  for (let at = 0; at < headers.length; at += 2) {
    if (headers[at] === key) values.push(headers[at + 1] ?? "");
  }
  return values;
}

/**
 * Returns the values of a binary key, in order. One field may have several, separated by commas, with or without
 * padding.
 */
export function bytesOf(headers: RawHeaders, key: string): Buffer[] {
  if (!key.endsWith(BINARY_SUFFIX)) throw new TypeError(`${key} is not a binary key`);
  return valuesOf(headers, key).flatMap((value) =>
    value.split(",").map((encoded) => Buffer.from(encoded.trim(), "base64")),
  );
}

/** Encodes a value of a binary key. */
export function encodeBytes(bytes: Uint8Array): string {
  const encoded = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
  return encoded.replace(/=+$/, "");
}
