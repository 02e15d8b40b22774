import type { SocketAddress } from "../../gen/sockbroker/v1/address_pb.js";
import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import type { ControlOut } from "../../native/binding.js";
import { authorise, checkedAddress } from "../authorise.js";
import type { OpContext } from "../context.js";
import type { SocketEntry } from "../sockets/socket-entry.js";
import { openingFast } from "./fast-open.js";
import type { Op } from "./op.js";
import { andThen, perform, type Waiting } from "./perform.js";
import { controlToSend, sendWithControl } from "./send-control.js";

/** Wraps sendmsg(2). */
export const sendmsg: Op<typeof SocketService.method.sendmsg> = (ctx, request) => {
  const entry = ctx.session.entry(request.handle);
  const control = controlToSend(ctx, request.ancillaryData);
  const sent = sendMessage(ctx, entry, "sendmsg", { ...request, control });
  return andThen(sent, (bytes) => ({ sentBytes: BigInt(bytes) }));
};

export interface OutgoingRequest extends Waiting {
  readonly buffers: readonly Uint8Array[];
  readonly control: readonly ControlOut[];
  readonly address?: SocketAddress | undefined;
}

/** Sends one message by sendmsg(2), to an address if it has one. Answers how many bytes. */
export function sendMessage(
  ctx: OpContext,
  entry: SocketEntry,
  operation: string,
  request: OutgoingRequest,
): number | Promise<number> {
  if (request.address === undefined) {
    authorise(ctx, "send");
    return perform(ctx, entry, "write", "sendmsg", request, () =>
      sendWithControl(ctx, entry, request.buffers, request.control, request.flags, null),
    );
  }
  return andThen(checkedAddress(ctx, "send", entry.facts, request.address, operation), (address) => {
    const attempt = openingFast(entry, operation, request, (flags) =>
      sendWithControl(ctx, entry, request.buffers, request.control, flags, address),
    );
    return perform(ctx, entry, "write", "sendmsg", request, attempt);
  });
}
