/*
 * All operations of a broker are sent on one Session stream.
 *
 * An operation is encoded and queued immediately. The queue is written after the current turn and its microtasks, so
 * operations issued together share an HTTP/2 message and its cost. Results are matched to promises by op id.
 *
 * Invariants: - An operation is in `#queue` (not sent) or in `#sent`, never in both; a settled one is in neither. - At
 * most `#window` operations are in `#sent`. The daemon stops reading a stream on which too many operations wait, and
 *    then would not read a cancellation either.
 * - Aborting a queued operation settles it immediately. Aborting a sent one sends a request to the daemon, whose answer
 *    settles it: bytes that a recv had read, or a connection that an accept had accepted, are delivered despite the abort.
 *    Rejecting immediately would lose them.
 * - After the broker has ended, `#end` is the reason, and every operation is settled with it.
 *
 * When the connection breaks and the session outlives it, the stream is reopened (`#resume`). Queued operations, and
 * those that the API marks as repeatable, are sent again. Other sent operations are rejected, because they may have
 * been performed. Until the daemon has answered the first operation of the new stream nothing else is sent on it, so
 * operations queued until then were certainly not sent.
 */

import type { Status } from "../gen/google/rpc/status_pb.js";
import { SessionService } from "../gen/sockbroker/v1/session_service_pb.js";
import { type BidiCall, byteStream, openBidi } from "../rpc/bidi-call.js";
import type { ClientChannel } from "../rpc/client-channel.js";
import { Code } from "../rpc/code.js";
import { connectionBroke, errorFromStatus } from "./error-from-status.js";
import { BrokerError, type BrokerErrorCode } from "./errors.js";
import { localError } from "./local-error.js";
import {
  answers,
  decodeResponse,
  decodeSessionResponse,
  type EncodedOperation,
  encodedLength,
  encodeOperation,
  encodeSessionRequest,
  mayBeRepeated,
  type RequestInit,
  type ResponseOf,
  type Result,
  type Verb,
} from "./operation-codec.js";
import { requestError } from "./request-error.js";

/** A message is sent when it reaches this size or number of operations. */
const MESSAGE_BYTES = 64 * 1024;
const MESSAGE_OPERATIONS = 128;

/** How long `close` waits for the daemon's answer, in milliseconds. */
const CLOSE_TIMEOUT_MS = 5_000;

/** First and longest pause between attempts to reconnect, in milliseconds. */
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 1_000;

interface Pending {
  readonly opId: number;
  readonly verb: Verb;
  readonly encoded: EncodedOperation;
  readonly resolve: (response: never) => void;
  readonly reject: (reason: unknown) => void;
  readonly signal: AbortSignal | undefined;
  onAbort: (() => void) | null;
  /** Whether it was sent on a connection that broke. */
  again: boolean;
}

/** How to reopen a stream whose connection broke. */
export interface Resumption {
  /** How long to keep trying, in milliseconds: after that the session has expired. */
  readonly leaseMilliseconds: number;
  /** Whether there is no daemon to connect to. */
  readonly isGone: () => Promise<boolean>;
}

/** The daemon's limits for the stream. */
export interface StreamLimits {
  readonly maxRequestBytes: number;
  readonly maxWaitingOperations: number;
}

/** The ordered stream that carries every operation of a broker. */
export class OperationStream {
  readonly #channel: ClientChannel;
  readonly #ended: Promise<void>;
  #call: BidiCall<Buffer, Buffer>;
  #resumption: Resumption | null = null;
  /** Settles when the stream was reopened, or cannot be. */
  #resuming: Promise<void> | null = null;
  #queue: Pending[] = [];
  #cancels: number[] = [];
  readonly #sent = new Map<number, Pending>();
  #nextOpId = 1;
  #flushing = false;
  #blocked = false;
  #closing: Promise<boolean> | null = null;
  #broke = false;
  #end: Error | null = null;
  #settleEnded: () => void = () => undefined;
  #maxRequestBytes = 1024 * 1024;
  #window = 64;

  /** Opens the stream. */
  constructor(channel: ClientChannel) {
    this.#ended = new Promise((resolve) => {
      this.#settleEnded = resolve;
    });
    this.#channel = channel;
    this.#call = this.#open((status) => this.#finish(status));
  }

  #open(ended: (status: Status) => void): BidiCall<Buffer, Buffer> {
    return openBidi(this.#channel, byteStream(SessionService.method.session), {
      readable: () => this.#receive(),
      writable: () => {
        this.#blocked = false;
        this.#flush();
      },
      ended,
    });
  }

  /** Makes the stream reopen when its connection breaks, because its session outlives the connection. */
  resumeWith(resumption: Resumption): void {
    this.#resumption = resumption;
  }

  /** Sets the limits that the daemon reported. */
  setLimits({ maxRequestBytes, maxWaitingOperations }: StreamLimits): void {
    if (maxRequestBytes > 0) this.#maxRequestBytes = maxRequestBytes;
    if (maxWaitingOperations > 0) this.#window = Math.max(1, maxWaitingOperations - 1);
  }

  /** Whether `close` was called. */
  get closing(): boolean {
    return this.#closing !== null;
  }

  /** Whether no more operations can be started. */
  get ended(): boolean {
    return this.#end !== null;
  }

  /** Largest payload of one operation, in bytes: the maximum message size less its overhead. */
  get maxPayloadBytes(): number {
    return this.#maxRequestBytes - 1024;
  }

  /**
   * Starts an operation after all that were started before.
   *
   * The request is encoded before this returns, so its buffers may be reused. Rejects with the daemon's error; with the
   * signal's reason if it aborted in time; with CONNECTION_LOST or BROKER_CLOSED if the stream ended.
   */
  call<V extends Verb>(verb: V, request: RequestInit<V>, signal?: AbortSignal): Promise<ResponseOf<V>> {
    return new Promise((resolve, reject) => {
      if (this.#end !== null || this.#closing !== null) {
        reject(this.#end ?? brokerClosed());
        return;
      }
      if (signal?.aborted === true) {
        reject(signal.reason);
        return;
      }
      let encoded: EncodedOperation;
      try {
        encoded = encodeOperation(verb, request);
      } catch (error) {
        reject(requestError(verb, error));
        return;
      }
      if (encodedLength(encoded) > this.#maxRequestBytes) {
        reject(localError("EMSGSIZE", verb));
        return;
      }
      const pending: Pending = {
        opId: this.#nextOpId++,
        verb,
        encoded,
        resolve,
        reject,
        signal,
        onAbort: null,
        again: false,
      };
      if (signal !== undefined) {
        pending.onAbort = () => this.#abort(pending);
        signal.addEventListener("abort", pending.onAbort, { once: true });
      }
      this.#queue.push(pending);
      this.#schedule();
    });
  }

  /**
   * Ends the stream, and the session if requested: waiting operations are cancelled and reject with BROKER_CLOSED,
   * completed ones are settled. Returns whether the daemon was told. Idempotent.
   */
  close({ session }: { readonly session: boolean }): Promise<boolean> {
    this.#closing ??= this.#close(session);
    return this.#closing;
  }

  /** Ends the stream immediately. */
  cancel(): void {
    this.#call.cancel();
  }

  async #close(session: boolean): Promise<boolean> {
    // Ending the session takes a connection.
    if (session) await this.#resuming;
    if (this.#end === null) {
      this.#cancels.push(...this.#sent.keys());
      for (const pending of this.#queue) this.#cancels.push(pending.opId);
      this.#window = Number.MAX_SAFE_INTEGER;
      this.#flush();
      if (session)
        this.#call.write(
          encodeSessionRequest([{ opId: this.#nextOpId++, encoded: encodeOperation("closeSession", {}) }], []),
        );
      this.#call.halfClose();
      const timer = setTimeout(() => this.#call.cancel(), CLOSE_TIMEOUT_MS);
      await this.#ended;
      clearTimeout(timer);
    }
    return !this.#broke;
  }

  #schedule(): void {
    if (this.#flushing || this.#blocked || this.#resuming !== null) return;
    this.#flushing = true;
    // After the microtasks of this turn, because the continuations of a batch of results issue their next operations in
    // them.
    process.nextTick(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#resuming !== null && this.#closing === null) return;
    let next = 0;
    while (
      !(this.#blocked && this.#closing === null) &&
      (this.#cancels.length > 0 || (next < this.#queue.length && this.#sent.size < this.#window))
    ) {
      const batch: Pending[] = [];
      let bytes = 0;
      while (next < this.#queue.length && batch.length < MESSAGE_OPERATIONS && this.#sent.size < this.#window) {
        const pending = this.#queue[next];
        if (pending === undefined) break;
        const length = encodedLength(pending.encoded);
        if (bytes > 0 && (bytes + length > this.#maxRequestBytes || bytes >= MESSAGE_BYTES)) break;
        bytes += length;
        batch.push(pending);
        this.#sent.set(pending.opId, pending);
        next++;
      }
      // A cancellation must not be sent before its operation.
      const sendCancels = next === this.#queue.length || this.#closing === null;
      const cancels = sendCancels ? this.#cancels : [];
      if (sendCancels) this.#cancels = [];
      if (!this.#call.write(encodeSessionRequest(batch, cancels))) this.#blocked = true;
    }
    if (next > 0) this.#queue = this.#queue.slice(next);
  }

  #abort(pending: Pending): void {
    if (this.#sent.has(pending.opId)) {
      this.#cancels.push(pending.opId);
      this.#schedule();
      return;
    }
    this.#queue = this.#queue.filter((other) => other !== pending);
    pending.reject(pending.signal?.reason);
  }

  #receive(): void {
    const before = this.#sent.size;
    try {
      for (let message = this.#call.take(); message !== null; message = this.#call.take()) {
        decodeSessionResponse(message, (result) => this.#settle(result));
      }
    } catch (error) {
      this.#lose(new BrokerError("NOT_A_BROKER", "the daemon sent an invalid result", "", { cause: error }));
      this.#call.cancel();
      return;
    }
    if (before > this.#sent.size && this.#queue.length > 0) this.#schedule();
  }

  #settle(result: Result): void {
    const pending = this.#sent.get(result.opId);
    if (pending === undefined) return;
    this.#sent.delete(result.opId);
    forget(pending);
    if ("error" in result) {
      const error = errorFromStatus(result.error);
      const closedBefore = pending.again && pending.verb === "close" && hasCode(error, "HANDLE_NOT_FOUND");
      if (closedBefore) pending.resolve({} as never);
      else pending.reject(this.#failure(pending, error));
    } else if (answers(pending.verb, result.arm)) {
      pending.resolve(decodeResponse(pending.verb, result.bytes) as never);
    } else {
      pending.reject(new BrokerError("UNKNOWN", `the daemon sent a result of another verb for ${pending.verb}`));
    }
  }

  #failure(pending: Pending, error: Error): unknown {
    if (!hasCode(error, "CANCELLED")) return error;
    if (pending.signal?.aborted === true) return pending.signal.reason;
    return this.#closing === null ? error : brokerClosed();
  }

  #finish(status: Status): void {
    this.#receive();
    if (this.#resumption !== null && this.#closing === null && this.#end === null && connectionBroke(status)) {
      this.#interrupt(lostError(status));
      const resuming = this.#resume(this.#resumption).then(() => {
        if (this.#resuming !== resuming) return;
        this.#resuming = null;
        this.#flush();
      });
      this.#resuming = resuming;
      return;
    }
    this.#broke = connectionBroke(status);
    this.#lose(this.#closing === null ? lostError(status) : brokerClosed());
  }

  /** Settles the operations that were sent over a broken connection, or queues them again. */
  #interrupt(error: Error): void {
    const sent = [...this.#sent.values()];
    this.#sent.clear();
    this.#cancels = [];
    this.#blocked = false;
    const again: Pending[] = [];
    for (const pending of sent) {
      if (pending.signal?.aborted !== true && (mayBeRepeated(pending.verb) || pending.verb === "close")) {
        pending.again = true;
        again.push(pending);
        continue;
      }
      forget(pending);
      const text = `the connection broke during ${pending.verb}: ${error.message}`;
      const lost = new BrokerError("CONNECTION_LOST", text, "", { cause: error, mayHaveHappened: true });
      pending.reject(pending.signal?.aborted === true ? pending.signal.reason : lost);
    }
    this.#queue = [...again, ...this.#queue];
  }

  /** Reopens the stream, until the daemon answers or refuses. */
  async #resume({ leaseMilliseconds, isGone }: Resumption): Promise<void> {
    const deadline = performance.now() + leaseMilliseconds;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      const status = await this.#reopen();
      if (status === null) return;
      if (!connectionBroke(status) || performance.now() > deadline || (await isGone())) {
        this.#lose(this.#closing === null ? lostError(status) : brokerClosed());
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  /** Reopens the stream. Returns null if the daemon has the session, else the status with which the stream ended. */
  #reopen(): Promise<Status | null> {
    return new Promise((resolve) => {
      let answered = false;
      const opId = this.#nextOpId++;
      const encoded = encodeOperation("renewSession", {});
      this.#call = this.#open((status) => {
        this.#sent.delete(opId);
        if (answered) this.#finish(status);
        else resolve(status);
      });
      const back = (): void => {
        answered = true;
        resolve(null);
      };
      this.#sent.set(opId, {
        opId,
        verb: "renewSession",
        encoded,
        resolve: back,
        // The end of the session is also reported as the end of the stream, with the reason.
        reject: () => undefined,
        signal: undefined,
        onAbort: null,
        again: true,
      });
      this.#call.write(encodeSessionRequest([{ opId, encoded }], []));
    });
  }

  #lose(error: Error): void {
    if (this.#end !== null) return;
    this.#end = error;
    this.#settleEnded();
    const orphans = [...this.#sent.values(), ...this.#queue];
    this.#sent.clear();
    this.#queue = [];
    for (const pending of orphans) {
      forget(pending);
      pending.reject(error);
    }
  }
}

function hasCode(error: Error, code: BrokerErrorCode): boolean {
  return error instanceof BrokerError && error.code === code;
}

function forget(pending: Pending): void {
  if (pending.onAbort !== null) pending.signal?.removeEventListener("abort", pending.onAbort);
}

/** The error of a broker that was closed. */
export function brokerClosed(): BrokerError {
  return new BrokerError("BROKER_CLOSED", "the broker was closed");
}

/** The daemon's own reason (draining, a lease, a policy) is more specific than a lost connection. */
function lostError(status: Status): Error {
  if (status.code === Code.OK) return new BrokerError("CONNECTION_LOST", "the daemon ended the session's stream");
  return errorFromStatus(status);
}
