"""Functions of select, fcntl and os that support brokered sockets.

Each checks whether a number is brokered, and otherwise calls the interpreter's function.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import functools
import os
import select
import struct
import sys
from typing import Any, Callable, Optional

from . import (
    _descriptors,
    _files,
    _linux,
    _readiness,
    _refusals,
    _requests,
    _socket_shim,
    _subprocess,
    _tls_sockets,
    _wakeup,
)
from ._builtin import put
from ._linux import POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLPRI
from ._numbers import is_brokered
from ._readiness import number_of, poll_mixed
from ._status import kernel_error

_O_NONBLOCK = os.O_NONBLOCK
_O_RDWR = os.O_RDWR
_O_ASYNC = getattr(os, "O_ASYNC", 0o20000)
_INT = struct.Struct("i")

_select = select.select
_poll = select.poll
_sendfile: Any = getattr(os, "sendfile", None)
_pread = os.pread
_own_ioctl = fcntl.ioctl
_os_set_inheritable = os.set_inheritable
_SENDFILE_BYTES = 256 * 1024
_READABLE = POLLIN | POLLHUP | POLLERR
_WRITABLE = POLLOUT | POLLERR

_installed = False


def install() -> None:
    """Installs the functions. Idempotent."""
    global _installed
    if _installed:
        return
    _installed = True
    put(select, "select", select_mixed)
    select.poll = Poll  # type: ignore[assignment, misc]
    if hasattr(select, "epoll"):
        select.epoll = _readiness.Epoll  # type: ignore[assignment, misc]
    selectors = sys.modules.get("selectors")
    if selectors is not None:
        _patch_selectors(selectors)
    replacements: dict[str, Callable[..., Any]] = {
        "close": _socket_shim.close,
        "dup": _dup,
        "get_inheritable": _get_inheritable,
        "set_inheritable": _set_inheritable,
        "get_blocking": _get_blocking,
        "set_blocking": _set_blocking,
        "read": _read,
        "write": _write,
        "isatty": lambda number: False,
    }
    for name, replacement in replacements.items():
        if hasattr(os, name):
            put(os, name, _for_brokered(getattr(os, name), replacement))
    if _sendfile is not None:
        put(os, "sendfile", _sendfile_mixed)
    put(fcntl, "fcntl", _for_brokered(fcntl.fcntl, _fcntl))
    put(fcntl, "ioctl", _for_brokered(fcntl.ioctl, _fcntl_ioctl))
    _files.install()
    _refusals.install()
    _tls_sockets.install()
    _subprocess.install()
    _wakeup.install()


def _patch_selectors(selectors: Any) -> None:
    selectors.SelectSelector._select = lambda self, r, w, _, timeout=None: select_mixed(r, w, [], timeout)
    selectors.PollSelector._selector_cls = Poll
    if hasattr(selectors, "EpollSelector"):
        selectors.EpollSelector._selector_cls = _readiness.Epoll


def _for_brokered(own: Callable[..., Any], brokered: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(own)
    def either(fd: Any, *arguments: Any, **keywords: Any) -> Any:
        number = fd if isinstance(fd, int) else fd.fileno() if hasattr(fd, "fileno") else -1
        return brokered(number, *arguments, **keywords) if is_brokered(number) else own(fd, *arguments, **keywords)

    return either


# select -----------------------------------------------------------------------------------------------------------------


def select_mixed(rlist: Any, wlist: Any, xlist: Any, timeout: Any = None, /) -> tuple[list[Any], list[Any], list[Any]]:
    """select.select for brokered and local descriptors together."""
    lists = [things if isinstance(things, (list, tuple)) else _list(things) for things in (rlist, wlist, xlist)]
    try:
        numbers = [[number_of(thing) for thing in things] for things in lists]
    except (TypeError, ValueError):
        return _select(lists[0], lists[1], lists[2], timeout)
    if not any(is_brokered(number) for part in numbers for number in part):
        return _select(lists[0], lists[1], lists[2], timeout)
    if timeout is not None:
        if not isinstance(timeout, (int, float)):
            return _select([], [], [], timeout)
        if timeout < 0:
            raise ValueError("timeout must be non-negative")
    asked: dict[int, int] = {}
    for part, events in zip(numbers, (POLLIN, POLLOUT, POLLPRI)):
        for number in part:
            asked[number] = asked.get(number, 0) | events
    brokered = {number: events for number, events in asked.items() if is_brokered(number)}
    local = [(number, events) for number, events in asked.items() if not is_brokered(number)]
    ready = dict(poll_mixed(brokered, local, timeout))
    if any(events & POLLNVAL for events in ready.values()):
        raise kernel_error(errno.EBADF)
    chosen = [
        [thing for thing, number in zip(things, part) if ready.get(number, 0) & events]
        for things, part, events in zip(lists, numbers, (_READABLE, _WRITABLE, POLLPRI))
    ]
    return chosen[0], chosen[1], chosen[2]


def _list(things: Any) -> Any:
    try:
        return list(things)
    except TypeError:
        return things


class Poll:
    """select.poll for brokered and local descriptors together."""

    def __init__(self) -> None:
        self._real = _poll()
        self._local: dict[int, int] = {}
        self._brokered: dict[int, int] = {}

    def register(self, fd: Any, eventmask: int = POLLIN | POLLPRI | POLLOUT, /) -> None:
        number = number_of(fd)
        if is_brokered(number):
            if not isinstance(eventmask, int) or not 0 <= eventmask < 1 << 16:
                _poll().register(0, eventmask)
            self._brokered[number] = eventmask
        else:
            self._real.register(number, eventmask)
            self._local[number] = eventmask

    def modify(self, fd: Any, eventmask: int, /) -> None:
        number = number_of(fd)
        if number not in self._brokered and number not in self._local:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        self.register(number, eventmask)

    def unregister(self, fd: Any, /) -> None:
        number = number_of(fd)
        if is_brokered(number):
            del self._brokered[number]
        else:
            self._real.unregister(number)
            del self._local[number]

    def poll(self, timeout: Optional[float] = None, /) -> list[tuple[int, int]]:
        if not self._brokered:
            return self._real.poll(timeout)
        if timeout is not None and not (isinstance(timeout, (int, float)) and timeout < 1 << 31):
            return self._real.poll(timeout)
        seconds = None if timeout is None or timeout < 0 else timeout / 1000
        return poll_mixed(self._brokered, self._local.items(), seconds)


# os and fcntl -----------------------------------------------------------------------------------------------------------


def _call(number: int, verb: str, request: Any) -> Any:
    descriptor = _descriptors.lookup(number)
    request.handle = descriptor.handle
    return descriptor.session.call(verb, request)


def _dup(number: int) -> int:
    return _socket_shim.dup(number)


def _get_inheritable(number: int) -> bool:
    return bool(_call(number, "get_inheritable", _requests.get_inheritable()).inheritable)


def _set_inheritable(number: int, inheritable: Any) -> None:
    # The interpreter validates the argument before its system call.
    with contextlib.suppress(OSError):
        _os_set_inheritable(-1, inheritable)
    _call(number, "set_inheritable", _requests.set_inheritable(int(inheritable) != 0))
    _descriptors.lookup(number).inheritable = int(inheritable) != 0


def _get_blocking(number: int) -> bool:
    return bool(_call(number, "getblocking", _requests.getblocking()).blocking)


def _set_blocking(number: int, blocking: Any) -> None:
    _call(number, "setblocking", _requests.setblocking(bool(blocking)))


def _read(number: int, length: int) -> bytes:
    return bytes(_call(number, "recv", _requests.recv(length)).data)


def _write(number: int, data: Any) -> int:
    view = memoryview(data).cast("B")[: 1 << 20]
    return int(_call(number, "send", _requests.send(bytes(view))).sent_bytes)


def _sendfile_mixed(out_fd: Any, in_fd: Any, offset: Any, count: Any, *rest: Any, **keywords: Any) -> int:
    """os.sendfile to a brokered socket: the file belongs to this process, so its bytes are sent as data."""
    if not is_brokered(out_fd):
        return _sendfile(out_fd, in_fd, offset, count, *rest, **keywords)  # type: ignore[no-any-return]
    size = min(count, _SENDFILE_BYTES)
    if offset is None:
        start = os.lseek(in_fd, 0, os.SEEK_CUR)
        sent = _sendfile_mixed(out_fd, in_fd, start, size)
        os.lseek(in_fd, start + sent, os.SEEK_SET)
        return sent
    data = _pread(in_fd, size, offset)
    if not data:
        return 0
    return int(_call(out_fd, "send", _requests.send(data)).sent_bytes)


def _fcntl(number: int, command: int, argument: Any = 0, /) -> Any:
    if command == fcntl.F_GETFL:
        return _O_RDWR | (0 if _get_blocking(number) else _O_NONBLOCK)
    if command == fcntl.F_SETFL:
        if argument & _O_ASYNC:
            raise _no_signals("O_ASYNC")
        _set_blocking(number, not argument & _O_NONBLOCK)
        return 0
    if command == fcntl.F_GETFD:
        return 0 if _get_inheritable(number) else fcntl.FD_CLOEXEC
    if command == fcntl.F_SETFD:
        _set_inheritable(number, not argument & fcntl.FD_CLOEXEC)
        return 0
    if command in (fcntl.F_DUPFD, getattr(fcntl, "F_DUPFD_CLOEXEC", fcntl.F_DUPFD)):
        return _dup(number)
    if command == fcntl.F_GETOWN:
        return _INT.unpack(_socket_shim._ioctl(number, _linux.SIOCGPGRP, bytes(_INT.size)))[0]
    if command == fcntl.F_SETOWN:
        if argument != 0:
            raise _no_signals("F_SETOWN")
        _descriptors.lookup(number)
        return 0
    raise kernel_error(errno.EINVAL)


def _no_signals(what: str) -> OSError:
    """The daemon may not send this process the kernel's signals about a socket."""
    return OSError(errno.EOPNOTSUPP, f"a brokered socket sends no signals: {what} is refused")


def _fcntl_ioctl(number: int, request: int, argument: Any = 0, mutate: bool = True, /, *more: Any) -> Any:
    try:
        # No process has a descriptor of this number, so the interpreter validates the arguments, and the kernel does
        # nothing.
        _own_ioctl(number, request, argument, mutate, *more)
    except OSError as error:
        if error.errno != errno.EBADF:
            raise
    request &= 0xFFFFFFFF
    if request in (_linux.FIOCLEX, _linux.FIONCLEX):
        _set_inheritable(number, request == _linux.FIONCLEX)
        return 0 if isinstance(argument, int) else _as_given(argument, mutate)
    if isinstance(argument, int):
        _descriptors.lookup(number)
        raise kernel_error(errno.EFAULT)
    given = argument.encode() if isinstance(argument, str) else bytes(memoryview(argument).cast("B"))
    if request == _linux.FIONBIO:
        _set_blocking(number, not any(given[: _INT.size]))
        return _as_given(argument, mutate)
    answer = _socket_shim._ioctl(number, request, given)
    if isinstance(argument, (bytes, str)) or not mutate:
        return answer
    view = memoryview(argument).cast("B")
    if view.readonly:
        return answer
    view[:] = answer
    return 0


def _as_given(argument: Any, mutate: bool) -> Any:
    """The result of fcntl.ioctl for an argument that the kernel did not change."""
    if isinstance(argument, str):
        return argument.encode()
    view = memoryview(argument).cast("B")
    return bytes(view) if view.readonly or not mutate else 0
