import { AddressFamily } from "../../gen/sockbroker/v1/address_pb.js";
import { ArgumentError_Kind } from "../../gen/sockbroker/v1/error_pb.js";
import type { ResolverService } from "../../gen/sockbroker/v1/resolver_service_pb.js";
import { hostFrom } from "../codec/host-name.js";
import type { Op, OpContext } from "../context.js";
import { ArgumentFault } from "../errors.js";

/** Wraps gethostbyaddr_r(3). A name is resolved first. */
export const gethostbyaddr: Op<typeof ResolverService.method.gethostbyaddr> = async (ctx, request) => {
  const entry = await hostByAddress(ctx, hostFrom(request.host, "gethostbyaddr"));
  return { hostname: entry.name, aliases: [...entry.aliases], addresses: [...entry.addresses] };
};

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
