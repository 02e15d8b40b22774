import { AddressFamily } from "../../gen/sockbroker/v1/address_pb.js";
import type { ResolverService } from "../../gen/sockbroker/v1/resolver_service_pb.js";
import { hostFrom } from "../codec/host-name.js";
import type { Op } from "../context.js";
import { resolveHost } from "../resolver/resolve-address.js";

/** Wraps gethostbyname_r(3). As in Python, the name must first resolve with getaddrinfo(3). */
export const gethostbynameEx: Op<typeof ResolverService.method.gethostbynameEx> = async (ctx, request) => {
  const name = hostFrom(request.name, "gethostbyname_ex");
  await resolveHost(ctx, name, "inet");
  const entry = await ctx.services.resolver.run(ctx, (kernel) =>
    kernel.gethostbyname(Buffer.from(name), AddressFamily.INET),
  );
  return { hostname: entry.name, aliases: [...entry.aliases], addresses: [...entry.addresses] };
};
