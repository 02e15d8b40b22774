"""Functions of the socket module that use the daemon's host: names, services, protocols, interfaces."""

from __future__ import annotations

import os
import sys
from typing import Any

from . import _requests
from ._addresses import address_infos
from ._default import current_session
from ._real import real


def getaddrinfo(host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0) -> list[Any]:
    """getaddrinfo(host, port [, family, type, proto, flags]) -> list of (family, type, proto, canonname, sockaddr)"""
    request = _requests.getaddrinfo(host, port, family, type, proto, flags)
    sys.audit("socket.getaddrinfo", host, port, family, type, proto)
    return address_infos(current_session().look_up("getaddrinfo", request))


def getnameinfo(*arguments: Any) -> tuple[str, str]:
    """getnameinfo(sockaddr, flags) --> (host, port)"""
    if len(arguments) != 2:
        return real.getnameinfo(*arguments)  # type: ignore[no-any-return]
    request = _requests.getnameinfo(*arguments)
    if isinstance(request, tuple):
        return request
    sys.audit("socket.getnameinfo", arguments[0])
    response = current_session().look_up("getnameinfo", request)
    return (response.host, response.service)


def gethostbyname(name: Any, /) -> str:
    """gethostbyname(host) -> address"""
    request = _requests.gethostbyname(name)
    sys.audit("socket.gethostbyname", name)
    return str(current_session().look_up("gethostbyname", request).address)


def gethostbyname_ex(name: Any, /) -> tuple[str, list[str], list[str]]:
    """gethostbyname_ex(host) -> (name, aliaslist, addresslist)"""
    request = _requests.gethostbyname_ex(name)
    sys.audit("socket.gethostbyname", name)
    response = current_session().look_up("gethostbyname_ex", request)
    return (response.hostname, list(response.aliases), list(response.addresses))


def gethostbyaddr(name: Any, /) -> tuple[str, list[str], list[str]]:
    """gethostbyaddr(host) -> (name, aliaslist, addresslist)"""
    request = _requests.gethostbyaddr(name)
    sys.audit("socket.gethostbyaddr", name)
    response = current_session().look_up("gethostbyaddr", request)
    return (response.hostname, list(response.aliases), list(response.addresses))


def _is_c_string(value: Any) -> bool:
    return isinstance(value, str) and "\0" not in value


def _encodable(text: str) -> str:
    """Returns the text. Raises UnicodeEncodeError for surrogates, as the interpreter does."""
    text.encode("utf-8")
    return text


def getservbyname(*arguments: Any) -> int:
    """getservbyname(servicename[, protocolname]) -> integer"""
    if not 1 <= len(arguments) <= 2 or not all(map(_is_c_string, arguments)):
        return real.getservbyname(*arguments)  # type: ignore[no-any-return]
    sys.audit("socket.getservbyname", arguments[0], arguments[1] if len(arguments) > 1 else "")
    request = _requests.getservbyname(*map(_encodable, arguments))
    return int(current_session().call("getservbyname", request).port)


def getservbyport(*arguments: Any) -> str:
    """getservbyport(port[, protocolname]) -> string"""
    port = arguments[0] if arguments else None
    well_formed = isinstance(port, int) and 0 <= port <= 0xFFFF and all(map(_is_c_string, arguments[1:]))
    if not well_formed or len(arguments) > 2:
        return real.getservbyport(*arguments)  # type: ignore[no-any-return]
    sys.audit("socket.getservbyport", port, arguments[1] if len(arguments) > 1 else "")
    request = _requests.getservbyport(arguments[0], *map(_encodable, arguments[1:]))
    return str(current_session().call("getservbyport", request).service)


def getprotobyname(*arguments: Any) -> int:
    """getprotobyname(name) -> integer"""
    if len(arguments) != 1 or not _is_c_string(arguments[0]):
        return real.getprotobyname(*arguments)  # type: ignore[no-any-return]
    request = _requests.getprotobyname(_encodable(arguments[0]))
    return int(current_session().call("getprotobyname", request).number)


def gethostname() -> str:
    """gethostname() -> string"""
    sys.audit("socket.gethostname")
    return str(current_session().call("gethostname", _requests.gethostname()).hostname)


def sethostname(name: Any, /) -> None:
    """sethostname(name)"""
    encoded = os.fsencode(name)
    if not isinstance(name, bytes) and b"\0" in encoded:
        raise ValueError("embedded null byte")
    sys.audit("socket.sethostname", name)
    current_session().call("sethostname", _requests.sethostname(encoded))


def if_nameindex() -> list[tuple[int, str]]:
    """if_nameindex() -> list of (index, name)"""
    response = current_session().call("if_nameindex", _requests.if_nameindex())
    return [(interface.index, interface.name) for interface in response.interfaces]


def if_nametoindex(*arguments: Any) -> int:
    """if_nametoindex(if_name)"""
    if len(arguments) != 1 or not isinstance(arguments[0], (str, bytes)) or not _has_no_nul(arguments[0]):
        return real.if_nametoindex(*arguments)  # type: ignore[no-any-return]
    return int(current_session().call("if_nametoindex", _requests.if_nametoindex(arguments[0])).index)


def _has_no_nul(name: Any) -> bool:
    return b"\0" not in os.fsencode(name)


def if_indextoname(*arguments: Any) -> str:
    """if_indextoname(if_index)"""
    index = arguments[0] if len(arguments) == 1 else None
    if not isinstance(index, int) or not 0 <= index <= 0xFFFFFFFF:
        return real.if_indextoname(*arguments)  # type: ignore[no-any-return]
    return str(current_session().call("if_indextoname", _requests.if_indextoname(index)).name)
