import { AddressFamily, SocketType } from "../../gen/sockbroker/v1/address_pb.js";
import type { HandleInfoSchema } from "../../gen/sockbroker/v1/admin_service_pb.js";
import { linux } from "../../native/linux.js";
import { durationOfMilliseconds } from "../codec/duration.js";
import type { Init } from "../codec/init.js";
import type { SocketEntry } from "../sockets/socket-entry.js";
import { infoWithAddresses } from "../sockets/socket-info.js";
import type { Session } from "./session.js";

const { FIONREAD, SIOCOUTQ, IPPROTO_TCP, TCP_INFO, TCP_LISTEN } = linux;

const TCP_INFO_BYTES = 256;

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
const TCPI_UNACKED_OFFSET = 24;
const TCPI_SACKED_OFFSET = 28;

/** Describes a handle for an operator, with what ss(8) shows of a socket. */
export function handleInfoOf(session: Session, entry: SocketEntry): Init<typeof HandleInfoSchema> {
  const tcpInfo = tcpInfoOf(entry);
  return {
    sessionId: session.id,
    principal: session.principal.name,
    socket: infoWithAddresses(entry),
    receivedBytes: BigInt(entry.receivedBytes),
    sentBytes: BigInt(entry.sentBytes),
    waitingOperations: entry.readiness.waiting,
    state: tcpStates[tcpInfo[0] ?? 0] ?? "",
    tcpInfo,
    age: durationOfMilliseconds(performance.now() - entry.openedAt),
    ...queuesOf(entry, tcpInfo),
  };
}

/** For a listening socket, tcp_info has the queue and backlog in the fields where others count segments. */
function queuesOf(entry: SocketEntry, tcpInfo: Uint8Array) {
  if (tcpInfo[0] === TCP_LISTEN) {
    const view = new DataView(tcpInfo.buffer, tcpInfo.byteOffset, tcpInfo.length);
    return {
      receiveQueue: BigInt(view.getUint32(TCPI_UNACKED_OFFSET, true)),
      sendQueue: BigInt(view.getUint32(TCPI_SACKED_OFFSET, true)),
    };
  }
  return { receiveQueue: queue(entry, FIONREAD) + BigInt(entry.pushedBackBytes), sendQueue: queue(entry, SIOCOUTQ) };
}

function queue(entry: SocketEntry, request: number): bigint {
  const result = entry.native.ioctlInt(request, 0);
  return result === null || typeof result === "number" ? 0n : BigInt(result.value);
}

function tcpInfoOf(entry: SocketEntry): Uint8Array {
  const { family, type, protocol } = entry.native;
  const inet = family === AddressFamily.INET || family === AddressFamily.INET6;
  if (!inet || type !== SocketType.STREAM || protocol !== IPPROTO_TCP) return new Uint8Array(0);
  const info = entry.native.getsockopt(IPPROTO_TCP, TCP_INFO, TCP_INFO_BYTES);
  return typeof info === "number" ? new Uint8Array(0) : info;
}
