import { BrokerError_Code } from "../../gen/sockbroker/v1/error_pb.js";
import { Account } from "../../rpc/server/account.js";
import { Budget } from "../../rpc/server/budget.js";
import type { ConnectionLimits } from "../../rpc/server/connection.js";
import type { Principal } from "../access/principal.js";
import { BrokerFault } from "../errors.js";
import type { Limits } from "../limits.js";
import { Strangers } from "./strangers.js";

/** HTTP/2 receive window, per connection and per stream. */
const WINDOW_BYTES = 256 * 1024;
const MAX_STREAMS = 1024;
/** What each connection may leave waiting and unread, even if others of its principal leave all that it may have. */
const SHARE_BYTES = 64 * 1024;

/** What a connection may use, until it leaves. */
export interface Admittance {
  readonly limits: ConnectionLimits;
  leave(): void;
}

/** Decides how much of what it sends a connection may leave in the daemon, and whose time it takes. */
export class CallerMemory {
  readonly #limits: Limits;
  readonly #isAdmitted: (principal: Principal) => boolean;
  readonly #strangers = new Strangers();

  constructor(limits: Limits, isAdmitted: (principal: Principal) => boolean) {
    this.#limits = limits;
    this.#isAdmitted = isAdmitted;
  }

  /** Admits a new connection of a principal. Throws QUOTA_EXCEEDED. */
  admit(principal: Principal): Admittance {
    const admittance = this.#admit(principal);
    if (admittance.limits.breaches.isSpent) {
      admittance.leave();
      throw new BrokerFault(
        BrokerError_Code.QUOTA_EXCEEDED,
        `connections of ${principal.name} were ended for too many breaches of HTTP/2 or its limits; retry in a second`,
      );
    }
    return admittance;
  }

  #admit(principal: Principal): Admittance {
    if (!this.#isAdmitted(principal)) {
      const leave = this.#strangers.enter(principal);
      return { limits: this.#strangers.limits(), leave };
    }
    principal.connections.take();
    const limits = {
      maxStreams: MAX_STREAMS,
      windowBytes: WINDOW_BYTES,
      maxRequestBytes: this.#limits.maxRequestBytes,
      budget: new Budget(this.#limits.maxUnfinishedBytesOfConnection, principal.messages),
      accounts: {
        waiting: new Account(Number.POSITIVE_INFINITY, SHARE_BYTES, principal.accounts.waiting),
        unread: new Account(Number.POSITIVE_INFINITY, SHARE_BYTES, principal.accounts.unread),
      },
      owner: principal.turns,
      breaches: principal.breaches,
    };
    return { limits, leave: () => principal.connections.give() };
  }
}
