import type { SessionInfoSchema } from "../../gen/sockbroker/v1/session_service_pb.js";
import { durationOf, durationOfMilliseconds } from "../codec/duration.js";
import type { Init } from "../codec/init.js";
import type { Session } from "./session.js";

/** Describes a session, without its token. */
export function sessionInfoOf(session: Session): Init<typeof SessionInfoSchema> {
  const { lease, remainingLease, defaultTimeout } = session;
  return {
    id: session.id,
    principal: session.principal.name,
    name: session.name,
    implicit: lease === null,
    handleCount: session.handleCount,
    ...(lease === null ? {} : { lease: durationOfMilliseconds(lease.milliseconds) }),
    ...(remainingLease === null ? {} : { remainingLease: durationOfMilliseconds(remainingLease) }),
    ...(defaultTimeout === null ? {} : { defaultTimeout: durationOf(defaultTimeout) }),
  };
}
