import type { Server } from "@grpc/grpc-js";
import { http2OptionsOf } from "./grpc-js-private.js";

/** Resets allowed on one connection: in a burst, and per second after that. */
const RESETS = { streamResetBurst: 100_000, streamResetRate: 10_000 };

/**
 * Raises how many streams callers may reset. Generated stubs reset a stream for each cancelled call, and after about a
 * thousand Node ends the connection, and with it the implicit session. Limiting resets protects nothing here: a call
 * that ends normally costs as much, and those are not limited. Node 20 does not have these options and keeps its limit.
 *
 * grpc-js has no option for it. Call it before the server has its listeners or injectors.
 */
export function raiseResetAllowance(server: Server): void {
  Object.assign(http2OptionsOf(server), RESETS);
}
