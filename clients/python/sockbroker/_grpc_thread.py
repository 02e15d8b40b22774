"""The thread that makes those calls to gRPC that take locks, for all other threads.

A signal handler or a finalizer may interrupt any thread and use a socket. If it interrupted a call to gRPC, which holds
a lock that gRPC's own threads need to deliver the answer, it would deadlock. So streams are opened and cancelled here;
other threads queue these calls and wait, if at all, on a lock that nobody else needs.

It also closes sessions for finalizers, which requires waiting for the daemon.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from typing import Any, Callable, Optional, TypeVar

from . import _waiting

_T = TypeVar("_T")


class _Job:
    def __init__(self, function: Callable[[], Any]) -> None:
        self._function = function
        self._ended = threading.Lock()
        self._ended.acquire()
        self._result: Any = None
        self._error: Optional[BaseException] = None

    def run(self) -> None:
        try:
            self._result = self._function()
        except BaseException as error:  # It is raised where the caller waits.
            self._error = error
        del self._function
        self._ended.release()

    def outcome(self) -> Any:
        self._ended.acquire()
        error, self._error = self._error, None
        if error is None:
            return self._result
        try:
            raise error
        finally:
            del error


class _Worker:
    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._thread: Optional[threading.Thread] = None

    def post(self, function: Callable[[], Any]) -> None:
        self._queue.put(function)

    def perform(self, function: Callable[[], _T]) -> _T:
        if threading.current_thread() is self._thread:
            return function()
        _waiting.require()
        self.start()
        job = _Job(function)
        self._queue.put(job.run)
        return job.outcome()  # type: ignore[no-any-return]

    def start(self) -> None:
        if self._thread is None:
            # If two threads get here together there are two threads, which is harmless.
            self._thread = threading.Thread(target=self._run, name="sockbroker-grpc", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            function = self._queue.get()
            with contextlib.suppress(Exception):  # Of what was posted; nobody waits for it.
                function()
            del function


_worker = _Worker()


def perform(function: Callable[[], _T]) -> _T:
    """Calls a function on the thread, and returns its result or raises its exception."""
    return _worker.perform(function)


def post(function: Callable[[], Any]) -> None:
    """Calls a function on the thread soon. May be called from a finalizer."""
    _worker.post(function)


def begin_anew() -> None:
    """In the child of a fork: the thread, and the calls that it was to end, belong to the parent."""
    global _worker
    _worker = _Worker()
