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


class TrackedChannel:
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
        self._tracked: list[TrackedChannel] = []
        self._ended = False

    def borrow(self) -> TrackedChannel:
        """Returns a channel for one more stream: one with room, or a new one. Raises BrokerError after `take_all`."""
        with self._lock:
            self._require()
            for tracked in self._tracked:
                if tracked.has_room():
                    break
            else:
                tracked = TrackedChannel(self._open())
                self._tracked.append(tracked)
            tracked.streams += 1
            return tracked

    def borrow_new(self) -> TrackedChannel:
        """Like `borrow`, but always a new one."""
        with self._lock:
            self._require()
            tracked = TrackedChannel(self._open())
            tracked.streams = 1
            self._tracked.append(tracked)
            return tracked

    def give_back(self, tracked: TrackedChannel, *, reset: bool = False, broken: bool = False) -> None:
        """Records that a stream has ended, by a reset or because the channel's connection broke."""
        with self._lock:
            tracked.streams -= 1
            tracked.broken = tracked.broken or broken
            if reset:
                tracked.resets, tracked.since = tracked.reset_count() + 1, time.monotonic()
            if not tracked.broken or tracked.streams or tracked not in self._tracked:
                return
            self._tracked.remove(tracked)
        self._close(tracked.channel)

    def _require(self) -> None:
        if self._ended:
            raise broker_error("BROKER_CLOSED", "the broker was closed")

    def take_all(self) -> list[Any]:
        """Returns the channels, for closing; no more are opened."""
        with self._lock:
            self._ended = True
            every, self._tracked = self._tracked, []
        return [tracked.channel for tracked in every]
