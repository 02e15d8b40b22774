"""Limits how many threads do something at the same time."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Iterator


class Turns:
    """Like a semaphore, but a signal handler or a finalizer may take a turn wherever it interrupts a thread."""

    def __init__(self, limit: int) -> None:
        # Its methods may be interrupted, and called again, at any point.
        self._free: queue.SimpleQueue[None] = queue.SimpleQueue()
        for _ in range(limit):
            self._free.put(None)
        self._own = threading.local()

    @contextlib.contextmanager
    def one(self) -> Iterator[None]:
        """Waits for a turn, unless this thread has one."""
        if getattr(self._own, "taken", False):
            yield
            return
        self._free.get()
        self._own.taken = True
        try:
            yield
        finally:
            self._own.taken = False
            self._free.put(None)
