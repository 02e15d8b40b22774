"""Data that this process has already received from a socket: it comes before the kernel's data.

It is left here by interrupted receives, by read-ahead, and by TLS, which receives more than its record. Every receive,
accept and poll uses this queue, and it makes a descriptor readable. Before somebody else gets the socket, a stream's data
is pushed back to the daemon (`Descriptor.now_shared`).
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Iterator
from typing import Any, Callable, Optional

from ._linux import MSG_PEEK, MSG_TRUNC
from ._received import Received
from ._status import is_kernel_error
from .errors import ConnectionLost


class Unread:
    """A queue of messages and of accepted connections. Duplicates of a descriptor share it, as they share the kernel's."""

    __slots__ = ("_error", "_handing_over", "_messages", "_turn", "connections", "listeners")

    def __init__(self) -> None:
        self._messages: deque[Received] = deque()
        # To be raised once, after the messages: the kernel's error, or why data may be missing.
        self._error: Optional[Exception] = None
        # Held by the thread that pushes the data back.
        self._turn = threading.RLock()
        self._handing_over: Optional[int] = None
        # Handles or numbers of accepted sockets, each with its description.
        self.connections: deque[tuple[int, Any]] = deque()
        # Called after something was added here, or may be added at any time; by owner.
        self.listeners: dict[object, Callable[[], object]] = {}

    def __bool__(self) -> bool:
        return bool(self._messages or self.connections or self._error is not None)

    @property
    def has_messages(self) -> bool:
        """Whether the next receive returns something from here: data, or an error."""
        return bool(self._messages) or self._error is not None

    def next_bytes(self, stream: bool) -> int:
        """How many bytes the next receive can return: for a stream all, otherwise those of the first message."""
        return sum(len(each.data) for each in (list(self._messages) if stream else list(self._messages)[:1]))

    def add(self, received: Received) -> None:
        """Appends a message that was received."""
        self._messages.append(received)
        self.changed()

    def give_back(self, received: Received) -> None:
        """Puts a message before all others."""
        self._messages.appendleft(received)
        self.changed()

    def end_in(self, error: Exception) -> None:
        """Sets what to raise after the messages: the kernel's error, which it reports only once, or why data may be
        missing.
        """
        self._error = error
        self.changed()

    def take_error(self) -> Optional[OSError]:
        """Removes and returns the kernel's error after the messages, if any."""
        error = self._error
        if not is_kernel_error(error):
            return None
        self._error = None
        return error

    def require_complete(self) -> None:
        """Raises, once, why data may be missing."""
        error = self._error
        if error is not None and not is_kernel_error(error):
            self._error = None
            raise error

    def changed(self) -> None:
        """Notifies the listeners. They may be called on any thread."""
        for listener in list(self.listeners.values()):
            listener()

    def take(self, size: int, flags: int, stream: bool) -> Optional[Received]:
        """Returns the first message, or a stream's data, as recvmsg(2) would; None if there is none. Raises the error
        after the messages, once.
        """
        try:
            first = self._messages.popleft()
        except IndexError:
            error, self._error = self._error, None
            if error is not None:
                raise error from None
            return None
        while stream and len(first.data) < size and not first.ancillary:
            try:
                more = self._messages.popleft()
            except IndexError:
                break
            if more.ancillary:
                self._messages.appendleft(more)
                break
            first = first.joined(more)
        rest = first.data[size:]
        taken = first
        if rest:
            cut = 0 if stream else MSG_TRUNC
            length = size if stream or not flags & MSG_TRUNC else first.length
            taken = first._replace(data=first.data[:size], length=length, flags=first.flags | cut)
        if flags & MSG_PEEK:
            self._messages.appendleft(first)
        elif rest and stream:
            self._messages.appendleft(first._replace(data=rest, length=len(rest), ancillary=[]))
        return taken

    def take_end(self, size: int) -> Optional[bytes]:
        """Removes and returns up to `size` bytes from the end of a stream's data; None if there is none, or if it came
        with control messages.
        """
        try:
            last = self._messages.pop()
        except IndexError:
            return None
        if last.ancillary:
            self._messages.append(last)
            return None
        rest = last.data[:-size]
        if rest:
            self._messages.append(last._replace(data=rest, length=len(rest)))
        return bytes(last.data[-size:])

    def keep_end(self, data: Optional[bytes], error: Optional[OSError], reason: BaseException) -> None:
        """Keeps the end of a stream's data, and the error after it, when `reason` prevented that they were pushed back. If
        they may have been, they are not kept, or they might be received twice.
        """
        if isinstance(reason, ConnectionLost) and reason.may_have_happened:
            self.end_in(reason)
            return
        if data:
            self.add(Received(data, len(data), [], 0, None))
        if error is not None:
            self.end_in(error)

    @contextlib.contextmanager
    def handing_over(self) -> Iterator[None]:
        """While this thread takes data from here and pushes it back. Another thread waits for that before it receives from
        the kernel, or it would get later data first.
        """
        with self._turn:
            outer, self._handing_over = self._handing_over, threading.get_ident()
            try:
                yield
            finally:
                self._handing_over = outer

    def was_handed_over(self) -> bool:
        """Waits while another thread pushes data back; returns False if none did. What could not be pushed back is here
        again.
        """
        # A signal handler may receive in the middle of it.
        if self._handing_over in (None, threading.get_ident()):
            return False
        with self._turn:
            return True

    def begin_anew(self) -> None:
        """In the child of a fork, where the parent's other threads do not exist."""
        self._turn, self._handing_over = threading.RLock(), None

    def take_messages(self) -> list[Received]:
        """Removes and returns all messages."""
        taken = []
        while self._messages:
            taken.append(self._messages.popleft())
        return taken
