import type { ResolverService } from "../../gen/sockbroker/v1/resolver_service_pb.js";
import { addressOf } from "../codec/address.js";
import { cString } from "../codec/c-string.js";
import { hostFrom } from "../codec/host-name.js";
import type { Op } from "../context.js";

/** Wraps getaddrinfo(3). */
export const getaddrinfo: Op<typeof ResolverService.method.getaddrinfo> = async (ctx, request) => {
  const { node, family, type, protocol, flags } = request;
  const host = node.case === undefined ? null : Buffer.from(hostFrom(node, "getaddrinfo"));
  const service = request.service === undefined ? null : Buffer.from(cString(request.service, "getaddrinfo"));
  const results = await ctx.services.resolver.run(ctx, (kernel) =>
    kernel.getaddrinfo(host, service, family, type, protocol, flags),
  );
  return {
    results: results.map((result) => ({
      family: result.family,
      type: result.type,
      protocol: result.protocol,
      canonicalName: result.canonicalName,
      address: addressOf(result.address),
    })),
  };
};
