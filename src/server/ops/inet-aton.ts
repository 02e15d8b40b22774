import type { ConversionService } from "../../gen/sockbroker/v1/conversion_service_pb.js";
import { ArgumentError_Kind } from "../../gen/sockbroker/v1/error_pb.js";
import { cString } from "../codec/c-string.js";
import type { Op } from "../context.js";
import { ArgumentFault } from "../errors.js";

/** Wraps inet_aton(3). */
export const inetAton: Op<typeof ConversionService.method.inetAton> = (ctx, request) => {
  const packed = ctx.services.kernel.inetAton(cString(request.address, "inet_aton"));
  if (packed === null) {
    throw new ArgumentFault(
      ArgumentError_Kind.OS,
      "ILLEGAL_ADDRESS",
      "inet_aton",
      "illegal IP address string passed to inet_aton",
    );
  }
  return { packed };
};
