"""A brokered socket as an event loop knows it, and what was received of it and not handed out."""

from __future__ import annotations

from collections import deque
from typing import Any, Optional

from .._received import Received, take_first


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
        return take_first(self.received, size, flags, self.stream)
