"""Tracks the threads that gRPC runs for the calls of a connection.

They are daemon threads. If the interpreter's exit stops one at the wrong moment, it leaves a call's lock held, and the
call's finalizer, which runs later, waits for it forever. So closing a connection waits for its threads.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

from . import _fork, _waiting
from ._status import broker_error

# How long to wait for threads to end, in seconds.
_WAIT_SECONDS = 2


class CallThreads:
    """The threads of one connection."""

    def __init__(self) -> None:
        self._threads: set[threading.Thread] = set()

    def add_current(self, *_: object) -> None:
        """Adds the current thread: one of gRPC's own, or one that reads a call."""
        thread = threading.current_thread()
        self._threads.difference_update([known for known in list(self._threads) if not known.is_alive()])
        if thread.daemon:
            self._threads.add(thread)

    def carry(self) -> None:
        """Like `add_current`, for a thread that carries requests or responses and therefore must never wait for one."""
        self.add_current()
        _waiting.forbid()

    def begin(self, method: Any, requests: Iterator[Any], metadata: Any) -> Any:
        """Starts a call with a stream of requests, which are held back while the process forks. Raises BrokerError if
        another thread has closed the channel.
        """
        try:
            call = method(self._carried(requests), metadata=metadata)
        except ValueError:
            raise broker_error("BROKER_CLOSED", "the broker was closed") from None
        call.add_done_callback(self.add_current)
        return call

    def _carried(self, requests: Iterator[Any]) -> Iterator[Any]:
        self.carry()
        for request in requests:
            _fork.passage()
            yield request

    def join(self) -> None:
        """Waits until they have ended, once nothing keeps them running."""
        deadline = time.monotonic() + _WAIT_SECONDS
        for thread in list(self._threads):
            if thread is not threading.current_thread():
                thread.join(max(0, deadline - time.monotonic()))
