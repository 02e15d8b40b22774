"""Forks: what happens before and after one, in the parent and in the child.

**Sockets.** In the kernel a child has its own descriptors, and can close them without affecting its parent. So the
parent duplicates every open handle before it forks, and the child maps its numbers to the duplicates. The child must
not use the parent's channels: it opens a connection when it needs one. The write end of a pipe is open only in the
child; its end of file tells the parent that the child is gone, or has executed another program, and that the duplicates
which it did not close have to be closed.

**gRPC** lets a process fork only while none of its threads is working, and asks them to stop by a flag that they check
after each event, or once per second. To avoid waiting that second, operations are started that time out within
milliseconds: their ends are events. In the child gRPC itself closes the parent's channels, and takes its own locks for
that; a lock that another thread of the parent held at the moment of the fork is never released there. Two kinds of
threads hold such locks:

- Threads that send take their messages from generators of this package (`CallThreads.begin`), which go through
  `passage`. A message handed to gRPC between the stop of its threads and the fork can block forever, and with it the
  fork.
- Threads that read hold them from the arrival of an answer until they request the next one. So before a fork each gets
  an answer, and pauses after it (`Rest`), without a pending request that could wake it.

**The order** of a fork: `_before` (duplicates; from then on nothing may wait; readers pause; the gate closes), gRPC's
handler, the fork. Then in the parent gRPC's handler and `_after_in_parent`; in the child the functions given to
`in_child`, gRPC's handler, `_after_in_child`.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
from collections.abc import Collection, Iterable
from typing import Any, Callable, Optional, Protocol

from . import _grpc_thread, _numbers, _requests, _waiting
from ._gen.v1 import socket_service_pb2
from ._unix_paths import unix_paths

# How long a thread may take to get into gRPC with a message that has passed the gate, or out of it with an event that it
# has delivered, in seconds.
_SETTLE_SECONDS = 0.01
# How long a fork waits for a reading thread to pause, in seconds.
_REST_SECONDS = 2
_WAKE_AFTER_MS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)

# The C function, from before select.poll is replaced by one that supports brokered sockets.
_poll = select.poll
_POLLIN = select.POLLIN

# Objects that a child inherited and must not use: not even their finalizers may run.
_inherited: list[object] = []


def prepare_grpc() -> None:
    """Called before gRPC is imported, which reads this variable then: without it, the child of a fork hangs in its
    first call.
    """
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "1")


# The threads of gRPC ------------------------------------------------------------------------------------------------------

_gate = threading.Lock()


def passage() -> None:
    """Returns when no fork is in progress."""
    with _gate:
        return


class Rest:
    """Pauses a thread that reads a stream during a fork."""

    def __init__(self) -> None:
        self._pause: Optional[tuple[threading.Lock, threading.Lock]] = None

    def want(self) -> None:
        """Makes the thread pause after it has read the next message, which the caller must provoke."""
        resting, over = threading.Lock(), threading.Lock()
        resting.acquire()
        over.acquire()
        self._pause = resting, over

    def wait(self) -> None:
        """Waits until the thread pauses."""
        if self._pause is not None:
            self._pause[0].acquire(timeout=_REST_SECONDS)

    def end(self) -> None:
        """Lets the thread continue."""
        pause, self._pause = self._pause, None
        if pause is not None:
            pause[1].release()

    def point(self) -> None:
        """Called by the thread before it requests more."""
        pause = self._pause
        if pause is not None:
            pause[0].release()
            pause[1].acquire()


# Sessions -----------------------------------------------------------------------------------------------------------------


class Session(Protocol):
    """The part of a session (`_session`) that a fork needs."""

    @property
    def lost(self) -> bool: ...

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]: ...

    @property
    def forks(self) -> SessionForks: ...

    def connection_if_any(self) -> Optional[Any]:
        """The connection, if there ever was one; it may be broken."""

    def connection(self) -> Any: ...

    def streams_that_rest(self) -> list[Any]: ...

    def call(self, verb: str, request: Any) -> Any: ...

    def call_all(self, verb: str, requests: list[Any]) -> list[Any]: ...

    def post_close(self, handle: int) -> None: ...

    def begin_anew(self) -> Iterable[object]:
        """Continues without the parent's connection, and returns everything that belongs to it."""


class SessionForks:
    """A session's part of the forks of a process."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._handles: list[tuple[Any, int]] = []
        self._pipe: Optional[tuple[int, int]] = None
        self._resting: list[Any] = []
        # The handle that the operations of `_wake_soon` wait on.
        self._alarm: Optional[int] = None

    def before(self) -> None:
        """Duplicates handles for the child, and makes gRPC's threads stop soon."""
        session = self._session
        self._handles, self._pipe = [], None
        descriptors = _numbers.of_session(session)
        if session.lost or (session.connection_if_any() is None and not descriptors):
            return
        with contextlib.suppress(Exception):
            if descriptors:
                # The first call, which reports a broken connection: for a duplicate it would be unknown whether it was
                # created.
                session.call("get_session", _requests.get_session())
            connection = session.connection()
            if descriptors:
                requests = [_requests.dup(_shared(each)) for each in descriptors]
                for descriptor, duplicate in zip(descriptors, session.call_all("dup", requests)):
                    if not isinstance(duplicate, Exception):
                        self._handles.append((descriptor, duplicate.socket.handle))
                self._pipe = os.pipe()
            self._wake_soon(connection)

    def rest(self) -> None:
        """Makes the reading threads pause, after everything that has to be requested before a fork."""
        self._resting = self._session.streams_that_rest()
        for stream in self._resting:
            stream.rest_soon()
        for stream in self._resting:
            stream.rest.wait()

    def after_in_parent(self) -> None:
        """Watches the child's handles."""
        resting, self._resting = self._resting, []
        for stream in resting:
            stream.rest.end()
        handles, pipe = self._handles, self._pipe
        self._handles, self._pipe = [], None
        if pipe is not None:
            os.close(pipe[1])
            _children.add(pipe[0], self._session, [handle for _, handle in handles])

    def after_in_child(self) -> None:
        """Switches to the child's own handles. The connection is made when it is needed."""
        session = self._session
        _inherited.extend(session.begin_anew())
        self._alarm = None
        inherited = {descriptor.number for descriptor, _ in self._handles}
        for descriptor in _numbers.of_session(session):
            descriptor.receiving = descriptor.sending = None
            # A stream's data was pushed back, if the daemon had room for it; otherwise both have it, because a gap would
            # be worse: a parent that lets its child continue to read does not read it itself.
            if not descriptor.stream:
                descriptor.unread.take_messages()
            descriptor.unread.connections.clear()
            if descriptor.number not in inherited:
                _numbers.table.pop(descriptor.number, None)
        self._resting = []
        for descriptor, handle in self._handles:
            descriptor.handle = handle
            if descriptor.number not in _numbers.table:  # A finalizer closed it in the moment of the fork.
                session.post_close(handle)
        if self._pipe is not None:
            os.close(self._pipe[0])
            # Never closed here: its end is the signal.
            _inherited.append(self._pipe[1])
        self._handles, self._pipe = [], None

    def _wake_soon(self, connection: Any) -> None:
        if self._alarm is None:
            self._alarm = self._session.call("socketpair", _requests.socketpair()).first.handle
        alarm: int = self._alarm
        receive = connection.tracked.channel.unary_unary(
            "/sockbroker.v1.SocketService/Recv",
            socket_service_pb2.RecvRequest.SerializeToString,
            socket_service_pb2.RecvResponse.FromString,
        )

        # Not on the session's stream: their ends would wake the thread that reads results, which holds a lock of gRPC
        # while it is awake. A fork at that moment would leave the lock held in the child forever.
        def begin() -> None:
            now = time.monotonic()
            connection.wakes = [wake for wake in connection.wakes if not wake[1].done()]
            ends = [end - now for end, _ in connection.wakes]
            for milliseconds in _WAKE_AFTER_MS:
                seconds = milliseconds / 1000
                # Those of an earlier fork suffice: consecutive forks must not fill the connection with calls.
                if any(seconds / 2 < end <= seconds for end in ends):
                    continue
                wait = _requests.recv(1, 0, _requests.within(seconds))
                wait.handle = alarm
                wake = receive.future(wait, metadata=self._session.metadata)
                wake.add_done_callback(_let_deliverer_leave)
                connection.wakes.append((now + seconds, wake))

        _grpc_thread.perform(begin)


def _let_deliverer_leave(_: object) -> None:
    """Gives the thread of gRPC that delivered an event time to leave gRPC. Called by the thread that stops for the fork
    after the event: gRPC does not prepare for the fork if any thread is inside it when the last one has stopped, and
    then the child aborts in its first call.
    """
    if _gate.locked():
        time.sleep(_SETTLE_SECONDS)


def _shared(descriptor: Any) -> int:
    """Returns the handle of a descriptor, when its unread data is in the daemon."""
    # Other descriptors are duplicated even if that fails.
    with contextlib.suppress(OSError):
        descriptor.now_shared()
    return int(descriptor.handle)


# Children -----------------------------------------------------------------------------------------------------------------


class _Children:
    """Closes what ended children left open."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._children: dict[int, tuple[Session, list[int]]] = {}
        self._wake: Optional[tuple[int, int]] = None

    def add(self, pipe: int, session: Session, handles: list[int]) -> None:
        with self._lock:
            self._children[pipe] = (session, handles)
            if self._wake is None:
                self._wake = os.pipe()
                threading.Thread(target=self._run, args=(self._wake[0],), name="sockbroker-forks", daemon=True).start()
            os.write(self._wake[1], b"\0")

    def any_alive(self, session: Session) -> bool:
        with self._lock:
            pipes = [pipe for pipe, (owner, _) in self._children.items() if owner is session]
        poll = _poll()
        for pipe in pipes:
            poll.register(pipe, _POLLIN)
        return len(poll.poll(0)) < len(pipes)

    def reset(self) -> None:
        """In a child: the parent's children are not its own."""
        for pipe in (*self._children, *(self._wake or ())):
            os.close(pipe)
        self.__init__()  # type: ignore[misc]

    def _run(self, wake: int) -> None:
        while True:
            poll = _poll()
            poll.register(wake, _POLLIN)
            with self._lock:
                for pipe in self._children:
                    poll.register(pipe, _POLLIN)
            for number, _ in poll.poll():
                if number == wake:
                    os.read(wake, 4096)
                    continue
                with self._lock:
                    session, handles = self._children.pop(number)
                    os.close(number)
                for handle in handles:
                    session.post_close(handle)
                del session


_children = _Children()


def watch_child(pipe: int, session: Session, handles: list[int]) -> None:
    """Closes handles that were made for another process when it is gone, which is when `pipe` reaches its end. The pipe
    is closed here.
    """
    _children.add(pipe, session, handles)


def has_children(session: Session) -> bool:
    """Whether another process that got handles of the session from this one is running."""
    return _children.any_alive(session)


# The handlers -------------------------------------------------------------------------------------------------------------

_sessions: Collection[Session] = ()


def in_child(begin_anew: Callable[[], None]) -> None:
    """Registers a function to be called in the child of each fork, before gRPC's handler and `_after_in_child`. For
    modules with state that belongs to the parent.
    """
    os.register_at_fork(after_in_child=begin_anew)


def watch_process(sessions: Collection[Session]) -> None:
    """Handles forks for the sessions in a collection. Idempotent.

    gRPC must have been imported: handlers registered last run first before a fork, and after gRPC has stopped its
    threads it is too late to duplicate handles.
    """
    global _sessions
    if _sessions is sessions:
        return
    _sessions = sessions
    os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)


def _before() -> None:
    for session in list(_sessions):
        session.forks.before()
    # No answer arrives from here on.
    _waiting.forbid()
    for session in list(_sessions):
        session.forks.rest()
    _gate.acquire()
    time.sleep(_SETTLE_SECONDS)


def _after_in_parent() -> None:
    _gate.release()
    _waiting.permit()
    for session in list(_sessions):
        session.forks.after_in_parent()


def _after_in_child() -> None:
    global _gate
    # The threads that were waiting for it do not exist in the child.
    _gate = threading.Lock()
    _waiting.permit()
    _children.reset()
    for session in list(_sessions):
        session.forks.after_in_child()


for _function in (_grpc_thread.begin_anew, unix_paths.forget_links):
    in_child(_function)
