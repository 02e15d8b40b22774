import { AddressFamily } from "../../gen/sockbroker/v1/address_pb.js";
import { ArgumentError_Kind } from "../../gen/sockbroker/v1/error_pb.js";
import { OptionFormat } from "../../gen/sockbroker/v1/socket_pb.js";
import type { GetsockoptRequest, SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { linux } from "../../native/linux.js";
import type { View } from "../access/views.js";
import { type FormatCodec, lingerCodec, timevalCodec, vsockInteger } from "../codec/option.js";
import type { SocketOp } from "../context.js";
import { ArgumentFault } from "../errors.js";
import { checkResult } from "../sockets/socket-entry.js";

const { SOL_SOCKET, SO_GET_FILTER } = linux;

/** Python's limit. */
const MAX_BYTES = 1024;
/** 4096 instructions, the maximum of a filter. */
const MAX_FILTER_BYTES = 8 * 4096;

/** Wraps getsockopt(2). */
export const getsockopt: SocketOp<typeof SocketService.method.getsockopt, "getsockopt"> = (_ctx, request, entry) => {
  switch (request.format) {
    case OptionFormat.LINGER:
      return { value: typed(entry, request, lingerCodec) };
    case OptionFormat.TIMEVAL:
      return { value: typed(entry, request, timevalCodec) };
    default:
      return { value: plain(entry, request) };
  }
};

function plain(entry: View<"getsockopt">, request: GetsockoptRequest) {
  const { level, name, maxBytes = 0 } = request;
  if (maxBytes === 0) {
    if (level === AddressFamily.VSOCK) return typed(entry, request, vsockInteger);
    const { value } = checkResult(entry.getsockoptInt(level, name), "getsockopt");
    return { value: { case: "integer" as const, value } };
  }
  const limit = level === SOL_SOCKET && name === SO_GET_FILTER ? MAX_FILTER_BYTES : MAX_BYTES;
  if (maxBytes < 0 || maxBytes > limit) {
    throw new ArgumentFault(
      ArgumentError_Kind.OS,
      "OPTION_SIZE_OUT_OF_RANGE",
      "getsockopt",
      "getsockopt buflen out of range",
    );
  }
  const data = checkResult(entry.getsockopt(level, name, maxBytes), "getsockopt");
  return { value: { case: "data" as const, value: data } };
}

function typed<T>(entry: View<"getsockopt">, { level, name }: GetsockoptRequest, codec: FormatCodec<T>) {
  const bytes = checkResult(entry.getsockopt(level, name, codec.size), "getsockopt");
  return { value: codec.read(bytes) };
}
