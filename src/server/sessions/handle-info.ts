import type { HandleInfoSchema } from "../../gen/sockbroker/v1/admin_service_pb.js";
import { linux } from "../../native/linux.js";
import { durationOfMilliseconds } from "../codec/duration.js";
import type { Init } from "../codec/init.js";
import type { Socket } from "../sockets/socket-entry.js";
import { infoWithAddresses } from "../sockets/socket-info.js";
import type { Session } from "./session.js";

const { TCP_LISTEN, TCPI_SACKED_OFFSET, TCPI_UNACKED_OFFSET } = linux;

/** ss(8)'s names, by tcpi_state. */
const tcpStates = [
  "",
  "ESTAB",
  "SYN-SENT",
  "SYN-RECV",
  "FIN-WAIT-1",
  "FIN-WAIT-2",
  "TIME-WAIT",
  "UNCONN",
  "CLOSE-WAIT",
  "LAST-ACK",
  "LISTEN",
  "CLOSING",
];

/** Describes a handle for an operator, with what ss(8) shows of a socket. */
export function handleInfoOf(session: Session, entry: Socket): Init<typeof HandleInfoSchema> {
  const { tcpInfo } = entry.state;
  return {
    sessionId: session.id,
    principal: session.principal.name,
    socket: infoWithAddresses(entry),
    receivedBytes: BigInt(entry.receivedBytes),
    sentBytes: BigInt(entry.sentBytes),
    waitingOperations: entry.waiting,
    state: tcpStates[tcpInfo[0] ?? 0] ?? "",
    tcpInfo,
    age: durationOfMilliseconds(performance.now() - entry.openedAt),
    ...queuesOf(entry, tcpInfo),
  };
}

/** For a listening socket, tcp_info has the queue and backlog in the fields where others count segments. */
function queuesOf(entry: Socket, tcpInfo: Uint8Array) {
  if (tcpInfo[0] === TCP_LISTEN) {
    const view = new DataView(tcpInfo.buffer, tcpInfo.byteOffset, tcpInfo.length);
    return {
      receiveQueue: BigInt(view.getUint32(TCPI_UNACKED_OFFSET, true)),
      sendQueue: BigInt(view.getUint32(TCPI_SACKED_OFFSET, true)),
    };
  }
  const { unreadBytes, unsentBytes } = entry.state;
  return { receiveQueue: BigInt(unreadBytes + entry.pushedBackBytes), sendQueue: BigInt(unsentBytes) };
}
