import { durationOf } from "./duration.js";
import { SocketTimeoutError } from "./errors.js";
import type { SocketState } from "./socket-state.js";

/** The time left for a task that takes several operations. */
export interface Deadline {
  /**
   * The timeout for the next operation, in seconds; null means no limit. Throws SocketTimeoutError if no time is left.
   */
  remaining(): number | null;
}

/** Starts the clock. An unset timeout is the socket's own. 0 stays 0, because it means not to wait at all. */
export function createDeadline(state: SocketState, timeout: number | null | undefined, operation: string): Deadline {
  const seconds = timeout === undefined ? state.timeout : timeout;
  if (seconds === null) return { remaining: () => null };
  durationOf(seconds, operation);
  if (seconds === 0) return { remaining: () => 0 };
  const end = performance.now() + seconds * 1000;
  return {
    remaining() {
      const left = (end - performance.now()) / 1000;
      if (left <= 0) throw new SocketTimeoutError(operation);
      return left;
    },
  };
}
