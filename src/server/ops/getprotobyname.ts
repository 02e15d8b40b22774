import { ArgumentError_Kind } from "../../gen/sockbroker/v1/error_pb.js";
import type { ResolverService } from "../../gen/sockbroker/v1/resolver_service_pb.js";
import { cString } from "../codec/c-string.js";
import type { Op } from "../context.js";
import { ArgumentFault } from "../errors.js";

/** Wraps getprotobyname_r(3). */
export const getprotobyname: Op<typeof ResolverService.method.getprotobyname> = async (ctx, request) => {
  const protocol = Buffer.from(cString(request.protocol, "getprotobyname"));
  const number = await ctx.services.resolver.run(ctx, (kernel) => kernel.getprotobyname(protocol));
  if (number === null) {
    throw new ArgumentFault(ArgumentError_Kind.OS, "PROTOCOL_NOT_FOUND", "getprotobyname", "protocol not found");
  }
  return { number };
};
