import { BrokerError_Code } from "../../gen/sockbroker/v1/error_pb.js";
import { BrokerFault } from "../errors.js";
import { handleInfoOf } from "../sessions/handle-info.js";
import type { Session } from "../sessions/session.js";
import type { Socket } from "../sockets/socket-entry.js";

const DEFAULT_PAGE_SIZE = 1_000;
const MAX_PAGE_SIZE = 10_000;

/** Whether a session is visible to a caller. */
export type Sight = (session: Session) => boolean;

/** The end of a page: its last handle, and the ordinal of that handle's session. */
interface Place {
  readonly ordinal: number;
  readonly handle: bigint;
}

/** All visible handles, by session and handle, oldest first. */
export function* everyHandle(sessions: Iterable<Session>, visible: Sight): Generator<[Session, Socket]> {
  for (const session of sessions) {
    if (!visible(session)) continue;
    for (const entry of session.entries) yield [session, entry];
  }
}

/**
 * One page of handles. Its token identifies the last handle instead of counting handles: if some were closed between
 * two pages, a count would skip others.
 */
export function pageOfHandles(
  sessions: Iterable<Session>,
  visible: Sight,
  request: { readonly pageSize: number; readonly pageToken: string },
) {
  const size = Math.min(request.pageSize || DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE);
  const after = request.pageToken === "" ? null : placeOf(request.pageToken);
  const handles = [];
  let last: Place | null = null;
  for (const [session, entry] of everyHandle(sessions, visible)) {
    const place = { ordinal: session.ordinal, handle: entry.handle };
    if (after !== null && !isBehind(place, after)) continue;
    if (last !== null && handles.length === size) return { handles, nextPageToken: `${last.ordinal}.${last.handle}` };
    handles.push(handleInfoOf(session, entry));
    last = place;
  }
  return { handles, nextPageToken: "" };
}

function isBehind(place: Place, other: Place): boolean {
  return place.ordinal === other.ordinal ? place.handle > other.handle : place.ordinal > other.ordinal;
}

function placeOf(token: string): Place {
  const [, ordinal, handle] = /^(\d{1,15})\.(\d{1,20})$/.exec(token) ?? [];
  if (ordinal === undefined || handle === undefined) {
    throw new BrokerFault(BrokerError_Code.MALFORMED_REQUEST, "page_token is not from an earlier page");
  }
  return { ordinal: Number(ordinal), handle: BigInt(handle) };
}
