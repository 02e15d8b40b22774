import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { timeoutFrom } from "../codec/duration.js";
import type { SocketOp } from "../context.js";

/** Sets the handle's timeout. */
export const settimeout: SocketOp<typeof SocketService.method.settimeout> = (_ctx, request, entry) => {
  entry.setTimeout(timeoutFrom(request.timeout, "settimeout"));
  return {};
};
