"""What is asked of the resolver: the arguments of the socket module's functions, as requests, and the answers to them.

What is no argument at all goes to the interpreter's own function, which refuses it in its own words before it looks up
anything.
"""

from __future__ import annotations

import contextlib
import operator
from typing import Any, Union

from ._addresses import address_from_wire, address_to_wire
from ._gen.v1 import resolver_service_pb2
from ._real import real


def getaddrinfo_request(
    host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0
) -> resolver_service_pb2.GetaddrinfoRequest:
    """The arguments of getaddrinfo. Raises what the interpreter raises for wrong ones."""
    request = resolver_service_pb2.GetaddrinfoRequest(protocol=proto, flags=flags)
    request.family = family  # type: ignore[assignment]  # any number; the enum is open
    request.type = type  # type: ignore[assignment]
    if isinstance(host, str):
        request.host = _c_string(host.encode("idna")).decode("ascii")
    elif isinstance(host, bytes):
        set_name(request, "host", _c_string(host))
    elif host is not None:
        real.getaddrinfo(host, port, family, type, proto, flags)
        raise TypeError("getaddrinfo() argument 1 must be string or None")
    if isinstance(port, int):
        if not -(1 << 63) <= port < 1 << 63:
            # Some interpreters refuse it; for the others it is text, on which the daemon's resolver has its opinion.
            with contextlib.suppress(OSError):
                real.getaddrinfo(None, port, family, type, proto, flags)
        request.service = str(port)
    elif isinstance(port, (str, bytes)):
        # What is no UTF-8 names no service, and neither does what takes its place.
        request.service = _c_string(port.encode("utf-8") if isinstance(port, str) else port).decode("utf-8", "replace")
    elif port is not None:
        raise OSError("Int or String expected")
    return request


def address_infos(response: resolver_service_pb2.GetaddrinfoResponse) -> list[Any]:
    """The answer of getaddrinfo: (family, type, proto, canonname, sockaddr) for each."""
    return [
        (info.family, info.type, info.protocol, info.canonical_name, address_from_wire(info.address))
        for info in response.results
    ]


def getnameinfo_request(sockaddr: Any, flags: Any) -> Union[resolver_service_pb2.GetnameinfoRequest, tuple[str, str]]:
    """The arguments of getnameinfo, or the answer, where the interpreter takes a number that is none for the daemon.

    Raises what the interpreter raises for wrong ones.
    """
    well_formed = (
        isinstance(sockaddr, tuple)
        and 2 <= len(sockaddr) <= 4
        and isinstance(sockaddr[0], str)
        and all(isinstance(value, int) and -(1 << 31) <= value < 1 << 31 for value in (*sockaddr[1:], flags))
        and (len(sockaddr) < 3 or 0 <= sockaddr[2] <= 0xFFFFF)
    )
    if not well_formed:
        return real.getnameinfo(sockaddr, flags)  # type: ignore[no-any-return]
    if sockaddr[1] < 0:
        raise real.gaierror(real.EAI_SERVICE, "Servname not supported for ai_socktype")
    family = 10 if len(sockaddr) > 2 or ":" in sockaddr[0] else 2
    # getaddrinfo(3) takes a port modulo 2^16.
    address = address_to_wire(family, 0, (sockaddr[0], sockaddr[1] & 0xFFFF, *sockaddr[2:]))
    return resolver_service_pb2.GetnameinfoRequest(address=address, flags=operator.index(flags))


def gethostbyname_request(name: Any) -> resolver_service_pb2.GethostbynameRequest:
    """The argument of gethostbyname."""
    request = resolver_service_pb2.GethostbynameRequest()
    set_name(request, "hostname", _name_bytes("gethostbyname", name))
    return request


def gethostbyname_ex_request(name: Any) -> resolver_service_pb2.GethostbynameExRequest:
    """The argument of gethostbyname_ex."""
    request = resolver_service_pb2.GethostbynameExRequest()
    set_name(request, "hostname", _name_bytes("gethostbyname_ex", name))
    return request


def gethostbyaddr_request(name: Any) -> resolver_service_pb2.GethostbyaddrRequest:
    """The argument of gethostbyaddr."""
    request = resolver_service_pb2.GethostbyaddrRequest()
    set_name(request, "address", _name_bytes("gethostbyaddr", name))
    return request


def set_name(request: Any, field: str, name: bytes) -> None:
    """A name goes as text, or as bytes where it is no UTF-8."""
    try:
        setattr(request, field, name.decode("utf-8"))
    except UnicodeDecodeError:
        setattr(request, f"raw_{field}", name)


def _name_bytes(function: str, name: Any) -> bytes:
    if isinstance(name, str) and "\0" not in name:
        return name.encode("idna")
    if isinstance(name, (bytes, bytearray)) and b"\0" not in name:
        return bytes(name)
    getattr(real, function)(name)
    raise TypeError(f"{function}() argument 1 must be str, bytes or bytearray")


def _c_string(text: bytes) -> bytes:
    """The text as getaddrinfo(3) sees it: up to the first NUL."""
    return text.split(b"\0")[0]
