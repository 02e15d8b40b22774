/*
 * The Session stream: operations in, results out, many in flight.
 *
 * An operation that answers at once never becomes a promise, and the results of one request go back in one response:
 * that is where the speed comes from. Results that come later are gathered for a turn of the loop.
 *
 * A caller that sends and does not read could fill the daemon with results, and one request can hold hundreds of
 * thousands of operations. So operations are begun only while the results on their way out are few; the rest of the
 * request waits, and the stream is not read.
 */

import { create } from "@bufbuild/protobuf";
import type { Status } from "../../gen/google/rpc/status_pb.js";
import { BrokerError_Code } from "../../gen/sockbroker/v1/error_pb.js";
import {
  type Operation,
  type OperationResultSchema,
  type SessionRequest,
  type SessionResponse,
  SessionResponseSchema,
} from "../../gen/sockbroker/v1/session_service_pb.js";
import type { BidiServerCall } from "../../rpc/bidi-server-call.js";
import type { Init } from "../codec/init.js";
import type { OpContext } from "../context.js";
import { BrokerFault } from "../errors.js";
import type { Op } from "../ops/op.js";
import { ops } from "../ops/table.js";
import { cancelled, enterStream, type StreamDeps } from "./door.js";

type ResultInit = Init<typeof OperationResultSchema>;
type AnyOp = Op<never>;

/** Beyond so many bytes of results on their way out, no operation is begun. */
const HIGH_WATER_BYTES = 1024 * 1024;
/** A response is written when it has so many bytes, even if more results are to come. */
const RESPONSE_BYTES = 128 * 1024;
/** What a result counts for beside its data. */
const RESULT_OVERHEAD_BYTES = 64;

type SessionCall = BidiServerCall<SessionRequest, SessionResponse>;

/** Serves SessionService.Session. */
export function serveSession(deps: StreamDeps, call: SessionCall): void {
  const ctx = enterStream(deps, call);
  if (ctx !== null) new SessionStream(ctx, deps.statusOf, call).start(deps.malformed);
}

/** An operation that has not ended. Its signal is made only if it waits. */
class Running {
  #controller: AbortController | null = null;

  readonly signal = (): AbortSignal => {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  };

  cancel(): void {
    this.#controller?.abort(cancelled());
  }
}

class SessionStream {
  readonly #ctx: OpContext;
  readonly #statusOf: (error: unknown) => Status;
  readonly #call: SessionCall;
  readonly #running = new Map<bigint, Running>();
  #backlog: { readonly operations: readonly Operation[]; next: number; readonly cancel: readonly bigint[] } | null =
    null;
  #results: ResultInit[] = [];
  #resultBytes = 0;
  #outgoingBytes = 0;
  #flushing = false;
  #halfClosed = false;
  #leave: () => void = () => {};

  constructor(ctx: OpContext, statusOf: (error: unknown) => Status, call: SessionCall) {
    this.#ctx = ctx;
    this.#statusOf = statusOf;
    this.#call = call;
  }

  start(malformed: (cause: unknown) => Error): void {
    const { session } = this.#ctx;
    const release = session.attend();
    const onEnd = (): void => this.#end(session.signal.reason);
    session.signal.addEventListener("abort", onEnd);
    this.#leave = () => {
      this.#leave = () => {};
      session.signal.removeEventListener("abort", onEnd);
      release();
    };
    this.#call.start(
      {
        onMessage: (request) => this.#onRequest(request),
        onEnd: () => {
          this.#halfClosed = true;
          this.#finishIfIdle();
        },
        onCancel: () => this.#abandon(),
      },
      (cause) => this.#statusOf(malformed(cause)),
    );
  }

  #onRequest(request: SessionRequest): void {
    this.#backlog = { operations: request.operations, next: 0, cancel: request.cancelOpIds };
    this.#work();
  }

  /** Begins the operations of the request in hand, while results find their way out. */
  #work(): void {
    const backlog = this.#backlog;
    if (backlog === null) return;
    while (backlog.next < backlog.operations.length && this.#outgoingBytes < HIGH_WATER_BYTES) {
      const operation = backlog.operations[backlog.next];
      backlog.next += 1;
      if (operation !== undefined) this.#begin(operation);
    }
    this.#flush();
    if (backlog.next < backlog.operations.length) {
      this.#call.pause();
      return;
    }
    this.#backlog = null;
    for (const opId of backlog.cancel) this.#running.get(opId)?.cancel();
    this.#call.resume();
    this.#finishIfIdle();
  }

  #begin(operation: Operation): void {
    const { opId, request } = operation;
    const { counters } = this.#ctx.services;
    counters.operations += 1;
    if (this.#running.has(opId)) {
      this.#fail(opId, new BrokerFault(BrokerError_Code.DUPLICATE_OP_ID, `op id ${opId} is in use`));
      return;
    }
    if (request.case === undefined) {
      this.#fail(opId, new BrokerFault(BrokerError_Code.MALFORMED_REQUEST, "an Operation has a request"));
      return;
    }
    const name = request.case;
    const running = new Running();
    const { services, session, principal, peer } = this.#ctx;
    try {
      const response = (ops[name] as unknown as AnyOp)(
        { services, session, principal, peer, signal: running.signal },
        request.value as never,
      );
      if (response instanceof Promise) this.#await(opId, name, running, response);
      else this.#succeed(opId, name, response);
    } catch (error) {
      this.#fail(opId, error);
    }
  }

  #await(opId: bigint, name: string, running: Running, response: Promise<object>): void {
    this.#running.set(opId, running);
    const settle = (settled: () => void): void => {
      this.#running.delete(opId);
      settled();
      this.#flushSoon();
    };
    response.then(
      (value) => settle(() => this.#succeed(opId, name, value)),
      (error) => settle(() => this.#fail(opId, error)),
    );
  }

  #succeed(opId: bigint, name: string, response: object): void {
    const data = (response as { data?: Uint8Array }).data;
    this.#add({ opId, outcome: { case: name, value: response } } as ResultInit, data?.length ?? 0);
  }

  #fail(opId: bigint, error: unknown): void {
    this.#ctx.services.counters.operationsFailed += 1;
    this.#add({ opId, outcome: { case: "error", value: this.#statusOf(error) } }, RESULT_OVERHEAD_BYTES);
  }

  #add(result: ResultInit, dataBytes: number): void {
    const bytes = dataBytes + RESULT_OVERHEAD_BYTES;
    this.#results.push(result);
    this.#resultBytes += bytes;
    this.#outgoingBytes += bytes;
    if (this.#resultBytes >= RESPONSE_BYTES) this.#flush();
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
    if (this.#results.length === 0) return;
    const bytes = this.#resultBytes;
    const response = create(SessionResponseSchema, { results: this.#results });
    this.#results = [];
    this.#resultBytes = 0;
    this.#call.write(response, () => {
      this.#outgoingBytes -= bytes;
      if (this.#backlog !== null && this.#outgoingBytes < HIGH_WATER_BYTES) this.#work();
    });
  }

  #finishIfIdle(): void {
    if (!this.#halfClosed || this.#running.size > 0 || this.#backlog !== null || this.#flushing) return;
    this.#flush();
    this.#leave();
    this.#call.end();
  }

  /** The session is over: what waited was ended with it, and its results still go out. */
  #end(reason: unknown): void {
    setImmediate(() => {
      this.#flush();
      this.#leave();
      this.#call.fail(this.#statusOf(reason));
    });
  }

  /** Nobody is there to answer to. */
  #abandon(): void {
    this.#backlog = null;
    this.#results = [];
    for (const running of this.#running.values()) running.cancel();
    this.#leave();
  }
}
