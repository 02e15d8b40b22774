import type { Server } from "@grpc/grpc-js";

/** Resets allowed on one connection: in a burst, and per second after that. */
const RESETS = { streamResetBurst: 100_000, streamResetRate: 10_000 };

/**
 * Raises how many streams callers may reset. Generated stubs reset a stream for each cancelled call, and after about a
 * thousand Node ends the connection, and with it the implicit session. Limiting resets protects nothing here: a call
 * that ends normally costs as much, and those are not limited. Node 20 does not have these options and keeps its limit.
 *
 * grpc-js has no option for it; the options it passes to its HTTP/2 servers are reachable only through this private
 * field. Call it before the server has its listeners or injectors. Throws if the field is missing, so that an update of
 * grpc-js cannot silently disable this.
 */
export function raiseResetAllowance(server: Server): void {
  const { commonServerOptions } = server as unknown as { commonServerOptions?: object };
  if (typeof commonServerOptions !== "object") {
    throw new Error("this version of @grpc/grpc-js keeps the options of its HTTP/2 servers elsewhere");
  }
  Object.assign(commonServerOptions, RESETS);
}
