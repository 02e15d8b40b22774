/*
 * Whether operations on a handle block.
 *
 * Python distinguishes two things that are easily confused: the timeout belongs to the handle, O_NONBLOCK to the open
 * description, which duplicates share. The kernel's O_NONBLOCK is always set here, so the flag as the caller set it is
 * kept in `OpenDescription`. `waitLimit` is the only place that combines both.
 */

import { linux } from "../../native/linux.js";
import { millisecondsOf } from "../codec/duration.js";
import type { OpenDescription } from "./open-description.js";

const { MSG_DONTWAIT, MSG_ERRQUEUE } = linux;

export class Blocking {
  readonly #description: OpenDescription;
  #timeout: bigint | null = null;

  constructor(description: OpenDescription) {
    this.#description = description;
  }

  /** In nanoseconds; null means no limit. */
  get timeout(): bigint | null {
    return this.#timeout;
  }

  /** Sets the timeout, and accordingly O_NONBLOCK of the open description, as Python does. */
  setTimeout(timeout: bigint | null): void {
    this.#timeout = timeout;
    this.#description.nonblocking = timeout !== null;
  }

  /** Sets the timeout of a new socket. Unlike `setTimeout`, leaves O_NONBLOCK set if there is none. */
  setDefaultTimeout(timeout: bigint | null): void {
    this.#timeout = timeout;
    if (timeout !== null) this.#description.nonblocking = true;
  }

  /**
   * How long an operation may wait, in milliseconds: null means no limit, 0 not to wait. A timeout above zero applies
   * even with MSG_DONTWAIT, as in Python. Without one the open description decides, and an operation does not wait for
   * the error queue.
   */
  waitLimit(requested: bigint | null | undefined, flags: number): number | null {
    if (requested !== undefined) return requested === null ? null : millisecondsOf(requested);
    if (this.#timeout !== null && this.#timeout > 0n) return millisecondsOf(this.#timeout);
    if (this.#description.nonblocking || (flags & (MSG_DONTWAIT | MSG_ERRQUEUE)) !== 0) return 0;
    return null;
  }
}
