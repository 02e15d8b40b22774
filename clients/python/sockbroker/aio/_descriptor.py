"""A brokered socket of an event loop, and its unread data."""

from __future__ import annotations

import asyncio
from typing import Any, Optional

from .._received import Received
from .._unread import Unread


class Descriptor:
    """The daemon's handle, its number here, and its unread data. Unread connections are handles with the daemon's
    description.
    """

    __slots__ = ("handle", "number", "pushing", "stream", "unread")

    def __init__(self, number: int, handle: int) -> None:
        self.number = number
        self.handle = handle
        self.stream = True
        self.unread = Unread()
        # The last request that pushes unread data back.
        self.pushing: Optional[asyncio.Future[Any]] = None

    async def handed_over(self) -> None:
        """Waits while unread data is being pushed back: what was received in the meantime would be later data."""
        while self.pushing is not None and not self.pushing.done():
            await asyncio.wait([self.pushing])

    def take(self, size: int, flags: int) -> Optional[Received]:
        """Returns unread data, as recvmsg(2) would; None if there is none."""
        return self.unread.take(size, flags, self.stream)
