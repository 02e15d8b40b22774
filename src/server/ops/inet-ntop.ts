import { AddressFamily } from "../../gen/sockbroker/v1/address_pb.js";
import type { ConversionService } from "../../gen/sockbroker/v1/conversion_service_pb.js";
import { ArgumentError_Kind } from "../../gen/sockbroker/v1/error_pb.js";
import { systemError } from "../../native/errno.js";
import type { Op } from "../context.js";
import { ArgumentFault, type ArgumentReason } from "../errors.js";

/** Wraps inet_ntop(3). */
export const inetNtop: Op<typeof ConversionService.method.inetNtop> = (ctx, { family, packed }) => {
  if (family !== AddressFamily.INET && family !== AddressFamily.INET6) {
    throw value("UNKNOWN_FAMILY", `unknown address family ${family}`);
  }
  if (packed.length !== (family === AddressFamily.INET ? 4 : 16)) {
    throw value("PACKED_LENGTH", "invalid length of packed IP address string");
  }
  const address = ctx.services.kernel.inetNtop(family, packed);
  if (typeof address === "number") throw systemError(address, "inet_ntop");
  return { address };
};

function value(reason: ArgumentReason, text: string): ArgumentFault {
  return new ArgumentFault(ArgumentError_Kind.VALUE, reason, "inet_ntop", text);
}
