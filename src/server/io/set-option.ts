import { constants } from "node:os";
import { AddressFamily } from "../../gen/sockbroker/v1/address_pb.js";
import { BrokerError_Code } from "../../gen/sockbroker/v1/error_pb.js";
import type { SetsockoptRequest } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { linux } from "../../native/linux.js";
import { isAllowed } from "../access/authorise.js";
import type { View } from "../access/views.js";
import { lingerCodec, timevalCodec, vsockInteger } from "../codec/option.js";
import type { OpContext } from "../context.js";
import { BrokerFault } from "../errors.js";

const { SOL_SOCKET, SO_RCVBUFFORCE, SO_RESERVE_MEM, SO_SNDBUFFORCE } = linux;

/** AF_VSOCK is also the level of its options, which have 64 bits. */
const { VSOCK: AF_VSOCK } = AddressFamily;

/** Options that allocate kernel memory without a limit. */
const UNLIMITED_MEMORY = new Set([SO_SNDBUFFORCE, SO_RCVBUFFORCE, SO_RESERVE_MEM]);

/**
 * Sets an option in any of its forms. Returns 0 or -errno. Options that allocate kernel memory without a limit are for
 * operators; for others the result is EPERM, as from the kernel.
 */
export function setOption(
  ctx: OpContext,
  entry: View<"setsockopt">,
  { level, name, value }: SetsockoptRequest,
): number {
  if (level === SOL_SOCKET && UNLIMITED_MEMORY.has(name) && !isAllowed(ctx, "admin")) return -constants.errno.EPERM;
  const option = value?.value;
  switch (option?.case) {
    case "integer":
      if (level === AF_VSOCK) return entry.setsockopt(level, name, vsockInteger.write(option.value));
      return entry.setsockoptInt(level, name, option.value);
    case "data":
      return entry.setsockopt(level, name, option.value);
    case "nullLength":
      return entry.setsockoptNull(level, name, option.value);
    case "linger":
      return entry.setsockopt(level, name, lingerCodec.write(option.value));
    case "timeval":
      return entry.setsockopt(level, name, timevalCodec.write(option.value));
    case undefined:
      throw new BrokerFault(BrokerError_Code.MALFORMED_REQUEST, "setsockopt needs a value");
  }
}
