"""What was received of a socket before anyone asked for it: it comes before all that the kernel has."""

from __future__ import annotations

from collections import deque
from typing import Any, NamedTuple, Optional

_MSG_PEEK = 0x2
_MSG_TRUNC = 0x20


def as_long_as(data: bytes, length: int) -> bytes:
    """What recv and recvfrom answer: with MSG_TRUNC among the flags the length may be more than the data, and they are as
    long as the message was; what they did not receive is zeros."""
    return bytes(data).ljust(length, b"\0")


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


def kept_bytes(kept: deque[Received], stream: bool) -> int:
    """How many bytes of these the next receive has: of a stream all, otherwise those of the first message."""
    return sum(len(each.data) for each in (kept if stream else list(kept)[:1]))


def take_first(kept: deque[Received], size: int, flags: int, stream: bool) -> Optional[Received]:
    """Takes what was received first, as recvmsg(2) would; None if there is nothing."""
    try:
        first = kept.popleft()
    except IndexError:
        return None
    rest = first.data[size:]
    taken = first
    if rest:
        more = 0 if stream else _MSG_TRUNC
        length = size if stream or not flags & _MSG_TRUNC else first.length
        taken = first._replace(data=first.data[:size], length=length, flags=first.flags | more)
    if flags & _MSG_PEEK:
        kept.appendleft(first)
    elif rest and stream:
        kept.appendleft(first._replace(data=rest, length=len(rest), ancillary=[]))
    return taken
