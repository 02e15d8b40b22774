import type { SocketAddress } from "../../gen/sockbroker/v1/address_pb.js";
import type { Sockaddr } from "../../native/binding.js";
import { authoriseAddress } from "../access/authorise.js";
import type { OpContext } from "../context.js";
import type { Checked } from "../policy/checked.js";
import type { Permission } from "../policy/policy.js";
import type { Socket, SocketFacts } from "../sockets/socket-entry.js";
import { resolveAddress } from "./resolve-address.js";

/**
 * Converts an address from a caller to one that may be used: validates it for a socket, or for one to open, resolves its name
 * once, and checks the result. Throws `ArgumentFault`, `ResolverFault` or `PolicyDenied`. Returns a promise only if there is a name to look up.
 */
export function checkedAddress<P extends Permission>(
  ctx: OpContext,
  permission: P,
  subject: Socket | SocketFacts,
  address: SocketAddress | undefined,
  operation: string,
): Checked<Sockaddr, P> | Promise<Checked<Sockaddr, P>> {
  const open = "handle" in subject;
  const resolved = resolveAddress(ctx, open ? subject.facts : subject, address, operation);
  const about = open ? { socket: subject } : { details: { opens: subject } };
  return resolved instanceof Promise
    ? resolved.then((concrete) => authoriseAddress(ctx, permission, concrete, about))
    : authoriseAddress(ctx, permission, resolved, about);
}
