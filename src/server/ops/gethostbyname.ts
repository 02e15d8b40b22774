import type { ResolverService } from "../../gen/sockbroker/v1/resolver_service_pb.js";
import { hostFrom } from "../codec/host-name.js";
import type { Op } from "../context.js";
import { resolveHost } from "../resolver/resolve-address.js";

/** The first IPv4 address of a host, by getaddrinfo(3), as in Python. */
export const gethostbyname: Op<typeof ResolverService.method.gethostbyname> = async (ctx, request) => ({
  address: await resolveHost(ctx, hostFrom(request.name, "gethostbyname"), "inet"),
});
