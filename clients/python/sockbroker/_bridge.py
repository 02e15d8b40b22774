"""A real descriptor for another program, bridged to a brokered socket.

The program gets one end of a local socketpair; two threads here copy bytes between the other end and the socket. They
use a duplicate of the socket, so it stays open until the program, and all programs that inherited it, have closed it,
whatever happens to the socket here, and everything they wrote is sent first, as with a real socket.

What has to be distinguished, and how:

- The program shut down writing, or closed: both are an end of data, but only the second shows POLLHUP. The first shuts
  down the connection; the second only closes the duplicate, because others may have the socket. If the peer's end of
  data was passed on before, both look the same, and are treated as closing.
- The peer ended, or the connection broke: the program has to read an end of data in one case and an error in the other,
  or it would take half a file for a whole one. A unix socket gives its peer ECONNRESET if it is closed with unread
  data. So it contains a byte from the start that is never read: what comes after it is peeked at with SO_PEEK_OFF, and
  once that was sent, as many bytes are removed from the front. The program sees the same if this process is killed.
- The program's data was sent, or not yet: it is only removed once it was sent, so FIONREAD tells.
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

from . import _descriptors, _fork, _requests, _socket_shim
from ._real import real

_poll = select.poll
_ioctl = fcntl.ioctl
_close = os.close
_pipe = os.pipe
_write = os.write

_SO_PEEK_OFF: int = getattr(real, "SO_PEEK_OFF", 42)
_PIECE_BYTES = 128 * 1024
# Errors that concern one message and not the socket.
_OF_ONE_MESSAGE = (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EMSGSIZE, errno.ENOBUFS)

_bridges: weakref.WeakSet[Bridge] = weakref.WeakSet()


class Bridge:
    """Connects `child`, which is for another program, with a brokered socket."""

    def __init__(self, number: int) -> None:
        """Raises EBADF if the socket is closed, and EINVAL if it is listening, because connections cannot be passed on."""
        original = _descriptors.lookup(number)
        self._session = original.session
        # Removed from the table: otherwise a fork would duplicate it for a child that does not need it.
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
        """Starts copying, when the program has its end."""
        self.child.close()
        if self.reads:
            # Unread data received here belongs to the program, as if it were still in the kernel.
            first = []
            while (received := self._original.take(1 << 30, 0)) is not None:
                first.append(bytes(received.data))
            self._reader = threading.Thread(target=self._to_child, args=(first,), name="sockbroker-bridge-in")
            self._reader.start()
        del self._original
        # Not daemon threads, so that the process does not exit before everything written is sent.
        threading.Thread(target=self._from_child, name="sockbroker-bridge-out").start()

    def abort(self) -> None:
        """Undoes everything, if the program was not started."""
        self.child.close()
        self._end.close()
        self._close_handle()

    @property
    def sent(self) -> bool:
        """Whether everything that the program has written so far was sent, or never will be."""
        if self._over or self._refused or self._broken:
            return True
        try:
            unread: int = struct.unpack("i", _ioctl(self._end.fileno(), termios.FIONREAD, bytes(4)))[0]
        except (OSError, ValueError):  # It was closed just now.
            return True
        return unread <= self._unread

    def wait_sent(self, deadline: Optional[float]) -> bool:
        """Waits until `sent`. Returns False if the deadline passes before."""
        with self._lock:
            while not self.sent:
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    return False
                self._lock.wait(left)
            return True

    def forget(self) -> None:
        """In the child of a fork: the threads, and this end, belong to the parent."""
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
        """Returns False if the program no longer reads."""
        try:
            self._end.sendall(data, real.MSG_NOSIGNAL)
        except OSError:
            return False
        return True

    def _break(self) -> None:
        """Lets the other thread close this end, which contains unread data."""
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
                    # The program's next write fails with EPIPE.
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
        """Waits until the program has closed its end, or the connection broke."""
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
        # Ends the other thread's receive. Nobody reads the data that it still has for the program.
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


def _begin_anew() -> None:
    for bridge in list(_bridges):
        bridge.forget()
    _bridges.clear()


_fork.in_child(_begin_anew)
