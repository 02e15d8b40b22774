"""Data that this process has already received from a socket: it comes before the kernel's data.

It is left here by interrupted receives, by read-ahead, and by TLS, which receives more than its record. Every receive,
accept and poll uses this queue, and it makes a descriptor readable.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Callable, Optional

from ._linux import MSG_PEEK, MSG_TRUNC
from ._received import Received
from ._status import is_kernel_error


class Unread:
    """A queue of messages and of accepted connections. Duplicates of a descriptor share it, as they share the kernel's."""

    __slots__ = ("_error", "_messages", "connections", "listeners")

    def __init__(self) -> None:
        self._messages: deque[Received] = deque()
        # To be raised once, after the messages: the kernel's error, or why data may be missing.
        self._error: Optional[Exception] = None
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

    @property
    def length(self) -> int:
        """The total length of the messages when they were received."""
        return sum(each.length for each in self._messages)

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

    def changed(self) -> None:
        """Notifies the listeners. They may be called on any thread."""
        for listener in list(self.listeners.values()):
            listener()

    def take(self, size: int, flags: int, stream: bool) -> Optional[Received]:
        """Returns the first message, as recvmsg(2) would; None if there is none. Raises the error after the messages,
        once.
        """
        try:
            first = self._messages.popleft()
        except IndexError:
            error, self._error = self._error, None
            if error is not None:
                raise error from None
            return None
        rest = first.data[size:]
        taken = first
        if rest:
            more = 0 if stream else MSG_TRUNC
            length = size if stream or not flags & MSG_TRUNC else first.length
            taken = first._replace(data=first.data[:size], length=length, flags=first.flags | more)
        if flags & MSG_PEEK:
            self._messages.appendleft(first)
        elif rest and stream:
            self._messages.appendleft(first._replace(data=rest, length=len(rest), ancillary=[]))
        return taken

    def take_messages(self) -> list[Received]:
        """Removes and returns all messages."""
        taken = []
        while self._messages:
            taken.append(self._messages.popleft())
        return taken
