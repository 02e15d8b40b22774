"""The operations of a session, without input and output: no gRPC, no threads, no event loop.

A driver brings these: `_session` and `_stream` for threads, `aio._session` and `aio._operations` for an event loop. It has a queue
of what is to be sent, to which the core adds. It sends the messages that `gather` makes of what lies there, gives `settle` every
message that arrives, and tells `lose` why the stream has ended. The core gives out op ids, encodes, knows what was sent and what
was not, and settles each operation once, with the response or with an exception. `Life` and `goes_again` say what becomes of a
session and its operations when the connection breaks.

Threads, signal handlers and finalizers may call it in the midst of each other's calls: it has no lock, and every change is one
call of a dict's method, which nothing interrupts. `gather` alone is for one caller at a time.
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

# When a message is large enough to go, in bytes. A large operation goes by itself: the daemon has a limit for the whole.
MESSAGE_BYTES = 64 * 1024
_OPERATION_TAG = b"\x0a"
_CANCEL_TAG = b"\x10"
# What may be performed twice, and must be performed once.
_POSTED_AGAIN = frozenset(("close", "setblocking"))

# How long to wait before trying once more to make a connection, at first and at the most.
_RETRY_SECONDS, _LONGEST_RETRY_SECONDS = 0.01, 0.25
# After these the daemon does not know the session any more: it was started anew, or the lease is over.
_GONE = frozenset(("SESSION_NOT_FOUND", "LEASE_EXPIRED"))

# What lies in a driver's queue: the op id of an operation, or an encoded cancellation. END is of the driver, for whom nothing
# comes behind it.
Item = Union[int, bytes]
END: Item = 0


class Pending:
    """An operation, from before it begins until it has ended. A driver's own says how its caller waits."""

    __slots__ = ("op_id", "verb")

    def __init__(self, verb: str) -> None:
        self.verb = verb
        # 0: it has not begun.
        self.op_id = 0

    def settle(self, result: Any, error: Optional[Exception]) -> None:
        """Is called once, when it has ended."""
        raise NotImplementedError


_Pending = TypeVar("_Pending", bound=Pending)


class Operations(Generic[_Pending]):
    """The operations of a stream that have not ended."""

    def __init__(self, put: Callable[[Item], None], take: Callable[[], Item], empty: type[Exception]) -> None:
        """`put` adds an item to the driver's queue, at any time, in finalizers too; `take` takes the first one, or raises
        `empty`."""
        self.end: Optional[Exception] = None
        self._put = put
        self._take = take
        self._empty = empty
        self._op_ids = itertools.count(1)
        # Encoded, until `gather` or `withdraw` takes it: whoever does decides whether it is sent.
        self._unsent: dict[int, bytes] = {}
        self._pending: dict[int, _Pending] = {}
        # What was posted and may be posted once more, until it is answered.
        self._posted: dict[int, tuple[str, Any]] = {}

    @property
    def ended(self) -> bool:
        return self.end is not None

    def begin(self, pending: _Pending, request: Any) -> None:
        """Begins an operation behind all that were begun before. Raises ConnectionLost when the stream has ended.

        An exception of a signal handler may end this at any point. Then `withdraw` undoes what there is of it.
        """
        if self.end is not None:
            raise same_again(self.end, may_have_happened=False)
        op_id = next(self._op_ids)
        self._unsent[op_id] = _encoded(op_id, pending.verb, request)
        pending.op_id = op_id
        self._pending[op_id] = pending
        self._put(op_id)
        # It may have ended meanwhile. `lose` has settled it, or never saw it.
        if self.end is not None and self._pending.pop(op_id, None) is not None:
            raise same_again(self.end, may_have_happened=False)

    def post(self, verb: str, request: Any) -> bool:
        """Begins an operation whose end nobody awaits. False if the stream has ended, and will not be asked for it again."""
        if self.end is not None:
            return False
        op_id = next(self._op_ids)
        self._unsent[op_id] = _encoded(op_id, verb, request)
        if verb in _POSTED_AGAIN:
            self._posted[op_id] = (verb, request)
        self._put(op_id)
        return self.end is None or (verb in _POSTED_AGAIN and self._posted.pop(op_id, None) is None)

    def withdraw(self, pending: _Pending) -> bool:
        """Takes an operation back that was not sent: nothing was done, and it is never settled. False if it was sent."""
        if pending.op_id == 0:
            return True
        if self._unsent.pop(pending.op_id, None) is None:
            return False
        self._pending.pop(pending.op_id, None)
        return True

    def forget(self, pending: _Pending) -> None:
        """Lets an operation be performed, or not, without settling it."""
        self._pending.pop(pending.op_id, None)

    def cancel(self, pending: _Pending) -> None:
        """Asks for an operation's end, which comes as its result does."""
        self._put(_CANCEL_TAG + varint(pending.op_id))

    def gather(self, item: Item) -> tuple[bytes, Optional[Item]]:
        """Makes a message of an item of the driver's queue and of what lies there. Answers it, and what the next message has to
        begin with: an item, END, or None for what the queue has by then.

        The message is empty when all was withdrawn.
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
        """Settles what a message of the daemon tells the end of."""
        for result in response.results:
            pending = self._pending.pop(result.op_id, None)
            if pending is None:
                self._posted.pop(result.op_id, None)
            else:
                pending.settle(*_outcome(result, pending.verb))

    def lose(self, error: Exception) -> None:
        """Settles everything: the stream has ended. What was not sent has not happened, and never will."""
        if self.end is not None:
            return
        self.end = error
        unsent, self._unsent = self._unsent, {}
        while self._pending:
            for op_id in list(self._pending):
                pending = self._pending.pop(op_id, None)
                if pending is not None:
                    # One that several callers raise would gather all their tracebacks.
                    sent = op_id not in unsent and op_id not in self._unsent
                    pending.settle(None, same_again(error, may_have_happened=sent))

    def take_unanswered(self) -> list[tuple[str, Any]]:
        """Takes what was posted, may be posted once more, and is not known to have been performed."""
        return [posted for op_id in sorted(self._posted) if (posted := self._posted.pop(op_id, None)) is not None]


def _encoded(op_id: int, verb: str, request: Any) -> bytes:
    """An operation in a SessionRequest. One behind the other, these are the encoding of one that has all their operations."""
    operation = session_service_pb2.Operation(op_id=op_id, **{verb: request}).SerializeToString()
    return b"".join((_OPERATION_TAG, varint(len(operation)), operation))


def _outcome(result: session_service_pb2.OperationResult, verb: str) -> tuple[Any, Optional[Exception]]:
    """Answers an operation's response, or its error."""
    outcome = result.WhichOneof("outcome")
    if outcome == "error":
        return None, error_from_status(result.error)
    if outcome == verb:
        return getattr(result, outcome), None
    return None, broker_error("NOT_A_BROKER", f"{verb} was answered with {outcome}")


def same_again(loss: Exception, may_have_happened: bool = True) -> Exception:
    """Makes a new exception of one that said why a stream ended, for something that was under way on it."""
    error = broker_error(getattr(loss, "code", "CONNECTION_LOST"), str(getattr(loss, "strerror", loss)))
    if isinstance(error, ConnectionLost):
        error.may_have_happened = may_have_happened
    return error


class Life:
    """Whether a session can still be used, by this connection or by the next one."""

    def __init__(self) -> None:
        self.closed = False
        self.loss: Optional[Exception] = None

    @property
    def over(self) -> bool:
        """Whether the session is gone for good, and its sockets with it."""
        return self.closed or self.loss is not None

    def require(self, closed: bool = False) -> None:
        """Raises BrokerError when there can be no connection any more; `closed`: for it is being closed."""
        if self.closed or closed:
            raise broker_error("BROKER_CLOSED", "the broker was closed")
        if self.loss is not None:
            raise broker_error("CONNECTION_LOST", str(self.loss.args[-1]))

    def not_connected(self, error: Exception) -> bool:
        """Is told why a connection could not be made anew. Answers whether the session is gone for good."""
        if isinstance(error, ConnectionLost):  # Nothing but the question who is there.
            error.may_have_happened = False
        if getattr(error, "code", "") not in _GONE:
            return False
        self.loss = error
        return True


def goes_again(verb: str, error: ConnectionLost, ended: bool) -> bool:
    """Whether an operation that got this error is to be sent over the next connection, when its stream has ended: if it was not
    sent, or may be repeated."""
    return ended and (not error.may_have_happened or is_repeatable(verb))


def retry_pauses() -> Iterator[float]:
    """How long to wait before each further attempt to make a connection, in seconds."""
    pause = _RETRY_SECONDS
    while True:
        yield pause
        pause = min(2 * pause, _LONGEST_RETRY_SECONDS)
