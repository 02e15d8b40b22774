"""What a receive answers."""

from __future__ import annotations

from typing import Any, NamedTuple

MSG_PEEK = 0x2
MSG_TRUNC = 0x20


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
