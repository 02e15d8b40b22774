import { AddressFamily, SocketType } from "../gen/sockbroker/v1/address_pb.js";
import type { AddressInput } from "./address.js";
import type { WaitOptions } from "./broker-context.js";
import { type BytesInput, buffersToSend, bytesOf } from "./bytes.js";
import { type ControlMessageInput, controlToProto } from "./control-message.js";
import { createDeadline } from "./deadline.js";
import { timeoutOf } from "./duration.js";
import { ArgumentError } from "./errors.js";
import { int32 } from "./int32.js";
import { localError } from "./local-error.js";
import { encodeAddress, perform, type SocketState } from "./socket-state.js";

/** Options of methods that send. */
export interface SendOptions extends WaitOptions {
  /** MSG_* flags, with the values of the daemon's host. */
  readonly flags?: number | undefined;
}

/** Options of methods that send a message. */
export interface SendMessageOptions extends SendOptions {
  readonly ancillaryData?: Iterable<ControlMessageInput> | undefined;
  /** Unset: the connected peer. */
  readonly address?: AddressInput | undefined;
}

/** Options of `Socket.sendmsgAfalg`. */
export interface SendAfalgOptions extends SendOptions {
  /** Required. ALG_OP_DECRYPT or ALG_OP_ENCRYPT. */
  readonly op: number;
  /** Initialisation vector. */
  readonly iv?: BytesInput | undefined;
  /** Length of the associated data, in bytes. */
  readonly assoclen?: number | undefined;
}

/**
 * How much of a stream is sent in one operation, in bytes: enough to amortise its cost, but not so much that it delays
 * others.
 */
const CHUNK_BYTES = 256 * 1024;

export async function send(state: SocketState, data: BytesInput, options: SendOptions): Promise<number> {
  const bytes = bytesOf(data, "send");
  // send(2) may accept a part of a stream's data, but a message only as a whole.
  const part = state.type === SocketType.STREAM ? bytes.subarray(0, CHUNK_BYTES) : whole(state, bytes, "send");
  const response = await perform(state, "send", request(state, "send", part, options), options.signal);
  return Number(response.sentBytes);
}

export async function sendall(state: SocketState, data: BytesInput, options: SendOptions): Promise<void> {
  const bytes = bytesOf(data, "sendall");
  if (state.type !== SocketType.STREAM || bytes.length <= CHUNK_BYTES) {
    const part = whole(state, bytes, "sendall");
    await perform(state, "sendall", request(state, "sendall", part, options), options.signal);
    return;
  }
  const deadline = createDeadline(state, options.timeout, "sendall");
  for (let from = 0; from < bytes.length; from += CHUNK_BYTES) {
    const part = bytes.subarray(from, from + CHUNK_BYTES);
    const init = request(state, "sendall", part, { ...options, timeout: deadline.remaining() });
    await perform(state, "sendall", init, options.signal);
  }
}

export async function sendto(
  state: SocketState,
  data: BytesInput,
  address: AddressInput,
  options: SendOptions,
): Promise<number> {
  const bytes = whole(state, bytesOf(data, "sendto"), "sendto");
  const init = { ...request(state, "sendto", bytes, options), address: encodeAddress(state, address, "sendto") };
  const response = await perform(state, "sendto", init, options.signal);
  return Number(response.sentBytes);
}

export async function sendmsg(
  state: SocketState,
  buffers: Iterable<BytesInput>,
  options: SendMessageOptions,
): Promise<number> {
  const { address, ancillaryData = [], flags = 0, timeout } = options;
  const parts = buffersToSend(buffers, "sendmsg");
  const init = {
    handle: state.handle,
    buffers: state.type === SocketType.STREAM ? head(parts) : parts,
    ancillaryData: controlToProto(ancillaryData, "sendmsg"),
    flags: int32(flags, "sendmsg"),
    ...(address === undefined ? {} : { address: encodeAddress(state, address, "sendmsg") }),
    ...timeoutOf(timeout, "sendmsg"),
  };
  const response = await perform(state, "sendmsg", init, options.signal);
  return Number(response.sentBytes);
}

export async function sendmsgAfalg(
  state: SocketState,
  buffers: Iterable<BytesInput>,
  options: SendAfalgOptions,
): Promise<number> {
  const { op, iv, assoclen, flags = 0, timeout } = options;
  if (state.family !== AddressFamily.ALG) {
    const text = "algset is only supported for AF_ALG";
    throw new ArgumentError("os", "NOT_AF_ALG", "sendmsg_afalg", text);
  }
  if (!Number.isInteger(op) || op < 0) throw new TypeError("sendmsg_afalg(): op must be a whole number, not negative");
  if (assoclen !== undefined && !(assoclen >= 0)) throw new TypeError("sendmsg_afalg(): assoclen must not be negative");
  const init = {
    handle: state.handle,
    buffers: buffersToSend(buffers, "sendmsg_afalg"),
    op,
    ...(iv === undefined ? {} : { iv: bytesOf(iv, "sendmsg_afalg") }),
    ...(assoclen === undefined ? {} : { assoclen }),
    flags: int32(flags, "sendmsg_afalg"),
    ...timeoutOf(timeout, "sendmsg_afalg"),
  };
  const response = await perform(state, "sendmsgAfalg", init, options.signal);
  return Number(response.sentBytes);
}

function request(state: SocketState, operation: string, data: Uint8Array, { flags = 0, timeout }: SendOptions) {
  return { handle: state.handle, data, flags: int32(flags, operation), ...timeoutOf(timeout, operation) };
}

/**
 * A message cannot be split. One that is too large for the daemon is EMSGSIZE, like one beyond the kernel's own limit.
 */
function whole(state: SocketState, bytes: Uint8Array, operation: string): Uint8Array {
  if (bytes.length > state.context.operations.maxPayloadBytes) {
    throw localError("EMSGSIZE", operation);
  }
  return bytes;
}

/** The first buffers of a stream's data, up to a chunk. */
function head(buffers: readonly Uint8Array[]): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let room = CHUNK_BYTES;
  for (const buffer of buffers) {
    if (room === 0 && buffer.length > 0) break;
    parts.push(buffer.subarray(0, room));
    room -= Math.min(room, buffer.length);
  }
  return parts;
}
