import { join } from "node:path";
import type { Json } from "./case-file.js";

/** A Python list; tuples are arrays. The difference matters: an address is a tuple. */
export class List {
  constructor(readonly items: readonly unknown[]) {}
}

/** The payload of SCM_RIGHTS: descriptors, which are handles here. */
export class Descriptors {
  constructor(readonly handles: readonly bigint[]) {}
}

/** A path that is not UTF-8: a str with surrogates in Python. */
export class PathBytes {
  constructor(readonly bytes: Uint8Array) {}
}

/** A file that the case created. */
export class CaseFile {
  constructor(readonly path: string) {}
}

/** A step refers to the result of an earlier step that failed. */
export class Unset extends Error {}

/** The values that a reference may name. */
export interface Environment {
  readonly directory: string;
  /** The process that owns the sockets. */
  readonly pid: number;
  readonly variables: ReadonlyMap<string, unknown>;
  constant(name: string): number;
  /** The handle of the socket in a variable. */
  descriptor(socket: unknown): bigint;
}

/**
 * Converts the neutral values of a case to Python-shaped ones: null, booleans, numbers (bigints beyond 2^53), strings,
 * Uint8Array, arrays for tuples, List, and the values of variables. Buffers to receive into are added to `buffers`.
 */
export function evaluate(node: Json, env: Environment, buffers: Uint8Array[]): unknown {
  const inner = (value: Json | undefined): unknown => evaluate(value ?? null, env, buffers);
  if (Array.isArray(node)) return node.map(inner);
  if (typeof node !== "object" || node === null) return node;
  const form = node as { readonly [key: string]: Json };
  if ("ref" in form) {
    const path = (form.at ?? []) as number[];
    return path.reduce((value, index) => itemsOf(value)[index], lookup(String(form.ref), env));
  }
  const [key = "", value = null] = Object.entries(form)[0] ?? [];
  const parts = value as readonly Json[];
  switch (key) {
    case "bytes":
      return new Uint8Array(Buffer.from(String(value), "latin1"));
    case "hex":
    case "str":
      return new Uint8Array(Buffer.from(String(value), "hex"));
    case "bytearray":
      return Uint8Array.from(inner(value) as Uint8Array);
    case "buffer": {
      const buffer = new Uint8Array(Number(value));
      buffers.push(buffer);
      return buffer;
    }
    case "int":
      return BigInt(String(value));
    case "float":
      return value === "inf" ? Number.POSITIVE_INFINITY : value === "-inf" ? Number.NEGATIVE_INFINITY : Number.NaN;
    case "list":
      return new List(parts.map(inner));
    case "const":
      return constants(String(value).split("|"), env);
    case "fd":
      return env.descriptor(lookup(String(value), env));
    case "fds":
      return new Descriptors(parts.map((name) => env.descriptor(lookup(String(name), env))));
    case "repeat":
      return repeat(inner(parts[0]), Number(parts[1]));
    case "concat":
      return parts.map(inner).reduce(concat);
    case "struct":
      return pack(String(parts[0]), parts.slice(1).map(inner) as (number | bigint)[]);
    case "path":
      return casePath(value, env.directory);
    case "pid":
      return env.pid;
    case "object":
      return Symbol("object");
    default:
      throw new Error(`not a value: ${JSON.stringify(node)}`);
  }
}

/** One constant, which may use all 32 bits, or flags. */
function constants([first = "", ...others]: readonly string[], env: Environment): number {
  return others.reduce((sum, name) => sum | env.constant(name), env.constant(first));
}

function lookup(name: string, env: Environment): unknown {
  if (!env.variables.has(name)) throw new Unset(name);
  return env.variables.get(name);
}

/** The items of a tuple or a list. */
export function itemsOf(value: unknown): readonly unknown[] {
  if (value instanceof List) return value.items;
  if (Array.isArray(value)) return value;
  throw new TypeError("it has no items");
}

/** A name in the case's directory, or one that gives the whole path an exact length in bytes. */
function casePath(wanted: Json, directory: string): string {
  if (typeof wanted === "string") return wanted === "" ? `${directory}/` : join(directory, wanted);
  const { length } = wanted as { readonly length: number };
  return `${directory}/${"p".repeat(length - directory.length - 1)}`;
}

function repeat(value: unknown, count: number): unknown {
  if (typeof value === "string") return value.repeat(count);
  if (value instanceof Descriptors) {
    return new Descriptors(Array.from({ length: count }, () => value.handles).flat());
  }
  if (value instanceof List) return new List(Array.from({ length: count }, () => value.items).flat());
  const bytes = value as Uint8Array;
  const all = new Uint8Array(bytes.length * count);
  for (let at = 0; at < all.length; at += bytes.length) all.set(bytes, at);
  return all;
}

function concat(left: unknown, right: unknown): unknown {
  if (typeof left === "string") return left + String(right);
  return new Uint8Array(Buffer.concat([left as Uint8Array, right as Uint8Array]));
}

/** Python's struct.pack("=" + format) for single letters, on a little-endian machine. */
function pack(format: string, values: readonly (number | bigint)[]): Uint8Array {
  const sizes: Readonly<Record<string, number>> = { B: 1, H: 2, i: 4, I: 4, q: 8, Q: 8 };
  const parts = Array.from(format, (letter, index) => {
    const size = sizes[letter];
    if (size === undefined) throw new Error(`struct format ${letter}`);
    const part = Buffer.alloc(8);
    part.writeBigUInt64LE(BigInt.asUintN(64, BigInt(values[index] ?? 0)));
    return part.subarray(0, size);
  });
  return new Uint8Array(Buffer.concat(parts));
}
