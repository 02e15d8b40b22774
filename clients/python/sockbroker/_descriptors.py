"""The numbers that this process shows as file descriptors, and what they stand for.

They lie in 2^30 … 2^31-1. A smaller one would make os.close or os.sendfile act on the process's own files, a larger one
does not fit an SCM_RIGHTS array. They are not the daemon's handles, although they look alike: handles of two sessions
have the same numbers, those of a daemon that was started anew begin from the front, and after a fork the child's handles
are others than its parent's while its numbers must stay.
"""

from __future__ import annotations

import errno
import itertools
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple, Optional

from ._status import kernel_error

if TYPE_CHECKING:
    from ._session import Session

FIRST_NUMBER = 1 << 30
_MSG_PEEK = 0x2
_MSG_TRUNC = 0x20


class Received(NamedTuple):
    """What a receive answered: data, its real length in bytes, control messages, flags, and the sender's address."""

    data: bytes
    length: int
    ancillary: list[tuple[int, int, bytes]]
    flags: int
    address: Any


class Descriptor:
    """A brokered socket, as this process knows it."""

    __slots__ = ("connections", "handle", "number", "received", "session", "stream")

    def __init__(self, number: int, session: Session, handle: int) -> None:
        self.number = number
        self.session = session
        self.handle = handle
        # What an interrupted call had received or accepted; it comes before what the kernel has.
        self.received: deque[Received] = deque()
        self.connections: deque[tuple[int, Any]] = deque()
        self.stream = True

    @property
    def has_stash(self) -> bool:
        return bool(self.received or self.connections)

    def take(self, size: int, flags: int) -> Optional[Received]:
        """Takes what an interrupted call left, as recvmsg(2) would; None if there is nothing."""
        try:
            first = self.received.popleft()
        except IndexError:
            return None
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


_numbers = itertools.count(FIRST_NUMBER)
_table: dict[int, Descriptor] = {}


def is_brokered(number: object) -> bool:
    """Whether a descriptor's number is one of a brokered socket, open or not."""
    return isinstance(number, int) and number >= FIRST_NUMBER


def adopt(session: Session, handle: int) -> Descriptor:
    """Gives a handle a number."""
    descriptor = Descriptor(next(_numbers), session, handle)
    _table[descriptor.number] = descriptor
    return descriptor


def lookup(number: int) -> Descriptor:
    """Finds an open descriptor. Raises EBADF."""
    try:
        return _table[number]
    except KeyError:
        raise kernel_error(errno.EBADF) from None


def find(number: int) -> Optional[Descriptor]:
    """Finds an open descriptor, or None."""
    return _table.get(number)


def forget(number: int) -> Optional[Descriptor]:
    """Takes a number out of use. It is never given again."""
    return _table.pop(number, None)


def of_session(session: Session) -> list[Descriptor]:
    """Lists the open descriptors of a session."""
    return [descriptor for descriptor in list(_table.values()) if descriptor.session is session]
