/*
 * Option values whose bytes are a struct in the host's layout.
 */

import { endianness } from "node:os";
import { ArgumentError_Kind } from "../../gen/sockbroker/v1/error_pb.js";
import type { OptionValueSchema } from "../../gen/sockbroker/v1/socket_pb.js";
import { ArgumentFault } from "../errors.js";
import { durationOf, timeoutFrom } from "./duration.js";
import type { Init } from "./init.js";

type Value = NonNullable<Init<typeof OptionValueSchema>["value"]>;
type Linger = { readonly on: boolean; readonly seconds: number };
type Timeval = Parameters<typeof timeoutFrom>[0];

export interface FormatCodec<T> {
  /** In bytes. */
  readonly size: number;
  read(bytes: Uint8Array): Value;
  write(value: T): Uint8Array;
}

const little = endianness() === "LE";

/** struct linger: two ints. */
export const lingerCodec: FormatCodec<Linger> = {
  size: 8,
  read: (bytes) => {
    const view = viewOf(bytes, 8);
    return {
      case: "linger",
      value: { on: view.getInt32(0, little) !== 0, seconds: view.getInt32(4, little) },
    };
  },
  write: ({ on, seconds }) => {
    const bytes = new Uint8Array(8);
    const view = new DataView(bytes.buffer);
    view.setInt32(0, on ? 1 : 0, little);
    view.setInt32(4, seconds, little);
    return bytes;
  },
};

/** struct timeval with a 64-bit time_t, as on all hosts that Node supports. */
export const timevalCodec: FormatCodec<Timeval> = {
  size: 16,
  read: (bytes) => {
    const view = viewOf(bytes, 16);
    const nanos = view.getBigInt64(0, little) * 1_000_000_000n + view.getBigInt64(8, little) * 1_000n;
    return { case: "timeval", value: durationOf(nanos) };
  },
  write: (duration) => {
    const nanos = timeoutFrom(duration, "setsockopt") ?? 0n;
    const bytes = new Uint8Array(16);
    const view = new DataView(bytes.buffer);
    view.setBigInt64(0, nanos / 1_000_000_000n, little);
    view.setBigInt64(8, (nanos % 1_000_000_000n) / 1_000n, little);
    return bytes;
  },
};

/** An int option of AF_VSOCK's own level, which has 64 bits there. */
export const vsockInteger: FormatCodec<number> = {
  size: 8,
  read: (bytes) => ({ case: "integer", value: Number(BigInt.asIntN(32, viewOf(bytes, 8).getBigUint64(0, little))) }),
  write: (value) => {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, BigInt(value)), little);
    return bytes;
  },
};

function viewOf(bytes: Uint8Array, size: number): DataView {
  if (bytes.length < size) {
    throw new ArgumentFault(
      ArgumentError_Kind.VALUE,
      "OPTION_FORMAT_MISMATCH",
      "getsockopt",
      `the option has ${bytes.length} bytes, its format ${size}`,
    );
  }
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
