import type { ConversionService } from "../../gen/sockbroker/v1/conversion_service_pb.js";
import { swap32 } from "../codec/byte-order.js";
import type { Op } from "../context.js";

/** Wraps htonl(3). */
export const htonl: Op<typeof ConversionService.method.htonl> = (_ctx, request) => ({
  value: swap32(request.value, "htonl"),
});
