/*
 * Common to Recv, Recvfrom, Recvmsg and RecvFds: validates the sizes, and chooses the wait queue and the attempt to make.
 */

import { ArgumentError_Kind, BrokerError_Code } from "../../gen/sockbroker/v1/error_pb.js";
import { linux } from "../../native/linux.js";
import type { View } from "../access/views.js";
import type { OpContext } from "../context.js";
import { ArgumentFault, BrokerFault } from "../errors.js";
import type { Wait, WaitQueue } from "../sockets/readiness.js";
import type { Received } from "../sockets/unowned.js";
import { type Waiting, waitOf } from "./perform.js";
import { attemptData, attemptMessage } from "./receive-attempt.js";
import { gather, peekAll } from "./receive-whole.js";

const { MSG_OOB, MSG_PEEK, MSG_WAITALL, MSG_ERRQUEUE } = linux;

const MAX_ANCILLARY_BYTES = 65_536n;

export interface ReceiveRequest extends Waiting {
  readonly maxBytes?: bigint | undefined;
}

/** Receives data alone. Throws `ArgumentFault`, or MALFORMED_REQUEST without a size. */
export function receiveData(
  ctx: OpContext,
  entry: View<"receive">,
  syscall: string,
  request: ReceiveRequest,
): Received | Uint8Array | Promise<Received | Uint8Array> {
  const size = sizeOf(ctx, syscall, request);
  // Python makes no system call for size 0. recv(2) would receive a message and discard it.
  if (size === 0 && syscall === "recv") return new Uint8Array(0);
  const { flags } = request;
  const wait = waitOf(ctx, entry, syscall, request);
  if (gathers(ctx, entry, wait, request)) return gather(entry, wait, size, flags);
  if (peeksAll(entry, wait, request)) return peekAll(entry, wait, size, flags);
  return entry.readiness.perform(waitQueueOf(flags), wait, attemptData.bind(null, entry, wait, size, flags));
}

/**
 * Receives data with its address, and with up to `ancillaryBytes` of ancillary data. Throws `ArgumentFault`, or
 * MALFORMED_REQUEST without a size.
 */
export function receiveMessage(
  ctx: OpContext,
  entry: View<"receive">,
  syscall: string,
  request: ReceiveRequest,
  ancillaryBytes: bigint,
): Received | Promise<Received> {
  const controlSize = ancillarySize(ancillaryBytes);
  const size = sizeOf(ctx, syscall, request);
  const { flags } = request;
  const wait = waitOf(ctx, entry, syscall, request);
  if (gathers(ctx, entry, wait, request) && controlSize === 0) return gather(entry, wait, size, flags);
  // Bound, not a closure of this file: the attempt then goes straight to its own, however often it is made.
  const attempt = attemptMessage.bind(null, entry, wait, size, controlSize, flags);
  return entry.readiness.perform(waitQueueOf(flags), wait, attempt);
}

/** Validates the space for ancillary data. Throws `ArgumentFault`. */
function ancillarySize(bytes: bigint): number {
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

function gathers(ctx: OpContext, entry: View<"receive">, wait: Wait, request: ReceiveRequest): boolean {
  if ((request.flags & MSG_WAITALL) === 0 || (request.flags & (MSG_OOB | MSG_PEEK | MSG_ERRQUEUE)) !== 0) return false;
  // With too much pushed back already it receives what there is, because its pieces might have to be pushed back too.
  return entry.isStream && blocks(wait, request) && !ctx.principal.pushedBack.isFull;
}

function peeksAll(entry: View<"receive">, wait: Wait, request: ReceiveRequest): boolean {
  if ((request.flags & (MSG_PEEK | MSG_WAITALL | MSG_OOB | MSG_ERRQUEUE)) !== (MSG_PEEK | MSG_WAITALL)) return false;
  return entry.isTcp && blocks(wait, request);
}
