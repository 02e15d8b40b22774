"""A brokered socket as an event loop knows it, and what was received of it and not handed out."""

from __future__ import annotations

from collections import deque
from typing import Any, NamedTuple, Optional

_MSG_PEEK = 0x2
_MSG_TRUNC = 0x20


class Received(NamedTuple):
    """What a receive answered: data, its real length in bytes, control messages, flags, and the sender's address."""

    data: bytes
    length: int
    ancillary: list[tuple[int, int, bytes]]
    flags: int
    address: Any

    def joined(self, more: Received) -> Received:
        """A piece of a stream with what came behind it."""
        return more._replace(
            data=self.data + more.data, length=self.length + more.length, ancillary=self.ancillary + more.ancillary
        )


class Descriptor:
    """The daemon's handle, the number that stands for it here, and what comes before all that the kernel has."""

    __slots__ = ("connections", "handle", "number", "received", "stream")

    def __init__(self, number: int, handle: int) -> None:
        self.number = number
        self.handle = handle
        self.stream = True
        self.received: deque[Received] = deque()
        # Handles of accepted sockets, and the daemon's words on them.
        self.connections: deque[tuple[int, Any]] = deque()

    def take(self, size: int, flags: int) -> Optional[Received]:
        """Takes what was received before, as recvmsg(2) would; None if there is nothing."""
        if not self.received:
            return None
        first = self.received.popleft()
        rest = first.data[size:]
        taken = first
        if rest:
            more = 0 if self.stream else _MSG_TRUNC
            length = size if self.stream or not flags & _MSG_TRUNC else first.length
            taken = first._replace(data=first.data[:size], length=length, flags=first.flags | more)
        if flags & _MSG_PEEK:
            self.received.appendleft(first)
        elif rest and self.stream:
            self.received.appendleft(first._replace(data=rest, length=len(rest), ancillary=[]))
        return taken
