"""Results of receives."""

from __future__ import annotations

from typing import Any, NamedTuple


def as_long_as(data: bytes, length: int) -> bytes:
    """The result of recv and recvfrom: with MSG_TRUNC among the flags the length may exceed the data, and the result is
    as long as the message was, padded with zeros.
    """
    return bytes(data).ljust(length, b"\0")


class Received(NamedTuple):
    """The result of a receive: data, its real length in bytes, control messages, flags, and the sender's address."""

    data: bytes
    length: int
    ancillary: list[tuple[int, int, bytes]]
    flags: int
    address: Any

    def joined(self, more: Received) -> Received:
        """A piece of a stream, joined with the next."""
        return more._replace(
            data=self.data + more.data, length=self.length + more.length, ancillary=self.ancillary + more.ancillary
        )
