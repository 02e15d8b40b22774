import { createHash } from "node:crypto";
import type { Json, Step } from "./case-file.js";
import { Descriptors, List, PathBytes } from "./values.js";

/*
 * Corresponds to class Record of oracle.py, which explains each rule: results are converted to neutral JSON, and values
 * that differ between runs are replaced by tokens.
 */

/** Ports that the kernel chooses: net.ipv4.ip_local_port_range. */
const EPHEMERAL = { from: 32768, to: 61000 };

/** The form of a socket: its family, type and protocol. */
export interface SocketShape {
  readonly family: number;
  readonly type: number;
  readonly proto: number;
}

export class Recorder {
  readonly #directory: string;
  readonly #tokens = new Map<string, Map<string, string>>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The neutral form of a call's value, which is Python-shaped. */
  result(step: Step, value: unknown): Json {
    if (step.only !== undefined) return outline(value, step.only);
    const masks = step.mask ?? [];
    switch (step.call) {
      case "getsockname":
      case "getpeername":
        return this.#address(value);
      case "accept": {
        const [socket, address] = value as unknown[];
        return [this.plain(socket), this.#address(address)];
      }
      case "recvfrom":
      case "recvfrom_into": {
        const [data, address] = value as unknown[];
        return [this.plain(masked(data, masks)), this.#address(address)];
      }
      case "recvmsg":
      case "recvmsg_into": {
        const [data, ancillary, flags, address] = value as [unknown, [number, number, unknown][], number, unknown];
        const messages = ancillary.map((message) => this.#control(message, step.maskAncillary ?? []));
        return [this.plain(masked(data, masks)), messages, flags, this.#address(address)];
      }
      case "recv_fds": {
        const [data, descriptors, flags, address] = value as [unknown, readonly bigint[], number, unknown];
        return [this.plain(data), { descriptors: descriptors.length }, flags, this.#address(address)];
      }
      case "fileno":
      case "detach":
        return this.#descriptor(value as bigint);
      case "dup":
        if (step.on === undefined) return this.#descriptor(value as bigint);
        return this.plain(value);
      default:
        return this.plain(masked(value, masks));
    }
  }

  /** The neutral form of any value. */
  plain(value: unknown): Json {
    if (value === null || value === undefined) return null;
    if (typeof value === "boolean") return value;
    if (typeof value === "string") return value.replaceAll(this.#directory, "$dir");
    if (typeof value === "number") return Number.isFinite(value) ? value : { float: String(value) };
    if (typeof value === "bigint") {
      const small = BigInt.asIntN(54, value) === value && Number.isSafeInteger(Number(value));
      return small ? Number(value) : { int: String(value) };
    }
    if (value instanceof Uint8Array) return this.#bytes(value);
    if (value instanceof PathBytes) return { str: Buffer.from(value.bytes).toString("hex") };
    if (value instanceof List) return value.items.map((item) => this.plain(item));
    if (Array.isArray(value)) return value.map((item) => this.plain(item));
    if (isSocket(value)) return { socket: [value.family, value.type, value.proto] };
    return { type: typeof value };
  }

  /** The record of a buffer that was received into. */
  buffer(buffer: Uint8Array): Json {
    return this.#bytes(buffer);
  }

  #bytes(value: Uint8Array): Json {
    // latin1 maps every byte to one character.
    const text = Buffer.from(value).toString("latin1").replaceAll(this.#directory, "$dir");
    const bytes = Buffer.from(text, "latin1");
    if (bytes.length <= 256) return { hex: bytes.toString("hex") };
    return { length: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
  }

  #token(kind: string, value: string): string {
    const known = this.#tokens.get(kind) ?? new Map<string, string>();
    this.#tokens.set(kind, known);
    const token = known.get(value) ?? `$${kind}${known.size + 1}`;
    known.set(value, token);
    return token;
  }

  #address(value: unknown): Json {
    if (Array.isArray(value) && (value.length === 2 || value.length === 4) && typeof value[0] === "string") {
      const [host, port, ...rest] = value as [string, number, ...unknown[]];
      const chosen = port >= EPHEMERAL.from && port < EPHEMERAL.to;
      const shown = chosen ? this.#token("port", String(port)) : this.plain(port);
      return [this.plain(host), shown, ...rest.map((item) => this.plain(item))];
    }
    if (Array.isArray(value) && value.length === 2 && value[0] !== 0) {
      return [this.#token("portid", String(value[0])), value[1] as number];
    }
    if (value instanceof Uint8Array && /^\0[0-9a-f]{5}$/.test(Buffer.from(value).toString("latin1"))) {
      return this.#token("autobind", Buffer.from(value).toString("hex"));
    }
    return this.plain(value);
  }

  #descriptor(value: bigint): Json {
    return value < 0n ? Number(value) : this.#token("fd", String(value));
  }

  #control([level, type, data]: [number, number, unknown], masks: readonly (readonly [number, number])[]): Json {
    if (data instanceof Descriptors) return [level, type, { descriptors: data.handles.length }];
    const bytes = Buffer.from(data as Uint8Array);
    if (level === 1 && type === 2 && bytes.length === 12) {
      const pid = bytes.readInt32LE(0);
      const shown = pid === 0 ? 0 : this.#token("pid", String(pid));
      return [level, type, { credentials: [shown, bytes.readUInt32LE(4), bytes.readUInt32LE(8)] }];
    }
    if (level === 1 && [29, 35, 37].includes(type)) return [level, type, { timestamp: bytes.length }];
    return [level, type, this.plain(masked(bytes, masks))];
  }
}

function masked(value: unknown, ranges: readonly (readonly [number, number])[]): unknown {
  if (!(value instanceof Uint8Array) || ranges.length === 0) return value;
  const copy = Uint8Array.from(value);
  for (const [from, to] of ranges) copy.fill(0, from, to);
  return copy;
}

function outline(value: unknown, how: "type" | "length"): Json {
  if (value === null || value === undefined) return { type: "none" };
  if (typeof value === "boolean") return { type: "bool" };
  if (typeof value === "number" || typeof value === "bigint") return { type: "int", sign: Math.sign(Number(value)) };
  if (typeof value === "string") return { type: "str", ...(how === "length" ? { length: value.length } : {}) };
  if (value instanceof Uint8Array) return { type: "bytes", ...(how === "length" ? { length: value.length } : {}) };
  if (Array.isArray(value)) return value.map((item) => outline(item, how));
  return { type: "object" };
}

function isSocket(value: unknown): value is SocketShape {
  return typeof value === "object" && value !== null && "family" in value && "type" in value && "proto" in value;
}
