import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { timeoutField } from "../codec/duration.js";
import type { SocketOp } from "../context.js";

/** Returns the handle's timeout. */
export const gettimeout: SocketOp<typeof SocketService.method.gettimeout> = (_ctx, _request, entry) =>
  timeoutField(entry.blocking.timeout);
