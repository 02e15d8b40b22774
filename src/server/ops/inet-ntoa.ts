import { AddressFamily } from "../../gen/sockbroker/v1/address_pb.js";
import type { ConversionService } from "../../gen/sockbroker/v1/conversion_service_pb.js";
import { ArgumentError_Kind } from "../../gen/sockbroker/v1/error_pb.js";
import { systemError } from "../../native/errno.js";
import type { Op } from "../context.js";
import { ArgumentFault } from "../errors.js";

/** Wraps inet_ntoa(3). */
export const inetNtoa: Op<typeof ConversionService.method.inetNtoa> = (ctx, request) => {
  if (request.packed.length !== 4) {
    throw new ArgumentFault(
      ArgumentError_Kind.OS,
      "PACKED_LENGTH",
      "inet_ntoa",
      "packed IP wrong length for inet_ntoa",
    );
  }
  const address = ctx.services.kernel.inetNtop(AddressFamily.INET, request.packed);
  if (typeof address === "number") throw systemError(address, "inet_ntop");
  return { address };
};
