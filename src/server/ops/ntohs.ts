import type { ConversionService } from "../../gen/sockbroker/v1/conversion_service_pb.js";
import { swap16 } from "../codec/byte-order.js";
import type { Op } from "../context.js";

/** Wraps ntohs(3). */
export const ntohs: Op<typeof ConversionService.method.ntohs> = (_ctx, request) => ({
  value: swap16(request.value, "ntohs"),
});
