"""A leased session, and the connection that it is used over.

A session is opened with a token, so that it can be used from several connections: this process's, the next one after a
broken one, and those of its forked children (`_fork`). It lives while a stream is open on it.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, Optional

from . import _core, _fork, _grpc_thread, _numbers, _requests, _waiting
from ._call_threads import CallThreads
from ._channel import LEASE_SECONDS, OPTIONS, WAIT_SECONDS, explain
from ._channels import Channels, TrackedChannel
from ._endpoint import Endpoint
from ._green_threads import refuse_green_threads
from ._grpc import grpc
from ._gen.v1 import session_service_pb2
from ._metadata_keys import SESSION_KEY
from ._stream import Kept, OperationStream, Pending
from ._turns import Turns
from .errors import BrokerError, ConnectionLost

# Sessions that are not closed or lost. They are closed when the interpreter exits.
_sessions: set[Session] = set()


class Connection:
    """The operation stream, and its channel."""

    def __init__(self, session: Session, tracked: TrackedChannel) -> None:
        self.tracked = tracked
        self.operations = OperationStream(tracked.channel, session.metadata, session.threads, session.operations_ended)
        # Calls whose ends wake gRPC's threads, with the time when they end; dropping one would reset its stream.
        self.wakes: list[tuple[float, Any]] = []


class Session:
    """A session with a daemon. Its methods may be called from any thread."""

    def __init__(self, endpoint: Endpoint, name: str = "", token: Optional[str] = None) -> None:
        """Opens the session; with `token`, uses the session of the process that started this one, which inherited
        sockets of it.

        Raises BrokerError if there is no daemon, PolicyDenial if it does not admit this process.
        """
        refuse_green_threads()
        self.endpoint = endpoint
        self.limits = session_service_pb2.Limits()
        # A signal handler may interrupt the thread that holds it, and need the connection too.
        self._lock = threading.RLock()
        self._connection: Optional[Connection] = None
        self._connect_anew()
        # For the next connection: operations posted while there was none.
        self._unposted: deque[tuple[str, Any]] = deque()
        self._owner = os.getpid() if token is None else 0
        self._life = _core.Life()
        self.forks = _fork.SessionForks(self)
        _waiting.require()
        tracked = self.channels.borrow_new()
        _fork.watch_process(_sessions)
        try:
            self.token = self._open(tracked.channel, name) if token is None else token
            self._connection = self._start(tracked)
            self._lookups = self._lookup_limit()
        except BaseException:
            for channel in self.channels.take_all():
                _grpc_thread.post(channel.close)
            raise
        _sessions.add(self)

    def _connect_anew(self) -> None:
        """Starts without a connection: in a new session, and in the child of a fork, which cannot use its parent's."""
        self.channels = Channels(self._open_channel, lambda channel: _grpc_thread.post(channel.close))
        self.threads = CallThreads()
        self.streams: weakref.WeakSet[Any] = weakref.WeakSet()
        self.idle_watchers: list[Any] = []
        self._ending = threading.Event()
        self._coming_back: Optional[threading.Thread] = None

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        """The metadata that makes a call belong to the session."""
        return ((SESSION_KEY, self.token),)

    @property
    def lost(self) -> bool:
        """Whether the session is permanently gone, and its sockets with it."""
        return self._life.over

    def call(self, verb: str, request: Any, kept: Optional[Kept] = None) -> Any:
        """Performs an operation, and returns its response.

        `kept` also gets the response if an exception from a signal handler ends the call. Raises the exceptions of
        `_status`; ConnectionLost if the connection breaks, or is broken and cannot be re-established immediately.
        Operations that were not sent, or may be repeated, are sent over the next connection.
        """
        _waiting.require()
        while True:
            operations = self.connection().operations
            pending = Pending(verb)
            try:
                operations.begin(pending, request)
                return operations.finish(pending, kept)
            except ConnectionLost as error:
                if not _core.goes_again(verb, error, operations.ended):
                    raise
            except BaseException:
                # An exception from a signal handler may occur at any point.
                operations.abandon(pending, kept)
                raise

    def look_up(self, verb: str, request: Any) -> Any:
        """Like `call`, for the resolver. The daemon limits concurrent look-ups; further ones wait here."""
        _waiting.require()
        with self._lookups.one():
            delay = 0.001
            while True:
                try:
                    return self.call(verb, request)
                except BrokerError as error:
                    # Another session of the same principal uses them.
                    if error.code != "QUOTA_EXCEEDED" or delay > WAIT_SECONDS:
                        _waiting.park_at_exit()
                        raise
                time.sleep(delay)
                delay *= 2

    def call_all(self, verb: str, requests: Sequence[Any]) -> list[Any]:
        """Performs operations together. Returns a response or an exception for each."""
        _waiting.require()
        operations = self.connection().operations
        begun = [Pending(verb) for _ in requests]
        for pending, request in zip(begun, requests):
            operations.begin(pending, request)
        results: list[Any] = []
        for pending in begun:
            try:
                results.append(operations.finish(pending))
            except Exception as error:  # One of several outcomes, for the caller to look at.
                results.append(error)
        return results

    def post(self, verb: str, request: Any) -> bool:
        """Starts an operation without awaiting it. For finalizers: takes no lock, and opens no connection. Returns
        False if there is none.
        """
        connection = self._connection
        if connection is None or connection.operations.ended:
            return False
        return connection.operations.post(verb, request)

    def post_surely(self, verb: str, request: Any) -> None:
        """Like `post`, for an operation that may be performed twice: performed at the latest when there is a connection
        again.
        """
        if self.post(verb, request):
            return
        self._unposted.append((verb, request))
        # There may be a connection by now.
        if self._connection is not None and not self._connection.operations.ended:
            self._post_what_is_left()

    def post_close(self, handle: int) -> None:
        """Closes a handle without waiting for it. For finalizers."""
        self.post_surely("close", _requests.close(handle))

    def _post_what_is_left(self) -> None:
        while self._unposted:
            try:
                left = self._unposted.popleft()
            except IndexError:
                return
            if not self.post(*left):
                self._unposted.appendleft(left)
                return

    def begin_stream(self, path: str, requests: Iterator[Any], **codecs: Any) -> tuple[Any, TrackedChannel]:
        """Starts a call with a stream in both directions. `stream_ended` must be called when it is over. Raises
        ConnectionLost.
        """
        self.connection()

        def begin() -> tuple[Any, TrackedChannel]:
            tracked = self.channels.borrow()
            return self.threads.begin(tracked.channel.stream_stream(path, **codecs), requests, self.metadata), tracked

        return _grpc_thread.perform(begin)

    def connection(self) -> Connection:
        """Returns the connection; a new one if the old one is broken or belongs to the parent. Raises ConnectionLost."""
        connection = self._connection
        if connection is not None and not connection.operations.ended:
            return connection
        with self._lock:
            connection = self._connection
            if connection is None or connection.operations.ended:
                _waiting.require()
                connection = self._resume()
            return connection

    def close(self) -> None:
        """Ends the session, and with it every socket. In a forked child it only ends the connection. Idempotent."""
        if self._life.closed:
            return
        if not _waiting.allowed():
            _grpc_thread.post(self.close)
            return
        self._ending.set()
        connection = self._connection
        owner = self._owner == os.getpid()
        if connection is not None and not connection.operations.ended:
            with contextlib.suppress(Exception):
                if owner and not _fork.has_children(self):
                    self.call("close_session", _requests.close_session())
                else:
                    requests = [_requests.close(each.handle) for each in _numbers.of_session(self)]
                    self.call_all("close", requests)
        # The numbers remain until their owners close them, which they may do after the connection is gone.
        self._life.closed = True
        _sessions.discard(self)
        with contextlib.suppress(Exception):
            self._disconnect()

    def _disconnect(self) -> None:
        if self._coming_back is not None and self._coming_back is not threading.current_thread():
            self._coming_back.join(WAIT_SECONDS)
        for stream in list(self.streams):
            stream.close()
        if self._connection is not None:
            self._connection.operations.cancel()
        for channel in self.channels.take_all():
            _grpc_thread.perform(channel.close)
        self.threads.join()

    def _open_channel(self) -> Any:
        return grpc.insecure_channel(self.endpoint.target(), OPTIONS)

    def _open(self, channel: Any, name: str) -> str:
        method = channel.unary_unary(
            "/sockbroker.v1.SessionService/OpenSession",
            session_service_pb2.OpenSessionRequest.SerializeToString,
            session_service_pb2.OpenSessionResponse.FromString,
        )
        request = _requests.open_session(LEASE_SECONDS, name)
        try:
            call = _grpc_thread.perform(lambda: method.future(request, timeout=WAIT_SECONDS))
            response: session_service_pb2.OpenSessionResponse = call.result()
        except grpc.RpcError as error:
            raise explain(self.endpoint, error) from None
        return response.token

    def _lookup_limit(self) -> Turns:
        return Turns(max(1, self.limits.max_lookups // 2))

    def _start(self, tracked: TrackedChannel) -> Connection:
        connection = Connection(self, tracked)
        try:
            self.limits = connection.operations.first("who_am_i", _requests.who_am_i(), WAIT_SECONDS).limits
        except BaseException:
            connection.operations.cancel()
            self.channels.give_back(tracked, broken=True)
            raise
        return connection

    def operations_ended(self, operations: OperationStream) -> None:
        """Called when a stream of operations has ended: the daemon has ended the session, or the connection is broken."""
        connection = self._connection
        if connection is None or connection.operations is not operations:
            return
        self.channels.give_back(connection.tracked, broken=True)
        if self.lost or self._ending.is_set():
            return
        # Not here, on a thread that may not wait.
        thread = threading.Thread(target=self._come_back, args=(connection,), name="sockbroker-back", daemon=True)
        with contextlib.suppress(RuntimeError):  # At the end of the interpreter there are no new threads.
            thread.start()
            self._coming_back = thread

    def _come_back(self, broken: Connection) -> None:
        """Re-establishes the connection before the lease expires, unless another call does so."""
        deadline = time.monotonic() + LEASE_SECONDS
        for pause in _core.retry_pauses():
            if self._connection is not broken or self.lost or time.monotonic() >= deadline:
                return
            with contextlib.suppress(OSError):
                self.connection()
                return
            if self._ending.wait(pause):
                return

    def _resume(self) -> Connection:
        self._life.require(closed=self._ending.is_set())
        broken = self._connection
        try:
            connection = self._start(_grpc_thread.perform(self.channels.borrow_new))
        except Exception as error:
            if self._life.not_connected(error):
                _sessions.discard(self)
            raise
        if broken is not None:
            for verb, request in broken.operations.take_unanswered():
                connection.operations.post(verb, request)
        self._connection = connection
        self._post_what_is_left()
        if connection.operations.ended:  # Before anybody knew that it is the session's.
            self.operations_ended(connection.operations)
        return connection

    # Fork (_fork.py) --------------------------------------------------------------------------------------------------

    def connection_if_any(self) -> Optional[Connection]:
        """The connection, if there ever was one; it may be broken."""
        return self._connection

    def streams_that_rest(self) -> list[Any]:
        """The streams whose reading threads have to pause during a fork."""
        connection = self._connection
        if self.lost or connection is None or connection.operations.ended:
            return []
        watchers = (stream for stream in list(self.streams) if hasattr(stream, "rest_soon") and not stream.lost)
        return [connection.operations, *watchers]

    def begin_anew(self) -> tuple[object, ...]:
        """In the child of a fork: continues without the parent's connection, and returns everything that belongs to it."""
        parents = (self._connection, self._lock, self.channels, self.threads, self.streams, self.idle_watchers)
        self._connection = None
        self._connect_anew()
        self._lock = threading.RLock()
        self._lookups = self._lookup_limit()
        self._unposted.clear()
        return parents


def _close_all() -> None:
    _waiting.begin_exit()
    for session in list(_sessions):
        session.close()


# When this module is imported: exit functions that a program has registered later still have their sockets when they
# are called.
atexit.register(_close_all)
