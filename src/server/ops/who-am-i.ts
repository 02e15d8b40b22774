import type { SessionService } from "../../gen/sockbroker/v1/session_service_pb.js";
import { hostInfo } from "../codec/host-info.js";
import type { StrangersOp } from "../context.js";

/** How the daemon identifies the caller, and the daemon's version, features and limits. */
export const whoAmI: StrangersOp<typeof SessionService.method.whoAmI> = (ctx) => {
  const { limits, version } = ctx.services;
  return {
    principal: ctx.principal.name,
    ...ctx.peer,
    daemonVersion: version,
    features: [],
    limits: {
      maxReceiveBytes: BigInt(limits.maxReceiveBytes),
      maxRequestBytes: BigInt(limits.maxRequestBytes),
      maxHandles: limits.maxHandles,
      maxWaitingOperations: limits.maxWaiting,
      maxLookups: limits.maxLookups,
    },
    host: hostInfo(),
  };
};
