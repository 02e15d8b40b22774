import { AddressFamily, type Broker, SocketType } from "sockbroker";
import { DemoFailure } from "./narrate.js";

const RTM_NEWLINK = 16;
const NLM_F_REQUEST_ACK = 0x1 | 0x4;
const IFF_UP = 0x1;
const LOOPBACK_INDEX = 1;

/**
 * Brings up `lo` in the daemon's network namespace, like `ip link set lo up`, through a netlink socket of the daemon.
 * In a new namespace the interface exists, but is down.
 */
export async function loopbackUp(broker: Broker): Promise<void> {
  await using socket = await broker.socket(AddressFamily.NETLINK, SocketType.RAW, broker.constants.NETLINK_ROUTE);
  await socket.send(linkUpRequest(broker.host.byteOrder === "little"));
  const answer = await socket.recv(4096, { timeout: 2 });
  // A struct nlmsghdr, followed by a struct nlmsgerr: 0 or a negative errno.
  const error = broker.host.byteOrder === "little" ? answer.readInt32LE(16) : answer.readInt32BE(16);
  if (error !== 0) throw new DemoFailure(`the loopback interface cannot be brought up: errno ${-error}`);
}

/** struct nlmsghdr and struct ifinfomsg, in the byte order of the daemon's host. */
function linkUpRequest(little: boolean): Uint8Array {
  const request = new DataView(new ArrayBuffer(32));
  request.setUint32(0, request.byteLength, little);
  request.setUint16(4, RTM_NEWLINK, little);
  request.setUint16(6, NLM_F_REQUEST_ACK, little);
  request.setInt32(20, LOOPBACK_INDEX, little);
  request.setUint32(24, IFF_UP, little);
  request.setUint32(28, IFF_UP, little);
  return new Uint8Array(request.buffer);
}
