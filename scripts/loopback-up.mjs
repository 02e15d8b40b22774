// Brings up `lo` in its network namespace, like `ip link set lo up`, using only the addon: in a new namespace the
// interface exists but is down, and iproute2 is not installed on every machine.

import { createRequire } from "node:module";

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const NETLINK_ROUTE = 0;
const RTM_NEWLINK = 16;
const NLM_F_REQUEST_ACK = 0x1 | 0x4;
const IFF_UP = 0x1;
const LOOPBACK_INDEX = 1;
const EPERM = 1;

const addon = createRequire(import.meta.url)("../build/Release/sockbroker.node");
const error = loopbackUp();
if (error !== 0) {
  console.error(`the loopback interface cannot be brought up here: ${addon.strerror(error)}`);
  process.exitCode = 1;
}

/** Returns an errno, 0 for success. */
function loopbackUp() {
  const socket = addon.socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, null);
  if (typeof socket === "number") return -socket;
  // struct nlmsghdr and struct ifinfomsg, in this machine's byte order.
  const request = new DataView(new ArrayBuffer(32));
  const little = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
  request.setUint32(0, request.byteLength, little);
  request.setUint16(4, RTM_NEWLINK, little);
  request.setUint16(6, NLM_F_REQUEST_ACK, little);
  request.setInt32(20, LOOPBACK_INDEX, little);
  request.setUint32(24, IFF_UP, little);
  request.setUint32(28, IFF_UP, little);
  const sent = socket.send(new Uint8Array(request.buffer), 0);
  // The kernel has answered by the time send(2) returns: a struct nlmsghdr followed by a struct nlmsgerr.
  const answer = sent < 0 ? sent : socket.recv(4096, 0);
  socket.close();
  if (typeof answer === "number") return -answer;
  if (answer.length < 20) return EPERM;
  return -new DataView(answer.buffer, answer.byteOffset).getInt32(16, little);
}
