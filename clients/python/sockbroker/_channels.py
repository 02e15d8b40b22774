"""The channels of a session. A connection supports a limited number of streams, and of resets.

The daemon accepts 1024 streams on a connection, and gRPC queues any further ones silently. Node ends a connection after
about 1000 resets in a burst, or 33 per second. So as many channels as necessary are opened, each used for fewer of
both. The session's token joins them.
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
    """A channel, with the streams and resets on it."""

    __slots__ = ("broken", "channel", "resets", "since", "streams")

    def __init__(self, channel: Any) -> None:
        self.channel = channel
        self.streams = 0
        # Recent resets; the number decays with time.
        self.resets = 0.0
        self.since = time.monotonic()
        self.broken = False

    def has_room(self) -> bool:
        return not self.broken and self.streams < _STREAMS and self.reset_count() < _RESETS

    def reset_count(self) -> float:
        return max(0.0, self.resets - (time.monotonic() - self.since) * _RESETS_PER_SECOND)


class Channels:
    """The channels of a session, for any thread. `close` must not block."""

    def __init__(self, open: Callable[[], Any], close: Callable[[Any], None]) -> None:
        self._open = open
        self._close = close
        # A signal handler may interrupt the thread that holds it.
        self._lock = threading.RLock()
        self._lanes: list[Lane] = []
        self._ended = False

    def borrow(self) -> Lane:
        """Returns a channel for one more stream: one with room, or a new one. Raises BrokerError after `take_all`."""
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
        """Like `borrow`, but always a new one."""
        with self._lock:
            self._require()
            lane = Lane(self._open())
            lane.streams = 1
            self._lanes.append(lane)
            return lane

    def give_back(self, lane: Lane, *, reset: bool = False, broken: bool = False) -> None:
        """Records that a stream has ended, by a reset or because the channel's connection broke."""
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
        """Returns the channels, for closing; no more are opened."""
        with self._lock:
            self._ended = True
            lanes, self._lanes = self._lanes, []
        return [lane.channel for lane in lanes]
