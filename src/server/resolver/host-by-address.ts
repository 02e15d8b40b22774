import { AddressFamily } from "../../gen/sockbroker/v1/address_pb.js";
import { ArgumentError_Kind } from "../../gen/sockbroker/v1/error_pb.js";
import type { OpContext } from "../context.js";
import { ArgumentFault } from "../errors.js";

/** Looks up the names of an address by gethostbyaddr_r(3). A name is resolved first. Rejects with `ResolverFault`. */
export async function hostByAddress(ctx: OpContext, host: string | Uint8Array) {
  const address = await anyAddress(ctx, host);
  return ctx.services.resolver.run(ctx, (kernel) => kernel.gethostbyaddr(address));
}

async function anyAddress(ctx: OpContext, host: string | Uint8Array): Promise<string> {
  const { kernel, resolver } = ctx.services;
  if (typeof host !== "string") return resolver.first(ctx, host, AddressFamily.UNSPECIFIED);
  if (host === "<broadcast>") return "255.255.255.255";
  if (host === "") {
    const text = "wildcard resolved to multiple address";
    throw new ArgumentFault(ArgumentError_Kind.OS, "AMBIGUOUS_ADDRESS", "gethostbyaddr", text);
  }
  for (const family of [AddressFamily.INET, AddressFamily.INET6]) {
    if (kernel.inetPton(family, host) instanceof Uint8Array) return host;
  }
  return resolver.first(ctx, host, AddressFamily.UNSPECIFIED);
}
