"""A brokered socket as an event loop knows it, and what was received of it and not handed out."""

from __future__ import annotations

from typing import Optional

from .._received import Received
from .._unread import Unread


class Descriptor:
    """The daemon's handle, the number that stands for it here, and what is unread: its connections are accepted handles, with
    the daemon's words on them."""

    __slots__ = ("handle", "number", "stream", "unread")

    def __init__(self, number: int, handle: int) -> None:
        self.number = number
        self.handle = handle
        self.stream = True
        self.unread = Unread()

    def take(self, size: int, flags: int) -> Optional[Received]:
        """Takes what is unread, as recvmsg(2) would; None if there is nothing."""
        return self.unread.take(size, flags, self.stream)
