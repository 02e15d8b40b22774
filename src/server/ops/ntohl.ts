import type { ConversionService } from "../../gen/sockbroker/v1/conversion_service_pb.js";
import { swap32 } from "../codec/byte-order.js";
import type { Op } from "../context.js";

/** Wraps ntohl(3). */
export const ntohl: Op<typeof ConversionService.method.ntohl> = (_ctx, request) => ({
  value: swap32(request.value, "ntohl"),
});
