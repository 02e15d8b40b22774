import type { SocketAddress } from "./address.js";
import type { CallOptions, WaitOptions } from "./broker-context.js";
import { type BytesInput, buffersOf, bytesOf, toBuffer } from "./bytes.js";
import { type ControlMessage, controlFromProto } from "./control-message.js";
import { timeoutOf } from "./duration.js";
import { ArgumentError } from "./errors.js";
import { int32 } from "./int32.js";
import { IOV_MAX } from "./linux.js";
import { localError } from "./local-error.js";
import { decodeAddress, perform, type SocketState } from "./socket-state.js";

/** Maximum size of one request to push back data, in bytes. */
const PIECE_BYTES = 1024 * 1024;
const SOCKLEN_MAX = 2 ** 31 - 1;

/** Options of methods that receive. */
export interface ReceiveOptions extends WaitOptions {
  /** MSG_* flags, with the values of the daemon's host. */
  readonly flags?: number | undefined;
}

/** Options of methods that receive into a buffer. */
export interface ReceiveIntoOptions extends ReceiveOptions {
  /** Maximum number of bytes; 0 or unset: the length of the buffer. */
  readonly nbytes?: number | undefined;
}

/** Options of methods that receive ancillary data. */
export interface ReceiveMessageOptions extends ReceiveOptions {
  /** Space for ancillary data, in bytes; see `cmsgSpace`. Unset: none. */
  readonly maxAncillaryBytes?: number | undefined;
}

/** Bytes and their sender. */
export interface ReceivedFrom {
  readonly data: Buffer;
  /** null if the kernel returned none, as on a connected stream. */
  readonly address: SocketAddress | null;
}

/** The number of bytes and their sender. */
export interface ReceivedFromInto {
  readonly nbytes: number;
  readonly address: SocketAddress | null;
}

/** A message as returned by recvmsg(2). */
export interface ReceivedMessage {
  readonly data: Buffer;
  /** The return value of recvmsg(2). Greater than the length of `data` only if MSG_TRUNC was among the given flags. */
  readonly length: number;
  readonly ancillaryData: readonly ControlMessage[];
  /** MSG_TRUNC, MSG_CTRUNC, … */
  readonly flags: number;
  readonly address: SocketAddress | null;
}

/** A message whose bytes were distributed over the caller's buffers. */
export type ReceivedMessageInto = Omit<ReceivedMessage, "data" | "length"> & { readonly nbytes: number };

export async function recv(state: SocketState, maxBytes: number, options: ReceiveOptions): Promise<Buffer> {
  const response = await perform(state, "recv", request(state, "recv", maxBytes, options), options.signal);
  return toBuffer(response.data);
}

export async function recvInto(state: SocketState, buffer: BytesInput, options: ReceiveIntoOptions): Promise<number> {
  const target = targetOf(buffer, "recv_into", options);
  const init = request(state, "recv", target.length, options);
  const { data, lengthBytes } = await perform(state, "recv", init, options.signal);
  target.set(data);
  return Number(lengthBytes);
}

export async function pushBack(state: SocketState, data: BytesInput, options: CallOptions): Promise<void> {
  const bytes = bytesOf(data, "push_back");
  // The end first: each piece comes before those that were pushed back before it.
  for (let end = bytes.length; end > 0; end -= PIECE_BYTES) {
    const piece = bytes.subarray(Math.max(0, end - PIECE_BYTES), end);
    await perform(state, "pushBack", { handle: state.handle, data: piece }, options.signal);
  }
}

export async function recvfrom(state: SocketState, maxBytes: number, options: ReceiveOptions): Promise<ReceivedFrom> {
  const response = await perform(state, "recvfrom", request(state, "recvfrom", maxBytes, options), options.signal);
  return { data: toBuffer(response.data), address: decodeAddress(state, response.address) };
}

export async function recvfromInto(
  state: SocketState,
  buffer: BytesInput,
  options: ReceiveIntoOptions,
): Promise<ReceivedFromInto> {
  const target = targetOf(buffer, "recvfrom_into", options);
  const response = await perform(state, "recvfrom", request(state, "recvfrom", target.length, options), options.signal);
  target.set(response.data);
  return { nbytes: Number(response.lengthBytes), address: decodeAddress(state, response.address) };
}

export async function recvmsg(
  state: SocketState,
  maxBytes: number,
  options: ReceiveMessageOptions,
): Promise<ReceivedMessage> {
  const init = { ...request(state, "recvmsg", maxBytes, options), maxAncillaryBytes: ancillaryBytes(options) };
  const response = await perform(state, "recvmsg", init, options.signal);
  return {
    data: toBuffer(response.data),
    length: Number(response.lengthBytes),
    ancillaryData: controlFromProto(response.ancillaryData),
    flags: response.flags,
    address: decodeAddress(state, response.address),
  };
}

export async function recvmsgInto(
  state: SocketState,
  buffers: Iterable<BytesInput>,
  options: ReceiveMessageOptions,
): Promise<ReceivedMessageInto> {
  const targets = buffersOf(buffers, "recvmsg_into");
  if (targets.length > IOV_MAX) throw localError("EMSGSIZE", "recvmsg_into");
  const room = targets.reduce((sum, target) => sum + target.length, 0);
  const { data, length, ...rest } = await recvmsg(state, room, options);
  let from = 0;
  for (const target of targets) {
    target.set(data.subarray(from, from + target.length));
    from += target.length;
    if (from >= data.length) break;
  }
  return { nbytes: length, ...rest };
}

function request(state: SocketState, operation: string, maxBytes: number, { flags = 0, timeout }: ReceiveOptions) {
  if (typeof maxBytes !== "number" || !Number.isInteger(maxBytes)) {
    throw new TypeError(`${operation}(): a whole number of bytes is required`);
  }
  if (maxBytes < 0) {
    const where = operation === "recvmsg" ? "negative buffer size in recvmsg()" : `negative buffersize in ${operation}`;
    throw new ArgumentError("value", "NEGATIVE_SIZE", operation, where);
  }
  return {
    handle: state.handle,
    maxBytes: BigInt(maxBytes),
    flags: int32(flags, operation),
    ...timeoutOf(timeout, operation),
  };
}

function ancillaryBytes({ maxAncillaryBytes = 0 }: ReceiveMessageOptions): bigint {
  if (!Number.isInteger(maxAncillaryBytes)) throw new TypeError("recvmsg(): a whole number of bytes is required");
  if (maxAncillaryBytes < 0 || maxAncillaryBytes > SOCKLEN_MAX) {
    const text = "invalid ancillary data buffer length";
    throw new ArgumentError("value", "ANCILLARY_SIZE", "recvmsg", text);
  }
  return BigInt(maxAncillaryBytes);
}

function targetOf(buffer: BytesInput, operation: string, { nbytes = 0 }: ReceiveIntoOptions): Uint8Array {
  const target = bytesOf(buffer, operation);
  if (nbytes < 0) {
    throw new ArgumentError("value", "NEGATIVE_SIZE", operation, `negative buffersize in ${operation}`);
  }
  if (nbytes > target.length) {
    const text = "buffer too small for requested bytes";
    throw new ArgumentError("value", "BUFFER_TOO_SMALL", operation, text);
  }
  return nbytes === 0 ? target : target.subarray(0, nbytes);
}
