"""A true descriptor for another program, bridged to a brokered socket.

The program gets one end of a local socketpair; two threads here carry the bytes between the other end and the socket. The
socket is duplicated for them. So it stays open until the program and whoever inherited from it have let go, whatever becomes
of the socket here, and everything that they wrote is sent before; as it is with a true socket.

What has to be told apart, and how:

- The program shut down writing, or it closed: in both cases there is an end of data, but POLLHUP only in the second. The first
  shuts down the connection; the second closes only what was duplicated, for others may have the socket as well. When the
  peer's end of data was passed on before, the two look alike, and the second is taken for true.
- The peer ended, or the connection broke: the program has to read an end in the one case and an error in the other, or it
  would take half a file for a whole one. A unix socket gives its peer ECONNRESET when it is closed with something unread in
  it. So there is a byte in it from the beginning that is never read: what comes behind it is looked at with SO_PEEK_OFF, and
  when that was sent, as many bytes are taken from the front. This shows the same to the program when this process is killed.
- What the program wrote was sent, or not yet: it is taken only when it was sent, so FIONREAD tells.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import select
import struct
import termios
import threading
import time
import weakref
from typing import Any, Optional

from . import _descriptors, _requests, _socket_shim
from ._real import real

_poll = select.poll
_ioctl = fcntl.ioctl
_close = os.close
_pipe = os.pipe
_write = os.write

_SO_PEEK_OFF: int = getattr(real, "SO_PEEK_OFF", 42)
_PIECE_BYTES = 128 * 1024
# What ends one message and not the socket.
_OF_ONE_MESSAGE = (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EMSGSIZE, errno.ENOBUFS)

_bridges: weakref.WeakSet[Bridge] = weakref.WeakSet()


class Bridge:
    """Between `child`, which is for another program, and a brokered socket."""

    def __init__(self, number: int) -> None:
        """Raises EBADF when the socket is closed, and EINVAL when it listens: connections cannot be carried."""
        original = _descriptors.lookup(number)
        self._session = original.session
        # Out of the table: a fork would make a duplicate of it for a child that has no use for it.
        duplicate = _descriptors.forget(_socket_shim.dup(number))
        assert duplicate is not None
        self._handle = duplicate.handle
        self._original = original
        self.reads = False
        self._lock = threading.Condition()
        self._wake: Optional[int] = None
        self._broken = self._refused = self._ending = self._over = False
        self._reader: Optional[threading.Thread] = None
        try:
            kind = self._call("getsockopt", _requests.getsockopt(real.SOL_SOCKET, real.SO_TYPE))
            listens = self._call("getsockopt", _requests.getsockopt(real.SOL_SOCKET, real.SO_ACCEPTCONN))
            if listens.value.integer:
                raise OSError(errno.EINVAL, "a brokered socket that listens cannot be given to another program")
        except BaseException:
            self._close_handle()
            raise
        self._kind: int = kind.value.integer
        self._stream = self._kind == real.SOCK_STREAM
        pair = real.socketpair(real.AF_UNIX, real.SOCK_STREAM if self._stream else real.SOCK_SEQPACKET)
        self._end, self.child = pair
        for end in pair:
            end.settimeout(None)
        self._unread = 0
        if self._stream:
            with contextlib.suppress(OSError):  # Not every kernel has it; then a broken connection reads as an end.
                self._end.setsockopt(real.SOL_SOCKET, _SO_PEEK_OFF, 1)
                self.child.send(b"\0")
                self._unread = 1
        _bridges.add(self)

    def start(self) -> None:
        """Begins, when the program has its end."""
        self.child.close()
        if self.reads:
            # What was received here and not taken is the program's, as it would be if it were still in the kernel.
            first = []
            while (received := self._original.take(1 << 30, 0)) is not None:
                first.append(bytes(received.data))
            self._reader = threading.Thread(target=self._to_child, args=(first,), name="sockbroker-bridge-in")
            self._reader.start()
        del self._original
        # Not daemons: the process does not end before what was written is sent.
        threading.Thread(target=self._from_child, name="sockbroker-bridge-out").start()

    def abort(self) -> None:
        """Undoes everything, when there is no program."""
        self.child.close()
        self._end.close()
        self._close_handle()

    @property
    def sent(self) -> bool:
        """Whether all that the program has written until now was sent, or never will be."""
        if self._over or self._refused or self._broken:
            return True
        try:
            unread: int = struct.unpack("i", _ioctl(self._end.fileno(), termios.FIONREAD, bytes(4)))[0]
        except (OSError, ValueError):  # It was closed just now.
            return True
        return unread <= self._unread

    def wait_sent(self, deadline: Optional[float]) -> bool:
        """Waits until `sent`. False when the deadline passes before."""
        with self._lock:
            while not self.sent:
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    return False
                self._lock.wait(left)
            return True

    def after_fork_in_child(self) -> None:
        """The threads are the parent's, and so is this end."""
        number = self._end.detach()
        if number >= 0:
            _close(number)

    def _call(self, verb: str, request: Any) -> Any:
        request.handle = self._handle
        return self._session.call(verb, request)

    def _close_handle(self) -> None:
        with contextlib.suppress(OSError):
            self._call("close", _requests.close(self._handle))

    # From the socket to the program -----------------------------------------------------------------------------------------

    def _to_child(self, first: list[bytes]) -> None:
        for data in first:
            if not self._give(data):
                return
        while True:
            try:
                data = self._call("recv", _requests.recv(_PIECE_BYTES, 0, _requests.FOREVER)).data
            except OSError as error:
                if not self._stream and error.errno in _OF_ONE_MESSAGE:
                    continue
                if not self._ending:
                    self._break()
                return
            if not data and self._kind != real.SOCK_DGRAM:
                with contextlib.suppress(OSError):
                    self._end.shutdown(real.SHUT_WR)
                return
            if not self._give(data):
                return

    def _give(self, data: bytes) -> bool:
        """False when the program does not take it any more."""
        try:
            self._end.sendall(data, real.MSG_NOSIGNAL)
        except OSError:
            return False
        return True

    def _break(self) -> None:
        """Lets the other thread close this end, in which there is something unread."""
        with self._lock:
            self._broken = True
            self._lock.notify_all()
            with contextlib.suppress(OSError):
                self._end.shutdown(real.SHUT_RD)
            if self._wake is not None:
                _write(self._wake, b"\0")

    # From the program to the socket -----------------------------------------------------------------------------------------

    def _from_child(self) -> None:
        try:
            self._carry_out()
            if not self._broken:
                if not self._refused and not self._hung_up():
                    with contextlib.suppress(OSError):
                        self._call("shutdown", _requests.shutdown(real.SHUT_WR))
                self._await_close()
        finally:
            self._finish()

    def _carry_out(self) -> None:
        while data := self._end.recv(_PIECE_BYTES, real.MSG_PEEK):
            try:
                if self._stream:
                    self._call("sendall", _requests.sendall(data, 0, _requests.FOREVER))
                else:
                    self._call("send", _requests.send(data, 0, _requests.FOREVER))
            except OSError as error:
                if self._stream or error.errno not in _OF_ONE_MESSAGE:
                    with self._lock:
                        self._refused = True
                        self._lock.notify_all()
                    # The program's next write is an EPIPE.
                    self._end.shutdown(real.SHUT_RD)
                    return
            self._drop(len(data))

    def _drop(self, size: int) -> None:
        while size > 0:
            size -= len(self._end.recv(size))
        with self._lock:
            self._lock.notify_all()

    def _hung_up(self) -> bool:
        poll = _poll()
        poll.register(self._end.fileno(), 0)
        return any(events & select.POLLHUP for _, events in poll.poll(0))

    def _await_close(self) -> None:
        """Waits until the program has let go, or the connection broke."""
        if self._hung_up():
            return
        sleeper, waker = _pipe()
        try:
            with self._lock:
                if self._broken:
                    return
                self._wake = waker
            poll = _poll()
            poll.register(self._end.fileno(), 0)
            poll.register(sleeper, select.POLLIN)
            poll.poll()
        finally:
            with self._lock:
                self._wake = None
            _close(sleeper)
            _close(waker)

    def _finish(self) -> None:
        self._ending = True
        # This ends the other thread's receive. What it holds for the program, nobody reads any more.
        self._close_handle()
        if self._reader is not None:
            self._reader.join()
        if not self._broken:
            with contextlib.suppress(OSError):
                while self._end.recv(_PIECE_BYTES, real.MSG_DONTWAIT):
                    pass
        with self._lock:
            self._over = True
            self._end.close()
            self._lock.notify_all()


def _after_fork_in_child() -> None:
    for bridge in list(_bridges):
        bridge.after_fork_in_child()
    _bridges.clear()


os.register_at_fork(after_in_child=_after_fork_in_child)
