import { ArgumentError_Kind } from "../../gen/sockbroker/v1/error_pb.js";
import type { OpenSessionRequest } from "../../gen/sockbroker/v1/session_service_pb.js";
import type { Call } from "../../rpc/server/call.js";
import { millisecondsOf, timeoutFrom } from "../codec/duration.js";
import { ArgumentFault, type ArgumentReason } from "../errors.js";
import { processLife } from "../sessions/process-life.js";
import { sessionInfoOf } from "../sessions/session-info.js";
import type { Sessions } from "../sessions/sessions.js";
import { calls } from "./calls.js";
import { admitWithoutSession, type EntryPoint } from "./invoke.js";

const DEFAULT_LEASE_MS = 30_000;
const SHORTEST_LEASE_MS = 1_000;
const LONGEST_LEASE_MS = 24 * 3_600_000;
const LONGEST_NAME_BYTES = 128;

/** Serves SessionService.OpenSession. It is not an op, because there is no session yet. */
export function openSession(entry: EntryPoint, sessions: Sessions, call: Call, request: OpenSessionRequest) {
  const { principal, peer } = admitWithoutSession(entry, call, calls.openSession);
  const nanos = timeoutFrom(request.lease, "open_session");
  const milliseconds = nanos === null ? DEFAULT_LEASE_MS : millisecondsOf(nanos);
  if (milliseconds < SHORTEST_LEASE_MS || milliseconds > LONGEST_LEASE_MS) {
    throw value("LEASE_OUT_OF_RANGE", "a lease must last from 1 second to 24 hours");
  }
  if (Buffer.byteLength(request.name) > LONGEST_NAME_BYTES) {
    throw value("NAME_TOO_LONG", `the name of a session must have at most ${LONGEST_NAME_BYTES} bytes`);
  }
  const lease = { milliseconds, process: request.endsWithProcess ? processLife(peer.pid) : null };
  const session = sessions.open({ principal, name: request.name, lease });
  return { token: session.token, session: sessionInfoOf(session) };
}

function value(reason: ArgumentReason, text: string): ArgumentFault {
  return new ArgumentFault(ArgumentError_Kind.VALUE, reason, "open_session", text);
}
