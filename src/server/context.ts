import type { Logger } from "pino";
import type { NativeAddon } from "../native/binding.js";
import type { PeerIdentity, Principal } from "./access/principal.js";
import type { Counters } from "./counters.js";
import type { Limits } from "./limits.js";
import type { Policy } from "./policy/policy.js";
import type { Resolver } from "./resolver/resolver.js";
import type { Session } from "./sessions/session.js";
import type { ThrottledLog } from "./throttled-log.js";
import type { DescriptorReserve } from "./transport/descriptor-reserve.js";

/** What the whole daemon shares. */
export interface Services {
  readonly native: NativeAddon;
  readonly policy: Policy;
  readonly resolver: Resolver;
  readonly limits: Limits;
  readonly counters: Counters;
  readonly log: Logger;
  /** For what a caller can cause to be logged. */
  readonly throttled: ThrottledLog;
  readonly descriptors: DescriptorReserve;
  readonly version: string;
}

/** On whose behalf an op runs. */
export interface OpContext {
  readonly services: Services;
  readonly session: Session;
  readonly principal: Principal;
  readonly peer: PeerIdentity;
  /**
   * Aborts when the caller cancels or its connection breaks. The end of the session is `session.signal`; what waits on an
   * entry need not look at that, for the entry ends it.
   */
  readonly signal: () => AbortSignal;
}
