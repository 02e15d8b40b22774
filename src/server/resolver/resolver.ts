import type { ResolverFailure, Sockaddr } from "../../native/binding.js";
import { type SystemError, systemError } from "../../native/errno.js";
import { linux } from "../../native/linux.js";
import { authorise } from "../access/authorise.js";
import type { OpContext, Resolver } from "../context.js";
import { ResolverFault } from "../errors.js";
import type { Kernel } from "../host/kernel.js";

const { EAI_SYSTEM } = linux;

export function newResolver(kernel: Kernel): Resolver {
  const run = async <T>(ctx: OpContext, lookup: (kernel: Kernel) => Promise<T | ResolverFailure>): Promise<T> => {
    authorise(ctx, "resolve");
    const signals = [ctx.session.signal, ctx.signal()];
    const place = ctx.principal.lookups.enter();
    if (place.turn !== null) {
      await untilAborted(place.turn, signals).catch((error: unknown) => {
        place.leave();
        throw error;
      });
    }
    const result = await untilAborted(lookup(kernel).finally(place.leave), signals);
    if (isFailure(result)) throw faultOf(kernel, result);
    return result;
  };
  return {
    run,
    first: async (ctx, host, family) => {
      const name = Buffer.from(host);
      const results = await run(ctx, () => kernel.getaddrinfo(name, null, family, 0, 0, 0));
      return numericHost(results[0]?.address);
    },
  };
}

function numericHost(address: Sockaddr | undefined): string {
  if (address?.kind === "inet" || address?.kind === "inet6") return address.address;
  throw new TypeError("getaddrinfo answered an address of another family");
}

function isFailure(result: unknown): result is ResolverFailure {
  if (typeof result !== "object" || result === null || !("kind" in result)) return false;
  return result.kind === "eai" || result.kind === "herrno";
}

/** EAI_SYSTEM means "see errno": it becomes an error of the kernel, as in Python. */
function faultOf(kernel: Kernel, failure: ResolverFailure): ResolverFault | SystemError {
  if (failure.kind === "eai") {
    if (failure.code === EAI_SYSTEM) return systemError(-failure.errno, "getaddrinfo");
    return new ResolverFault(failure, kernel.gaiStrerror(failure.code));
  }
  return new ResolverFault(failure, kernel.hstrerror(failure.code));
}

function untilAborted<T>(promise: Promise<T>, signals: readonly AbortSignal[]): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signals.find((signal) => signal.aborted)?.reason);
    for (const signal of signals) signal.addEventListener("abort", onAbort);
    if (signals.some((signal) => signal.aborted)) onAbort();
    const done = (): void => {
      for (const signal of signals) signal.removeEventListener("abort", onAbort);
    };
    promise.then(resolve, reject).finally(done);
  });
}
