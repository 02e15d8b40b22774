import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import type { AddressOp } from "../context.js";
import { completeConnect, connectedAddresses } from "../io/connect.js";
import { andThen } from "../io/perform.js";

/** Wraps connect(2), and waits until the connection is established. */
export const connectTo: AddressOp<typeof SocketService.method.connectTo, "connect"> = (ctx, request, entry, address) =>
  andThen(completeConnect(ctx, entry, address, { timeout: request.timeout, flags: 0 }), () =>
    connectedAddresses(entry),
  );
