"""The interpreter's own judgement of arguments.

Every method of a socket first looks at its arguments, and only then asks the kernel. A real socket object without a
descriptor therefore answers every acceptable call with EBADF, and every other one with exactly the exception that this
version of the interpreter has for it. So each call on a brokered socket is made on such an object first. That costs about
a microsecond, and spares this package a copy of the argument parsing of every version, with its words.
"""

from __future__ import annotations

import errno
import os
import threading
from typing import Any, NamedTuple, Optional

from ._real import real

_close = os.close


class Verdict(NamedTuple):
    """A call that the interpreter answers without the kernel, e.g. `recv(0)`."""

    value: Any


_objects: dict[tuple[int, int, int], Any] = {}
_own = threading.local()


def judge(kind: tuple[int, int, int], method: str, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Optional[Verdict]:
    """Judges a call on a socket of a family, type and protocol.

    Answers None when it is for the kernel, or a Verdict. Raises what the interpreter raises.
    """
    judging = _objects.get(kind)
    if judging is None:
        judging = _objects[kind] = _without_descriptor(*kind)
    try:
        value = getattr(judging, method)(*arguments, **keywords)
    except OSError as error:
        if error.errno == errno.EBADF:
            return None
        raise
    return None if method == "connect_ex" and value == errno.EBADF else Verdict(value)


def timeout_of(value: Any) -> Optional[float]:
    """Reads a timeout in seconds, rounded up to nanoseconds; None waits for ever. Raises what settimeout raises."""
    judging = getattr(_own, "timeout", None)
    if judging is None:
        judging = _own.timeout = _without_descriptor(1, 1, 0)
    try:
        judging.settimeout(value)
    except OSError as error:
        if error.errno != errno.EBADF:
            raise
    timeout: Optional[float] = judging.timeout
    return timeout


def _without_descriptor(family: int, kind: int, protocol: int) -> Any:
    # Made of a descriptor of any family, for the interpreter believes what it is told; then that is taken away.
    first, second = real.socketpair()
    second.close()
    judging = real.socket(family, kind, protocol, first.detach())
    judging.settimeout(None)
    _close(judging.detach())
    return judging
