import type { Server } from "@grpc/grpc-js";

/** At once, and then each second, on one connection. */
const RESETS = { streamResetBurst: 100_000, streamResetRate: 10_000 };

/**
 * Raises how many streams callers may reset. Generated stubs reset a stream for each call that is cancelled, and Node ends a
 * connection that has reset about a thousand, and its implicit session with it. Refusing a reset saves nothing here: a call
 * that ends by itself costs as much, and there is no limit to those. Node 20 has no such options and keeps its limit.
 *
 * grpc-js offers no option; what it gives its HTTP/2 servers is reachable only by this private field. Call it before the
 * server has its listeners or injectors. Throws when the field is gone, so that an update of grpc-js cannot undo this
 * silently.
 */
export function raiseResetAllowance(server: Server): void {
  const { commonServerOptions } = server as unknown as { commonServerOptions?: object };
  if (typeof commonServerOptions !== "object") {
    throw new Error("this version of @grpc/grpc-js keeps the options of its HTTP/2 servers elsewhere");
  }
  Object.assign(commonServerOptions, RESETS);
}
