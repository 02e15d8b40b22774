import { AddressFamily, SocketType } from "../../gen/sockbroker/v1/address_pb.js";
import type { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import type { NativeAddon } from "../../native/binding.js";
import { linux } from "../../native/linux.js";
import type { Op } from "../entry/row.js";

const { IPPROTO_IPV6, IPV6_V6ONLY } = linux;

/** Tests it by creating a socket, as Python does. */
export const hasDualstackIpv6: Op<typeof SocketService.method.hasDualstackIpv6> = (ctx) => ({
  supported: supportsDualstack(ctx.services.native),
});

export function supportsDualstack(native: NativeAddon): boolean {
  const probe = native.socket(AddressFamily.INET6, SocketType.STREAM, 0, null);
  if (typeof probe === "number") return false;
  const result = probe.setsockoptInt(IPPROTO_IPV6, IPV6_V6ONLY, 0);
  probe.close();
  return result === 0;
}
