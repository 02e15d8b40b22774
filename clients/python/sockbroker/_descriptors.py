"""The brokered sockets of this process, by number."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any, Optional, Protocol

from . import _numbers, _requests
from ._received import Received
from ._status import kernel_error
from ._stream import Kept
from ._unread import Unread

if TYPE_CHECKING:
    from ._session import Session


class BulkStream(Protocol):
    """A stream that carries a socket's received or sent data (`_bulk`)."""

    def close(self, reason: Optional[Exception] = None) -> None: ...

    def wait(self) -> None: ...


class Receiving(BulkStream, Protocol):
    """A stream that reads ahead."""

    @property
    def unread(self) -> bool: ...

    def take(self, size: int, seconds: Optional[float]) -> Optional[memoryview]: ...

    def take_error(self) -> Optional[OSError]: ...

    def end(self) -> None: ...

    def hand_over(self, descriptor: Descriptor) -> None: ...


class Sending(BulkStream, Protocol):
    """A stream that sends more than one operation can."""

    def send_all(self, data: memoryview, seconds: Optional[float]) -> bool: ...

    def close_when_idle(self) -> None: ...


class Descriptor:
    """This process's state of a brokered socket."""

    __slots__ = (
        "full_receives",
        "handle",
        "inheritable",
        "names",
        "number",
        "receiving",
        "sending",
        "session",
        "shared",
        "stream",
        "unread",
    )

    def __init__(self, number: int, session: Session, handle: int) -> None:
        self.number = number
        self.session = session
        self.handle = handle
        self.unread = Unread()
        self.stream = True
        # The last known addresses, by verb: for finalizers, which cannot ask the daemon.
        self.names: dict[str, Any] = {}
        # Whether child programs inherit it, as set by this process.
        self.inheritable = False
        # Whether another descriptor, here or elsewhere, may refer to the same socket.
        self.shared = False
        # The streams that carry its data (_bulk.py), and how many consecutive receives returned about as much as
        # requested.
        self.receiving: Optional[Receiving] = None
        self.sending: Optional[Sending] = None
        self.full_receives = 0

    def drained(self) -> Descriptor:
        """Ends its read-ahead: after this, all received data is in the kernel or in `unread`."""
        self.full_receives = 0
        bulk = self.receiving
        if bulk is not None:
            # Until it has ended, other threads may continue to receive from it.
            try:
                bulk.end()
            finally:
                bulk.hand_over(self)
        if self.sending is not None:
            self.sending.close_when_idle()
        return self

    def take_error(self) -> Optional[OSError]:
        """Removes and returns the kernel's error that is to be raised after the received data, if any. The kernel
        reports it only once.
        """
        error = self.unread.take_error()
        if error is None and self.receiving is not None:
            error = self.receiving.take_error()
        return error

    @property
    def has_data_for_nobody(self) -> bool:
        """Whether there is unread data that is lost when this descriptor is closed."""
        if not self.stream or self.shared:
            return False
        bulk = self.receiving
        return self.unread.next_bytes(self.stream) > 0 or (bulk is not None and bulk.unread)

    def now_shared(self) -> Descriptor:
        """Records that another descriptor will refer to the same socket: nothing may be read ahead from now on. A stream's
        unread data is pushed back to the daemon, because the other descriptor would not find it here.
        """
        self.shared = True
        self.drained()
        # A request has no fields for the address and the control messages of a datagram.
        if self.stream and (self.unread.has_messages or self.unread.was_handed_over()):
            with self.unread.handing_over():
                self._push_back()
        return self

    def _push_back(self) -> None:
        self.unread.require_complete()
        error = self.unread.take_error()
        # The end first: each piece comes before those that were pushed back before it.
        while True:
            data = self.unread.take_end(_requests.PIECE_BYTES)
            if data is None and error is None:
                return
            number = 0 if error is None or error.errno is None else error.errno
            kept = Kept()
            try:
                self.session.call("push_back", _requests.push_back(data or b"", number, self.handle), kept)
            except BaseException as reason:
                if kept.response is None:
                    self.unread.keep_end(data, error, reason)
                raise
            error = None

    def abandon(self, reason: Optional[Exception] = None) -> None:
        """Ends its streams because the socket is closed. Waiting callers get the reason. May be called from a
        finalizer.
        """
        for bulk in self._bulk_streams():
            bulk.close(reason)

    def abandon_and_wait(self, reason: Exception) -> None:
        """Like `abandon`, and waits until the streams have ended: gRPC resets a stream that the daemon ends first."""
        self.abandon(reason)
        for bulk in self._bulk_streams():
            bulk.wait()

    def _bulk_streams(self) -> list[BulkStream]:
        streams: tuple[Optional[BulkStream], Optional[BulkStream]] = (self.receiving, self.sending)
        return [bulk for bulk in streams if bulk is not None]

    def become(self, other: Descriptor) -> None:
        """Replaces another descriptor, whose number is removed, and discards its own unread data."""
        self.drained()
        forget(other.number)
        self.session, self.handle, self.stream = other.session, other.handle, other.stream
        self.unread = other.unread
        self.names.clear()
        self.shared = True

    def take(self, size: int, flags: int) -> Optional[Received]:
        """Returns unread data, as recvmsg(2) would; None if there is none. Raises the error after it, once."""
        return self.unread.take(size, flags, self.stream)


_table: dict[int, Descriptor] = _numbers.table


def adopt(session: Session, handle: int, number: Optional[int] = None) -> Descriptor:
    """Assigns a number to a handle: a new one, or the one it had in the process that it was inherited from."""
    if number is None:
        number = _numbers.give()
    else:
        _numbers.give_no_more(number)
    descriptor = Descriptor(number, session, handle)
    _table[descriptor.number] = descriptor
    return descriptor


def lookup(number: int) -> Descriptor:
    """Finds an open descriptor, and ends its read-ahead, so that the next operation finds all data in its place. Raises
    EBADF.
    """
    try:
        return _table[number].drained()
    except KeyError:
        raise kernel_error(errno.EBADF) from None


def find(number: int) -> Optional[Descriptor]:
    """Finds an open descriptor, or None. Its read-ahead continues."""
    return _table.get(number)


def twin(descriptor: Descriptor) -> Optional[Descriptor]:
    """Finds another open descriptor of this process for the same socket, or None."""
    if not descriptor.shared:
        return None
    return next((each for each in list(_table.values()) if each.unread is descriptor.unread), None)


def forget(number: int) -> Optional[Descriptor]:
    """Removes a number. It is not reused."""
    return _table.pop(number, None)


def all_open() -> list[Descriptor]:
    """Lists the open descriptors."""
    return list(_table.values())
