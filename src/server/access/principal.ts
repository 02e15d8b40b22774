import type { Limits } from "../limits.js";
import { type HandleNumbers, newHandleNumbers } from "../sessions/handle-numbers.js";
import { Quota } from "../sessions/quota.js";
import { TurnQueue } from "../turn-queue.js";

/** An authenticated subject, and what it has in all its sessions. One object a name, as long as it is in use. */
export interface Principal {
  /** E.g. "uid:1000": what rules match. */
  readonly name: string;
  readonly handles: Quota;
  readonly lookups: TurnQueue;
  /** Threads that read files. */
  readonly files: TurnQueue;
  readonly connections: Quota;
  /** Leased ones. */
  readonly sessions: Quota;
  /** Of the sessions of its connections, one after the other. */
  readonly implicitHandles: HandleNumbers;
}

/** A file whose server does not answer keeps its thread: the rest of the 64 are for others. */
const MOST_FILE_THREADS = 8;

export function newPrincipal(name: string, limits: Limits): Principal {
  return {
    name,
    handles: new Quota(`handles of ${name}`, limits.maxHandles),
    lookups: new TurnQueue(`look-ups of ${name}`, limits.maxLookups, limits.maxWaitingLookups),
    files: new TurnQueue(`reads of files of ${name}`, MOST_FILE_THREADS, limits.maxWaiting),
    connections: new Quota(`connections of ${name}`, limits.maxConnections),
    sessions: new Quota(`leased sessions of ${name}`, limits.maxSessions),
    implicitHandles: newHandleNumbers(),
  };
}

/** The process at the other end of a connection, as the kernel said when it connected. */
export interface PeerIdentity {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}
