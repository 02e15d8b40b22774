import { ArgumentError_Kind } from "../../gen/sockbroker/v1/error_pb.js";
import type { ResolverService } from "../../gen/sockbroker/v1/resolver_service_pb.js";
import { cString } from "../codec/c-string.js";
import type { Op } from "../context.js";
import { ArgumentFault } from "../errors.js";

/** Wraps getservbyname_r(3). */
export const getservbyname: Op<typeof ResolverService.method.getservbyname> = async (ctx, request) => {
  const service = Buffer.from(cString(request.service, "getservbyname"));
  const protocol = request.protocol === undefined ? null : Buffer.from(cString(request.protocol, "getservbyname"));
  const port = await ctx.services.resolver.run(ctx, (kernel) => kernel.getservbyname(service, protocol));
  if (port === null) {
    throw new ArgumentFault(ArgumentError_Kind.OS, "SERVICE_NOT_FOUND", "getservbyname", "service/proto not found");
  }
  return { port };
};
