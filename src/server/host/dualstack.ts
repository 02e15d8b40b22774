import { AddressFamily, SocketType } from "../../gen/sockbroker/v1/address_pb.js";
import { linux } from "../../native/linux.js";
import { nativeOf } from "../sockets/unowned.js";
import type { Kernel } from "./kernel.js";

const { IPPROTO_IPV6, IPV6_V6ONLY } = linux;

/** Tests whether an IPv6 socket can also serve IPv4, by creating one, as Python does. */
export function supportsDualstack(kernel: Kernel): boolean {
  const probe = kernel.socket(AddressFamily.INET6, SocketType.STREAM, 0, null);
  if (typeof probe === "number") return false;
  const result = nativeOf(probe).setsockoptInt(IPPROTO_IPV6, IPV6_V6ONLY, 0);
  probe.close();
  return result === 0;
}
