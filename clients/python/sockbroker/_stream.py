"""The Session stream of a session, for threads: sends what `_core` provides, and passes received messages to it.

gRPC's own sending thread takes messages from the core; the thread of `_read` passes received messages to it. A caller
waits by acquiring a lock, so that other threads run, and signal handlers in the main thread.

A handler that raises ends the wait. The operation is then withdrawn, or cancelled and its end awaited: the daemon
reports that it consumed nothing, or that it was already complete. In the second case its response is in `Kept`, from
which the caller saves received data for the next call. If the response were dropped, data would be lost; if it were not
awaited, the next call could overtake it.

No lock here may be needed by a finalizer: a socket may be collected, and closed, at any point in any thread.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import Any, Callable

from . import _core, _fork, _grpc_thread, _requests, _waiting
from ._call_threads import CallThreads
from ._gen.v1 import session_service_pb2
from ._grpc import grpc
from ._status import broker_error, error_from_rpc

_METHOD = "/sockbroker.v1.SessionService/Session"


class Kept:
    """The outcome of a call, for a caller that a signal handler's exception has taken away from it."""

    __slots__ = ("error", "response")

    def __init__(self) -> None:
        self.response: Any = None
        self.error: Exception | None = None


class Pending(_core.Pending):
    """An operation, and its result when it has ended."""

    __slots__ = ("error", "lock", "result", "settled")

    def __init__(self, verb: str) -> None:
        # As in the base class, without the cost of calling it.
        self.verb = verb
        self.op_id = 0
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
        """Returns the result, or raises the error, once: a stored error would keep the frames of its traceback alive."""
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
        # Its methods may be interrupted, and called again, at any point.
        self._queue: queue.SimpleQueue[_core.Item] = queue.SimpleQueue()
        core: _core.Operations[Pending] = _core.Operations(self._queue.put, self._queue.get_nowait, queue.Empty)
        self._core = core
        # The core's methods, without a call in between, because every operation uses them.
        self.begin = core.begin
        self.post = core.post
        self.take_unanswered = core.take_unanswered
        self.cancel_operation = core.cancel
        self.rest = _fork.Rest()
        method = channel.stream_stream(
            _METHOD,
            request_serializer=None,
            response_deserializer=session_service_pb2.SessionResponse.FromString,
        )
        self._call: Any = _grpc_thread.perform(lambda: threads.begin(method, self._messages(), metadata))
        threading.Thread(target=self._read, name="sockbroker-results", daemon=True).start()

    @property
    def ended(self) -> bool:
        return self._core.ended

    def first(self, verb: str, request: Any, seconds: float) -> Any:
        """Performs the stream's first operation. Raises ConnectionLost if there is no response within `seconds`."""
        _waiting.require()
        pending = Pending(verb)
        self.begin(pending, request)
        if not pending.lock.acquire(timeout=seconds):
            self._core.forget(pending)
            raise broker_error("CONNECTION_LOST", f"the broker did not answer for {seconds} seconds")
        return pending.outcome()

    def finish(self, pending: Pending, kept: Kept | None = None) -> Any:
        """Waits for the end of an operation, and returns its response or raises its error."""
        try:
            pending.lock.acquire()
            if kept is not None:
                kept.response = pending.result
        except BaseException:
            self.abandon(pending, kept)
            raise
        return pending.outcome()

    def abandon(self, pending: Pending, kept: Kept | None = None) -> None:
        """Ends an operation whose caller was interrupted by an exception from a signal handler, and waits for its end."""
        if not pending.settled and self._core.withdraw(pending):
            pending.settled = True
        if not pending.settled:
            self._core.cancel(pending)
            while not pending.settled:
                try:
                    pending.lock.acquire()
                except BaseException:  # The caller gets the first one; the daemon's answer arrives soon.
                    continue
        if kept is not None:
            kept.response, kept.error = pending.result, pending.error

    def rest_soon(self) -> None:
        """Lets the thread that reads rest, until the end of a fork."""
        self.rest.want()
        self.post("who_am_i", _requests.who_am_i())

    def cancel(self) -> None:
        """Ends the stream immediately."""
        self._queue.put(_core.END)
        _grpc_thread.post(self._call.cancel)

    def _messages(self) -> Iterator[bytes]:
        left: _core.Item | None = None
        while left != _core.END:
            message, left = self._core.gather(self._queue.get() if left is None else left)
            if message:
                yield message

    def _read(self) -> None:
        self._threads.carry()
        error: Exception
        try:
            for response in self._call:
                self._core.settle(response)
                self.rest.point()
            error = broker_error("CONNECTION_LOST", "the daemon ended the session's stream")
        except grpc.RpcError as reason:
            error = error_from_rpc(reason)
        self._core.lose(error)
        self._queue.put(_core.END)
        self._on_end(self)
