"""Supports brokered sockets in `signal.set_wakeup_fd`.

The interpreter writes the numbers of signals to a descriptor of this process, in C and inside the signal's handler. So
it gets the end of a local pair, and a thread sends the data from the other end to the socket. The self-pipes of event
loops do not need that: they are local (`_socket_shim.socketpair`).
"""

from __future__ import annotations

import contextlib
import functools
import signal
import threading
from typing import Any, Optional

from . import _descriptors, _fork, _requests
from ._builtin import put
from ._numbers import is_brokered
from ._real import real

_set_wakeup_fd = signal.set_wakeup_fd


class _Wakeup:
    """The descriptor that the interpreter writes to, for a brokered socket."""

    def __init__(self, descriptor: _descriptors.Descriptor) -> None:
        self.descriptor = descriptor
        self._reader, self.writer = real.socketpair()
        self._reader.settimeout(None)
        self.writer.setblocking(False)

    def start(self) -> None:
        threading.Thread(target=self._run, name="sockbroker-wakeup", daemon=True).start()

    def close(self) -> None:
        self.writer.close()

    def _run(self) -> None:
        while data := self._reader.recv(4096):
            # If there is no room, the interpreter's own write would be lost too.
            request = _requests.send(data)
            request.handle = self.descriptor.handle
            with contextlib.suppress(OSError):
                self.descriptor.session.call("send", request)
        self._reader.close()


_current: Optional[_Wakeup] = None


@functools.wraps(_set_wakeup_fd)
def set_wakeup_fd(fd: Any, /, **keywords: Any) -> int:
    global _current
    wakeup: Optional[_Wakeup] = None
    number = fd
    if is_brokered(fd):
        descriptor = _descriptors.lookup(fd)
        if descriptor.session.call("getblocking", _requests.getblocking(descriptor.handle)).blocking:
            raise ValueError(f"the fd {fd} must be in non-blocking mode")
        wakeup = _Wakeup(descriptor)
        number = wakeup.writer.fileno()
    try:
        before = _set_wakeup_fd(number, **keywords)
    except BaseException:
        if wakeup is not None:
            wakeup.close()
        raise
    if wakeup is not None:
        wakeup.start()
    last, _current = _current, wakeup
    if last is not None:
        if before == last.writer.fileno():
            before = last.descriptor.number
        last.close()
    return before


def install() -> None:
    """Installs the function."""
    put(signal, "set_wakeup_fd", set_wakeup_fd)


def _begin_anew() -> None:
    """In the child of a fork: the pair is shared with the parent, whose thread would take the child's signals."""
    global _current
    if _current is None:
        return
    last, _current = _current, _Wakeup(_current.descriptor)
    _set_wakeup_fd(_current.writer.fileno())
    _current.start()
    last.close()


_fork.in_child(_begin_anew)
