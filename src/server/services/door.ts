import type { Status } from "../../gen/google/rpc/status_pb.js";
import { BrokerError_Code } from "../../gen/sockbroker/v1/error_pb.js";
import type { Call } from "../../rpc/call.js";
import { authorise } from "../authorise.js";
import type { OpContext, Services } from "../context.js";
import { BrokerFault } from "../errors.js";
import type { Connections } from "../transport/connections.js";

/** What a service needs to let calls in. */
export interface Door {
  readonly services: Services;
  readonly connections: Connections;
  /** Whether the daemon is ending. */
  draining(): boolean;
}

/** What a service that is not a table of handlers needs besides. */
export interface StreamDeps {
  readonly door: Door;
  /** Turns what was thrown into a status. */
  readonly statusOf: (error: unknown) => Status;
  /** Makes the error for a message that does not decode. */
  readonly malformed: (cause: unknown) => Error;
}

/** Lets a call in: finds its principal and session. Throws UNAUTHENTICATED, SESSION_NOT_FOUND or DRAINING. */
export function enter(door: Door, call: Call): OpContext {
  if (door.draining()) throw draining();
  const connection = door.connections.of(call);
  const session = door.connections.sessionOf(call, connection);
  return {
    services: door.services,
    session,
    principal: connection.principal,
    peer: connection.peer,
    signal: () => call.signal(cancelled()),
  };
}

/** What new work is refused with when the daemon is ending. */
export function draining(): BrokerFault {
  return new BrokerFault(BrokerError_Code.DRAINING, "the daemon is ending");
}

/** What an operation rejects with when its caller cancelled it. */
export function cancelled(): BrokerFault {
  return new BrokerFault(BrokerError_Code.CANCELLED, "cancelled by the caller");
}

/** Lets a stream in, or ends it with the reason why not and answers null. */
export function enterStream(deps: StreamDeps, call: Call & { fail(status: Status): void }): OpContext | null {
  try {
    const ctx = enter(deps.door, call);
    authorise(ctx, "session");
    return ctx;
  } catch (error) {
    call.fail(deps.statusOf(error));
    return null;
  }
}
