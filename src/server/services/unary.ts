import type { UnaryHandler } from "../../rpc/server.js";
import { ops } from "../ops/table.js";
import { type Door, enter } from "./door.js";

/** The unary door to the table of verbs: a handler for each. */
export function unaryHandlers(door: Door): Record<string, UnaryHandler> {
  const handlers: Record<string, UnaryHandler> = {};
  for (const [name, op] of Object.entries(ops)) {
    handlers[name] = (call, request) => {
      door.services.counters.operations += 1;
      return op(enter(door, call), request);
    };
  }
  return handlers;
}
