import { BrokerError_Code } from "../../gen/sockbroker/v1/error_pb.js";
import type { Principal } from "../access/principal.js";
import type { Counters } from "../counters.js";
import { BrokerFault } from "../errors.js";
import type { Limits } from "../limits.js";
import type { OpenDescription } from "../sockets/open-description.js";
import type { Outliving } from "../sockets/outliving.js";
import { ProcessWatch } from "./process-watch.js";
import { type Lease, Session } from "./session.js";

/** How many tokens of ended sessions are kept, so that their holders get the reason. */
const REMEMBERED_ENDS = 1024;

/** All sessions of the daemon. */
export class Sessions {
  readonly #limits: Limits;
  readonly #counters: Counters;
  readonly #outliving: Outliving;
  readonly #refusalOfShared: (principal: Principal) => Error | null;
  readonly #processes = new ProcessWatch();
  readonly #live = new Set<Session>();
  readonly #byToken = new Map<string, Session>();
  #opened = 0;
  readonly #ends = new Map<string, { readonly principal: string; readonly reason: BrokerFault }>();

  constructor(options: {
    readonly limits: Limits;
    readonly counters: Counters;
    readonly outliving: Outliving;
    /** Why a principal may not have sockets that processes outside the daemon share; null if it may. */
    readonly refusalOfShared: (principal: Principal) => Error | null;
  }) {
    this.#limits = options.limits;
    this.#counters = options.counters;
    this.#outliving = options.outliving;
    this.#refusalOfShared = options.refusalOfShared;
  }

  /** Oldest first. */
  [Symbol.iterator](): IterableIterator<Session> {
    return this.#live.values();
  }

  /** Opens a session. Throws QUOTA_EXCEEDED if the principal has too many leased ones. */
  open(options: { principal: Principal; name: string; lease: Lease | null }): Session {
    const leased = options.lease !== null;
    if (leased) options.principal.sessions.take();
    const session = new Session({
      ...options,
      ordinal: this.#opened++,
      counters: this.#counters,
      outliving: this.#outliving,
      processes: this.#processes,
      maxWaiting: this.#limits.maxWaiting,
      refusalOfShared: () => this.#refusalOfShared(options.principal),
      onShared: (description) => this.#withhold(description),
      onEnd: (reason) => {
        this.#live.delete(session);
        this.#counters.sessions -= 1;
        if (!leased) return;
        this.#byToken.delete(session.token);
        options.principal.sessions.give();
        this.#remember(session, reason);
      },
    });
    this.#live.add(session);
    this.#counters.sessions += 1;
    if (leased) this.#byToken.set(session.token, session);
    return session;
  }

  /** Finds a leased session of a principal. Throws the reason if there is none. */
  find(token: string, principal: Principal): Session {
    const session = this.#byToken.get(token);
    if (session !== undefined && session.principal.name === principal.name) return session;
    const end = this.#ends.get(token);
    if (end !== undefined && end.principal === principal.name) throw end.reason;
    throw new BrokerFault(BrokerError_Code.SESSION_NOT_FOUND, "no session of this principal has that token");
  }

  byId(id: string): Session | null {
    for (const session of this.#live) {
      if (session.id === id) return session;
    }
    return null;
  }

  #withhold(description: OpenDescription): void {
    for (const session of this.#live) {
      session.withhold(description);
    }
  }

  #remember(session: Session, reason: BrokerFault): void {
    // CANCELLED is the reason for operations that were waiting. Later calls get SESSION_NOT_FOUND.
    const later =
      reason.code === BrokerError_Code.CANCELLED
        ? new BrokerFault(BrokerError_Code.SESSION_NOT_FOUND, reason.message)
        : reason;
    this.#ends.set(session.token, { principal: session.principal.name, reason: later });
    if (this.#ends.size <= REMEMBERED_ENDS) return;
    const [oldest] = this.#ends.keys();
    if (oldest !== undefined) this.#ends.delete(oldest);
  }
}
