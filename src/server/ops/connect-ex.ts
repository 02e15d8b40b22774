import { constants } from "node:os";
import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { SystemError } from "../../native/errno.js";
import type { AddressOp } from "../context.js";
import { OperationTimeout } from "../errors.js";
import { completeConnect, connectedAddresses } from "../io/connect.js";

/** ConnectTo, with the kernel's error as a value. */
export const connectEx: AddressOp<typeof SocketService.method.connectEx, "connect"> = async (
  ctx,
  request,
  entry,
  address,
) => {
  try {
    await completeConnect(ctx, entry, address, { timeout: request.timeout, flags: 0 });
    return connectedAddresses(entry);
  } catch (error) {
    if (error instanceof SystemError) return { errorNumber: error.errno, symbol: error.code };
    if (error instanceof OperationTimeout) return { errorNumber: constants.errno.EAGAIN, symbol: "EAGAIN" };
    throw error;
  }
};
