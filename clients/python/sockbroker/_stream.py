"""All operations of a session travel on one Session stream.

A caller encodes its operation and queues it; gRPC's own sending thread takes what the queue has and sends it as one
message; the thread of `_read` settles the results by op id. A caller waits by acquiring a lock, which lets the other
threads run and lets signal handlers run in the main thread.

A handler that raises ends the wait. The operation is then cancelled, and its end awaited: the daemon says that it consumed
nothing, or that it was done already. In the second case its response is in `Kept`, out of which the caller saves what was
received for the next call; were it dropped, data would be lost, and were it not awaited, the next call could overtake it.

Nothing here takes a lock that a finalizer could need: a socket may be collected, and closed, at any point of any thread.
"""

from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Iterator
from typing import Any, Callable

from ._grpc import grpc
from . import _fork, _grpc_thread, _requests, _waiting
from ._call_threads import CallThreads
from ._gen.google_rpc import status_pb2
from ._gen.v1 import session_service_pb2
from ._metadata_keys import DETAILS_KEY
from ._status import broker_error, error_from_status
from ._wire import varint
from .errors import ConnectionLost

# When a message is large enough to go, in bytes.
_MESSAGE_BYTES = 64 * 1024
_OPERATION_TAG = b"\x0a"
_CANCEL_TAG = b"\x10"

# What may be performed twice, and must be performed once.
_POSTED_AGAIN = frozenset(("close", "setblocking"))

_METHOD = "/sockbroker.v1.SessionService/Session"


class Kept:
    """The outcome of a call whose caller was interrupted by an exception from a signal handler."""

    __slots__ = ("error", "response")

    def __init__(self) -> None:
        self.response: Any = None
        self.error: Exception | None = None


class Pending:
    """An operation that has not ended, and its result when it has."""

    __slots__ = ("error", "lock", "result", "settled", "verb")

    def __init__(self, verb: str) -> None:
        self.verb = verb
        self.lock = threading.Lock()
        self.lock.acquire()
        self.result: Any = None
        self.error: Exception | None = None
        self.settled = False

    def settle(self, result: Any, error: Exception | None) -> None:
        self.result = result
        self.error = error
        self.settled = True
        self.lock.release()

    def outcome(self) -> Any:
        """Returns the result, or raises the error, once: if it were kept here, it would keep the frames of its
        traceback alive.
        """
        error, self.error = self.error, None
        if error is None:
            return self.result
        try:
            raise error
        finally:
            del error


class OperationStream:
    """The ordered stream that carries the operations of a session."""

    def __init__(
        self,
        channel: Any,
        metadata: tuple[tuple[str, str], ...],
        threads: CallThreads,
        on_end: Callable[[OperationStream], None],
    ) -> None:
        """Opens it. `on_end` is called when it has ended, on a thread that may not wait."""
        self._threads = threads
        self._on_end = on_end
        # What was posted and may be posted once more, until it is answered.
        self._posted: dict[int, tuple[str, Any]] = {}
        self._queue: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._pending: dict[int, Pending] = {}
        self._op_ids = itertools.count(1)
        self._end: Exception | None = None
        self.rest = _fork.Rest()
        method = channel.stream_stream(
            _METHOD,
            request_serializer=None,
            response_deserializer=session_service_pb2.SessionResponse.FromString,
        )
        self._call: Any = _grpc_thread.perform(lambda: threads.begin(method, self._requests(), metadata))
        threading.Thread(target=self._read, name="sockbroker-results", daemon=True).start()

    @property
    def ended(self) -> bool:
        return self._end is not None

    def begin(self, verb: str, request: Any) -> tuple[int, Pending]:
        """Begins an operation behind all that were begun before. Raises ConnectionLost when the stream has ended."""
        op_id = next(self._op_ids)
        pending = Pending(verb)
        operation = session_service_pb2.Operation(op_id=op_id, **{verb: request})
        encoded = operation.SerializeToString()
        self._pending[op_id] = pending
        self._queue.put(b"".join((_OPERATION_TAG, varint(len(encoded)), encoded)))
        if self._end is not None and self._pending.pop(op_id, None) is not None:
            raise same_again(self._end, may_have_happened=False)
        return op_id, pending

    def first(self, verb: str, request: Any, seconds: float) -> Any:
        """Performs the stream's first operation. Raises ConnectionLost if there is no answer within the time limit."""
        _waiting.require()
        op_id, pending = self.begin(verb, request)
        if not pending.lock.acquire(timeout=seconds):
            self._pending.pop(op_id, None)
            raise broker_error("CONNECTION_LOST", f"the broker did not answer for {seconds} seconds")
        return pending.outcome()

    def finish(self, op_id: int, pending: Pending, kept: Kept | None = None) -> Any:
        """Waits for an operation's end, and answers its response or raises its error."""
        try:
            pending.lock.acquire()
            if kept is not None:
                kept.response = pending.result
        except BaseException:
            self.abandon(op_id, pending, kept)
            raise
        return pending.outcome()

    def abandon(self, op_id: int, pending: Pending, kept: Kept | None = None) -> None:
        """Ends an operation whose caller a signal handler's exception has taken away, and waits for its end."""
        if not pending.settled:
            self.cancel_operation(op_id)
        while not pending.settled:
            try:
                pending.lock.acquire()
            except BaseException:  # The first one is what the caller learns; the daemon's word comes soon.
                continue
        if kept is not None:
            kept.response, kept.error = pending.result, pending.error

    def post(self, verb: str, request: Any) -> bool:
        """Begins an operation whose end nobody awaits. It may be called from a finalizer. False if the stream has ended."""
        op_id = next(self._op_ids)
        operation = session_service_pb2.Operation(op_id=op_id, **{verb: request})
        encoded = operation.SerializeToString()
        if verb in _POSTED_AGAIN:
            self._posted[op_id] = (verb, request)
        self._queue.put(b"".join((_OPERATION_TAG, varint(len(encoded)), encoded)))
        return self._end is None or (verb in _POSTED_AGAIN and self._posted.pop(op_id, None) is None)

    def take_unanswered(self) -> list[tuple[str, Any]]:
        """Takes what was posted, may be posted once more, and is not known to have been performed."""
        return [posted for op_id in sorted(self._posted) if (posted := self._posted.pop(op_id, None)) is not None]

    def rest_soon(self) -> None:
        """Makes the reading thread pause until the end of a fork."""
        self.rest.want()
        self.post("who_am_i", _requests.who_am_i())

    def cancel_operation(self, op_id: int) -> None:
        """Asks for an operation's end, which comes as its result does."""
        self._queue.put(_CANCEL_TAG + varint(op_id))

    def cancel(self) -> None:
        """Ends the stream at once."""
        self._queue.put(None)
        _grpc_thread.post(self._call.cancel)

    def _requests(self) -> Iterator[bytes]:
        get, get_nowait = self._queue.get, self._queue.get_nowait
        item = get()
        while item is not None:
            pieces = [item]
            size = len(item)
            item = b""
            while size < _MESSAGE_BYTES:
                try:
                    item = get_nowait()
                except queue.Empty:
                    break
                # A large one goes by itself: the daemon has a limit for the whole.
                if item is None or len(item) > _MESSAGE_BYTES:
                    break
                pieces.append(item)
                size += len(item)
                item = b""
            yield b"".join(pieces)
            if item == b"":
                item = get()

    def _read(self) -> None:
        self._threads.carry()
        error: Exception
        try:
            for response in self._call:
                for result in response.results:
                    self._settle(result)
                self.rest.point()
            error = broker_error("CONNECTION_LOST", "the daemon ended the session's stream")
        except grpc.RpcError as reason:
            error = error_from_rpc(reason)
        self._end = error
        unsent = self._unsent()
        self._queue.put(None)
        while self._pending:
            try:
                op_id, pending = self._pending.popitem()
            except KeyError:
                break
            # One that several threads raise would gather all their tracebacks.
            pending.settle(None, same_again(error, may_have_happened=op_id not in unsent))
        self._on_end(self)

    def _unsent(self) -> set[int]:
        """Takes what the queue has. gRPC was never given it."""
        op_ids: set[int] = set()
        while True:
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return op_ids
            if item is not None:
                request = session_service_pb2.SessionRequest.FromString(item)
                op_ids.update(operation.op_id for operation in request.operations)

    def _settle(self, result: session_service_pb2.OperationResult) -> None:
        pending = self._pending.pop(result.op_id, None)
        if pending is None:
            self._posted.pop(result.op_id, None)
            return
        pending.settle(*outcome_of(result, pending.verb))


def outcome_of(result: session_service_pb2.OperationResult, verb: str) -> tuple[Any, Exception | None]:
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


def error_from_rpc(error: Any) -> Exception:
    """Makes the exception for a call that ended: the daemon's own reason if it gave one, or that the way is cut."""
    for key, value in error.trailing_metadata() or ():
        if key == DETAILS_KEY:
            return error_from_status(status_pb2.Status.FromString(value))
    if error.code() == grpc.StatusCode.UNIMPLEMENTED:
        return broker_error("UNKNOWN_REQUEST", "the daemon does not know this call: it is older than this client")
    return broker_error("CONNECTION_LOST", "the connection to the broker is lost")
