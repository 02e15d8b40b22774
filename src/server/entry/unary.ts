import type { UnaryHandler } from "../../rpc/server/routes.js";
import { type EntryPoint, invokeUnary } from "./invoke.js";
import type { AnyRow } from "./row.js";
import { ops } from "./table.js";

/** Unary RPC handlers for all rows of the table of verbs. */
export function unaryHandlers(entry: EntryPoint): Record<string, UnaryHandler> {
  const rows: readonly [string, AnyRow][] = Object.entries(ops);
  return Object.fromEntries(
    rows.map(
      ([name, row]) =>
        [name, (call, request) => invokeUnary(entry, call, row, request)] satisfies [string, UnaryHandler],
    ),
  );
}
