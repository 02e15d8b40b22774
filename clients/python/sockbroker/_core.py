"""The operations of a session, without input and output: no gRPC, threads or event loop.

Drivers add these: `_session` and `_stream` for threads, `aio._session` and `aio._operations` for an event loop. A
driver has a queue of items to send, to which the core adds. It sends the messages that `gather` makes from the queue,
passes each received message to `settle`, and tells `lose` why the stream has ended. The core assigns op ids, encodes,
knows which operations were sent, and settles each operation once, with its response or an exception. `Life` and
`goes_again` decide what happens to a session and its operations when the connection breaks.

Threads, signal handlers and finalizers may call it during each other's calls: there is no lock, and every change is a
single call of a dict's method, which cannot be interrupted. Only `gather` must have one caller at a time.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, Callable, Generic, Optional, TypeVar, Union

from ._gen.v1 import session_service_pb2
from ._repeatable import is_repeatable
from ._status import broker_error, error_from_status
from ._wire import varint
from .errors import ConnectionLost

# A message is sent when it reaches this size, in bytes. A large operation is sent alone, because the daemon limits the
# whole message.
MESSAGE_BYTES = 64 * 1024
_OPERATION_TAG = b"\x0a"
_CANCEL_TAG = b"\x10"
# Posted operations that may be performed twice, and must be performed once.
_POSTED_AGAIN = frozenset(("close", "setblocking"))

# First and longest pause between attempts to reconnect.
_RETRY_SECONDS, _LONGEST_RETRY_SECONDS = 0.01, 0.25
# Errors after which the daemon does not know the session any more: the daemon was restarted, or the lease expired.
_GONE = frozenset(("SESSION_NOT_FOUND", "LEASE_EXPIRED"))

# An item of a driver's queue: the op id of an operation, or an encoded cancellation. END is for the driver, and nothing
# is sent after it.
Item = Union[int, bytes]
END: Item = 0


class Pending:
    """An operation, from before it starts until it has ended. Drivers add how its caller waits."""

    __slots__ = ("op_id", "verb")

    def __init__(self, verb: str) -> None:
        self.verb = verb
        # 0: not started.
        self.op_id = 0

    def settle(self, result: Any, error: Optional[Exception]) -> None:
        """Called once, when it has ended."""
        raise NotImplementedError


_Pending = TypeVar("_Pending", bound=Pending)


class Operations(Generic[_Pending]):
    """The operations of a stream that have not ended."""

    def __init__(self, put: Callable[[Item], None], take: Callable[[], Item], empty: type[Exception]) -> None:
        """`put` adds an item to the driver's queue, at any time, also in finalizers; `take` removes the first one, or
        raises `empty`.
        """
        self.end: Optional[Exception] = None
        self._put = put
        self._take = take
        self._empty = empty
        self._op_ids = itertools.count(1)
        # Encoded, until `gather` or `withdraw` removes it: whichever does decides whether it is sent.
        self._unsent: dict[int, bytes] = {}
        self._pending: dict[int, _Pending] = {}
        # Posted operations that may be repeated, until they are answered.
        self._posted: dict[int, tuple[str, Any]] = {}

    @property
    def ended(self) -> bool:
        return self.end is not None

    def begin(self, pending: _Pending, request: Any) -> None:
        """Starts an operation after all that were started before. Raises ConnectionLost if the stream has ended.

        An exception from a signal handler may end this at any point. Then `withdraw` undoes what was done.
        """
        if self.end is not None:
            raise same_again(self.end, may_have_happened=False)
        op_id = next(self._op_ids)
        self._unsent[op_id] = _encoded(op_id, pending.verb, request)
        pending.op_id = op_id
        self._pending[op_id] = pending
        self._put(op_id)
        # The stream may have ended meanwhile. Then `lose` has settled the operation, or never saw it.
        if self.end is not None and self._pending.pop(op_id, None) is not None:
            raise same_again(self.end, may_have_happened=False)

    def post(self, verb: str, request: Any) -> bool:
        """Starts an operation whose result nobody awaits. Returns False if the stream has ended, and then does nothing."""
        if self.end is not None:
            return False
        op_id = next(self._op_ids)
        self._unsent[op_id] = _encoded(op_id, verb, request)
        if verb in _POSTED_AGAIN:
            self._posted[op_id] = (verb, request)
        self._put(op_id)
        return self.end is None or (verb in _POSTED_AGAIN and self._posted.pop(op_id, None) is None)

    def withdraw(self, pending: _Pending) -> bool:
        """Takes back an operation that was not sent: it has no effect, and is never settled. Returns False if it was
        sent.
        """
        if pending.op_id == 0:
            return True
        if self._unsent.pop(pending.op_id, None) is None:
            return False
        self._pending.pop(pending.op_id, None)
        return True

    def forget(self, pending: _Pending) -> None:
        """Gives up on an operation without settling it, whether or not it is performed."""
        self._pending.pop(pending.op_id, None)

    def cancel(self, pending: _Pending) -> None:
        """Requests an operation's cancellation; the answer is its result."""
        self._put(_CANCEL_TAG + varint(pending.op_id))

    def gather(self, item: Item) -> tuple[bytes, Optional[Item]]:
        """Makes a message from an item of the driver's queue and the items after it. Returns it, and what the next
        message has to start with: an item, END, or None for whatever is in the queue then.

        The message is empty if all operations were withdrawn.
        """
        pieces: list[bytes] = []
        size = 0
        while item:
            piece = self._unsent.pop(item, None) if isinstance(item, int) else item
            if piece is not None:
                if pieces and len(piece) > MESSAGE_BYTES:
                    return b"".join(pieces), piece
                pieces.append(piece)
                size += len(piece)
                if size >= MESSAGE_BYTES:
                    return b"".join(pieces), None
            try:
                item = self._take()
            except self._empty:
                return b"".join(pieces), None
        return b"".join(pieces), END

    def settle(self, response: session_service_pb2.SessionResponse) -> None:
        """Settles the operations whose results are in a message of the daemon."""
        for result in response.results:
            pending = self._pending.pop(result.op_id, None)
            if pending is None:
                self._posted.pop(result.op_id, None)
            else:
                pending.settle(*_outcome(result, pending.verb))

    def lose(self, error: Exception) -> None:
        """Settles everything, because the stream has ended. Operations that were not sent have not happened, and never
        will.
        """
        if self.end is not None:
            return
        self.end = error
        unsent, self._unsent = self._unsent, {}
        while self._pending:
            for op_id in list(self._pending):
                pending = self._pending.pop(op_id, None)
                if pending is not None:
                    # One exception raised by several callers would collect all their tracebacks.
                    sent = op_id not in unsent and op_id not in self._unsent
                    pending.settle(None, same_again(error, may_have_happened=sent))

    def take_unanswered(self) -> list[tuple[str, Any]]:
        """Removes and returns posted operations that may be repeated and are not known to have been performed."""
        return [posted for op_id in sorted(self._posted) if (posted := self._posted.pop(op_id, None)) is not None]


def _encoded(op_id: int, verb: str, request: Any) -> bytes:
    """Encodes an operation in a SessionRequest. The concatenation of such messages is the encoding of one with all
    operations.
    """
    operation = session_service_pb2.Operation(op_id=op_id, **{verb: request}).SerializeToString()
    return b"".join((_OPERATION_TAG, varint(len(operation)), operation))


def _outcome(result: session_service_pb2.OperationResult, verb: str) -> tuple[Any, Optional[Exception]]:
    """Returns an operation's response, or its error."""
    outcome = result.WhichOneof("outcome")
    if outcome == "error":
        return None, error_from_status(result.error)
    if outcome == verb:
        return getattr(result, outcome), None
    return None, broker_error("NOT_A_BROKER", f"{verb} was answered with {outcome}")


def same_again(loss: Exception, may_have_happened: bool = True) -> Exception:
    """Creates a new exception from the one that ended a stream, for an operation that was in progress on it."""
    error = broker_error(getattr(loss, "code", "CONNECTION_LOST"), str(getattr(loss, "strerror", loss)))
    if isinstance(error, ConnectionLost):
        error.may_have_happened = may_have_happened
    return error


class Life:
    """Whether a session can still be used, over this connection or the next one."""

    def __init__(self) -> None:
        self.closed = False
        self.loss: Optional[Exception] = None

    @property
    def over(self) -> bool:
        """Whether the session is permanently gone, and its sockets with it."""
        return self.closed or self.loss is not None

    def require(self, closed: bool = False) -> None:
        """Raises BrokerError if there can be no connection any more; `closed` means that it is being closed."""
        if self.closed or closed:
            raise broker_error("BROKER_CLOSED", "the broker was closed")
        if self.loss is not None:
            raise broker_error("CONNECTION_LOST", str(self.loss.args[-1]))

    def not_connected(self, error: Exception) -> bool:
        """Handles the error of an attempt to reconnect. Returns whether the session is permanently gone."""
        if isinstance(error, ConnectionLost):  # Nothing but the question who is there.
            error.may_have_happened = False
        if getattr(error, "code", "") not in _GONE:
            return False
        self.loss = error
        return True


def goes_again(verb: str, error: ConnectionLost, ended: bool) -> bool:
    """Whether an operation with this error should be sent over the next connection after its stream has ended: if it
    was not sent, or may be repeated.
    """
    return ended and (not error.may_have_happened or is_repeatable(verb))


def retry_pauses() -> Iterator[float]:
    """Pauses before further attempts to reconnect, in seconds."""
    pause = _RETRY_SECONDS
    while True:
        yield pause
        pause = min(2 * pause, _LONGEST_RETRY_SECONDS)
