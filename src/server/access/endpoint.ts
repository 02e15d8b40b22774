import type { Sockaddr } from "../../native/binding.js";
import { linux } from "../../native/linux.js";

const { AF_UNIX } = linux;

/** Formats an address as in a rule, a log line or a list: "10.0.0.1:443", "unix:/run/x", "can:vcan0". */
export function endpointOf(address: Sockaddr): string {
  switch (address.kind) {
    case "inet":
      return `${address.address}:${address.port}`;
    case "inet6":
      return `[${address.address}${address.scopeId === 0 ? "" : `%${address.scopeId}`}]:${address.port}`;
    case "unix":
      return `unix:${unixName(address.path)}`;
    case "netlink":
      return `netlink:${address.pid}:${address.groups}`;
    case "packet":
      return `packet:${address.interface}:0x${address.protocol.toString(16).padStart(4, "0")}`;
    case "can":
      return `can:${address.interface}`;
    case "isotp":
      return `isotp:${address.interface}:0x${address.rxId.toString(16)}:0x${address.txId.toString(16)}`;
    case "j1939":
      return `j1939:${address.interface}:0x${address.pgn.toString(16)}:${address.address}`;
    case "tipc":
      return `tipc:${address.addressType}:${address.v1}:${address.v2}:${address.v3}`;
    case "alg":
      return `alg:${address.type}:${address.name}`;
    case "vsock":
      return `vsock:${address.cid}:${address.port}`;
    case "l2cap":
      return `l2cap:${address.bdaddr}:${address.psm}`;
    case "rfcomm":
      return `rfcomm:${address.bdaddr}:${address.channel}`;
    case "hci":
      return `hci:${address.device}`;
    case "sco":
      return `sco:${address.bdaddr}`;
    case "qipcrtr":
      return `qipcrtr:${address.node}:${address.port}`;
    case "raw":
      // The kernel treats it as a unix address, so rules must too.
      if (address.family === AF_UNIX) return `unix:${unixName(sunPath(address.data))}`;
      return `family-${address.family}:${Buffer.from(address.data).toString("hex")}`;
  }
}

/** A path that begins like an abstract name gets a directory prefix, so that rules can distinguish them. */
function unixName(path: Uint8Array): string {
  const name = Buffer.from(path).toString("utf8");
  if (name.startsWith("\0")) return `@${name.slice(1)}`;
  return name.startsWith("@") ? `./${name}` : name;
}

/** The sun_path of a struct: an abstract name is all of it, a path ends at the first NUL. */
function sunPath(data: Uint8Array): Uint8Array {
  if (data[0] === 0) return data;
  const end = data.indexOf(0);
  return end < 0 ? data : data.subarray(0, end);
}
