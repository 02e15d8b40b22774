import type { ConversionService } from "../../gen/sockbroker/v1/conversion_service_pb.js";
import { controlLength } from "../codec/control-length.js";
import type { Op } from "../context.js";

/** Wraps CMSG_LEN(3). */
export const cmsgLen: Op<typeof ConversionService.method.cmsgLen> = (ctx, request) => ({
  lengthBytes: controlLength(ctx.services.kernel.cmsgLen, 0, request.lengthBytes, "CMSG_LEN"),
});
