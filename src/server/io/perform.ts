import { constants } from "node:os";
import { BrokerError_Code } from "../../gen/sockbroker/v1/error_pb.js";
import type { Timeout } from "../../gen/sockbroker/v1/socket_pb.js";
import { systemError } from "../../native/errno.js";
import type { View } from "../access/views.js";
import { timeoutFrom } from "../codec/duration.js";
import type { OpContext } from "../context.js";
import { BrokerFault } from "../errors.js";
import { AGAIN, type OwnLimit, type Wait, type WaitQueue } from "../sockets/readiness.js";
import { isAgain, type Socket } from "../sockets/socket-entry.js";

const { EAGAIN, EINPROGRESS } = constants.errno;

/** How an op may wait. */
export interface Waiting {
  /** The request's own timeout; unset means the handle's. */
  readonly timeout?: Timeout | undefined;
  /** MSG_* flags. */
  readonly flags: number;
}

/** `performWaiting` for an operation whose system call does not depend on how long it may wait. */
export function perform<T>(
  ctx: OpContext,
  entry: View<"session">,
  waitQueue: WaitQueue,
  syscall: string,
  waiting: Waiting,
  call: () => T | number,
): T | Promise<T> {
  return performWaiting(entry, waitQueue, waitOf(ctx, entry, syscall, waiting), call);
}

/** Repeats a system call until it returns something other than EAGAIN, and throws the operation's error for `-errno`. */
export function performWaiting<T>(
  entry: View<"session">,
  waitQueue: WaitQueue,
  wait: Wait,
  call: () => T | number,
): T | Promise<T> {
  return entry.readiness.perform(waitQueue, wait, () => {
    const result = call();
    if (typeof result === "number" && result < 0) {
      if (isAgain(result)) return AGAIN;
      throw systemError(result, wait.operation);
    }
    return result as T;
  });
}

/**
 * Returns how an operation waits on an entry. Call it once per operation: a second call could return something else, because
 * the handle's timeout may have changed. Throws `ArgumentFault` for an invalid timeout.
 */
export function waitOf(ctx: OpContext, entry: View<"session">, operation: string, waiting: Waiting): Wait {
  const requested = requestedTimeout(waiting.timeout, operation);
  return {
    operation,
    milliseconds: entry.blocking.waitLimit(requested, waiting.flags),
    ...(requested === undefined && { ownLimit: (waitQueue: WaitQueue) => ownLimit(entry, waitQueue, operation) }),
    signal: ctx.signal,
    waitIfFull: (resume) => ctx.unread.waitIfFull(resume),
    enter: () => {
      const { counters } = ctx.services;
      ctx.session.waiting.take();
      counters.waiting.enter();
      return () => {
        ctx.session.waiting.give();
        counters.waiting.leave();
      };
    },
  };
}

function ownLimit(entry: Socket, waitQueue: WaitQueue, operation: string): OwnLimit | null {
  const milliseconds = waitQueue === "write" ? entry.state.sendTimeout : entry.state.receiveTimeout;
  const code = operation === "connect" ? EINPROGRESS : EAGAIN;
  return milliseconds === null ? null : { milliseconds, error: () => systemError(-code, operation) };
}

/** In nanoseconds; null means no limit, undefined the handle's own. */
export function requestedTimeout(timeout: Timeout | undefined, operation: string): bigint | null | undefined {
  if (timeout === undefined) return undefined;
  const { limit } = timeout;
  if (limit.case === "duration") return timeoutFrom(limit.value, operation);
  if (limit.case === "unlimited" && limit.value) return null;
  throw new BrokerFault(BrokerError_Code.MALFORMED_REQUEST, "a Timeout must have a duration, or unlimited set to true");
}

/**
 * Calls `next` with a value that may be a promise. Not named "then", because a module with such an export is treated as
 * a promise when it is imported dynamically.
 */
export function andThen<T, U>(value: T | Promise<T>, next: (value: T) => U | Promise<U>): U | Promise<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}
