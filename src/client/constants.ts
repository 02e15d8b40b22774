import type { GetConstantsResponse } from "../gen/sockbroker/v1/host_service_pb.js";

type Words<S extends string> = S extends `${infer First} ${infer Rest}` ? First | Words<Rest> : S;

/** Numeric constants that every Linux host defines. */
export type KnownConstant =
  | `AF_${Words<"ALG CAN INET INET6 NETLINK PACKET QIPCRTR TIPC UNIX UNSPEC VSOCK">}`
  | `AI_${Words<"ADDRCONFIG ALL CANONNAME NUMERICHOST NUMERICSERV PASSIVE V4MAPPED">}`
  | `ALG_${Words<"OP_DECRYPT OP_ENCRYPT SET_AEAD_ASSOCLEN SET_AEAD_AUTHSIZE SET_IV SET_KEY SET_OP">}`
  | `CAN_${Words<"BCM EFF_FLAG EFF_MASK ERR_FLAG ERR_MASK ISOTP J1939 RAW RTR_FLAG SFF_MASK">}`
  | `CAN_RAW_${Words<"FD_FRAMES FILTER JOIN_FILTERS LOOPBACK RECV_OWN_MSGS">}`
  | `EAI_${Words<"AGAIN BADFLAGS FAIL FAMILY MEMORY NODATA NONAME OVERFLOW SERVICE SOCKTYPE SYSTEM">}`
  | `INADDR_${Words<"ALLHOSTS_GROUP ANY BROADCAST LOOPBACK MAX_LOCAL_GROUP NONE UNSPEC_GROUP">}`
  | `IPPROTO_${Words<"AH ESP GRE ICMP ICMPV6 IGMP IP IPV6 MPTCP RAW SCTP TCP UDP UDPLITE">}`
  | `IPV6_${Words<"HOPLIMIT JOIN_GROUP LEAVE_GROUP MULTICAST_HOPS MULTICAST_IF MULTICAST_LOOP PKTINFO TCLASS UNICAST_HOPS V6ONLY">}`
  | `IPV6_RECV${Words<"HOPLIMIT PKTINFO TCLASS">}`
  | `IP_${Words<"ADD_MEMBERSHIP DROP_MEMBERSHIP HDRINCL MULTICAST_IF MULTICAST_LOOP MULTICAST_TTL OPTIONS RECVTOS TOS TRANSPARENT TTL">}`
  | `MSG_${Words<"CMSG_CLOEXEC CONFIRM CTRUNC DONTROUTE DONTWAIT EOR ERRQUEUE FASTOPEN MORE NOSIGNAL OOB PEEK TRUNC WAITALL">}`
  | `NI_${Words<"DGRAM MAXHOST MAXSERV NAMEREQD NOFQDN NUMERICHOST NUMERICSERV">}`
  | `SCM_${Words<"CREDENTIALS RIGHTS">}`
  | `SHUT_${Words<"RD RDWR WR">}`
  | `SOCK_${Words<"CLOEXEC DGRAM NONBLOCK RAW RDM SEQPACKET STREAM">}`
  | `SOL_${Words<"ALG CAN_BASE CAN_RAW IP SOCKET TCP TIPC UDP">}`
  | `SO_${Words<"ACCEPTCONN BINDTODEVICE BROADCAST DEBUG DOMAIN DONTROUTE ERROR KEEPALIVE LINGER MARK OOBINLINE PASSCRED">}`
  | `SO_${Words<"PEERCRED PRIORITY PROTOCOL RCVBUF RCVLOWAT RCVTIMEO REUSEADDR REUSEPORT SNDBUF SNDLOWAT SNDTIMEO TYPE">}`
  | `TCP_${Words<"CONGESTION CORK DEFER_ACCEPT FASTOPEN INFO KEEPCNT KEEPIDLE KEEPINTVL LINGER2 MAXSEG NODELAY QUICKACK">}`
  | `TCP_${Words<"SYNCNT USER_TIMEOUT WINDOW_CLAMP">}`
  | `VMADDR_${Words<"CID_ANY CID_HOST PORT_ANY">}`
  | "ETH_P_ALL"
  | "NETLINK_ROUTE"
  | "PACKET_OUTGOING"
  | "SOMAXCONN"
  | "EAGAIN"
  | "EBADF";

/**
 * Every constant of Python's socket module that the daemon's host defines, by name. Integers beyond the safe range are
 * bigints.
 */
export type Constants = Readonly<Record<string, number | bigint | string | boolean>> &
  Readonly<Record<KnownConstant, number>>;

/** Creates the table of constants. */
export function constantsFromProto({ constants }: GetConstantsResponse): Constants {
  const table: Record<string, number | bigint | string | boolean> = {};
  for (const { name, value } of constants) {
    if (value.case === "integer") table[name] = numberOrBigint(value.value);
    else if (value.case !== undefined) table[name] = value.value;
  }
  // A Linux host defines all known constants.
  return Object.freeze(table) as Constants;
}

function numberOrBigint(value: bigint): number | bigint {
  return BigInt.asIntN(53, value) === value ? Number(value) : value;
}
