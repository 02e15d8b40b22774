"""The interpreter's own validation of arguments.

Every method of a socket first checks its arguments, and only then makes a system call. A real socket object without a
descriptor therefore fails with EBADF for valid arguments, and with exactly this interpreter version's exception for all
others. So each call on a brokered socket is first made on such an object. That costs about a microsecond, and avoids
reimplementing each version's argument parsing and messages.
"""

from __future__ import annotations

import errno
import os
import threading
from typing import Any, NamedTuple, Optional

from ._real import real

_close = os.close


class LocalResult(NamedTuple):
    """A call that the interpreter completes without a system call, e.g. `recv(0)`."""

    value: Any


_objects: dict[tuple[int, int, int], Any] = {}
_own = threading.local()


def validate(kind: tuple[int, int, int], method: str, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Optional[LocalResult]:
    """Validates a call on a socket of a family, type and protocol.

    Returns None if a system call would be made, or a LocalResult. Raises the interpreter's exceptions.
    """
    probe = _objects.get(kind)
    if probe is None:
        probe = _objects[kind] = _without_descriptor(*kind)
    try:
        value = getattr(probe, method)(*arguments, **keywords)
    except OSError as error:
        if error.errno == errno.EBADF:
            return None
        raise
    return None if method == "connect_ex" and value == errno.EBADF else LocalResult(value)


def timeout_of(value: Any) -> Optional[float]:
    """Converts a timeout in seconds to nanoseconds, rounded up; None means no limit. Raises the exceptions of
    settimeout.
    """
    probe = getattr(_own, "timeout", None)
    if probe is None:
        probe = _own.timeout = _without_descriptor(1, 1, 0)
    try:
        probe.settimeout(value)
    except OSError as error:
        if error.errno != errno.EBADF:
            raise
    timeout: Optional[float] = probe.timeout
    return timeout


def _without_descriptor(family: int, kind: int, protocol: int) -> Any:
    # Created from a descriptor of any family, because the interpreter does not check it; the descriptor is then
    # removed.
    first, second = real.socketpair()
    second.close()
    probe = real.socket(family, kind, protocol, first.detach())
    probe.settimeout(None)
    _close(probe.detach())
    return probe
