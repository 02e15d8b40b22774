import type { DescMethod, MessageShape } from "@bufbuild/protobuf";
import type { Logger } from "pino";
import type { ResolverFailure, Sockaddr } from "../native/binding.js";
import type { Account } from "../rpc/server/account.js";
import type { PeerIdentity, Principal } from "./access/principal.js";
import type { View } from "./access/views.js";
import type { Init } from "./codec/init.js";
import type { Counters } from "./counters.js";
import type { Kernel } from "./host/kernel.js";
import type { Limits } from "./limits.js";
import type { Checked } from "./policy/checked.js";
import type { Permission, Policy } from "./policy/policy.js";
import type { Session } from "./sessions/session.js";
import type { ThrottledLog } from "./throttled-log.js";
import type { DescriptorReserve } from "./transport/descriptor-reserve.js";

/** The principal that the policy is asked about, and the services that a denial is reported to. */
export interface Caller {
  readonly services: Pick<Services, "policy" | "counters" | "throttled">;
  readonly principal: Pick<Principal, "name">;
  /** Unset where no process calls. */
  readonly peer?: PeerIdentity;
}

/** Shared by the whole daemon. */
export interface Services {
  readonly kernel: Kernel;
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

/** Look-ups on the daemon's host, with a limit of concurrent ones for each principal. */
export interface Resolver {
  /** The first address of a name, for a family. Rejects with `ResolverFault`. */
  first(ctx: OpContext, host: string | Uint8Array, family: number): Promise<string>;
  /**
   * Runs a look-up of the addon for a caller. Ends early when the caller's signal aborts, but the host's resolver
   * cannot be stopped, so its place stays taken until it answers.
   */
  run<T>(ctx: OpContext, lookup: (kernel: Kernel) => Promise<T | ResolverFailure>): Promise<T>;
}

/** The caller of an op. */
export interface OpContext {
  readonly services: Services;
  readonly session: Session;
  readonly principal: Principal;
  readonly peer: PeerIdentity;
  /** While it is full, operations that wait receive nothing more: the caller does not read what it has received. */
  readonly unread: Pick<Account, "waitIfFull">;
  /**
   * Aborts when the caller cancels or its connection breaks. `session.signal` aborts when the session ends; operations
   * waiting on an entry need not observe that, because the entry ends them.
   */
  readonly signal: () => AbortSignal;
}

/** The context of a caller that has these permissions. All callers except strangers have `session`. */
export type Permitted<P extends Permission> = Checked<OpContext, "session" | P>;

type Answer<M extends DescMethod> = Init<M["output"]> | Promise<Init<M["output"]>>;

/**
 * One verb: decodes, performs, counts and encodes. `P` are the permissions that its row of the table checks before;
 * they determine what the op can do.
 *
 * Returns a promise only if it has to wait, because a promise costs more than most system calls.
 */
export type Op<M extends DescMethod, P extends Permission = "session"> = (
  ctx: Permitted<P>,
  request: MessageShape<M["input"]>,
) => Answer<M>;

/** A verb that strangers may call. */
export type StrangersOp<M extends DescMethod> = (ctx: OpContext, request: MessageShape<M["input"]>) => Answer<M>;

/** A verb of one socket, which is found before it runs. */
export type SocketOp<M extends DescMethod, P extends Permission = "session"> = (
  ctx: Permitted<P>,
  request: MessageShape<M["input"]>,
  socket: View<P>,
) => Answer<M>;

/** A verb of one socket with an address, which is resolved, and for which `P` is checked, before it runs. */
export type AddressOp<M extends DescMethod, P extends Permission> = (
  ctx: Permitted<"session">,
  request: MessageShape<M["input"]>,
  socket: View<P>,
  address: Checked<Sockaddr, P>,
) => Answer<M>;

/** A verb of one socket with an optional address. `A` is checked in addition. */
export type DestinationOp<M extends DescMethod, P extends Permission, A extends Permission = "session"> = (
  ctx: Permitted<A>,
  request: MessageShape<M["input"]>,
  socket: View<P | A>,
  address: Checked<Sockaddr, P> | null,
) => Answer<M>;
