import type { HostService } from "../../gen/sockbroker/v1/host_service_pb.js";
import type { Op } from "../context.js";

/** As in Python: what the build supports, not what the host has configured. */
export const hasIpv6: Op<typeof HostService.method.hasIpv6> = (ctx) => ({
  hasIpv6: ctx.services.kernel.constants().some(({ name, value }) => name === "has_ipv6" && value === true),
});
