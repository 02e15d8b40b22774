/*
 * The Session stream: operations in, results out, many in progress.
 *
 * For speed, an operation that completes immediately never becomes a promise, and the results of one request are sent
 * in one response. Results that come later are collected for a turn of the event loop.
 *
 * A caller that sends without reading could fill the daemon with results, and one request can contain tens of thousands
 * of operations. So operations are started only while few results are in transit and the turn of the event loop is not
 * spent; the remainder of the request waits, and the stream is not read.
 */

import type { Status } from "../../gen/google/rpc/status_pb.js";
import { BrokerError_Code } from "../../gen/sockbroker/v1/error_pb.js";
import type { Account } from "../../rpc/server/account.js";
import { compacted } from "../../rpc/server/compact.js";
import type { BidiServerCall } from "../../rpc/server/stream-calls.js";
import type { OpContext } from "../context.js";
import { calls } from "../entry/calls.js";
import {
  admitStream,
  cancelled,
  countFailed,
  countRefused,
  type EntryPoint,
  enterStream,
  invoke,
} from "../entry/invoke.js";
import type { AnyRow } from "../entry/row.js";
import { ops } from "../entry/table.js";
import { BrokerFault } from "../errors.js";
import { type Arm, type ReadOperation, RequestReader, ResponseWriter } from "./session-codec.js";

const rows: Readonly<Record<string, AnyRow>> = ops;

/** No operation is started while more bytes of results than this are in transit. */
const HIGH_WATER_BYTES = 1024 * 1024;
/** A response of this size is written even if more results will follow. */
const RESPONSE_BYTES = 128 * 1024;
/** Overhead counted for a result in addition to its bytes. */
const RESULT_OVERHEAD_BYTES = 64;

type SessionCall = BidiServerCall<Buffer, Uint8Array>;

/** Serves SessionService.Session. */
export function serveSession(entry: EntryPoint, call: SessionCall): void {
  const ctx = admitStream(entry, call, calls.session);
  if (ctx !== null) new SessionStream(ctx, entry, call).start();
}

/** Memory of an operation that waits, in addition to that of its request. */
const OPERATION_BYTES = 1024;

/** The memory of a request. It is counted while an operation of it waits, which may refer to any part of it. */
class Request {
  #waiting = 0;

  constructor(
    readonly bytes: number,
    readonly account: Account,
  ) {}

  wait(): void {
    this.account.add(OPERATION_BYTES + (this.#waiting === 0 ? this.bytes : 0));
    this.#waiting += 1;
  }

  settle(): void {
    this.#waiting -= 1;
    this.account.give(OPERATION_BYTES + (this.#waiting === 0 ? this.bytes : 0));
  }
}

/** An operation in progress. Its signal is created only if it waits. */
class Running {
  #controller: AbortController | null = null;

  readonly signal = (): AbortSignal => {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  };

  /** Also works for an operation that has not started to wait yet. */
  cancel(): void {
    this.signal();
    this.#controller?.abort(cancelled());
  }
}

class SessionStream {
  readonly #ctx: OpContext;
  readonly #entry: EntryPoint;
  readonly #call: SessionCall;
  readonly #running = new Map<bigint, Running>();
  readonly #response = new ResponseWriter();
  #backlog: RequestReader | null = null;
  #request: Request;
  /** Whether the remainder of the request waits for a later turn, or until the caller reads more. */
  #waitsForTurn = false;
  #resultBytes = 0;
  #outgoingBytes = 0;
  #flushing = false;
  #halfClosed = false;
  #leave: () => void = () => {};

  constructor(ctx: OpContext, entry: EntryPoint, call: SessionCall) {
    this.#ctx = ctx;
    this.#entry = entry;
    this.#call = call;
    this.#request = new Request(0, call.accounts.waiting);
  }

  start(): void {
    this.#leave = enterStream(this.#ctx, null, (reason) => this.#end(reason));
    this.#call.start(
      {
        onMessage: (bytes) => this.#receive(bytes),
        onEnd: () => {
          this.#halfClosed = true;
          this.#finishIfIdle();
        },
        onClose: () => this.#abandon(),
      },
      (cause) => this.#malformed(cause),
    );
  }

  #receive(message: Buffer): void {
    const bytes = compacted(message);
    this.#request = new Request(bytes.length, this.#call.accounts.waiting);
    try {
      this.#backlog = new RequestReader(bytes);
    } catch (cause) {
      this.#refuse(cause);
      return;
    }
    this.#work();
  }

  /** Starts operations of the current request, as long as few results are in transit and the turn is not spent. */
  #work(): void {
    const backlog = this.#backlog;
    if (backlog === null) return;
    try {
      while (this.#outgoingBytes < HIGH_WATER_BYTES) {
        const operation = backlog.next();
        if (operation === null) {
          this.#backlog = null;
          break;
        }
        this.#begin(operation);
        if (backlog.hasMore && this.#hasToWait()) break;
      }
    } catch (cause) {
      this.#refuse(cause);
      return;
    }
    this.#flush();
    if (this.#backlog !== null) {
      this.#call.pause();
      return;
    }
    for (const opId of backlog.cancelOpIds) this.#running.get(opId)?.cancel();
    this.#call.resume();
    this.#finishIfIdle();
  }

  #hasToWait(): boolean {
    const { unread } = this.#call.accounts;
    this.#waitsForTurn = unread.waitIfFull(this.#onTurn) || this.#call.waitIfSpent(this.#onTurn);
    return this.#waitsForTurn;
  }

  readonly #onTurn = (): void => {
    this.#waitsForTurn = false;
    this.#work();
  };

  #begin(operation: ReadOperation): void {
    const { opId } = operation;
    if (this.#running.has(opId)) {
      this.#failUnstarted(opId, new BrokerFault(BrokerError_Code.DUPLICATE_OP_ID, `op id ${opId} is in use`));
      return;
    }
    const row = operation.arm === null ? undefined : rows[operation.arm.name];
    if (operation.arm === null || row === undefined) {
      this.#failUnstarted(opId, this.#noRequest(operation.arm === null ? operation.cause : null));
      return;
    }
    const { arm, request } = operation;
    const running = new Running();
    const { services, session, principal, peer } = this.#ctx;
    try {
      const { unread } = this.#call.accounts;
      const ctx = { services, session, principal, peer, unread, signal: running.signal };
      const response = invoke(this.#entry, ctx, row, request);
      if (response instanceof Promise) this.#await(opId, arm, running, response);
      else this.#succeed(opId, arm, response);
    } catch (error) {
      this.#fail(opId, error);
    }
  }

  #await(opId: bigint, arm: Arm, running: Running, response: Promise<object>): void {
    this.#running.set(opId, running);
    const request = this.#request;
    request.wait();
    const settle = (settled: () => void): void => {
      this.#running.delete(opId);
      request.settle();
      settled();
      this.#flushSoon();
    };
    response.then(
      (value) => settle(() => this.#succeed(opId, arm, value)),
      (error) => settle(() => this.#fail(opId, error)),
    );
  }

  #succeed(opId: bigint, arm: Arm, response: object): void {
    this.#account(this.#response.succeed(opId, arm, response));
  }

  #fail(opId: bigint, error: unknown): void {
    countFailed(this.#ctx.services.counters);
    this.#writeError(opId, error);
  }

  /** Fails an operation that `invoke` is not called for. */
  #failUnstarted(opId: bigint, error: unknown): void {
    countRefused(this.#ctx.services.counters);
    this.#writeError(opId, error);
  }

  #noRequest(cause: unknown): Error {
    return cause === null
      ? new BrokerFault(BrokerError_Code.MALFORMED_REQUEST, "an Operation must have a request")
      : this.#entry.malformed(cause);
  }

  #writeError(opId: bigint, error: unknown): void {
    this.#account(this.#response.fail(opId, this.#entry.statusOf(error)));
  }

  #account(resultBytes: number): void {
    const bytes = resultBytes + RESULT_OVERHEAD_BYTES;
    this.#resultBytes += bytes;
    this.#outgoingBytes += bytes;
    this.#call.accounts.unread.add(bytes);
    if (this.#response.byteLength >= RESPONSE_BYTES) this.#flush();
  }

  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => {
      this.#flushing = false;
      this.#flush();
      this.#finishIfIdle();
    });
  }

  #flush(): void {
    const response = this.#response.take();
    if (response === null) return;
    const bytes = this.#dropResults();
    this.#call.writeFramed(response.bytes, () => {
      response.release();
      this.#outgoingBytes -= bytes;
      if (this.#backlog === null || this.#waitsForTurn || this.#outgoingBytes >= HIGH_WATER_BYTES) return;
      if (!this.#hasToWait()) this.#work();
    });
  }

  /** From now on they count as a response that is written, or are gone. Returns their size. */
  #dropResults(): number {
    const bytes = this.#resultBytes;
    this.#resultBytes = 0;
    this.#call.accounts.unread.give(bytes);
    return bytes;
  }

  #finishIfIdle(): void {
    if (!this.#halfClosed || this.#running.size > 0 || this.#backlog !== null || this.#flushing) return;
    this.#flush();
    this.#leave();
    this.#call.end();
  }

  /** The session has ended. The operations that were waiting have ended with it, and their results are still sent. */
  #end(reason: unknown): void {
    setImmediate(() => {
      this.#flush();
      this.#leave();
      this.#call.fail(this.#entry.statusOf(reason));
    });
  }

  /** The caller is gone, so nothing can be sent to it. */
  #abandon(): void {
    this.#backlog = null;
    this.#response.discard();
    this.#dropResults();
    this.#call.accounts.unread.withdraw(this.#onTurn);
    for (const running of this.#running.values()) running.cancel();
    this.#leave();
  }

  /** Ends the stream because of a request that cannot be decoded. */
  #refuse(cause: unknown): void {
    this.#abandon();
    this.#call.fail(this.#malformed(cause));
  }

  #malformed(cause: unknown): Status {
    return this.#entry.statusOf(this.#entry.malformed(cause));
  }
}
