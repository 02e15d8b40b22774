import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import type { Sockaddr } from "../../native/binding.js";
import type { View } from "../access/views.js";
import type { DestinationOp, OpContext } from "../context.js";
import { authoriseFastOpen, openingFast } from "../io/fast-open.js";
import { andThen, perform, type Waiting } from "../io/perform.js";
import { controlToSend, sendWithControl } from "../io/send-control.js";
import type { Checked } from "../policy/checked.js";
import type { ControlToSend } from "../sockets/socket-entry.js";

/** Wraps sendmsg(2). */
export const sendmsg: DestinationOp<typeof SocketService.method.sendmsg, "send"> = (ctx, request, entry, address) => {
  const control = controlToSend(ctx, request.ancillaryData);
  const sent = sendMessage(ctx, entry, address, { ...request, control });
  return andThen(sent, (bytes) => ({ sentBytes: BigInt(bytes) }));
};

export interface OutgoingRequest extends Waiting {
  readonly buffers: readonly Uint8Array[];
  /** null if there are none. */
  readonly control: Checked<readonly ControlToSend[], "ancillary"> | null;
}

/** Sends one message by sendmsg(2), to an address if given. Returns the number of bytes. */
export function sendMessage(
  ctx: OpContext,
  entry: View<"send">,
  address: Checked<Sockaddr, "send"> | null,
  request: OutgoingRequest,
): number | Promise<number> {
  authoriseFastOpen(ctx, request.flags, address);
  const send = (flags: number) => sendWithControl(ctx, entry, request.buffers, request.control, flags, address);
  const attempt = address === null ? () => send(request.flags) : openingFast(entry, "sendmsg", request, send);
  return perform(ctx, entry, "write", "sendmsg", request, attempt);
}
