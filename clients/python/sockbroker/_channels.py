"""The channels of a session. A connection takes a limited number of streams, and a limited number of resets.

The daemon takes 1024 streams on a connection, and gRPC lets those beyond it wait without a word. Node ends a connection after
about 1000 resets in a burst, or 33 a second. So there are as many channels as it takes, each with less of both. The session's
token makes them all one.
"""

from __future__ import annotations

import threading
import time
from typing import Any, Callable

from ._status import broker_error

_STREAMS = 512
_RESETS = 500
_RESETS_PER_SECOND = 16


class Lane:
    """A channel, and what is under way on it."""

    __slots__ = ("broken", "channel", "resets", "since", "streams")

    def __init__(self, channel: Any) -> None:
        self.channel = channel
        self.streams = 0
        # What it had of resets at a time, which is less by now.
        self.resets = 0.0
        self.since = time.monotonic()
        self.broken = False

    def has_room(self) -> bool:
        return not self.broken and self.streams < _STREAMS and self.reset_count() < _RESETS

    def reset_count(self) -> float:
        return max(0.0, self.resets - (time.monotonic() - self.since) * _RESETS_PER_SECOND)


class Channels:
    """The lanes of a session, from any thread. `close` must not wait."""

    def __init__(self, open: Callable[[], Any], close: Callable[[Any], None]) -> None:
        self._open = open
        self._close = close
        # A signal handler may interrupt whoever holds it.
        self._lock = threading.RLock()
        self._lanes: list[Lane] = []
        self._ended = False

    def borrow(self) -> Lane:
        """Answers a lane for one more stream: one that has room, or a new one. Raises BrokerError after `take_all`."""
        with self._lock:
            self._require()
            for lane in self._lanes:
                if lane.has_room():
                    break
            else:
                lane = Lane(self._open())
                self._lanes.append(lane)
            lane.streams += 1
            return lane

    def borrow_new(self) -> Lane:
        """As `borrow`, but a new one."""
        with self._lock:
            self._require()
            lane = Lane(self._open())
            lane.streams = 1
            self._lanes.append(lane)
            return lane

    def give_back(self, lane: Lane, *, reset: bool = False, broken: bool = False) -> None:
        """Notes that a stream has ended: by a reset, or because the lane's connection broke."""
        with self._lock:
            lane.streams -= 1
            lane.broken = lane.broken or broken
            if reset:
                lane.resets, lane.since = lane.reset_count() + 1, time.monotonic()
            if not lane.broken or lane.streams or lane not in self._lanes:
                return
            self._lanes.remove(lane)
        self._close(lane.channel)

    def _require(self) -> None:
        if self._ended:
            raise broker_error("BROKER_CLOSED", "the broker was closed")

    def take_all(self) -> list[Any]:
        """Answers the channels, to be closed; there will be no more."""
        with self._lock:
            self._ended = True
            lanes, self._lanes = self._lanes, []
        return [lane.channel for lane in lanes]
