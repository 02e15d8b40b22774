import { ArgumentError_Kind } from "../../gen/sockbroker/v1/error_pb.js";
import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { systemError } from "../../native/errno.js";
import type { View } from "../access/views.js";
import type { SocketOp } from "../context.js";
import { ArgumentFault, type ArgumentReason } from "../errors.js";
import { waitOf } from "../io/perform.js";
import { AGAIN, type Attempt } from "../sockets/readiness.js";
import { isAgain, type Socket } from "../sockets/socket-entry.js";
import type { TurnQueue } from "../turn-queue.js";

/** Maximum size of one call. An operation that is cancelled or times out ends between two calls. */
const MAX_CHUNK = 1024 * 1024;

/**
 * Wraps sendfile(2), from a file for which the session has a handle. The timeout applies to the whole operation.
 * Reading a file may take long, or forever if the caller serves it, so it is done on threads, of which a principal has
 * a few. No other send comes between.
 */
export const sendfile: SocketOp<typeof SocketService.method.sendfile, "send"> = async (ctx, request, entry) => {
  const file = ctx.session.entry(request.fileHandle);
  const wait = waitOf(ctx, entry, "sendfile", { timeout: request.timeout, flags: 0 });
  if (!entry.isStream) throw value("NOT_A_STREAM", "only SOCK_STREAM type sockets are supported");
  if (wait.milliseconds === 0) throw value("NON_BLOCKING", "non-blocking sockets are not supported");
  let sent = 0n;
  const thread = new SendingThread(entry, file, ctx.principal.files);
  const attempt: Attempt<bigint> = () => {
    for (;;) {
      const result = thread.takeResult();
      if (result !== null) {
        if (isAgain(result)) return AGAIN;
        if (result < 0) throw systemError(result, "sendfile");
        if (result === 0) return sent;
        sent += BigInt(result);
      }
      const left = request.countBytes === undefined ? BigInt(MAX_CHUNK) : request.countBytes - sent;
      if (left <= 0n) return sent;
      thread.begin(request.offsetBytes + sent, left < BigInt(MAX_CHUNK) ? Number(left) : MAX_CHUNK);
      return AGAIN;
    }
  };
  try {
    return { sentBytes: await entry.readiness.perform("write", wait, attempt) };
  } finally {
    thread.leave();
  }
};

/** Makes calls of sendfile(2) on a thread, one after the other. While one runs, nothing else sends. */
class SendingThread {
  readonly #entry: View<"send">;
  readonly #file: Socket;
  readonly #turns: TurnQueue;
  #result: number | null = null;
  #over = false;
  /** Gives up the place of a call that has not started. */
  #giveUp: () => void = () => {};

  constructor(entry: View<"send">, file: Socket, turns: TurnQueue) {
    this.#entry = entry;
    this.#file = file;
    this.#turns = turns;
  }

  /** Returns the result of the last call, once; null if there was none. */
  takeResult(): number | null {
    const result = this.#result;
    this.#result = null;
    return result;
  }

  /** Starts a call. The attempt is repeated when it has ended. */
  begin(offset: bigint, count: number): void {
    const place = this.#turns.enter();
    const release = this.#entry.readiness.holdWrites();
    const end = (): void => {
      this.#giveUp = () => {};
      place.leave();
      release();
    };
    const run = async (): Promise<void> => {
      if (this.#over) return;
      this.#giveUp = () => {};
      try {
        this.#result = await this.#entry.sendfile(this.#file, offset, count);
      } finally {
        end();
      }
    };
    this.#giveUp = end;
    if (place.turn === null) void run();
    else void place.turn.then(run);
  }

  /** The operation is over. A running call keeps its place, and other senders from the socket, until it ends. */
  leave(): void {
    this.#over = true;
    this.#giveUp();
  }
}

function value(reason: ArgumentReason, text: string): ArgumentFault {
  return new ArgumentFault(ArgumentError_Kind.VALUE, reason, "sendfile", text);
}
