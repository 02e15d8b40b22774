import type { SocketAddress } from "../../gen/sockbroker/v1/address_pb.js";
import type { Sockaddr } from "../../native/binding.js";
import { authoriseAddress } from "../access/authorise.js";
import type { OpContext } from "../context.js";
import type { Checked } from "../policy/checked.js";
import type { Permission } from "../policy/policy.js";
import type { SocketFacts } from "../sockets/socket-entry.js";
import { resolveAddress } from "./resolve-address.js";

/**
 * Turns an address from outside into one that may be used: its shape is judged for the socket, its name is resolved once,
 * and what it resolved to is checked. Throws `ArgumentFault`, `ResolverFault` or `PolicyDenied`; a promise only when
 * there is a name to look up.
 */
export function checkedAddress<P extends Permission>(
  ctx: OpContext,
  permission: P,
  facts: SocketFacts,
  address: SocketAddress | undefined,
  operation: string,
): Checked<Sockaddr, P> | Promise<Checked<Sockaddr, P>> {
  const resolved = resolveAddress(ctx, facts, address, operation);
  return resolved instanceof Promise
    ? resolved.then((concrete) => authoriseAddress(ctx, permission, concrete))
    : authoriseAddress(ctx, permission, resolved);
}
