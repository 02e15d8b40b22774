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
from typing import TYPE_CHECKING, Any, Optional

from ._received import Received, kept_bytes, take_first
from ._status import is_kernel_error, kernel_error

if TYPE_CHECKING:
    from ._flow import ReceiveFlow, SendFlow
    from ._session import Session

FIRST_NUMBER = 1 << 30
_MSG_PEEK = 0x2


class Descriptor:
    """A brokered socket, as this process knows it."""

    __slots__ = (
        "brimful",
        "connections",
        "gap",
        "handle",
        "inheritable",
        "names",
        "number",
        "received",
        "receiving",
        "sending",
        "session",
        "shared",
        "stream",
    )

    def __init__(self, number: int, session: Session, handle: int) -> None:
        self.number = number
        self.session = session
        self.handle = handle
        # What an interrupted call had received or accepted; it comes before what the kernel has.
        self.received: deque[Received] = deque()
        self.connections: deque[tuple[int, Any]] = deque()
        # What is to be raised once, behind what was received: the kernel's error, or why something may be missing.
        self.gap: Optional[Exception] = None
        self.stream = True
        # What it was last said to be called, by verb: for finalizers, which cannot ask.
        self.names: dict[str, Any] = {}
        # Whether programs that are started inherit it, as far as this process has said so.
        self.inheritable = False
        # Whether another descriptor, here or elsewhere, may stand for the same socket.
        self.shared = False
        # What flows ahead of its callers (_flow.py), and how many receives in a row were filled to the brim.
        self.receiving: Optional[ReceiveFlow] = None
        self.sending: Optional[SendFlow] = None
        self.brimful = 0

    @property
    def has_stash(self) -> bool:
        return bool(self.has_received or self.connections)

    @property
    def has_received(self) -> bool:
        """Whether something was received that nobody took."""
        return bool(self.received) or self.number in ahead or self.gap is not None

    @property
    def kept_bytes(self) -> int:
        """How many bytes the next receive has of what was received before."""
        return len(ahead.get(self.number, b"")) + kept_bytes(self.received, self.stream)

    def at_rest(self) -> Descriptor:
        """Ends what flows: from here on everything received is the socket's, or kept here."""
        self.brimful = 0
        flow = self.receiving
        if flow is not None:
            # Until it has ended, other threads go on to receive from it.
            try:
                flow.end()
            finally:
                flow.hand_over(self)
        if self.sending is not None:
            self.sending.close_when_idle()
        return self

    def take_error(self) -> Optional[OSError]:
        """Takes the kernel's error that is to be raised behind what was received, if there is one: it is told but once."""
        error: Optional[Exception] = None
        if is_kernel_error(self.gap):
            error, self.gap = self.gap, None
        elif self.receiving is not None:
            error = self.receiving.take_error()
        return error if isinstance(error, OSError) else None

    @property
    def unread(self) -> bool:
        """Whether data was received that nobody took, and nobody else can take."""
        flow = self.receiving
        return self.stream and not self.shared and (self.kept_bytes > 0 or (flow is not None and flow.unread))

    def now_shared(self) -> Descriptor:
        """Notes that another descriptor is to stand for the same socket: nothing may flow ahead from here on."""
        self.shared = True
        return self.at_rest()

    def abandon(self, reason: Optional[Exception] = None) -> None:
        """Ends what flows because the socket is closed. Whoever waits gets the reason. It may be called from a finalizer."""
        for flow in (self.receiving, self.sending):
            if flow is not None:
                flow.close(reason)

    def abandon_and_wait(self, reason: Exception) -> None:
        """As `abandon`, and waits until nothing flows: gRPC resets a stream that the daemon ends first."""
        self.abandon(reason)
        for flow in (self.receiving, self.sending):
            if flow is not None:
                flow.wait()

    def become(self, other: Descriptor) -> None:
        """Takes another's place, whose number is forgotten, and answers nothing of its own any more."""
        self.at_rest()
        ahead.pop(self.number, None)
        forget(other.number)
        self.session, self.handle, self.stream = other.session, other.handle, other.stream
        self.received, self.connections = other.received, other.connections
        self.names.clear()
        self.shared = True

    def take(self, size: int, flags: int) -> Optional[Received]:
        """Takes what was received before, as recvmsg(2) would; None if there is nothing. Raises, once, the kernel's
        error that was behind it, or ConnectionLost where something may be missing."""
        data = ahead.pop(self.number, b"")
        if data:
            rest = data if flags & _MSG_PEEK else data[size:]
            if rest:
                ahead[self.number] = rest
            return Received(data[:size], min(size, len(data)), [], 0, None)
        if not self.received and self.gap is not None:
            gap, self.gap = self.gap, None
            raise gap
        return take_first(self.received, size, flags, self.stream)


_numbers = itertools.count(FIRST_NUMBER)
_table: dict[int, Descriptor] = {}
# What was received of a stream before anyone asked for it, by number: TLS receives more than the record that it is at. It
# comes before all else. A forked child has it as well, for of the two only one can go on with a TLS connection.
ahead: dict[int, bytes] = {}


def is_brokered(number: object) -> bool:
    """Whether a descriptor's number is one of a brokered socket, open or not."""
    return isinstance(number, int) and FIRST_NUMBER <= number < 2**31


def adopt(session: Session, handle: int, number: Optional[int] = None) -> Descriptor:
    """Gives a handle a number; one of its own, or the one that it had in the process that it was inherited from."""
    global _numbers
    if number is None:
        number = next(_numbers)
    else:
        _numbers = itertools.count(max(next(_numbers), number + 1))
    descriptor = Descriptor(number, session, handle)
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


def twin(descriptor: Descriptor) -> Optional[Descriptor]:
    """Finds another open descriptor of this process for the same socket, or None."""
    if not descriptor.shared:
        return None
    # Duplicates share what was received.
    return next((each for each in list(_table.values()) if each.received is descriptor.received), None)


def forget(number: int) -> Optional[Descriptor]:
    """Takes a number out of use. It is never given again."""
    ahead.pop(number, None)
    return _table.pop(number, None)


def all_open() -> list[Descriptor]:
    """Lists the open descriptors."""
    return list(_table.values())


def of_session(session: Session) -> list[Descriptor]:
    """Lists the open descriptors of a session."""
    return [descriptor for descriptor in all_open() if descriptor.session is session]
