/*
 * Identifies the peer of each connection. The unix listener registers a connection here under an id before any HTTP/2
 * is parsed, and every call carries the id of its connection.
 */

import { BrokerError_Code } from "../../gen/sockbroker/v1/error_pb.js";
import { SESSION_KEY } from "../../rpc/metadata-keys.js";
import { Account } from "../../rpc/server/account.js";
import type { Call } from "../../rpc/server/call.js";
import type { ConnectionLimits } from "../../rpc/server/connection.js";
import { newPrincipal, type PeerIdentity, type Principal, type ReachedLimit } from "../access/principal.js";
import type { Counters } from "../counters.js";
import { BrokerFault } from "../errors.js";
import type { Limits } from "../limits.js";
import type { Session } from "../sessions/session.js";
import type { Sessions } from "../sessions/sessions.js";
import type { CallerMemory } from "./caller-memory.js";

/** Metadata keys with this prefix are reserved for the daemon. There is one: it names a leased session. */
const KEY_PREFIX = "sockbroker-";
const TOKEN = /^[0-9a-f]{32}$/;

export interface Connection {
  readonly id: string;
  readonly principal: Principal;
  readonly peer: PeerIdentity;
  readonly limits: ConnectionLimits;
  /** Ends what it counts for. @internal */
  readonly leave: () => void;
}

export class Connections {
  readonly #limits: Limits;
  readonly #sessions: Sessions;
  readonly #counters: Counters;
  readonly #memory: CallerMemory;
  readonly #onFull: (principal: string, limit: ReachedLimit) => void;
  /** What all principals leave waiting and unread. */
  readonly #held: Account;
  readonly #connections = new Map<string, Connection>();
  readonly #implicit = new Map<string, Session>();
  readonly #principals = new Map<string, { readonly principal: Principal; connections: number }>();
  #lastId = 0;

  /** `onFull` is called whenever a principal has to wait because it is at a limit. */
  constructor(options: {
    limits: Limits;
    sessions: Sessions;
    counters: Counters;
    memory: CallerMemory;
    onFull: (principal: string, limit: ReachedLimit) => void;
  }) {
    this.#limits = options.limits;
    this.#sessions = options.sessions;
    this.#counters = options.counters;
    this.#memory = options.memory;
    this.#onFull = options.onFull;
    this.#held = new Account(options.limits.maxHeldBytes, 0, null, () => this.#onFull("all", "max-held-bytes"));
  }

  /** Registers a connection. Throws QUOTA_EXCEEDED. */
  add(principalName: string, peer: PeerIdentity): Connection {
    const known = this.#principals.get(principalName);
    const onFull = (limit: ReachedLimit): void => this.#onFull(principalName, limit);
    const principal = known?.principal ?? newPrincipal(principalName, this.#limits, this.#held, onFull);
    const { limits, leave } = this.#memory.admit(principal);
    if (known === undefined) this.#principals.set(principalName, { principal, connections: 1 });
    else known.connections += 1;
    this.#lastId += 1;
    const connection = { id: `connection-${this.#lastId}`, principal, peer, limits, leave };
    this.#connections.set(connection.id, connection);
    this.#counters.connections.enter();
    return connection;
  }

  /** Removes a connection, and ends its implicit session. */
  remove(connection: Connection): void {
    this.#connections.delete(connection.id);
    connection.leave();
    this.#implicit
      .get(connection.id)
      ?.destroy(new BrokerFault(BrokerError_Code.CANCELLED, "the connection of the session ended"));
    this.#implicit.delete(connection.id);
    this.#forgetIfIdle(connection.principal);
    this.#counters.connections.leave();
  }

  /** Returns the connection of a call. Throws UNAUTHENTICATED. */
  of(call: Call): Connection {
    const connection = this.#connections.get(call.peer);
    if (connection === undefined) {
      throw new BrokerFault(BrokerError_Code.UNAUTHENTICATED, "the connection is not known");
    }
    return connection;
  }

  /**
   * Returns the session of a call: the leased one that it names, or the implicit one. Throws MALFORMED_REQUEST,
   * SESSION_NOT_FOUND or LEASE_EXPIRED.
   */
  sessionOf(call: Call, connection: Connection): Session {
    const token = tokenOf(call);
    if (token !== null) return this.#sessions.find(token, connection.principal);
    const existing = this.#implicit.get(connection.id);
    if (existing !== undefined && !existing.ended) return existing;
    const session = this.#sessions.open({ principal: connection.principal, name: "", lease: null });
    this.#implicit.set(connection.id, session);
    return session;
  }

  /** Forgets the principal of a connection that ended, and others, if they have no connection and nothing counted. */
  #forgetIfIdle({ name }: Principal): void {
    const known = this.#principals.get(name);
    if (known !== undefined) known.connections -= 1;
    const candidates = this.#connections.size === 0 ? [...this.#principals.keys()] : [name];
    for (const candidate of candidates) {
      const { principal, connections } = this.#principals.get(candidate) ?? {};
      if (principal === undefined || connections !== 0) continue;
      const { handles, lookups, sessions, breaches } = principal;
      const isIdle = handles.used === 0 && lookups.used === 0 && sessions.used === 0;
      // With its breaches forgotten, it could break HTTP/2 on one connection after the other.
      if (isIdle && breaches.isFull) this.#principals.delete(candidate);
    }
  }
}

/** A malformed token is refused: if it counted as none, the call would use another session than its caller meant. */
function tokenOf(call: Call): string | null {
  for (const key of call.keys(KEY_PREFIX)) {
    if (key !== SESSION_KEY) throw malformed(`unknown metadata key ${key}; the daemon only supports ${SESSION_KEY}`);
  }
  const [token, ...more] = call.values(SESSION_KEY);
  if (token === undefined) return null;
  // The message omits the value, which may be a token with an extra blank.
  if (more.length > 0) throw malformed(`the metadata has ${SESSION_KEY} more than once`);
  if (!TOKEN.test(token))
    throw malformed(`${SESSION_KEY} is not a session token, which has 32 lower-case hexadecimal digits`);
  return token;
}

function malformed(text: string): BrokerFault {
  return new BrokerFault(BrokerError_Code.MALFORMED_REQUEST, text);
}
