import { ArgumentError_Kind } from "../../gen/sockbroker/v1/error_pb.js";
import type { InterfaceService } from "../../gen/sockbroker/v1/interface_service_pb.js";
import { cString } from "../codec/c-string.js";
import type { Op } from "../context.js";
import { ArgumentFault } from "../errors.js";

/** Wraps if_nametoindex(3). */
export const ifNametoindex: Op<typeof InterfaceService.method.ifNametoindex> = (ctx, request) => {
  const index = ctx.services.kernel.ifNametoindex(cString(request.name, "if_nametoindex"));
  if (index <= 0) {
    throw new ArgumentFault(ArgumentError_Kind.OS, "NO_INTERFACE", "if_nametoindex", "no interface with this name");
  }
  return { index };
};
