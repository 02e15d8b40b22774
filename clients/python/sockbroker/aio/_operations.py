"""The Session stream of a session, for one event loop: sends what `_core` provides, and passes received messages to it.

One task sends, another receives. Callers never use the call itself: gRPC cancels a whole call if a task that reads or
writes it is cancelled.

Cancelling. The task ends immediately, and the operation is withdrawn, or the daemon is asked to cancel it. The answer
comes later: it consumed nothing, or it was already complete, and then `keep` is called with the response. Until then
the operation is in the caller's `unsettled`, and operations that would overtake it wait for it first.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, Callable, Optional

from .. import _core
from .._gen.v1 import session_service_pb2
from .._grpc import grpc
from .._status import broker_error, error_from_rpc

_METHOD = "/sockbroker.v1.SessionService/Session"

Keep = Callable[[Any], None]


class Pending(_core.Pending):
    """An operation that has not ended. `waiter` is for its caller, `ended` for others."""

    __slots__ = ("ended", "keep", "unsettled", "waiter")

    def __init__(self, verb: str, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(verb)
        self.waiter: asyncio.Future[Any] = loop.create_future()
        self.ended: Optional[asyncio.Future[None]] = None
        self.keep: Optional[Keep] = None
        self.unsettled: Optional[set[Pending]] = None

    def settle(self, result: Any, error: Optional[Exception]) -> None:
        if self.ended is not None:
            if error is None and self.keep is not None:
                self.keep(result)
            if self.unsettled is not None:
                self.unsettled.discard(self)
            self.ended.set_result(None)
        elif self.waiter.done():  # Cancelled just now: its task has not run since, and will abandon it.
            self.waiter = _settled(result, error)
        elif error is None:
            self.waiter.set_result(result)
        else:
            self.waiter.set_exception(error)


class OperationStream:
    """The ordered stream that carries the operations of a session."""

    def __init__(
        self, channel: Any, metadata: tuple[tuple[str, str], ...], on_end: Callable[[], None]
    ) -> None:
        """Opens it. `on_end` is called once, when it has ended."""
        self._loop = asyncio.get_running_loop()
        self._on_end = on_end
        self._queue: deque[_core.Item] = deque()
        self._core: _core.Operations[Pending] = _core.Operations(self._put, self._queue.popleft, IndexError)
        self.post = self._core.post
        self.take_unanswered = self._core.take_unanswered
        # Whether it ended because the event loop did.
        self.abandoned = False
        self._more = asyncio.Event()
        method = channel.stream_stream(
            _METHOD, request_serializer=None, response_deserializer=session_service_pb2.SessionResponse.FromString
        )
        self._call: Any = method(metadata=metadata)
        self._tasks = [self._loop.create_task(self._send()), self._loop.create_task(self._receive())]

    @property
    def ended(self) -> bool:
        return self._core.ended

    async def perform(
        self, verb: str, request: Any, keep: Optional[Keep] = None, unsettled: Optional[set[Pending]] = None
    ) -> Any:
        """Performs an operation after all that were started before, and returns its response.

        If the task is cancelled, `keep` is called with the response if there is one nevertheless; until that is known
        the operation is in `unsettled`. Raises the exceptions of `_status`.
        """
        pending = Pending(verb, self._loop)
        self._core.begin(pending, request)
        try:
            return await pending.waiter
        except asyncio.CancelledError:
            self._abandon(pending, keep, unsettled)
            raise

    async def carry_out(self, verb: str, request: Any) -> Any:
        """Like `perform`, but cancelling the task does not cancel the operation."""
        pending = Pending(verb, self._loop)
        self._core.begin(pending, request)
        await asyncio.wait([_silent(pending.waiter)])
        return pending.waiter.result()

    @property
    def tasks(self) -> list[asyncio.Task[None]]:
        """Tasks that run until the daemon has ended the stream, or its connection broke."""
        return self._tasks

    def cancel(self) -> None:
        """Ends the stream without the daemon, which does not answer."""
        self._call.cancel()

    def _put(self, item: _core.Item) -> None:
        self._queue.append(item)
        self._more.set()

    def _abandon(self, pending: Pending, keep: Optional[Keep], unsettled: Optional[set[Pending]]) -> None:
        waiter = pending.waiter
        if not waiter.cancelled():  # Settled and cancelled in one turn of the loop.
            if waiter.exception() is None and keep is not None:
                keep(waiter.result())
            return
        if self._core.withdraw(pending):
            return
        pending.ended = self._loop.create_future()
        pending.keep = keep
        pending.unsettled = unsettled
        if unsettled is not None:
            unsettled.add(pending)
        self._core.cancel(pending)

    async def _send(self) -> None:
        left: Optional[_core.Item] = None
        try:
            while True:
                while left is None and not self._queue:
                    self._more.clear()
                    await self._more.wait()
                message, left = self._core.gather(self._queue.popleft() if left is None else left)
                if message:
                    await self._call.write(message)
        except (grpc.RpcError, asyncio.InvalidStateError):
            return  # The end of the reading side says why.

    async def _receive(self) -> None:
        error: Exception
        try:
            while True:
                response = await self._call.read()
                if response is grpc.aio.EOF:
                    error = broker_error("CONNECTION_LOST", "the daemon ended the session's stream")
                    break
                self._core.settle(response)
        except grpc.RpcError as reason:
            error = error_from_rpc(reason)
        except asyncio.CancelledError:
            error = broker_error("CONNECTION_LOST", "the event loop has ended the session's stream")
            self.abandoned = True
        self._tasks[0].cancel()
        self._core.lose(error)
        self._on_end()


def _settled(result: Any, error: Optional[Exception]) -> asyncio.Future[Any]:
    future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
    return future


def _silent(future: asyncio.Future[Any]) -> asyncio.Future[Any]:
    """Suppresses the report of an exception that nobody retrieved."""
    future.add_done_callback(lambda done: done.cancelled() or done.exception())
    return future
