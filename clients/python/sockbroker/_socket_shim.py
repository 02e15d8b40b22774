"""Replaces the interpreter's `_socket`: the same names, with every socket in the daemon.

CPython's own Lib/socket.py, unmodified, builds its classes and functions on this module. Conversions that need no
system call, the exceptions and the constants are the interpreter's own.
"""

from __future__ import annotations

import operator
import sys
from typing import Any

from . import _descriptors, _ioctl as _ioctl_messages, _requests
from ._default import current_session
from ._families import is_local
from ._names import (
    getaddrinfo as getaddrinfo,
    gethostbyaddr as gethostbyaddr,
    gethostbyname as gethostbyname,
    gethostbyname_ex as gethostbyname_ex,
    gethostname as gethostname,
    getnameinfo as getnameinfo,
    getprotobyname as getprotobyname,
    getservbyname as getservbyname,
    getservbyport as getservbyport,
    if_indextoname as if_indextoname,
    if_nameindex as if_nameindex,
    if_nametoindex as if_nametoindex,
    sethostname as sethostname,
)
from ._numbers import is_brokered
from ._real import real
from ._socket_type import (
    TYPE_FLAGS,
    close_descriptor,
    opened,
    getdefaulttimeout as getdefaulttimeout,
    setdefaulttimeout as setdefaulttimeout,
    socket as socket,
)

_sockbroker = True

SocketType = socket


def close(*arguments: Any) -> None:
    """close(integer) -> None"""
    if len(arguments) == 1 and is_brokered(arguments[0]):
        close_descriptor(operator.index(arguments[0]))
    else:
        real.close(*arguments)


def dup(*arguments: Any) -> int:
    """dup(integer) -> integer"""
    if len(arguments) != 1 or not is_brokered(arguments[0]):
        return real.dup(*arguments)  # type: ignore[no-any-return]
    original = _descriptors.lookup(operator.index(arguments[0])).now_shared()
    session = original.session
    duplicate = opened(session, "dup", _requests.dup(original.handle)).now_shared()
    duplicate.unread = original.unread
    return duplicate.number


def socketpair(*arguments: Any) -> tuple[socket, socket]:
    """socketpair([family[, type [, proto]]]) -> (socket object, socket object)"""
    try:
        if len(arguments) > 3:
            raise TypeError
        given = [operator.index(argument) for argument in arguments]
        family, kind, proto = [*given, *(1, 1, 0)[len(given) :]]
    except TypeError:
        real.socketpair(*arguments)
        raise
    if is_local(family) or _is_self_pipe():
        first, second = real.socketpair(family, kind, proto)
        pair = socket.__new__(socket), socket.__new__(socket)
        pair[0]._local, pair[1]._local = first, second
        return pair
    flags = kind & TYPE_FLAGS
    session = current_session()
    response = session.call("socketpair", _requests.socketpair(family, kind & ~flags, proto, type_flags=flags))
    pair = socket.__new__(socket), socket.__new__(socket)
    for end, info in zip(pair, (response.first, response.second)):
        end._become(_descriptors.adopt(session, info.handle), family, kind, proto)
    return pair


# Modules whose socketpairs stay in this process: those that wake an event loop, and those that become the stdin of a
# child.
_LOCAL_PAIRS = frozenset(("asyncio.selector_events", "asyncio.unix_events", "trio._core._wakeup_socketpair"))


def _is_self_pipe() -> bool:
    """Whether one of these modules calls Lib/socket.py, which calls `socketpair`."""
    caller = sys._getframe(2).f_back
    return caller is not None and caller.f_globals.get("__name__") in _LOCAL_PAIRS


def _ioctl(number: int, request: int, argument: bytes) -> bytes:
    """fcntl.ioctl for a brokered socket: returns the argument as the kernel leaves it."""
    descriptor = _descriptors.lookup(number)
    prepared = _ioctl_messages.prepare(request, argument)
    prepared.message.handle = descriptor.handle
    answer = prepared.answer(descriptor.session.call("ioctl", prepared.message))
    return _ioctl_messages.with_kept(request, answer, descriptor.unread.next_bytes(descriptor.stream))


# Everything else is the interpreter's own: exceptions, constants, conversions.
for _name in dir(real):
    if _name not in globals():
        globals()[_name] = getattr(real, _name)
__all__ = [_name for _name in dir(real) if not _name.startswith("_") and _name in globals()]
