import type { ResolverService } from "../../gen/sockbroker/v1/resolver_service_pb.js";
import { hostFrom } from "../codec/host-name.js";
import type { Op } from "../context.js";
import { hostByAddress } from "../resolver/host-by-address.js";

/** Wraps gethostbyaddr_r(3). A name is resolved first. */
export const gethostbyaddr: Op<typeof ResolverService.method.gethostbyaddr> = async (ctx, request) => {
  const entry = await hostByAddress(ctx, hostFrom(request.host, "gethostbyaddr"));
  return { hostname: entry.name, aliases: [...entry.aliases], addresses: [...entry.addresses] };
};
