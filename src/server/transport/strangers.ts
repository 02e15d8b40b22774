import { Account } from "../../rpc/server/account.js";
import { Allowance } from "../../rpc/server/allowance.js";
import { Budget } from "../../rpc/server/budget.js";
import type { ConnectionLimits } from "../../rpc/server/connection.js";
import { TurnOwner } from "../../rpc/server/turns.js";
import type { Principal } from "../access/principal.js";
import { Quota } from "../sessions/quota.js";

/** They have a few methods, with small requests. All of this together takes less than 64 MiB. */
const MOST_CONNECTIONS = 128;
const MOST_CONNECTIONS_OF_USER = 32;
const MAX_STREAMS = 4;
const WINDOW_BYTES = 16 * 1024;
const MESSAGE_BYTES = 16 * 1024;
const UNFINISHED_BYTES = 2 * 1024 * 1024;
const UNFINISHED_BYTES_OF_CONNECTION = 128 * 1024;
const WAITING_BYTES = 4 * 1024 * 1024;
const MOST_BREACHES = 10;
const UNREAD_BYTES = 4 * 1024 * 1024;
/** One message of each connection, or those who leave nothing would wait for those who do not read. */
const SHARE_BYTES = 1;

/** Callers that may not open a session. There can be thousands of them, so they share what they may use. */
export class Strangers {
  readonly #connections = new Quota("connections of users who are not admitted", MOST_CONNECTIONS);
  readonly #ofUsers = new Map<string, Quota>();
  readonly #unfinished = new Budget(UNFINISHED_BYTES);
  readonly #waiting = new Account(WAITING_BYTES, 0);
  readonly #unread = new Account(UNREAD_BYTES, 0);
  readonly #turns = new TurnOwner();
  readonly #breaches = new Allowance({ burst: MOST_BREACHES, perSecond: 1 });

  /** Counts a connection, and returns a function that ends that. Throws QUOTA_EXCEEDED. */
  enter({ name }: Pick<Principal, "name">): () => void {
    const ofUser = this.#ofUser(name);
    ofUser.require();
    this.#connections.take();
    ofUser.take();
    this.#ofUsers.set(name, ofUser);
    return () => {
      this.#connections.give();
      ofUser.give();
      if (ofUser.used === 0) this.#ofUsers.delete(name);
    };
  }

  /** The limits of a new connection. */
  limits(): ConnectionLimits {
    return {
      maxStreams: MAX_STREAMS,
      windowBytes: WINDOW_BYTES,
      maxRequestBytes: MESSAGE_BYTES,
      budget: new Budget(UNFINISHED_BYTES_OF_CONNECTION, this.#unfinished),
      accounts: {
        waiting: new Account(Number.POSITIVE_INFINITY, SHARE_BYTES, this.#waiting),
        unread: new Account(Number.POSITIVE_INFINITY, SHARE_BYTES, this.#unread),
      },
      owner: this.#turns,
      breaches: this.#breaches,
    };
  }

  #ofUser(name: string): Quota {
    const text = `connections of ${name}, who is not admitted`;
    return this.#ofUsers.get(name) ?? new Quota(text, MOST_CONNECTIONS_OF_USER);
  }
}
