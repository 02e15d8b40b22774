import { endianness } from "node:os";
import { AddressFamily } from "../../gen/sockbroker/v1/address_pb.js";
import { ArgumentError_Kind } from "../../gen/sockbroker/v1/error_pb.js";
import type { SendmsgAfalgRequest, SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { linux } from "../../native/linux.js";
import { permittedControl } from "../access/views.js";
import type { SocketOp } from "../context.js";
import { ArgumentFault, type ArgumentReason } from "../errors.js";
import { andThen } from "../io/perform.js";
import { sendMessage } from "../io/send.js";
import type { ControlToSend } from "../sockets/socket-entry.js";

const { SOL_ALG, ALG_SET_IV, ALG_SET_OP, ALG_SET_AEAD_ASSOCLEN } = linux;

/** Wraps sendmsg(2) with the control messages of AF_ALG. */
export const sendmsgAfalg: SocketOp<typeof SocketService.method.sendmsgAfalg, "send" | "ancillary"> = (
  ctx,
  request,
  entry,
) => {
  if (entry.facts.family !== AddressFamily.ALG) {
    throw fault(ArgumentError_Kind.OS, "NOT_AF_ALG", "algset is only supported for AF_ALG");
  }
  const control = permittedControl(ctx, messagesOf(request));
  const { buffers, flags, timeout } = request;
  const sent = sendMessage(ctx, entry, "sendmsg", { buffers, control, flags, timeout, address: null });
  return andThen(sent, (bytes) => ({ sentBytes: BigInt(bytes) }));
};

function messagesOf(request: SendmsgAfalgRequest): ControlToSend[] {
  if (request.op === undefined || request.op < 0) {
    throw fault(ArgumentError_Kind.TYPE, "AFALG_OP", "Invalid or missing argument 'op'");
  }
  if (request.assoclen !== undefined && request.assoclen < 0) {
    throw fault(ArgumentError_Kind.TYPE, "AFALG_ASSOCLEN", "assoclen must be positive");
  }
  const messages = [message(ALG_SET_OP, word(request.op))];
  if (request.iv !== undefined) {
    messages.push(message(ALG_SET_IV, Buffer.concat([word(request.iv.length), request.iv])));
  }
  if (request.assoclen !== undefined) messages.push(message(ALG_SET_AEAD_ASSOCLEN, word(request.assoclen)));
  return messages;
}

function message(type: number, data: Uint8Array): ControlToSend {
  return { level: SOL_ALG, type, data, sockets: null };
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  if (endianness() === "LE") bytes.writeUInt32LE(value);
  else bytes.writeUInt32BE(value);
  return bytes;
}

function fault(kind: ArgumentError_Kind, reason: ArgumentReason, text: string): ArgumentFault {
  return new ArgumentFault(kind, reason, "sendmsg_afalg", text);
}
