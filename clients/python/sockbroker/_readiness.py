"""Readiness of brokered descriptors, together with the process's own.

A Watcher is one Watch stream. It registers interests, and each ready handle is reported once. Its thread writes to a
pipe, which is added to the local descriptors in the interpreter's own poll or epoll: so there is a single wait, in the
kernel, which signals end and during which other threads run.

The daemon does not report handles that are not ready. A caller that may not wait therefore needs to know that the
daemon has polled all of them: an interest in a nonexistent handle, sent after the others, is reported immediately, and
never before them.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import itertools
import os
import queue
import select
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any, Optional

from . import _descriptors, _fork, _grpc_thread, _requests, _waiting
from ._grpc import grpc
from ._gen.v1 import stream_service_pb2
from ._linux import (
    EPOLLERR,
    EPOLLET,
    EPOLLEXCLUSIVE,
    EPOLLHUP,
    EPOLLIN,
    EPOLLONESHOT,
    EPOLLOUT,
    EPOLLWAKEUP,
    POLLERR,
    POLLHUP,
    POLLIN,
    POLLNVAL,
    POLLOUT,
    POLLPRI,
    POLLRDBAND,
    POLLRDHUP,
    POLLRDNORM,
    POLLWRBAND,
    POLLWRNORM,
)
from ._numbers import is_brokered
from ._session import Session
from ._status import error_from_rpc, kernel_error
from .errors import BrokerError

_poll = select.poll
_WATCHED = POLLIN | POLLPRI | POLLOUT | POLLRDNORM | POLLRDBAND | POLLWRNORM | POLLWRBAND | POLLRDHUP
_FIRST_HANDLE = 1 << 30
_LOST = POLLIN | POLLOUT | POLLERR | POLLHUP

_METHOD = "/sockbroker.v1.StreamService/Watch"


class Watcher:
    """One Watch stream, used by one thread at a time."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._threads = session.threads
        self.lost = False
        self._events: dict[int, int] = {}
        # A finalizer that closes an epoll object may interrupt the thread that holds it.
        self._lock = threading.RLock()
        self._marks = itertools.cycle(range(1, _FIRST_HANDLE))
        self._awaited: dict[int, threading.Lock] = {}
        self._deaf_until = 0
        self.rest = _fork.Rest()
        self._queue: queue.SimpleQueue[Optional[stream_service_pb2.WatchRequest]] = queue.SimpleQueue()
        self.wake = self._waker = -1
        self.wake, self._waker = os.pipe()
        os.set_blocking(self.wake, False)
        os.set_blocking(self._waker, False)
        self._call, self._tracked = session.begin_stream(
            _METHOD,
            iter(self._queue.get, None),
            request_serializer=stream_service_pb2.WatchRequest.SerializeToString,
            response_deserializer=stream_service_pb2.WatchResponse.FromString,
        )
        session.streams.add(self)
        threading.Thread(target=self._read, name="sockbroker-watch", daemon=True).start()

    def arm(self, interests: Iterable[tuple[int, int]], look_again: bool = False) -> None:
        """Watches handles for POLL* events, and returns when the daemon has polled all of them once; with `look_again`,
        also all that were watched before.
        """
        _waiting.require()
        mark = next(self._marks)
        seen = threading.Lock()
        seen.acquire()
        self._awaited[mark] = seen
        self._send(interests, look_again)
        # Reported immediately, after events that the daemon found before.
        self._send([(mark, POLLIN)])
        if self.lost:
            return
        seen.acquire()

    def rest_soon(self) -> None:
        """Makes the reading thread pause until the end of a fork."""
        self.rest.want()
        self._send([(next(self._marks), POLLIN)])

    def disarm(self, handles: Iterable[int]) -> None:
        """Stops watching handles, and drops events in transit."""
        mark = next(self._marks)
        with self._lock:
            self._deaf_until = mark
            self._events.clear()
        self._send([*((handle, 0) for handle in handles), (mark, POLLIN)])

    def take(self) -> dict[int, int]:
        """Returns the events that have arrived, by handle."""
        with contextlib.suppress(BlockingIOError):
            os.read(self.wake, 65536)
        with self._lock:
            events, self._events = self._events, {}
        return events

    def close(self) -> None:
        """Half-closes the stream, which the daemon then ends."""
        self._queue.put(None)

    def _send(self, interests: Iterable[tuple[int, int]], look_again: bool = False) -> None:
        self._queue.put(_requests.watch(interests, look_again))

    def _read(self) -> None:
        self._threads.carry()
        cut = False
        try:
            for response in self._call:
                self._receive(response)
                self.rest.point()
        except grpc.RpcError as reason:
            cut = getattr(error_from_rpc(reason), "code", "") == "CONNECTION_LOST"
        self.session.channels.give_back(self._tracked, broken=cut)
        self.lost = True
        for mark in list(self._awaited):
            self._awaited.pop(mark).release()
        self._notify()
        self._queue.put(None)

    def _receive(self, response: stream_service_pb2.WatchResponse) -> None:
        told = False
        seen = None
        with self._lock:
            for event in response.events:
                if event.handle >= _FIRST_HANDLE:
                    if self._deaf_until == 0:
                        self._events[event.handle] = self._events.get(event.handle, 0) | event.events
                        told = True
                elif event.handle == self._deaf_until:
                    self._deaf_until = 0
                    self._events.clear()
                else:
                    seen = event.handle
        if told:
            self._notify()
        if seen is not None:
            awaited = self._awaited.pop(seen, None)
            if awaited is not None:
                awaited.release()

    def _notify(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.write(self._waker, b"\0")

    def __del__(self) -> None:
        if self.wake >= 0:
            os.close(self.wake)
            os.close(self._waker)


def watcher_of(session: Session) -> Watcher:
    """Returns an idle watcher, or creates one. Raises ConnectionLost."""
    session.connection()
    while session.idle_watchers:
        with contextlib.suppress(IndexError):
            watcher: Watcher = session.idle_watchers.pop()
            if not watcher.lost:
                return watcher
    return Watcher(session)


def release(watcher: Watcher, handles: Iterable[int]) -> None:
    """Returns a watcher for reuse, with the handles that it still watches."""
    if watcher.lost:
        return
    watcher.disarm(handles)
    watcher.session.idle_watchers.append(watcher)


def _lost(error: BrokerError) -> int:
    """The events of a socket that cannot be watched, because its calls fail. Raises errors that do not concern the
    connection.
    """
    if error.code == "FINALIZER_CANNOT_WAIT":
        raise error
    return _LOST


def stashed_events(descriptor: _descriptors.Descriptor, events: int) -> int:
    """Unread data makes a descriptor readable, whatever the kernel reports."""
    return POLLIN & events if descriptor.unread else 0


def poll_mixed(
    brokered: dict[int, int], local: Iterable[tuple[int, int]], timeout: Optional[float]
) -> list[tuple[int, int]]:
    """Waits until a descriptor is ready, like poll(2), for brokered and local ones together.

    Both are given with their POLL* events, the timeout in seconds; None means no limit. Returns pairs of a number and
    the events that hold.
    """
    deadline = None if timeout is None else time.monotonic() + max(timeout, 0)
    results: list[tuple[int, int]] = []
    by_session: dict[Session, dict[int, int]] = {}
    asked: dict[int, int] = {}
    for number, events in brokered.items():
        descriptor = _descriptors.find(number)
        if descriptor is None:
            results.append((number, POLLNVAL))
            continue
        stashed = stashed_events(descriptor.drained(), events)
        if stashed:
            results.append((number, stashed))
            continue
        asked[number] = events
        by_session.setdefault(descriptor.session, {})[descriptor.handle] = number
    watching: list[tuple[Watcher, dict[int, int]]] = []
    poller = _poll()

    def watch(session: Session, numbers: dict[int, int]) -> None:
        try:
            watcher = watcher_of(session)
        except BrokerError as error:
            lost = ((number, _lost(error) & (asked[number] | POLLERR | POLLHUP)) for number in numbers.values())
            results.extend(lost)
            return
        watching.append((watcher, numbers))
        poller.register(watcher.wake, POLLIN)
        watcher.arm((handle, asked[number] & _WATCHED or POLLERR) for handle, number in numbers.items())

    try:
        for number, events in local:
            poller.register(number, events)
        for session, numbers in by_session.items():
            watch(session, numbers)
        while True:
            for each in list(watching):
                watcher, numbers = each
                results.extend(_events_of(watcher, numbers))
                if watcher.lost:  # Its connection broke, and the session may have another by now.
                    watching.remove(each)
                    poller.unregister(watcher.wake)
                    watch(watcher.session, numbers)
            wakes = {watcher.wake for watcher, _ in watching}
            left = 0.0 if results else None if deadline is None else max(deadline - time.monotonic(), 0.0)
            # Rounded up, because a wait that ends slightly early would be repeated over and over.
            found = poller.poll(None if left is None else -int(-left * 1000 // 1))
            results.extend((number, events) for number, events in found if number not in wakes)
            if results or (left is not None and left <= 0 and not found):
                return results
    finally:
        for watcher, numbers in watching:
            release(watcher, numbers)


def _events_of(watcher: Watcher, numbers: dict[int, int]) -> list[tuple[int, int]]:
    return [(numbers[handle], held) for handle, held in watcher.take().items() if handle in numbers]


class Epoll:
    """select.epoll for brokered and local descriptors together.

    Brokered ones are watched until they are ready, and again from the next poll on: that is level-triggered, and
    EPOLLET is treated the same. EPOLLONESHOT is supported. Their readiness does not show in `fileno()` polled elsewhere
    before the first call of `poll`.
    """

    def __init__(self, sizehint: int = -1, flags: int = 0, *, real: Any = None) -> None:
        self._real = (_epoll(sizehint, flags) if sizehint != -1 or flags else _epoll()) if real is None else real
        self._events: dict[int, int] = {}
        self._descriptors: dict[int, _descriptors.Descriptor] = {}
        # To be watched (again) from the next poll on.
        self._stale: set[int] = set()
        # When each was last reported, for polls with room for only some: those not reported come first.
        self._told: dict[int, int] = {}
        self._polls = 0
        self._watchers: dict[Session, tuple[Watcher, dict[int, int]]] = {}

    @classmethod
    def fromfd(cls, fd: int) -> Epoll:
        return cls(real=_epoll.fromfd(fd))

    @property
    def closed(self) -> bool:
        return bool(self._real.closed)

    def fileno(self) -> int:
        return int(self._real.fileno())

    def close(self) -> None:
        for watcher, numbers in self._watchers.values():
            release(watcher, numbers)
        self._watchers.clear()
        self._events.clear()
        self._stop_listening()
        self._real.close()

    def __del__(self) -> None:
        for watcher, _ in getattr(self, "_watchers", {}).values():
            watcher.close()
        if hasattr(self, "_descriptors"):
            self._stop_listening()

    def __enter__(self) -> Epoll:
        self._real.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def register(self, fd: Any, eventmask: int = POLLIN | POLLPRI | POLLOUT) -> None:
        number = number_of(fd)
        if not is_brokered(number):
            self._real.register(number, eventmask)
            return
        self.fileno()
        descriptor = _descriptors.lookup(number)
        eventmask = self._validated(eventmask, ~_EXCLUSIVE_BITS)
        if number in self._events:
            raise FileExistsError(17, "File exists")
        self._events[number] = eventmask
        self._descriptors[number] = descriptor
        self._stale.add(number)
        # The daemon does not know of data read ahead here.
        descriptor.unread.listeners[self._listener(number)] = functools.partial(self._stale.add, number)

    def modify(self, fd: Any, eventmask: int) -> None:
        number = number_of(fd)
        if not is_brokered(number):
            self._real.modify(number, eventmask)
            return
        eventmask = self._validated(eventmask, EPOLLEXCLUSIVE)
        self._known(number)
        self._events[number] = eventmask
        self._stale.add(number)

    def unregister(self, fd: Any) -> None:
        number = number_of(fd)
        if not is_brokered(number):
            self._real.unregister(number)
            return
        self._known(number)
        self._drop(number)

    def poll(self, timeout: Optional[float] = None, maxevents: int = -1) -> list[tuple[int, int]]:
        if not self._events:
            return self._real.poll(timeout, maxevents)  # type: ignore[no-any-return]
        if _is_odd(timeout, maxevents):
            return self._real.poll(0 if timeout is None else timeout, maxevents)  # type: ignore[no-any-return]
        deadline = None if timeout is None or timeout < 0 else time.monotonic() + timeout
        # Something that just became ready, even by a call of this program, may not have been reported yet. An event
        # loop polls between any two of its callbacks, and will poll again.
        look_again = timeout == 0 and sys._getframe(2).f_globals.get("__name__") != "asyncio.base_events"
        results: list[tuple[int, int]] = []
        while True:
            results.extend(self._rearm(look_again))
            look_again = False
            for watcher, numbers in list(self._watchers.values()):
                results.extend(self._take(watcher, numbers))
            if any(watcher.lost for watcher, _ in self._watchers.values()):
                self._forget_lost()
            # Sockets that were closed but live on under another descriptor, and those watched over a broken connection.
            if self._stale and not results:
                continue
            left = 0.0 if results else -1 if deadline is None else max(deadline - time.monotonic(), 0.0)
            wakes = {watcher.wake for watcher, _ in self._watchers.values()}
            # None of these may be dropped, because the kernel may report it only once. If brokered ones alone fill the
            # room, these get one place every second time.
            room = maxevents if maxevents == -1 else max(maxevents - len(results), self._polls % 2)
            found = [] if room == 0 else self._real.poll(left, room)
            local = [(number, events) for number, events in found if number not in wakes]
            if results or local or (left == 0 and not found):
                return self._tell(results, maxevents if maxevents == -1 else maxevents - len(local)) + local

    def _stop_listening(self) -> None:
        for number, descriptor in self._descriptors.items():
            descriptor.unread.listeners.pop(self._listener(number), None)
        self._descriptors.clear()

    def _listener(self, number: int) -> tuple[int, int]:
        return (id(self), number)

    def _known(self, number: int) -> None:
        self.fileno()
        _descriptors.lookup(number)
        if number not in self._events:
            raise FileNotFoundError(2, "No such file or directory")

    def _drop(self, number: int) -> None:
        self._events.pop(number, None)
        self._told.pop(number, None)
        descriptor = self._descriptors.pop(number, None)
        if descriptor is not None:
            descriptor.unread.listeners.pop(self._listener(number), None)
        self._stale.discard(number)
        for watcher, numbers in self._watchers.values():
            for handle in [handle for handle, known in numbers.items() if known == number]:
                del numbers[handle]
                watcher.arm([(handle, 0)])

    def _rearm(self, look_again: bool) -> list[tuple[int, int]]:
        """Watches descriptors that need to be watched again. Returns those that are ready without the daemon."""
        results: list[tuple[int, int]] = []
        interests: dict[Session, list[tuple[int, int]]] = {}
        for number in list(self._stale):
            self._stale.discard(number)
            descriptor = self._open(number)
            if descriptor is None:
                self._drop(number)  # As the kernel does with what was closed.
                continue
            events = self._events[number]
            stashed = stashed_events(descriptor.drained(), events)
            if stashed:
                results.append((number, stashed))
                self._stale.add(number)
                continue
            try:
                self._watcher(descriptor.session)[1][descriptor.handle] = number
            except BrokerError as error:
                results.append((number, _lost(error) & (events | POLLERR | POLLHUP)))
                self._stale.add(number)
                continue
            interests.setdefault(descriptor.session, []).append((descriptor.handle, events & _WATCHED or POLLERR))
        for session, (watcher, _) in list(self._watchers.items()):
            wanted = interests.get(session, [])
            if wanted or look_again:
                watcher.arm(wanted, look_again)
        return results

    def _forget_lost(self) -> None:
        """Watches descriptors again whose connection broke."""
        for session, (watcher, numbers) in list(self._watchers.items()):
            if watcher.lost:
                with contextlib.suppress(OSError):
                    self._real.unregister(watcher.wake)
                del self._watchers[session]
                self._stale.update(number for number in numbers.values() if number in self._events)

    def _open(self, number: int) -> Optional[_descriptors.Descriptor]:
        """What is registered under a number: its description lives until its last descriptor is closed."""
        descriptor = self._descriptors[number]
        if _descriptors.find(number) is descriptor:
            return descriptor
        return _descriptors.twin(descriptor)

    def _validated(self, eventmask: Any, forbidden: int) -> int:
        """Lets the interpreter validate events. Returns those that the kernel would see. Raises EINVAL for
        EPOLLEXCLUSIVE with forbidden events.
        """
        if not isinstance(eventmask, int) or not 0 <= eventmask < 1 << 32:
            with contextlib.suppress(OSError):
                self._real.modify(self._real.fileno(), eventmask)
        events = int(eventmask) & 0xFFFFFFFF
        if events & EPOLLEXCLUSIVE and events & forbidden:
            raise kernel_error(errno.EINVAL)
        return events

    def _watcher(self, session: Session) -> tuple[Watcher, dict[int, int]]:
        known = self._watchers.get(session)
        if known is not None and not known[0].lost:
            return known
        watcher = watcher_of(session)
        if known is not None:
            with contextlib.suppress(OSError):
                self._real.unregister(known[0].wake)
        self._real.register(watcher.wake, POLLIN)
        self._watchers[session] = (watcher, {})
        return self._watchers[session]

    def _take(self, watcher: Watcher, numbers: dict[int, int]) -> Iterator[tuple[int, int]]:
        for handle, held in watcher.take().items():
            number = numbers.get(handle)
            if number is None or number not in self._events:
                continue
            wanted = self._events[number]
            if held & POLLNVAL:
                del numbers[handle]
                self._stale.add(number)
                continue
            self._stale.add(number)
            held &= wanted | POLLERR | POLLHUP
            if held:
                yield number, held

    def _tell(self, found: list[tuple[int, int]], room: int) -> list[tuple[int, int]]:
        """Returns as many events as there is room for, each once, taking turns. Events reported by EPOLLONESHOT are not
        reported again.
        """
        self._polls += 1
        merged: dict[int, int] = {}
        for number, events in found:
            merged[number] = merged.get(number, 0) | events
        results = list(merged.items())
        if room != -1:
            results = sorted(results, key=lambda result: self._told.get(result[0], 0))[:room]
            self._told.update((number, self._polls) for number, _ in results)
        for number, _ in results:
            events = self._events.get(number, 0)
            if events & EPOLLONESHOT:
                self._events[number] = events & ~_WATCHED
                self._stale.discard(number)
        return results


def _is_odd(timeout: Any, maxevents: Any) -> bool:
    """Whether epoll.poll refuses these arguments."""
    if timeout is not None and not (isinstance(timeout, (int, float)) and timeout * 1000 < 1 << 31):
        return True
    return not isinstance(maxevents, int) or maxevents < -1 or maxevents == 0


_epoll: Any = getattr(select, "epoll", None)
# Allowed with EPOLLEXCLUSIVE.
_EXCLUSIVE_BITS = EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE


def number_of(thing: Any) -> int:
    """The descriptor of an object, as in select: an int, or the result of its fileno(). Raises TypeError, ValueError."""
    number: Any = thing
    if not isinstance(thing, int):
        if not hasattr(thing, "fileno"):
            raise TypeError("argument must be an int, or have a fileno() method.")
        number = thing.fileno()
        if not isinstance(number, int):
            raise TypeError("fileno() returned a non-integer")
    if number < 0:
        raise ValueError(f"file descriptor cannot be a negative integer ({number})")
    return int(number)
