"""Keeps what this package sends away from gRPC while the process forks.

A message that is handed to gRPC between the stop of its threads and the fork can block for ever, with the fork behind it.
gRPC's sending threads fetch their messages from generators of this package, and are at rest as long as those do not
answer; so the generators pass through here.
"""

from __future__ import annotations

import threading
import time
from typing import Optional

# How long a message that had passed may be on its way into gRPC, in seconds.
_SETTLE_SECONDS = 0.002

_gate = threading.Lock()


# How long a fork waits for a thread that reads to rest, in seconds.
_REST_SECONDS = 2


class Rest:
    """Where a thread that reads a stream rests during a fork.

    While it asks gRPC for more, an answer wakes it, and it takes locks of gRPC's. A child that is forked at that moment has
    them locked for ever: gRPC itself takes them there to close the parent's channels.
    """

    def __init__(self) -> None:
        self._pause: Optional[tuple[threading.Lock, threading.Lock]] = None

    def want(self) -> None:
        """Lets the thread rest when it has read the next message, which whoever calls this sees to."""
        resting, over = threading.Lock(), threading.Lock()
        resting.acquire()
        over.acquire()
        self._pause = resting, over

    def wait(self) -> None:
        """Waits until it rests."""
        if self._pause is not None:
            self._pause[0].acquire(timeout=_REST_SECONDS)

    def end(self) -> None:
        """Lets it go on."""
        pause, self._pause = self._pause, None
        if pause is not None:
            pause[1].release()

    def point(self) -> None:
        """Is called by the thread before it asks for more."""
        pause = self._pause
        if pause is not None:
            pause[0].release()
            pause[1].acquire()


def passage() -> None:
    """Returns when no fork is under way."""
    with _gate:
        return


def close() -> None:
    """Lets nothing pass from here on, and what has passed settle."""
    _gate.acquire()
    time.sleep(_SETTLE_SECONDS)


def reopen() -> None:
    """Lets messages pass again."""
    _gate.release()


def reset() -> None:
    """Opens the gate of a child: none of the threads that were waiting are there."""
    global _gate
    _gate = threading.Lock()
