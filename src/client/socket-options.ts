import type { MessageInitShape } from "@bufbuild/protobuf";
import { OptionFormat, type OptionValueSchema } from "../gen/sockbroker/v1/socket_pb.js";
import type { CallOptions } from "./broker-context.js";
import { type BytesInput, bytesOf, toBuffer } from "./bytes.js";
import { durationOf, secondsOf } from "./duration.js";
import { BrokerError } from "./errors.js";
import { int32 } from "./int32.js";
import { required } from "./required.js";
import { perform, type SocketState } from "./socket-state.js";

/** The value of SO_LINGER. */
export interface Linger {
  /** Whether close waits for unsent data. */
  readonly on: boolean;
  /** How long it waits, in seconds. 0 with `on` resets the connection. */
  readonly seconds: number;
}

/** The form in which to return an option's value. Unset: an int. */
export interface GetOptionOptions extends CallOptions {
  /** Returns raw bytes in the layout of the daemon's host, up to this number; 1 to 1024. */
  readonly maxBytes?: number | undefined;
  /** Returns a `Linger`, or the seconds of a struct timeval (SO_RCVTIMEO, SO_SNDTIMEO). */
  readonly format?: "linger" | "timeval" | undefined;
}

/** An option's value: an int, a flag, raw bytes, `SO_LINGER`, or seconds for a struct timeval. */
export type OptionInput = number | boolean | BytesInput | Linger | { readonly timeval: number } | null;

/** Options of `Socket.setsockopt`. */
export interface SetOptionOptions extends CallOptions {
  /** For the value null: the length to pass with a NULL pointer, as AF_ALG requires. */
  readonly length?: number | undefined;
}

export async function getsockopt(
  state: SocketState,
  level: number,
  name: number,
  { maxBytes, format, signal }: GetOptionOptions,
): Promise<number | Buffer | Linger> {
  const init = {
    handle: state.handle,
    level: int32(level, "getsockopt"),
    name: int32(name, "getsockopt"),
    ...(maxBytes === undefined ? {} : { maxBytes: int32(maxBytes, "getsockopt") }),
    format: format === undefined ? OptionFormat.UNSPECIFIED : formats[format],
  };
  const response = await perform(state, "getsockopt", init, signal);
  const { value } = required(response.value, "value");
  switch (value.case) {
    case "integer":
      return value.value;
    case "data":
      return toBuffer(value.value);
    case "linger":
      return { on: value.value.on, seconds: value.value.seconds };
    case "timeval":
      return secondsOf(value.value) ?? 0;
    case "nullLength":
    case undefined:
      throw new BrokerError("UNKNOWN", "the daemon's response has no value");
  }
}

export async function setsockopt(
  state: SocketState,
  level: number,
  name: number,
  value: OptionInput,
  { length, signal }: SetOptionOptions,
): Promise<void> {
  const init = optionInit(state.handle, level, name, value, length);
  await perform(state, "setsockopt", init, signal);
}

/** Encodes an option, for an operation or a frame. */
export function optionInit(handle: bigint, level: number, name: number, value: OptionInput, length?: number) {
  return {
    handle,
    level: int32(level, "setsockopt"),
    name: int32(name, "setsockopt"),
    value: { value: optionValue(value, length) },
  };
}

const formats = { linger: OptionFormat.LINGER, timeval: OptionFormat.TIMEVAL } as const;

type ValueInit = Exclude<MessageInitShape<typeof OptionValueSchema>["value"], undefined>;

function optionValue(value: OptionInput, length: number | undefined): ValueInit {
  if (value === null) {
    if (length === undefined || !Number.isInteger(length)) throw new TypeError("setsockopt(): null needs a length");
    return { case: "nullLength", value: length };
  }
  if (typeof value === "boolean") return { case: "integer", value: value ? 1 : 0 };
  if (typeof value === "number") return { case: "integer", value: int32(value, "setsockopt") };
  if (typeof value === "object" && "timeval" in value) {
    return { case: "timeval", value: durationOf(value.timeval, "setsockopt") };
  }
  if (typeof value === "object" && "on" in value) {
    return { case: "linger", value: { on: value.on, seconds: int32(value.seconds, "setsockopt") } };
  }
  return { case: "data", value: bytesOf(value, "setsockopt") };
}
