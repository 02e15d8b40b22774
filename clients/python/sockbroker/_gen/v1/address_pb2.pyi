from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AddressFamily(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ADDRESS_FAMILY_UNSPECIFIED: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_UNIX: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_INET: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_AX25: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_IPX: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_APPLETALK: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_NETROM: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_BRIDGE: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_ATMPVC: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_X25: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_INET6: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_ROSE: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_DECNET: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_NETBEUI: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_SECURITY: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_KEY: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_NETLINK: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_PACKET: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_ASH: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_ECONET: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_ATMSVC: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_RDS: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_SNA: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_IRDA: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_PPPOX: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_WANPIPE: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_LLC: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_IB: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_MPLS: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_CAN: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_TIPC: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_BLUETOOTH: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_IUCV: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_RXRPC: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_ISDN: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_PHONET: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_IEEE802154: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_CAIF: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_ALG: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_NFC: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_VSOCK: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_KCM: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_QIPCRTR: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_SMC: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_XDP: _ClassVar[AddressFamily]
    ADDRESS_FAMILY_MCTP: _ClassVar[AddressFamily]

class SocketType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SOCKET_TYPE_UNSPECIFIED: _ClassVar[SocketType]
    SOCKET_TYPE_STREAM: _ClassVar[SocketType]
    SOCKET_TYPE_DGRAM: _ClassVar[SocketType]
    SOCKET_TYPE_RAW: _ClassVar[SocketType]
    SOCKET_TYPE_RDM: _ClassVar[SocketType]
    SOCKET_TYPE_SEQPACKET: _ClassVar[SocketType]
    SOCKET_TYPE_DCCP: _ClassVar[SocketType]
    SOCKET_TYPE_PACKET: _ClassVar[SocketType]
ADDRESS_FAMILY_UNSPECIFIED: AddressFamily
ADDRESS_FAMILY_UNIX: AddressFamily
ADDRESS_FAMILY_INET: AddressFamily
ADDRESS_FAMILY_AX25: AddressFamily
ADDRESS_FAMILY_IPX: AddressFamily
ADDRESS_FAMILY_APPLETALK: AddressFamily
ADDRESS_FAMILY_NETROM: AddressFamily
ADDRESS_FAMILY_BRIDGE: AddressFamily
ADDRESS_FAMILY_ATMPVC: AddressFamily
ADDRESS_FAMILY_X25: AddressFamily
ADDRESS_FAMILY_INET6: AddressFamily
ADDRESS_FAMILY_ROSE: AddressFamily
ADDRESS_FAMILY_DECNET: AddressFamily
ADDRESS_FAMILY_NETBEUI: AddressFamily
ADDRESS_FAMILY_SECURITY: AddressFamily
ADDRESS_FAMILY_KEY: AddressFamily
ADDRESS_FAMILY_NETLINK: AddressFamily
ADDRESS_FAMILY_PACKET: AddressFamily
ADDRESS_FAMILY_ASH: AddressFamily
ADDRESS_FAMILY_ECONET: AddressFamily
ADDRESS_FAMILY_ATMSVC: AddressFamily
ADDRESS_FAMILY_RDS: AddressFamily
ADDRESS_FAMILY_SNA: AddressFamily
ADDRESS_FAMILY_IRDA: AddressFamily
ADDRESS_FAMILY_PPPOX: AddressFamily
ADDRESS_FAMILY_WANPIPE: AddressFamily
ADDRESS_FAMILY_LLC: AddressFamily
ADDRESS_FAMILY_IB: AddressFamily
ADDRESS_FAMILY_MPLS: AddressFamily
ADDRESS_FAMILY_CAN: AddressFamily
ADDRESS_FAMILY_TIPC: AddressFamily
ADDRESS_FAMILY_BLUETOOTH: AddressFamily
ADDRESS_FAMILY_IUCV: AddressFamily
ADDRESS_FAMILY_RXRPC: AddressFamily
ADDRESS_FAMILY_ISDN: AddressFamily
ADDRESS_FAMILY_PHONET: AddressFamily
ADDRESS_FAMILY_IEEE802154: AddressFamily
ADDRESS_FAMILY_CAIF: AddressFamily
ADDRESS_FAMILY_ALG: AddressFamily
ADDRESS_FAMILY_NFC: AddressFamily
ADDRESS_FAMILY_VSOCK: AddressFamily
ADDRESS_FAMILY_KCM: AddressFamily
ADDRESS_FAMILY_QIPCRTR: AddressFamily
ADDRESS_FAMILY_SMC: AddressFamily
ADDRESS_FAMILY_XDP: AddressFamily
ADDRESS_FAMILY_MCTP: AddressFamily
SOCKET_TYPE_UNSPECIFIED: SocketType
SOCKET_TYPE_STREAM: SocketType
SOCKET_TYPE_DGRAM: SocketType
SOCKET_TYPE_RAW: SocketType
SOCKET_TYPE_RDM: SocketType
SOCKET_TYPE_SEQPACKET: SocketType
SOCKET_TYPE_DCCP: SocketType
SOCKET_TYPE_PACKET: SocketType

class SocketAddress(_message.Message):
    __slots__ = ("inet", "inet6", "unix_domain", "netlink", "packet", "can", "isotp", "j1939", "tipc", "alg", "vsock", "l2cap", "rfcomm", "hci", "sco", "qipcrtr", "rds", "hyperv", "raw")
    INET_FIELD_NUMBER: _ClassVar[int]
    INET6_FIELD_NUMBER: _ClassVar[int]
    UNIX_DOMAIN_FIELD_NUMBER: _ClassVar[int]
    NETLINK_FIELD_NUMBER: _ClassVar[int]
    PACKET_FIELD_NUMBER: _ClassVar[int]
    CAN_FIELD_NUMBER: _ClassVar[int]
    ISOTP_FIELD_NUMBER: _ClassVar[int]
    J1939_FIELD_NUMBER: _ClassVar[int]
    TIPC_FIELD_NUMBER: _ClassVar[int]
    ALG_FIELD_NUMBER: _ClassVar[int]
    VSOCK_FIELD_NUMBER: _ClassVar[int]
    L2CAP_FIELD_NUMBER: _ClassVar[int]
    RFCOMM_FIELD_NUMBER: _ClassVar[int]
    HCI_FIELD_NUMBER: _ClassVar[int]
    SCO_FIELD_NUMBER: _ClassVar[int]
    QIPCRTR_FIELD_NUMBER: _ClassVar[int]
    RDS_FIELD_NUMBER: _ClassVar[int]
    HYPERV_FIELD_NUMBER: _ClassVar[int]
    RAW_FIELD_NUMBER: _ClassVar[int]
    inet: InetAddress
    inet6: Inet6Address
    unix_domain: UnixAddress
    netlink: NetlinkAddress
    packet: PacketAddress
    can: CanAddress
    isotp: IsotpAddress
    j1939: J1939Address
    tipc: TipcAddress
    alg: AlgAddress
    vsock: VsockAddress
    l2cap: L2capAddress
    rfcomm: RfcommAddress
    hci: HciAddress
    sco: ScoAddress
    qipcrtr: QipcrtrAddress
    rds: InetAddress
    hyperv: HypervAddress
    raw: RawAddress
    def __init__(self, inet: _Optional[_Union[InetAddress, _Mapping]] = ..., inet6: _Optional[_Union[Inet6Address, _Mapping]] = ..., unix_domain: _Optional[_Union[UnixAddress, _Mapping]] = ..., netlink: _Optional[_Union[NetlinkAddress, _Mapping]] = ..., packet: _Optional[_Union[PacketAddress, _Mapping]] = ..., can: _Optional[_Union[CanAddress, _Mapping]] = ..., isotp: _Optional[_Union[IsotpAddress, _Mapping]] = ..., j1939: _Optional[_Union[J1939Address, _Mapping]] = ..., tipc: _Optional[_Union[TipcAddress, _Mapping]] = ..., alg: _Optional[_Union[AlgAddress, _Mapping]] = ..., vsock: _Optional[_Union[VsockAddress, _Mapping]] = ..., l2cap: _Optional[_Union[L2capAddress, _Mapping]] = ..., rfcomm: _Optional[_Union[RfcommAddress, _Mapping]] = ..., hci: _Optional[_Union[HciAddress, _Mapping]] = ..., sco: _Optional[_Union[ScoAddress, _Mapping]] = ..., qipcrtr: _Optional[_Union[QipcrtrAddress, _Mapping]] = ..., rds: _Optional[_Union[InetAddress, _Mapping]] = ..., hyperv: _Optional[_Union[HypervAddress, _Mapping]] = ..., raw: _Optional[_Union[RawAddress, _Mapping]] = ...) -> None: ...

class InetAddress(_message.Message):
    __slots__ = ("host", "port")
    HOST_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    host: str
    port: int
    def __init__(self, host: _Optional[str] = ..., port: _Optional[int] = ...) -> None: ...

class Inet6Address(_message.Message):
    __slots__ = ("host", "port", "flowinfo", "scope_id")
    HOST_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    FLOWINFO_FIELD_NUMBER: _ClassVar[int]
    SCOPE_ID_FIELD_NUMBER: _ClassVar[int]
    host: str
    port: int
    flowinfo: int
    scope_id: int
    def __init__(self, host: _Optional[str] = ..., port: _Optional[int] = ..., flowinfo: _Optional[int] = ..., scope_id: _Optional[int] = ...) -> None: ...

class UnixAddress(_message.Message):
    __slots__ = ("path", "abstract_name")
    PATH_FIELD_NUMBER: _ClassVar[int]
    ABSTRACT_NAME_FIELD_NUMBER: _ClassVar[int]
    path: bytes
    abstract_name: bytes
    def __init__(self, path: _Optional[bytes] = ..., abstract_name: _Optional[bytes] = ...) -> None: ...

class NetlinkAddress(_message.Message):
    __slots__ = ("pid", "groups")
    PID_FIELD_NUMBER: _ClassVar[int]
    GROUPS_FIELD_NUMBER: _ClassVar[int]
    pid: int
    groups: int
    def __init__(self, pid: _Optional[int] = ..., groups: _Optional[int] = ...) -> None: ...

class PacketAddress(_message.Message):
    __slots__ = ("interface_name", "protocol", "packet_type", "hardware_type", "hardware_address")
    INTERFACE_NAME_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    PACKET_TYPE_FIELD_NUMBER: _ClassVar[int]
    HARDWARE_TYPE_FIELD_NUMBER: _ClassVar[int]
    HARDWARE_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    interface_name: str
    protocol: int
    packet_type: int
    hardware_type: int
    hardware_address: bytes
    def __init__(self, interface_name: _Optional[str] = ..., protocol: _Optional[int] = ..., packet_type: _Optional[int] = ..., hardware_type: _Optional[int] = ..., hardware_address: _Optional[bytes] = ...) -> None: ...

class CanAddress(_message.Message):
    __slots__ = ("interface_name",)
    INTERFACE_NAME_FIELD_NUMBER: _ClassVar[int]
    interface_name: str
    def __init__(self, interface_name: _Optional[str] = ...) -> None: ...

class IsotpAddress(_message.Message):
    __slots__ = ("interface_name", "rx_id", "tx_id")
    INTERFACE_NAME_FIELD_NUMBER: _ClassVar[int]
    RX_ID_FIELD_NUMBER: _ClassVar[int]
    TX_ID_FIELD_NUMBER: _ClassVar[int]
    interface_name: str
    rx_id: int
    tx_id: int
    def __init__(self, interface_name: _Optional[str] = ..., rx_id: _Optional[int] = ..., tx_id: _Optional[int] = ...) -> None: ...

class J1939Address(_message.Message):
    __slots__ = ("interface_name", "name", "pgn", "address")
    INTERFACE_NAME_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PGN_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    interface_name: str
    name: int
    pgn: int
    address: int
    def __init__(self, interface_name: _Optional[str] = ..., name: _Optional[int] = ..., pgn: _Optional[int] = ..., address: _Optional[int] = ...) -> None: ...

class TipcAddress(_message.Message):
    __slots__ = ("address_type", "v1", "v2", "v3", "scope")
    ADDRESS_TYPE_FIELD_NUMBER: _ClassVar[int]
    V1_FIELD_NUMBER: _ClassVar[int]
    V2_FIELD_NUMBER: _ClassVar[int]
    V3_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    address_type: int
    v1: int
    v2: int
    v3: int
    scope: int
    def __init__(self, address_type: _Optional[int] = ..., v1: _Optional[int] = ..., v2: _Optional[int] = ..., v3: _Optional[int] = ..., scope: _Optional[int] = ...) -> None: ...

class AlgAddress(_message.Message):
    __slots__ = ("type", "name", "feature", "mask")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    FEATURE_FIELD_NUMBER: _ClassVar[int]
    MASK_FIELD_NUMBER: _ClassVar[int]
    type: str
    name: str
    feature: int
    mask: int
    def __init__(self, type: _Optional[str] = ..., name: _Optional[str] = ..., feature: _Optional[int] = ..., mask: _Optional[int] = ...) -> None: ...

class VsockAddress(_message.Message):
    __slots__ = ("cid", "port")
    CID_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    cid: int
    port: int
    def __init__(self, cid: _Optional[int] = ..., port: _Optional[int] = ...) -> None: ...

class L2capAddress(_message.Message):
    __slots__ = ("bdaddr", "psm", "cid", "bdaddr_type")
    BDADDR_FIELD_NUMBER: _ClassVar[int]
    PSM_FIELD_NUMBER: _ClassVar[int]
    CID_FIELD_NUMBER: _ClassVar[int]
    BDADDR_TYPE_FIELD_NUMBER: _ClassVar[int]
    bdaddr: str
    psm: int
    cid: int
    bdaddr_type: int
    def __init__(self, bdaddr: _Optional[str] = ..., psm: _Optional[int] = ..., cid: _Optional[int] = ..., bdaddr_type: _Optional[int] = ...) -> None: ...

class RfcommAddress(_message.Message):
    __slots__ = ("bdaddr", "channel")
    BDADDR_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    bdaddr: str
    channel: int
    def __init__(self, bdaddr: _Optional[str] = ..., channel: _Optional[int] = ...) -> None: ...

class HciAddress(_message.Message):
    __slots__ = ("device", "channel")
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    device: int
    channel: int
    def __init__(self, device: _Optional[int] = ..., channel: _Optional[int] = ...) -> None: ...

class ScoAddress(_message.Message):
    __slots__ = ("bdaddr",)
    BDADDR_FIELD_NUMBER: _ClassVar[int]
    bdaddr: str
    def __init__(self, bdaddr: _Optional[str] = ...) -> None: ...

class QipcrtrAddress(_message.Message):
    __slots__ = ("node", "port")
    NODE_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    node: int
    port: int
    def __init__(self, node: _Optional[int] = ..., port: _Optional[int] = ...) -> None: ...

class HypervAddress(_message.Message):
    __slots__ = ("vm_id", "service_id")
    VM_ID_FIELD_NUMBER: _ClassVar[int]
    SERVICE_ID_FIELD_NUMBER: _ClassVar[int]
    vm_id: str
    service_id: str
    def __init__(self, vm_id: _Optional[str] = ..., service_id: _Optional[str] = ...) -> None: ...

class RawAddress(_message.Message):
    __slots__ = ("family", "data")
    FAMILY_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    family: AddressFamily
    data: bytes
    def __init__(self, family: _Optional[_Union[AddressFamily, str]] = ..., data: _Optional[bytes] = ...) -> None: ...
