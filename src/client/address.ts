/** An IPv4 address. Analogous to Python's `(host, port)`. */
export interface InetAddress {
  readonly family: "inet";
  /** Dotted in results. On input also a name, which the daemon's host resolves; "" for any address; "<broadcast>". */
  readonly host: string;
  /** 0 to 65535. */
  readonly port: number;
}

/** An IPv6 address. Analogous to Python's `(host, port, flowinfo, scope_id)`. */
export interface Inet6Address {
  readonly family: "inet6";
  /** As for IPv4. Results contain no `%zone`. */
  readonly host: string;
  /** 0 to 65535. */
  readonly port: number;
  /** 0 to 1048575. */
  readonly flowinfo: number;
  /** Interface index, or 0. */
  readonly scopeId: number;
}

/** A path in the daemon's file system, or "" for an unnamed socket. Analogous to Python's `str` address. */
export interface UnixAddress {
  readonly family: "unix";
  /** Bytes if it is not valid UTF-8. */
  readonly path: string | Uint8Array;
}

/** An abstract name. Analogous to Python's `bytes` address that begins with NUL. */
export interface AbstractAddress {
  readonly family: "abstract";
  /** Without the leading NUL. Always bytes in results. */
  readonly name: string | Uint8Array;
}

/** A netlink address. Analogous to Python's `(pid, groups)`. */
export interface NetlinkAddress {
  readonly family: "netlink";
  /** Port id; 0 means the kernel. */
  readonly pid: number;
  /** Mask of multicast groups. */
  readonly groups: number;
}

/** A link-layer address. Analogous to Python's `(ifname, proto, pkttype, hatype, addr)`. */
export interface PacketAddress {
  readonly family: "packet";
  readonly interfaceName: string;
  /** EtherType in host byte order. */
  readonly protocol: number;
  /** PACKET_HOST (0), … */
  readonly packetType: number;
  /** ARPHRD_*. */
  readonly hardwareType: number;
  /** At most 8 bytes. */
  readonly hardwareAddress: Uint8Array;
}

/** A CAN interface, "" for all. Analogous to Python's `(interface,)`. */
export interface CanAddress {
  readonly family: "can";
  readonly interfaceName: string;
}

/** An ISO 15765-2 address. Analogous to Python's `(interface, rx_addr, tx_addr)`. */
export interface IsotpAddress {
  readonly family: "isotp";
  readonly interfaceName: string;
  readonly rxId: number;
  readonly txId: number;
}

/** A SAE J1939 address. Analogous to Python's `(interface, name, pgn, addr)`. */
export interface J1939Address {
  readonly family: "j1939";
  readonly interfaceName: string;
  /** 64 bits; 0n for none. */
  readonly name: bigint;
  readonly pgn: number;
  readonly address: number;
}

/** A TIPC address. Analogous to Python's `(addr_type, v1, v2, v3, scope)`. */
export interface TipcAddress {
  readonly family: "tipc";
  readonly addressType: number;
  readonly v1: number;
  readonly v2: number;
  readonly v3: number;
  readonly scope: number;
}

/** A kernel crypto algorithm. Analogous to Python's `(type, name, feat, mask)`. */
export interface AlgAddress {
  readonly family: "alg";
  readonly type: string;
  readonly name: string;
  readonly feature: number;
  readonly mask: number;
}

/** A vsock address. Analogous to Python's `(CID, port)`. */
export interface VsockAddress {
  readonly family: "vsock";
  readonly cid: number;
  readonly port: number;
}

/** A Bluetooth L2CAP address. Analogous to Python's `(bdaddr, psm, cid, bdaddr_type)`. */
export interface L2capAddress {
  readonly family: "l2cap";
  readonly bdaddr: string;
  readonly psm: number;
  readonly cid: number;
  readonly bdaddrType: number;
}

/** A Bluetooth RFCOMM address. Analogous to Python's `(bdaddr, channel)`. */
export interface RfcommAddress {
  readonly family: "rfcomm";
  readonly bdaddr: string;
  readonly channel: number;
}

/** A Bluetooth HCI address. Analogous to Python's `(device_id, channel)`. */
export interface HciAddress {
  readonly family: "hci";
  readonly device: number;
  readonly channel: number;
}

/** A Bluetooth SCO address. Analogous to Python's `bdaddr`. */
export interface ScoAddress {
  readonly family: "sco";
  readonly bdaddr: string;
}

/** A Qualcomm IPC router address. Analogous to Python's `(node, port)`. */
export interface QipcrtrAddress {
  readonly family: "qipcrtr";
  readonly node: number;
  readonly port: number;
}

/** An RDS address. Results contain "inet" instead, as in Python. */
export interface RdsAddress {
  readonly family: "rds";
  readonly host: string;
  readonly port: number;
}

/** A Hyper-V address, Windows only. Analogous to Python's `(vm_id, service_id)`. */
export interface HypervAddress {
  readonly family: "hyperv";
  readonly vmId: string;
  readonly serviceId: string;
}

/** An address of any other family. */
export interface RawAddress {
  readonly family: "raw";
  /** sa_family. */
  readonly addressFamily: number;
  /** The bytes after sa_family, in the layout of the daemon's host. */
  readonly data: Uint8Array;
}

/** A socket address; `family` is the discriminator. */
export type SocketAddress =
  | InetAddress
  | Inet6Address
  | UnixAddress
  | AbstractAddress
  | NetlinkAddress
  | PacketAddress
  | CanAddress
  | IsotpAddress
  | J1939Address
  | TipcAddress
  | AlgAddress
  | VsockAddress
  | L2capAddress
  | RfcommAddress
  | HciAddress
  | ScoAddress
  | QipcrtrAddress
  | RdsAddress
  | HypervAddress
  | RawAddress;

/** An internet address that takes its family from the socket. */
export interface HostPort {
  readonly family?: undefined;
  /** An address or a name. Non-ASCII text is encoded by IDNA; bytes are used unchanged. */
  readonly host: string | Uint8Array;
  /** 0 to 65535. */
  readonly port: number;
  readonly flowinfo?: number | undefined;
  readonly scopeId?: number | undefined;
}

type Optional<T, K extends keyof T> = Omit<T, K> & { readonly [P in K]?: T[P] | undefined };

/**
 * Accepted wherever an address is required: any `SocketAddress`, without the fields that are optional in Python; for
 * internet sockets `{ host, port }`; for unix sockets a path as text or bytes ("\0…" for an abstract name, "" for
 * none). A relative path is relative to this process's working directory.
 */
export type AddressInput =
  | Exclude<SocketAddress, Inet6Address | PacketAddress | TipcAddress | AlgAddress | L2capAddress | HciAddress>
  | Optional<Inet6Address, "flowinfo" | "scopeId">
  | Optional<PacketAddress, "packetType" | "hardwareType" | "hardwareAddress">
  | Optional<TipcAddress, "scope">
  | Optional<AlgAddress, "feature" | "mask">
  | Optional<L2capAddress, "cid" | "bdaddrType">
  | Optional<HciAddress, "channel">
  | HostPort
  | string
  | Uint8Array;
