import { type FileHandle, open } from "node:fs/promises";
import { SocketType } from "../gen/sockbroker/v1/address_pb.js";
import type { ArgumentReason } from "../rpc/argument-reasons.js";
import type { WaitOptions } from "./broker-context.js";
import { createDeadline } from "./deadline.js";
import { timeoutOf } from "./duration.js";
import { ArgumentError } from "./errors.js";
import { type HandleSource, handleOf } from "./handle.js";
import { sendall } from "./socket-send.js";
import { perform, type SocketState } from "./socket-state.js";

/** A file to send: a path, URL, open file or chunks of this process, or the handle of a file that the session has. */
export type FileSource = string | URL | FileHandle | AsyncIterable<Uint8Array> | HandleSource;

/** Options of `Socket.sendfile`. */
export interface SendFileOptions extends WaitOptions {
  /** Where to start, in bytes. */
  readonly offset?: number | undefined;
  /** Maximum number of bytes; unset: up to the end of the file. */
  readonly count?: number | null | undefined;
}

const CHUNK_BYTES = 256 * 1024;

export async function sendfile(state: SocketState, file: FileSource, options: SendFileOptions): Promise<number> {
  const { offset = 0, count } = options;
  if (state.type !== SocketType.STREAM) throw value("NOT_A_STREAM", "only SOCK_STREAM type sockets are supported");
  if (state.timeout === 0) throw value("NON_BLOCKING", "non-blocking sockets are not supported");
  if (!Number.isInteger(offset)) throw new TypeError("sendfile(): offset must be a whole number");
  if (offset < 0) throw value("OFFSET", `offset must not be negative (got ${String(offset)})`);
  if (count !== undefined && count !== null) {
    if (!Number.isInteger(count)) throw new TypeError("sendfile(): count must be a whole number");
    if (count <= 0) throw value("COUNT", `count must be a positive integer (got ${String(count)})`);
  }
  if (typeof file === "bigint" || (typeof file === "object" && "handle" in file)) {
    return sendRemote(state, file, options);
  }
  const limit = count ?? Number.POSITIVE_INFINITY;
  if (typeof file === "string" || file instanceof URL) {
    const handle = await open(file);
    try {
      return await sendChunks(state, readChunks(handle, offset, limit), limit, options);
    } finally {
      await handle.close();
    }
  }
  if (Symbol.asyncIterator in file) return sendChunks(state, skip(file, offset), limit, options);
  return sendChunks(state, readChunks(file, offset, limit), limit, options);
}

async function sendRemote(state: SocketState, file: HandleSource, options: SendFileOptions): Promise<number> {
  const { offset = 0, count, timeout, signal } = options;
  const init = {
    handle: state.handle,
    fileHandle: handleOf(file),
    offsetBytes: BigInt(offset),
    ...(count === undefined || count === null ? {} : { countBytes: BigInt(count) }),
    ...timeoutOf(timeout, "sendfile"),
  };
  return Number((await perform(state, "sendfile", init, signal)).sentBytes);
}

async function sendChunks(
  state: SocketState,
  chunks: AsyncIterable<Uint8Array>,
  limit: number,
  { timeout, signal }: SendFileOptions,
): Promise<number> {
  const deadline = createDeadline(state, timeout, "sendfile");
  let sent = 0;
  for await (const chunk of chunks) {
    const part = chunk.subarray(0, limit - sent);
    await sendall(state, part, { timeout: deadline.remaining(), signal });
    sent += part.length;
    if (sent >= limit) break;
  }
  return sent;
}

async function* readChunks(
  file: FileHandle,
  offset: number,
  limit: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, limit));
  for (let position = offset; ; ) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    position += bytesRead;
  }
}

async function* skip(chunks: AsyncIterable<Uint8Array>, offset: number): AsyncGenerator<Uint8Array, void, undefined> {
  let left = offset;
  for await (const chunk of chunks) {
    if (chunk.length > left) yield chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
}

function value(code: ArgumentReason, message: string): ArgumentError {
  return new ArgumentError("value", code, "sendfile", message);
}
