/*
 * Common to Recv, Recvfrom, Recvmsg and RecvFds: the size, the wait queue, and MSG_WAITALL.
 *
 * MSG_WAITALL on a non-blocking descriptor returns what is available. If the caller's socket is blocking, and thus
 * would wait for everything, the pieces are collected here, and pushed back if the operation ends early. With a timeout
 * it may return less, as in Python. With MSG_PEEK nothing can be collected: for TCP the attempt is repeated until
 * everything is available or no more will arrive (for a unix socket the kernel does not wait either).
 */

import { constants } from "node:os";
import { ArgumentError_Kind, BrokerError_Code } from "../../gen/sockbroker/v1/error_pb.js";
import { SystemError, systemError } from "../../native/errno.js";
import { linux } from "../../native/linux.js";
import type { View } from "../access/views.js";
import type { OpContext } from "../context.js";
import { ArgumentFault, BrokerFault } from "../errors.js";
import { AGAIN, PARTLY, type Wait, type WaitQueue } from "../sockets/readiness.js";
import { isAgain } from "../sockets/socket-entry.js";
import type { Received } from "../sockets/unowned.js";
import { performWaiting, type Waiting, waitOf } from "./perform.js";

const { MSG_OOB, MSG_PEEK, MSG_WAITALL, MSG_ERRQUEUE } = linux;

const { EAGAIN } = constants.errno;

const MAX_ANCILLARY_BYTES = 65_536n;

export interface ReceiveRequest extends Waiting {
  readonly maxBytes?: bigint | undefined;
}

/** Receives data alone. */
export function receiveData(
  ctx: OpContext,
  entry: View<"receive">,
  syscall: string,
  request: ReceiveRequest,
): Received | Uint8Array | Promise<Received | Uint8Array> {
  const size = sizeOf(ctx, syscall, request);
  // Python makes no system call for size 0. recv(2) would receive a message and discard it.
  if (size === 0 && syscall === "recv") return new Uint8Array(0);
  const wait = waitOf(ctx, entry, syscall, request);
  if (gathers(entry, wait, request)) return gather(entry, wait, size, request.flags);
  if (peeksAll(entry, wait, request)) return peekAll(entry, wait, size, request.flags);
  return receiveOrEnd(entry, wait, request.flags, () => entry.receiveData(size, request.flags));
}

/** Receives data with its address and ancillary data. */
export function receiveMessage(
  ctx: OpContext,
  entry: View<"receive">,
  syscall: string,
  request: ReceiveRequest,
  controlSize: number,
): Received | Promise<Received> {
  const size = sizeOf(ctx, syscall, request);
  const wait = waitOf(ctx, entry, syscall, request);
  if (gathers(entry, wait, request) && controlSize === 0) return gather(entry, wait, size, request.flags);
  return receiveOrEnd(entry, wait, request.flags, () => entry.receive(size, controlSize, request.flags));
}

/** Receives when there is data, or when no more can arrive. */
function receiveOrEnd<T extends Received | Uint8Array>(
  entry: View<"receive">,
  wait: Wait,
  flags: number,
  receive: () => T | number,
): T | Received | Promise<T | Received> {
  return performWaiting<T | Received>(entry, waitQueueOf(flags), wait, () => {
    const received = receive();
    return isAgain(received) && wait.milliseconds === null && entry.receivingIsOver ? nothing : received;
  });
}

const nothing: Received = { data: new Uint8Array(0), length: 0, flags: 0, address: null, control: [] };

/** Validates the space for ancillary data. Throws `ArgumentFault`. */
export function ancillarySize(bytes: bigint): number {
  if (bytes < 0n) {
    throw new ArgumentFault(
      ArgumentError_Kind.VALUE,
      "ANCILLARY_SIZE",
      "recvmsg",
      "invalid ancillary data buffer length",
    );
  }
  return Number(bytes < MAX_ANCILLARY_BYTES ? bytes : MAX_ANCILLARY_BYTES);
}

/**
 * The number of bytes to ask the kernel for. Throws `ArgumentFault`, or MALFORMED_REQUEST if the request does not
 * specify it.
 */
function sizeOf(ctx: OpContext, syscall: string, { maxBytes }: ReceiveRequest): number {
  // Treated as 0 it would return no bytes, which means end of data on a stream.
  if (maxBytes === undefined) throw new BrokerFault(BrokerError_Code.MALFORMED_REQUEST, `${syscall} needs max_bytes`);
  if (maxBytes < 0n) {
    const text = syscall === "recvmsg" ? "negative buffer size in recvmsg()" : `negative buffersize in ${syscall}`;
    throw new ArgumentFault(ArgumentError_Kind.VALUE, "NEGATIVE_SIZE", syscall, text);
  }
  const limit = ctx.services.limits.maxReceiveBytes;
  return maxBytes > BigInt(limit) ? limit : Number(maxBytes);
}

function waitQueueOf(flags: number): WaitQueue {
  if ((flags & MSG_ERRQUEUE) !== 0) return "error";
  return (flags & MSG_OOB) === 0 ? "data" : "urgent";
}

/** Whether the caller's socket is blocking, and the operation has no timeout of its own. */
function blocks(wait: Wait, request: ReceiveRequest): boolean {
  return wait.milliseconds === null && request.timeout === undefined;
}

function gathers(entry: View<"receive">, wait: Wait, request: ReceiveRequest): boolean {
  if ((request.flags & MSG_WAITALL) === 0 || (request.flags & (MSG_OOB | MSG_PEEK | MSG_ERRQUEUE)) !== 0) return false;
  return entry.isStream && blocks(wait, request);
}

function peeksAll(entry: View<"receive">, wait: Wait, request: ReceiveRequest): boolean {
  if ((request.flags & (MSG_PEEK | MSG_WAITALL | MSG_OOB | MSG_ERRQUEUE)) !== (MSG_PEEK | MSG_WAITALL)) return false;
  return entry.isTcp && blocks(wait, request);
}

function peekAll(entry: View<"receive">, wait: Wait, size: number, flags: number) {
  return performWaiting(entry, "data", wait, () => {
    const peeked = entry.receive(size, 0, flags);
    const short = typeof peeked !== "number" && peeked.data.length < size && !entry.state.hasEnded;
    return short ? -EAGAIN : peeked;
  });
}

async function gather(entry: View<"receive">, wait: Wait, size: number, flags: number): Promise<Received> {
  const pieces: Received[] = [];
  let missing = size;
  try {
    return await entry.readiness.perform("data", wait, () => {
      const before = missing;
      for (;;) {
        const piece = entry.receive(missing, 0, flags);
        if (typeof piece === "number") {
          if (isAgain(piece)) return missing < before ? PARTLY : AGAIN;
          // The bytes before the error are returned; the error is kept for the next call.
          if (pieces.length > 0) {
            entry.keepError(piece);
            return join(pieces);
          }
          throw systemError(piece, wait.operation);
        }
        pieces.push(piece);
        missing -= piece.data.length;
        if (missing === 0 || piece.data.length === 0) return join(pieces);
      }
    });
  } catch (error) {
    // SO_RCVTIMEO expired: the bytes received so far are returned, as by the kernel.
    if (pieces.length > 0 && error instanceof SystemError && error.errno === EAGAIN) return join(pieces);
    entry.pushBack(pieces);
    throw error;
  }
}

function join(pieces: readonly Received[]): Received {
  const data = Buffer.concat(pieces.map((piece) => piece.data));
  return { data, length: data.length, flags: pieces[0]?.flags ?? 0, address: pieces[0]?.address ?? null, control: [] };
}
