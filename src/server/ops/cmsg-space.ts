import type { ConversionService } from "../../gen/sockbroker/v1/conversion_service_pb.js";
import { controlLength } from "../codec/control-length.js";
import type { Op } from "../context.js";

/** Wraps CMSG_SPACE(3). */
export const cmsgSpace: Op<typeof ConversionService.method.cmsgSpace> = (ctx, request) => ({
  spaceBytes: controlLength(ctx.services.kernel.cmsgSpace, 1, request.lengthBytes, "CMSG_SPACE"),
});
