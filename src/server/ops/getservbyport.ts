import { ArgumentError_Kind } from "../../gen/sockbroker/v1/error_pb.js";
import type { ResolverService } from "../../gen/sockbroker/v1/resolver_service_pb.js";
import { cString } from "../codec/c-string.js";
import type { Op } from "../context.js";
import { ArgumentFault, type ArgumentReason } from "../errors.js";

/** Wraps getservbyport_r(3). */
export const getservbyport: Op<typeof ResolverService.method.getservbyport> = async (ctx, request) => {
  if (request.port > 0xffff) {
    throw fault(ArgumentError_Kind.OVERFLOW, "PORT_OUT_OF_RANGE", "getservbyport: port must be 0-65535.");
  }
  const protocol = request.protocol === undefined ? null : Buffer.from(cString(request.protocol, "getservbyport"));
  const service = await ctx.services.resolver.run(ctx, (kernel) => kernel.getservbyport(request.port, protocol));
  if (service === null) throw fault(ArgumentError_Kind.OS, "SERVICE_NOT_FOUND", "port/proto not found");
  return { service };
};

function fault(kind: ArgumentError_Kind, reason: ArgumentReason, text: string): ArgumentFault {
  return new ArgumentFault(kind, reason, "getservbyport", text);
}
