import { Budget } from "../../rpc/server/budget.js";
import type { ConnectionLimits } from "../../rpc/server/connection.js";
import { TurnOwner } from "../../rpc/server/turns.js";
import type { Principal } from "../access/principal.js";
import type { Limits } from "../limits.js";

/** HTTP/2 receive window, per connection and per stream. */
const WINDOW_BYTES = 256 * 1024;
const MAX_STREAMS = 1024;

/** Callers that may not open a session have a few methods, with small requests. */
const STRANGERS_WINDOW_BYTES = 64 * 1024;
const STRANGERS_MAX_STREAMS = 64;
const STRANGERS_BYTES = 8 * 1024 * 1024;
const STRANGERS_BYTES_OF_CONNECTION = 1024 * 1024;

/** Decides how much of what it sends a connection may leave in the daemon, and whose time it takes. */
export class CallerMemory {
  readonly #limits: Limits;
  readonly #isAdmitted: (principal: Principal) => boolean;
  /** Shared by all principals that are not admitted: there can be thousands of them. */
  readonly #strangers = new Budget(STRANGERS_BYTES);
  readonly #strangersTurns = new TurnOwner();

  constructor(limits: Limits, isAdmitted: (principal: Principal) => boolean) {
    this.#limits = limits;
    this.#isAdmitted = isAdmitted;
  }

  /** The limits of a new connection of a principal. */
  of(principal: Principal): ConnectionLimits {
    if (!this.#isAdmitted(principal)) {
      return {
        maxStreams: STRANGERS_MAX_STREAMS,
        windowBytes: STRANGERS_WINDOW_BYTES,
        budget: new Budget(STRANGERS_BYTES_OF_CONNECTION, this.#strangers),
        owner: this.#strangersTurns,
      };
    }
    return {
      maxStreams: MAX_STREAMS,
      windowBytes: WINDOW_BYTES,
      budget: new Budget(this.#limits.maxUnfinishedBytesOfConnection, principal.messages),
      owner: principal.turns,
    };
  }
}
