/* Makes calls as another user from this process. */

import { AdminService } from "../../src/gen/sockbroker/v1/admin_service_pb.js";
import { SessionService } from "../../src/gen/sockbroker/v1/session_service_pb.js";
import { SocketService } from "../../src/gen/sockbroker/v1/socket_service_pb.js";
import type { PolicyDaemon } from "./policy-daemon.js";

const NOBODY = 65_534;

/** Why this process cannot act as another user for a moment; null if it can. */
export function cannotBeNobody(): string | null {
  if (process.geteuid?.() !== 0) return "needs root";
  try {
    process.seteuid?.(NOBODY);
    process.seteuid?.(0);
    return null;
  } catch {
    return "needs a user namespace with a second user";
  }
}

/** Whether each RPC that lists something shows this user what belongs to another. */
export async function seesOthers(daemon: PolicyDaemon): Promise<boolean> {
  using client = daemon.client();
  using other = daemon.client();
  // The kernel reports the effective user at the time the connection is made.
  process.seteuid?.(NOBODY);
  try {
    await other.unary(SessionService.method.whoAmI, {});
  } finally {
    process.seteuid?.(0);
  }
  await other.unary(SocketService.method.socket, {});
  const foreign = `uid:${NOBODY}`;
  const { sessions } = await client.unary(AdminService.method.listSessions, {});
  const listed = await client.unary(AdminService.method.listHandles, {});
  const watched = await client.first(AdminService.method.watchHandles, {});
  const seen = [sessions, listed.handles, watched.handles].map((list) =>
    list.some(({ principal }) => principal === foreign),
  );
  if (new Set(seen).size > 1) throw new Error(`the RPCs that list do not agree: ${seen}`);
  return seen[0] === true;
}
