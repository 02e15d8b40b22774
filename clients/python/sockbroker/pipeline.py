"""Operations started one after the other, without waiting for each."""

from __future__ import annotations

from collections import deque
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any, Callable, Generic, Optional, TypeVar

from . import _waiting
from ._validation import LocalResult
from ._socket_type import Prepared
from ._stream import OperationStream, Pending

if TYPE_CHECKING:
    from typing_extensions import ParamSpec

    Arguments = ParamSpec("Arguments")

__all__ = ["Operation", "Pipeline"]

Result = TypeVar("Result")


class Operation(Generic[Result]):
    """An operation of a pipeline."""

    __slots__ = ("_error", "_operations", "_pending", "_prepared", "_value")

    def __init__(self) -> None:
        self._prepared: Optional[Prepared] = None
        self._operations: Optional[OperationStream] = None
        self._pending: Optional[Pending] = None
        self._value: Any = None
        self._error: Optional[Exception] = None

    def done(self) -> bool:
        """Whether it has ended."""
        return self._pending is None or self._pending.settled

    def cancel(self) -> None:
        """Asks the daemon to cancel it. One that was already complete has its result; others have consumed nothing."""
        pending = self._pending
        if self._operations is not None and pending is not None and not pending.settled:
            self._operations.cancel_operation(pending)

    def wait(self) -> None:
        """Waits until it has ended. An exception from a signal handler only ends the wait."""
        pending = self._pending
        if pending is not None and not pending.settled:
            _waiting.require()
            with pending.lock:
                return

    def result(self) -> Result:
        """Waits until it has ended, and returns or raises what the method would have; CancelledError if it was
        cancelled.
        """
        self.wait()
        pending, self._pending = self._pending, None
        if pending is not None:
            assert self._prepared is not None
            self._error = pending.error
            if getattr(pending.error, "code", None) == "CANCELLED":
                self._error = CancelledError()
            if self._error is None and self._prepared.result is not None:
                self._value = self._prepared.result(pending.result)
        if self._error is not None:
            raise self._error
        return self._value  # type: ignore[no-any-return]


class Pipeline:
    """Starts operations without waiting for each, so that many share a message and a round trip.

        with sockbroker.Pipeline() as pipeline:
            sizes = [pipeline.submit(client.send, piece) for client in clients]
        print(sum(size.result() for size in sizes))

    The operations on a socket are performed in the order in which they were started; if one waits, the later ones wait
    too. Leaving the block waits for all of them; leaving it by an exception cancels those that still wait. Each thread
    needs its own pipeline.
    """

    def __init__(self) -> None:
        self._operations: deque[Operation[Any]] = deque()

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(self, kind: Any, *_: object) -> None:
        operations, self._operations = self._operations, deque()
        if kind is not None:
            for operation in operations:
                operation.cancel()
        for operation in operations:
            operation.wait()

    def submit(
        self, method: Callable[Arguments, Result], *arguments: Arguments.args, **keywords: Arguments.kwargs
    ) -> Operation[Result]:
        """Starts an operation: a method of a brokered socket, and its arguments.

        Supported are bind, connect, getpeername, getsockname, getsockopt, listen, recv, recvfrom, send, sendmsg,
        sendmsg_afalg, sendto, setsockopt and shutdown. Raises TypeError for any other, and errors of the arguments
        immediately.
        """
        prepare = getattr(getattr(method, "__func__", None), "prepare", None)
        if prepare is None:
            raise TypeError(f"{method!r} is not a method of a brokered socket that can be begun without waiting for it")
        operation: Operation[Result] = Operation()
        owner: Any = method.__self__  # type: ignore[attr-defined]
        if owner._local is not None:
            try:
                operation._value = method(*arguments, **keywords)
            except OSError as error:
                operation._error = error
            return operation
        prepared = prepare(owner, *arguments, **keywords)
        if isinstance(prepared, LocalResult):
            operation._value = prepared.value
            return operation
        operation._prepared = prepared
        operation._operations, operation._pending = owner._begin(prepared)
        self._operations.append(operation)
        while self._operations[0].done() and len(self._operations) > 1:
            self._operations.popleft()
        return operation
