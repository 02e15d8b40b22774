"""A brokered socket of an event loop, and its unread data."""

from __future__ import annotations

from typing import Optional

from .._received import Received
from .._unread import Unread


class Descriptor:
    """The daemon's handle, its number here, and its unread data. Unread connections are handles with the daemon's
    description.
    """

    __slots__ = ("handle", "number", "stream", "unread")

    def __init__(self, number: int, handle: int) -> None:
        self.number = number
        self.handle = handle
        self.stream = True
        self.unread = Unread()

    def take(self, size: int, flags: int) -> Optional[Received]:
        """Returns unread data, as recvmsg(2) would; None if there is none."""
        return self.unread.take(size, flags, self.stream)
