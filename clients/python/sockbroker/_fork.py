"""Forks: what happens before and after one, in the parent and in the child.

**Sockets.** In the kernel a child has descriptors of its own, and may close them without disturbing its parent. So the parent
duplicates every open handle before it forks, and the child finds its numbers pointing at the duplicates. The child must not
touch the parent's channels: it opens a connection when it needs one. The write end of a pipe is open in the child alone; its
end of file tells the parent that the child is gone, or has become another program, and that the duplicates which it did not
close are to be closed for it.

**gRPC** lets a process fork only while none of its threads works for it, and asks them to rest by a flag that they look at
after each event, or once in a second. So that nobody has to wait for that second, some operations are begun that time out
within milliseconds: their ends are events. In the child gRPC itself closes the parent's channels, and takes its own locks for
it; one that another thread of the parent held at the moment of the fork is never released there. Two kinds of threads hold
them:

- Those that send take their messages from generators of this package (`CallThreads.begin`), which pass through `passage`. A
  message that is handed to gRPC between the stop of its threads and the fork can block for ever, with the fork behind it.
- Those that read hold them from the arrival of an answer until the next one is asked for. So before a fork each gets an answer,
  and rests behind it (`Rest`), with nothing asked for that could wake it.

**The order** of a fork: `_before` (duplicates; from then on nobody may wait; readers rest; the gate closes), gRPC's handler, the
fork. Then in the parent gRPC's handler and `_after_in_parent`; in the child what was given to `in_child`, gRPC's handler,
`_after_in_child`.
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

# How long a message that had passed may be on its way into gRPC, in seconds.
_SETTLE_SECONDS = 0.002
# How long a fork waits for a thread that reads to rest, in seconds.
_REST_SECONDS = 2
_WAKE_AFTER_MS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)

# C-level poll, before anything replaces select.poll by one that knows of brokered sockets.
_poll = select.poll
_POLLIN = select.POLLIN

# What a child inherited and must not use: not even finalizers may run on it.
_inherited: list[object] = []


def prepare_grpc() -> None:
    """Is called before gRPC is imported, which reads it then: without it, the child of a fork hangs in its first call."""
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "1")


# The threads of gRPC ------------------------------------------------------------------------------------------------------

_gate = threading.Lock()


def passage() -> None:
    """Returns when no fork is under way."""
    with _gate:
        return


class Rest:
    """Where a thread that reads a stream rests during a fork."""

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


# Sessions -----------------------------------------------------------------------------------------------------------------


class Session(Protocol):
    """What a fork has to do with a session (`_session`)."""

    @property
    def lost(self) -> bool: ...

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]: ...

    @property
    def forks(self) -> SessionForks: ...

    def connection_if_any(self) -> Optional[Any]:
        """The connection, if there ever was one: it may be broken."""

    def connection(self) -> Any: ...

    def streams_that_rest(self) -> list[Any]: ...

    def call(self, verb: str, request: Any) -> Any: ...

    def call_all(self, verb: str, requests: list[Any]) -> list[Any]: ...

    def post_close(self, handle: int) -> None: ...

    def begin_anew(self) -> Iterable[object]:
        """Goes on without the parent's connection, and answers all that belongs to it."""


class SessionForks:
    """The forks of a process, as far as they are one session's."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._handles: list[tuple[Any, int]] = []
        self._pipe: Optional[tuple[int, int]] = None
        self._resting: list[Any] = []
        # The handle that the operations of `_wake_soon` wait for.
        self._alarm: Optional[int] = None

    def before(self) -> None:
        """Makes the child's handles, and sees to it that gRPC's threads rest soon."""
        session = self._session
        self._handles, self._pipe = [], None
        descriptors = _numbers.of_session(session)
        if session.lost or (session.connection_if_any() is None and not descriptors):
            return
        with contextlib.suppress(Exception):
            if descriptors:
                # It comes back first if the connection is broken; of a duplicate nobody could tell whether it was made.
                session.call("get_session", _requests.get_session())
            connection = session.connection()
            if descriptors:
                requests = [_requests.dup(each.now_shared().handle) for each in descriptors]
                for descriptor, duplicate in zip(descriptors, session.call_all("dup", requests)):
                    if not isinstance(duplicate, Exception):
                        self._handles.append((descriptor, duplicate.socket.handle))
                self._pipe = os.pipe()
            self._wake_soon(connection)

    def rest(self) -> None:
        """Lets the threads that read rest, behind everything that has to be asked before a fork."""
        self._resting = self._session.streams_that_rest()
        for stream in self._resting:
            stream.rest_soon()
        for stream in self._resting:
            stream.rest.wait()

    def after_in_parent(self) -> None:
        """Watches over the child's handles."""
        resting, self._resting = self._resting, []
        for stream in resting:
            stream.rest.end()
        handles, pipe = self._handles, self._pipe
        self._handles, self._pipe = [], None
        if pipe is not None:
            os.close(pipe[1])
            _children.add(pipe[0], self._session, [handle for _, handle in handles])

    def after_in_child(self) -> None:
        """Turns to the child's own handles. The connection is made when it is needed."""
        session = self._session
        _inherited.extend(session.begin_anew())
        self._alarm = None
        inherited = {descriptor.number for descriptor, _ in self._handles}
        for descriptor in _numbers.of_session(session):
            descriptor.receiving = descriptor.sending = None
            # Of a stream it is received already; a parent that lets its child read on does not read it itself.
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
            # Never closed here: its end is the sign.
            _inherited.append(self._pipe[1])
        self._handles, self._pipe = [], None

    def _wake_soon(self, connection: Any) -> None:
        if self._alarm is None:
            self._alarm = self._session.call("socketpair", _requests.socketpair()).first.handle
        alarm: int = self._alarm
        receive = connection.lane.channel.unary_unary(
            "/sockbroker.v1.SocketService/Recv",
            socket_service_pb2.RecvRequest.SerializeToString,
            socket_service_pb2.RecvResponse.FromString,
        )

        # Not on the session's stream: its ends would wake the thread that reads results, which holds a lock of gRPC's while
        # it is awake. A fork at that moment would leave the lock held in the child for ever.
        def begin() -> None:
            now = time.monotonic()
            connection.wakes = [wake for wake in connection.wakes if not wake[1].done()]
            ends = [end - now for end, _ in connection.wakes]
            for milliseconds in _WAKE_AFTER_MS:
                seconds = milliseconds / 1000
                # One of an earlier fork does as well: forks in a row are not to fill the connection with calls.
                if any(seconds / 2 < end <= seconds for end in ends):
                    continue
                wait = _requests.recv(1, 0, _requests.within(seconds))
                wait.handle = alarm
                connection.wakes.append((now + seconds, receive.future(wait, metadata=self._session.metadata)))

        _grpc_thread.perform(begin)


# Children -----------------------------------------------------------------------------------------------------------------


class _Children:
    """Closes what dead children left open."""

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
    """Closes handles that were made for another process when it is gone: then `pipe`, which is closed here, has its end."""
    _children.add(pipe, session, handles)


def has_children(session: Session) -> bool:
    """Whether another process, which has handles of the session from this one, is alive."""
    return _children.any_alive(session)


# The handlers -------------------------------------------------------------------------------------------------------------

_sessions: Collection[Session] = ()


def in_child(begin_anew: Callable[[], None]) -> None:
    """Has a function called in the child of each fork, before gRPC's handler and `_after_in_child`: by a module, when it is
    imported, whose own state is the parent's."""
    os.register_at_fork(after_in_child=begin_anew)


def watch_process(sessions: Collection[Session]) -> None:
    """Sees to the sessions in a collection whenever the process forks. Idempotent.

    gRPC must have been imported: what was registered last is first before a fork, and when gRPC has stopped its threads it is
    too late for duplicating handles.
    """
    global _sessions
    if _sessions is sessions:
        return
    _sessions = sessions
    os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)


def _before() -> None:
    for session in list(_sessions):
        session.forks.before()
    # From here on no answer comes.
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
    # None of the threads that were waiting at it are there.
    _gate = threading.Lock()
    _waiting.permit()
    _children.reset()
    for session in list(_sessions):
        session.forks.after_in_child()


for _function in (_grpc_thread.begin_anew, unix_paths.forget_links):
    in_child(_function)
