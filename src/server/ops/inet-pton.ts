import type { ConversionService } from "../../gen/sockbroker/v1/conversion_service_pb.js";
import { ArgumentError_Kind } from "../../gen/sockbroker/v1/error_pb.js";
import { systemError } from "../../native/errno.js";
import { cString } from "../codec/c-string.js";
import type { Op } from "../context.js";
import { ArgumentFault } from "../errors.js";

/** Wraps inet_pton(3). */
export const inetPton: Op<typeof ConversionService.method.inetPton> = (ctx, request) => {
  const packed = ctx.services.kernel.inetPton(request.family, cString(request.address, "inet_pton"));
  if (typeof packed === "number") throw systemError(packed, "inet_pton");
  if (packed === null) {
    throw new ArgumentFault(
      ArgumentError_Kind.OS,
      "ILLEGAL_ADDRESS",
      "inet_pton",
      "illegal IP address string passed to inet_pton",
    );
  }
  return { packed };
};
