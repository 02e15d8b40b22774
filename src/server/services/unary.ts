import type { UnaryHandler } from "../../rpc/server.js";
import { authorise } from "../authorise.js";
import { ops } from "../ops/table.js";
import type { Session } from "../sockets/session.js";
import { type Door, enter } from "./door.js";

/** For those too who may do nothing: they may ask who they are and why. */
const openToAll: ReadonlySet<string> = new Set(["whoAmI", "explainPolicy", "getEffectivePolicy"]);

/** The unary door to the table of verbs: a handler for each. */
export function unaryHandlers(door: Door): Record<string, UnaryHandler> {
  const handlers: Record<string, UnaryHandler> = {};
  for (const [name, op] of Object.entries(ops)) {
    handlers[name] = (call, request) => {
      door.services.counters.operations += 1;
      const ctx = enter(door, call);
      if (!openToAll.has(name)) authorise(ctx, "session");
      return attended(ctx.session, () => op(ctx, request));
    };
  }
  return handlers;
}

/** A call starts the lease of its session anew, and while it waits the session does not expire. */
function attended<T>(session: Session, call: () => T | Promise<T>): T | Promise<T> {
  session.renew();
  const result = call();
  return result instanceof Promise ? result.finally(session.attend()) : result;
}
