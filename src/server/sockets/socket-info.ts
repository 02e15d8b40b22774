import type { SocketInfoSchema } from "../../gen/sockbroker/v1/socket_pb.js";
import { addressField } from "../codec/address.js";
import type { Init } from "../codec/init.js";
import type { Socket } from "./socket-entry.js";

type SocketInfoInit = Init<typeof SocketInfoSchema>;

/** Describes a socket without its addresses. */
export function infoOf(entry: Socket): SocketInfoInit {
  const { family, type, protocol } = entry.facts;
  return { handle: entry.handle, family, type, protocol };
}

/** Describes a socket with its current addresses. */
export function infoWithAddresses(entry: Socket): SocketInfoInit {
  const { local, peer } = entry.addresses();
  return { ...infoOf(entry), ...addressField("localAddress", local), ...addressField("peerAddress", peer) };
}
