"""All operations of a session travel on one Session stream: the same for one event loop.

A caller encodes its operation and queues it. One task sends what the queue has as one message, another settles the results
by op id. Callers never touch the call itself: gRPC cancels a whole call when the task that reads or writes it is cancelled.

Cancelling. The task ends at once, and the daemon is asked to end the operation. Its word comes later: it consumed nothing,
or it was done already, and then `keep` is given the response. Until then the operation is among those that the caller calls
`unsettled`, and whoever would overtake it waits for that first.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from typing import Any, Callable, Optional

from .._gen.v1 import session_service_pb2
from .._grpc import grpc
from .._status import broker_error
from .._stream import error_from_rpc, outcome_of, same_again

# When a message is large enough to go, in bytes.
_MESSAGE_BYTES = 64 * 1024
_METHOD = "/sockbroker.v1.SessionService/Session"

Keep = Callable[[Any], None]


class Pending:
    """An operation that has not ended. `waiter` is for whoever called it, `ended` for others."""

    __slots__ = ("ended", "keep", "unsettled", "verb", "waiter")

    def __init__(self, verb: str, loop: asyncio.AbstractEventLoop) -> None:
        self.verb = verb
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
        self._queue: deque[tuple[int, bytes]] = deque()
        self._withdrawn: set[int] = set()
        self._sent: set[int] = set()
        self._cancels: list[int] = []
        self._pending: dict[int, Pending] = {}
        # What nobody awaits, until it is answered.
        self._posted: dict[int, tuple[str, Any]] = {}
        self._op_ids = itertools.count(1)
        self._end: Optional[Exception] = None
        # Whether it was the event loop's end that ended it.
        self.abandoned = False
        self._more = asyncio.Event()
        method = channel.stream_stream(
            _METHOD, request_serializer=None, response_deserializer=session_service_pb2.SessionResponse.FromString
        )
        self._call: Any = method(metadata=metadata)
        self._tasks = [self._loop.create_task(self._send()), self._loop.create_task(self._receive())]

    @property
    def ended(self) -> bool:
        return self._end is not None

    async def perform(
        self, verb: str, request: Any, keep: Optional[Keep] = None, unsettled: Optional[set[Pending]] = None
    ) -> Any:
        """Performs an operation after all that were started before, and returns its response.

        If the task is cancelled, `keep` is called with the response if there is one nevertheless; until that is known
        the operation is in `unsettled`. Raises the exceptions of `_status`.
        """
        op_id, pending = self._begin(verb, request)
        try:
            return await pending.waiter
        except asyncio.CancelledError:
            self._abandon(op_id, pending, keep, unsettled)
            raise

    async def carry_out(self, verb: str, request: Any) -> Any:
        """As `perform`, but a task that is cancelled leaves the operation to its course."""
        _, pending = self._begin(verb, request)
        await asyncio.wait([_silent(pending.waiter)])
        return pending.waiter.result()

    def post(self, verb: str, request: Any) -> None:
        """Begins an operation whose end nobody awaits."""
        op_id = next(self._op_ids)
        self._posted[op_id] = (verb, request)
        self._enqueue(op_id, verb, request)

    def unanswered(self) -> list[tuple[str, Any]]:
        """What was posted, and is not known to have been performed."""
        return list(self._posted.values())

    @property
    def tasks(self) -> list[asyncio.Task[None]]:
        """Tasks that run until the daemon has ended the stream, or its connection broke."""
        return self._tasks

    def cancel(self) -> None:
        """Ends the stream without the daemon, which does not answer."""
        self._call.cancel()

    def _begin(self, verb: str, request: Any) -> tuple[int, Pending]:
        if self._end is not None:
            raise same_again(self._end, may_have_happened=False)
        op_id = next(self._op_ids)
        self._enqueue(op_id, verb, request)
        pending = self._pending[op_id] = Pending(verb, self._loop)
        return op_id, pending

    def _enqueue(self, op_id: int, verb: str, request: Any) -> None:
        operation = session_service_pb2.Operation(op_id=op_id, **{verb: request})
        # One behind the other, encoded messages are the encoding of one that has all their operations.
        encoded = session_service_pb2.SessionRequest(operations=[operation]).SerializeToString()
        self._queue.append((op_id, encoded))
        self._more.set()

    def _abandon(
        self, op_id: int, pending: Pending, keep: Optional[Keep], unsettled: Optional[set[Pending]]
    ) -> None:
        waiter = pending.waiter
        if not waiter.cancelled():  # Settled and cancelled in one turn of the loop.
            if waiter.exception() is None and keep is not None:
                keep(waiter.result())
            return
        if op_id not in self._sent:
            self._withdrawn.add(op_id)
            self._pending.pop(op_id, None)
            return
        pending.ended = self._loop.create_future()
        pending.keep = keep
        pending.unsettled = unsettled
        if unsettled is not None:
            unsettled.add(pending)
        self._cancels.append(op_id)
        self._more.set()

    def _message(self) -> bytes:
        pieces: list[bytes] = []
        size = 0
        while self._queue and (not pieces or size + len(self._queue[0][1]) <= _MESSAGE_BYTES):
            op_id, encoded = self._queue.popleft()
            if op_id in self._withdrawn:
                self._withdrawn.discard(op_id)
                continue
            if op_id in self._pending:
                self._sent.add(op_id)
            pieces.append(encoded)
            size += len(encoded)
        if self._cancels:
            pieces.append(session_service_pb2.SessionRequest(cancel_op_ids=self._cancels).SerializeToString())
            self._cancels = []
        return b"".join(pieces)

    async def _send(self) -> None:
        try:
            while True:
                await self._more.wait()
                message = self._message()
                if message:
                    await self._call.write(message)
                elif not self._queue:
                    self._more.clear()
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
                for result in response.results:
                    self._settle(result)
        except grpc.RpcError as reason:
            error = error_from_rpc(reason)
        except asyncio.CancelledError:
            error = broker_error("CONNECTION_LOST", "the event loop has ended the session's stream")
            self.abandoned = True
        self._lose(error)

    def _settle(self, result: session_service_pb2.OperationResult) -> None:
        self._sent.discard(result.op_id)
        pending = self._pending.pop(result.op_id, None)
        if pending is None:
            self._posted.pop(result.op_id, None)
            return
        pending.settle(*outcome_of(result, pending.verb))

    def _lose(self, error: Exception) -> None:
        if self._end is not None:
            return
        self._end = error
        self._tasks[0].cancel()
        pending, self._pending = self._pending, {}
        for op_id, each in pending.items():
            each.settle(None, same_again(error, may_have_happened=op_id in self._sent))
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
