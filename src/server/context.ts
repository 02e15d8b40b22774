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

/** Shared by the whole daemon. */
export interface Services {
  readonly native: NativeAddon;
  readonly policy: Policy;
  readonly resolver: Resolver;
  readonly limits: Limits;
  readonly counters: Counters;
  readonly log: Logger;
  /** For log lines that a caller can trigger. */
  readonly throttled: ThrottledLog;
  readonly descriptors: DescriptorReserve;
  readonly version: string;
}

/** The caller of an op. */
export interface OpContext {
  readonly services: Services;
  readonly session: Session;
  readonly principal: Principal;
  readonly peer: PeerIdentity;
  /**
   * Aborts when the caller cancels or its connection breaks. `session.signal` aborts when the session ends; operations
   * waiting on an entry need not observe that, because the entry ends them.
   */
  readonly signal: () => AbortSignal;
}
