"""Converts addresses between Python's tuples and messages.

Addresses given here have passed the interpreter's own validation (`_validation`), so their shape is valid. Names are sent
unchanged: the daemon's host resolves them.
"""

from __future__ import annotations

import encodings.idna  # noqa: F401, imported at its first use, a signal handler in the middle of that finds half a module
import errno
import os
from typing import Any, Optional

from ._gen.v1 import address_pb2, resolver_service_pb2
from ._linux import (
    AF_ALG,
    AF_BLUETOOTH,
    AF_CAN,
    AF_INET,
    AF_INET6,
    AF_NETLINK,
    AF_PACKET,
    AF_QIPCRTR,
    AF_RDS,
    AF_TIPC,
    AF_UNIX,
    AF_UNSPEC,
    AF_VSOCK,
    BTPROTO_HCI,
    BTPROTO_L2CAP,
    BTPROTO_RFCOMM,
    BTPROTO_SCO,
    CAN_ISOTP,
    CAN_J1939,
)
from ._real import real
from ._status import kernel_error
from ._unix_paths import unix_paths

# The interpreter truncates numbers of some addresses to these.
_UINT8, _UINT16, _UINT32, _UINT64 = 0xFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF
_INTERFACE_NAME_BYTES = 15

Address = address_pb2.SocketAddress


def host_text(host: Any) -> str:
    """Returns the name or address as text. Raises gaierror for bytes that cannot be a name."""
    if isinstance(host, str):
        return host if host.isascii() else host.encode("idna").decode("ascii")
    try:
        return bytes(host).decode("ascii")
    except UnicodeDecodeError:
        raise real.gaierror(real.EAI_NONAME, "Name or service not known") from None


def validated_address(family: int, address: Any) -> Any:
    """Returns an address for the interpreter to validate: like the given one, but without a name to look up."""
    if family in (AF_INET, AF_INET6) and isinstance(address, tuple) and address:
        host = address[0]
        if isinstance(host, str):
            try:
                if "\0" in (host if host.isascii() else host.encode("idna").decode("ascii")):
                    return address
            except UnicodeError:
                return address
            # For IPv6 the interpreter refuses "<broadcast>" without a look-up.
            return address if host == "<broadcast>" else ("", *address[1:])
        if isinstance(host, (bytes, bytearray)) and b"\0" not in host:
            return address if host == b"<broadcast>" else ("", *address[1:])
    return address


def address_to_wire(family: int, protocol: int, address: Any, binds: bool = False) -> Address:
    """Converts an address to a message."""
    if family in (AF_INET, AF_RDS):
        return Address(inet=address_pb2.InetAddress(host=host_text(address[0]), port=address[1]))
    if family == AF_INET6:
        host, port, flowinfo, scope_id = (*address, 0, 0)[:4]
        return Address(
            inet6=address_pb2.Inet6Address(
                host=host_text(host), port=port, flowinfo=flowinfo & _UINT32, scope_id=scope_id & _UINT32
            )
        )
    if family == AF_UNIX:
        return Address(unix_domain=_unix_to_wire(address, binds))
    if family == AF_NETLINK:
        return Address(netlink=address_pb2.NetlinkAddress(pid=address[0] & _UINT32, groups=address[1] & _UINT32))
    if family == AF_PACKET:
        name, protocol, packet_type, hardware_type, hardware_address = (*address, *(0, 0, b"")[len(address) - 2 :])[:5]
        if not name:  # The wire has it for "any interface"; the interpreter looks for one of that name.
            raise kernel_error(errno.ENODEV)
        return Address(
            packet=address_pb2.PacketAddress(
                interface_name=_text(name)[:_INTERFACE_NAME_BYTES],
                protocol=protocol & _UINT32,
                packet_type=packet_type & _UINT8,
                hardware_type=hardware_type & _UINT16,
                hardware_address=bytes(hardware_address),
            )
        )
    if family == AF_CAN:
        return _can_to_wire(protocol, address)
    if family == AF_TIPC:
        scope = address[4] if len(address) > 4 else None
        return Address(
            tipc=address_pb2.TipcAddress(
                address_type=address[0], v1=address[1], v2=address[2], v3=address[3], scope=scope
            )
        )
    if family == AF_ALG:
        kind, name, feature, mask = (*address, 0, 0)[:4]
        return Address(alg=address_pb2.AlgAddress(type=kind, name=name, feature=feature & _UINT16, mask=mask & _UINT16))
    if family == AF_VSOCK:
        return Address(vsock=address_pb2.VsockAddress(cid=address[0] & _UINT32, port=address[1] & _UINT32))
    if family == AF_QIPCRTR:
        return Address(qipcrtr=address_pb2.QipcrtrAddress(node=address[0], port=address[1]))
    if family == AF_BLUETOOTH:
        return _bluetooth_to_wire(protocol, address)
    raise OSError("unsupported address family")


def address_from_wire(address: Optional[Address]) -> Any:
    """Converts an address from a message to Python's tuple; None if the kernel returned none."""
    arm = None if address is None else address.WhichOneof("address")
    if address is None or arm is None:
        return None
    value: Any = getattr(address, arm)
    if arm in ("inet", "rds"):
        return (value.host, value.port)
    if arm == "inet6":
        return (value.host, value.port, value.flowinfo, value.scope_id)
    if arm == "unix_domain":
        if value.WhichOneof("name") == "abstract_name":
            return b"\0" + value.abstract_name
        return os.fsdecode(unix_paths.asked(value.path))
    if arm == "packet":
        return (
            value.interface_name,
            value.protocol,
            value.packet_type,
            value.hardware_type,
            value.hardware_address,
        )
    if arm == "l2cap":
        return (value.bdaddr, value.psm)
    if arm == "hci":
        return (value.device,)
    if arm == "sco":
        return value.bdaddr
    # All others are tuples of their fields, in order.
    return tuple(getattr(value, field.name) for field in value.DESCRIPTOR.fields)


def address_infos(response: resolver_service_pb2.GetaddrinfoResponse) -> list[Any]:
    """The result of getaddrinfo: (family, type, proto, canonname, sockaddr) for each address."""
    return [
        (info.family, info.type, info.protocol, info.canonical_name, address_from_wire(info.address))
        for info in response.results
    ]


def _unix_to_wire(address: Any, binds: bool) -> address_pb2.UnixAddress:
    name = os.fsencode(address) if isinstance(address, str) else bytes(address)
    if not name:
        return address_pb2.UnixAddress()
    if name.startswith(b"\0"):
        return address_pb2.UnixAddress(abstract_name=name[1:])
    # The kernel reads up to the first NUL.
    return address_pb2.UnixAddress(path=unix_paths.absolute(name.split(b"\0")[0], binds))


def _can_to_wire(protocol: int, address: Any) -> Address:
    name = _text(address[0])
    if protocol == CAN_ISOTP:
        rx_id, tx_id = (number & _UINT32 for number in address[1:3])
        return Address(isotp=address_pb2.IsotpAddress(interface_name=name, rx_id=rx_id, tx_id=tx_id))
    if protocol == CAN_J1939:
        return Address(
            j1939=address_pb2.J1939Address(
                interface_name=name, name=address[1] & _UINT64, pgn=address[2] & _UINT32, address=address[3] & _UINT8
            )
        )
    return Address(can=address_pb2.CanAddress(interface_name=name))


def _bluetooth_to_wire(protocol: int, address: Any) -> Address:
    if protocol == BTPROTO_L2CAP:
        bdaddr, psm, cid, kind = (*address, 0, 0)[:4]
        return Address(l2cap=address_pb2.L2capAddress(bdaddr=bdaddr, psm=psm, cid=cid, bdaddr_type=kind))
    if protocol == BTPROTO_RFCOMM:
        return Address(rfcomm=address_pb2.RfcommAddress(bdaddr=address[0], channel=address[1]))
    if protocol == BTPROTO_HCI:
        device, channel = (*address, 0)[:2] if isinstance(address, tuple) else (address, 0)
        return Address(hci=address_pb2.HciAddress(device=device, channel=channel))
    if protocol == BTPROTO_SCO:
        return Address(sco=address_pb2.ScoAddress(bdaddr=_text(address)))
    raise OSError("unknown Bluetooth protocol")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else os.fsdecode(bytes(value))
