/*
 * Calls that are not operations of a session: opening sessions, streams, and operators' calls. Each has its permission,
 * as in the table of verbs; further permissions that it asks for are described in text, for docs/policy.md.
 */

import type { AdminService } from "../../gen/sockbroker/v1/admin_service_pb.js";
import type { SessionService } from "../../gen/sockbroker/v1/session_service_pb.js";
import type { StreamService } from "../../gen/sockbroker/v1/stream_service_pb.js";
import type { Asks, Callers } from "./row.js";

type Name =
  | keyof Pick<typeof SessionService.method, "openSession" | "session">
  | keyof typeof StreamService.method
  | keyof typeof AdminService.method;

/** Sessions and handles of others. */
const ofOthers = { admin: "for what belongs to other principals" };

export const calls = {
  openSession: { permission: "session" },
  session: { permission: "session" },

  attach: {
    permission: "session",
    asks: {
      receive: "unless it only sends",
      accept: "to a listener",
      send: "unless it only receives; for a message with an address, on that",
      ancillary: "for a message with control messages",
      setsockopt: "for an option that is set",
      resolve: "for a message to a name",
      connect: "for a message with MSG_FASTOPEN, on its address",
    },
  },
  watch: { permission: "receive" },

  listSessions: { permission: "session", asks: ofOthers },
  listHandles: { permission: "session", asks: ofOthers },
  watchHandles: { permission: "session", asks: ofOthers },
  closeHandle: { permission: "admin" },
  revokeSession: { permission: "admin" },
  drain: { permission: "admin" },
  getStatistics: { permission: "admin" },
} satisfies Record<Name, Callers & { readonly asks?: Asks }>;
