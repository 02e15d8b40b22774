import type { HostService } from "../../gen/sockbroker/v1/host_service_pb.js";
import type { Op } from "../context.js";
import { constantsOf } from "../host/constants-of.js";

/** As in Python: what the build supports, not what the host has configured. */
export const hasIpv6: Op<typeof HostService.method.hasIpv6> = (ctx) => ({
  hasIpv6: constantsOf(ctx.services.kernel).some(({ name, value }) => name === "has_ipv6" && value === true),
});
