import { Account, type Accounts } from "../../rpc/server/account.js";
import { Allowance } from "../../rpc/server/allowance.js";
import { Budget } from "../../rpc/server/budget.js";
import { TurnOwner } from "../../rpc/server/turns.js";
import type { Limits } from "../limits.js";
import { type HandleNumbers, newHandleNumbers } from "../sessions/handle-numbers.js";
import { Quota } from "../sessions/quota.js";
import { TurnQueue } from "../turn-queue.js";

/**
 * An authenticated principal, and the quotas for all its sessions. One object for each name, as long as it is in use.
 */
export interface Principal {
  /** For example "uid:1000", as in rules. */
  readonly name: string;
  readonly handles: Quota;
  readonly lookups: TurnQueue;
  /** Reads of files, each on a thread. */
  readonly files: TurnQueue;
  readonly connections: Quota;
  /** Memory for messages that have not arrived completely, on all connections. */
  readonly messages: Budget;
  /** What waits to be performed or read, on all connections. */
  readonly accounts: Accounts;
  /** Its connections that end because they break HTTP/2 or its limits. */
  readonly breaches: Allowance;
  /** Its share of the event loop. */
  readonly turns: TurnOwner;
  /** Leased sessions. */
  readonly sessions: Quota;
  /** Memory of pushed-back data, in bytes. */
  readonly pushedBack: Quota;
  /** Handle numbers shared by the implicit sessions of all its connections. */
  readonly implicitHandles: HandleNumbers;
}

/** A file whose server does not respond occupies its thread; the remainder of the 64 is for other principals. */
const MOST_FILE_THREADS = 8;

/** What an attach stream may have in transit, for each handle: it is pushed back if the stream breaks. */
const PUSHED_BACK_BYTES = 256 * 1024;

/** A limit that a principal has to wait at. */
export type ReachedLimit = "max-waiting-bytes" | "max-unread-bytes" | "max-held-bytes";

/** What each principal may leave waiting and unread, even if others leave all that the daemon may hold. */
const SHARE_BYTES = 16 * 1024 * 1024;

/** `held` counts what all principals leave waiting and unread. */
export function newPrincipal(
  name: string,
  limits: Limits,
  held: Account | null = null,
  onFull: (limit: ReachedLimit) => void = () => undefined,
): Principal {
  return {
    name,
    handles: new Quota(`handles of ${name}`, limits.maxHandles),
    lookups: new TurnQueue(`look-ups of ${name}`, limits.maxLookups, limits.maxWaitingLookups),
    files: new TurnQueue(`reads of files of ${name}`, MOST_FILE_THREADS, limits.maxWaiting),
    connections: new Quota(`connections of ${name}`, limits.maxConnections),
    messages: new Budget(limits.maxUnfinishedBytes),
    accounts: {
      waiting: new Account(limits.maxWaitingBytes, SHARE_BYTES, held, () => onFull("max-waiting-bytes")),
      unread: new Account(limits.maxUnreadBytes, SHARE_BYTES, held, () => onFull("max-unread-bytes")),
    },
    breaches: new Allowance({ burst: limits.maxBreaches, perSecond: 1 }),
    turns: new TurnOwner(),
    sessions: new Quota(`leased sessions of ${name}`, limits.maxSessions),
    pushedBack: new Quota(`bytes pushed back for ${name}`, limits.maxHandles * PUSHED_BACK_BYTES),
    implicitHandles: newHandleNumbers(),
  };
}

/** The process at the other end of a connection, as the kernel reported it when the connection was made. */
export interface PeerIdentity {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}
