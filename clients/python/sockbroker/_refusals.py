"""Functions in C that take a descriptor and do not support brokered ones, or no socket at all.

What the kernel refuses for every socket fails with the kernel's error. What needs a descriptor of this process fails
with an OSError with EBADF that says so.
"""

from __future__ import annotations

import errno
import faulthandler
import fcntl
import functools
import os
import stat
import termios
from typing import Any, Callable

from . import _descriptors, _requests, _socket_shim
from ._builtin import put
from ._numbers import is_brokered
from ._status import kernel_error

_dup2 = os.dup2

# Errors of functions of os for any socket.
_ERRORS = {
    "lseek": errno.ESPIPE,
    "pread": errno.ESPIPE,
    "preadv": errno.ESPIPE,
    "pwrite": errno.ESPIPE,
    "pwritev": errno.ESPIPE,
    "ftruncate": errno.EINVAL,
    "fsync": errno.EINVAL,
    "fdatasync": errno.EINVAL,
    "get_terminal_size": errno.ENOTTY,
    "tcgetpgrp": errno.ENOTTY,
    "tcsetpgrp": errno.ENOTTY,
    "ttyname": errno.ENOTTY,
    "fchdir": errno.ENOTDIR,
}
_TERMINAL = ("tcdrain", "tcflow", "tcflush", "tcgetattr", "tcgetwinsize", "tcsendbreak", "tcsetattr", "tcsetwinsize")
# Functions that act on the descriptor itself.
_REFUSED: list[tuple[Any, tuple[str, ...]]] = [
    (os, ("copy_file_range", "fchmod", "fchown", "fpathconf", "fstatvfs", "lockf", "login_tty", "splice")),
    (fcntl, ("flock", "lockf")),
    (faulthandler, ("enable", "dump_traceback", "dump_traceback_later", "register")),
]


def refuse(function: str, number: int) -> OSError:
    """Creates the error of a function that needs a descriptor of this process."""
    text = f"{function} takes a descriptor of this process, and {number} is a brokered socket's"
    return OSError(errno.EBADF, text)


def install() -> None:
    """Installs the functions."""
    for name, code in _ERRORS.items():
        _guard(os, name, functools.partial(_kernel_error, code))
    for name in _TERMINAL:
        _guard(termios, name, lambda name, number: termios.error(errno.ENOTTY, os.strerror(errno.ENOTTY)))
    for module, names in _REFUSED:
        for name in names:
            _guard(module, name, refuse)
    put(os, "dup2", dup2)
    put(os, "fstat", _fstat_mixed)


def _guard(module: Any, name: str, error: Callable[[str, int], Exception]) -> None:
    own = getattr(module, name, None)
    if own is None:
        return
    full = f"{module.__name__}.{name}"

    @functools.wraps(own)
    def guarded(*arguments: Any, **keywords: Any) -> Any:
        for argument in (*arguments[:2], keywords.get("file"), keywords.get("fd")):
            number = _number_of(argument)
            if number is not None:
                _descriptors.lookup(number)
                raise error(full, number)
        return own(*arguments, **keywords)

    put(module, name, guarded)


def _number_of(thing: Any) -> int | None:
    if isinstance(thing, int):
        return thing if is_brokered(thing) else None
    fileno = getattr(thing, "fileno", None)
    if fileno is None:
        return None
    try:
        number = fileno()
    except (OSError, ValueError):  # The function itself says it.
        return None
    return number if is_brokered(number) else None


def _kernel_error(code: int, name: str, number: int) -> OSError:
    return kernel_error(code)


@functools.wraps(_dup2)
def dup2(fd: int, fd2: int, inheritable: bool = True) -> int:
    if not is_brokered(fd) and not is_brokered(fd2):
        return _dup2(fd, fd2, inheritable)
    if not (is_brokered(fd) and is_brokered(fd2)):
        raise refuse("os.dup2", fd if is_brokered(fd) else fd2)
    _descriptors.lookup(fd)
    target = _descriptors.lookup(fd2)
    if fd == fd2 and not inheritable:
        raise kernel_error(errno.EINVAL)  # It is dup3 then.
    if fd != fd2:
        session, handle = target.session, target.handle
        target.become(_descriptors.lookup(_socket_shim.dup(fd)))
        session.call("close", _requests.close(handle))
        target.session.call("set_inheritable", _requests.set_inheritable(bool(inheritable), target.handle))
    return fd2


_fstat = os.fstat


@functools.wraps(_fstat)
def _fstat_mixed(fd: int) -> os.stat_result:
    if not is_brokered(fd):
        return _fstat(fd)
    _descriptors.lookup(fd)
    # The number stands for the inode, of which is only known that it is unique.
    return os.stat_result((stat.S_IFSOCK | 0o777, fd, 0, 1, os.geteuid(), os.getegid(), 0, 0, 0, 0))
