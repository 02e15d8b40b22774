"""A leased session, and the connections that one event loop uses it over.

The session's operations use one stream, and each attached socket has its own, over as many connections as necessary
(_channels.py). The token joins them. A connection that breaks ends operations in progress on it, and a new one is
opened immediately, while the daemon keeps the session for the duration of its lease: handles are unchanged.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import functools
import weakref
from typing import Any, Callable, Optional, Union

from .. import _core, _numbers, _requests
from .._channel import LEASE_SECONDS, OPTIONS, WAIT_SECONDS, explain
from .._channels import Channels, TrackedChannel
from .._endpoint import Endpoint
from .._families import local_sockets
from .._gen.v1 import session_service_pb2, stream_service_pb2
from .._grpc import grpc
from .._linux import SCM_RIGHTS, SOL_SOCKET
from .._metadata_keys import SESSION_KEY
from .._received import Received
from .._status import broker_error, error_from_rpc, kernel_error
from ..errors import BrokerError, ConnectionLost
from ._attachment import Attachment, Owner
from ._descriptor import Descriptor
from ._operations import Keep, OperationStream, Pending
from ._peer_watch import PeerWatch

# How long closing a broker waits for written data to be sent.
_FLUSH_SECONDS = 2
# How much the daemon may send ahead on one stream, in bytes. gRPC would determine a window itself, up to several
# megabytes, by probing; this limits what a stream that nobody reads can hold.
_WINDOW_BYTES = 1024 * 1024
_OPTIONS = [*OPTIONS, ("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", _WINDOW_BYTES)]


class Connection:
    """A stream of operations, and its channel."""

    def __init__(self, tracked: TrackedChannel, token: str, on_end: Callable[[Connection], None]) -> None:
        self.tracked = tracked
        self.operations = OperationStream(tracked.channel, ((SESSION_KEY, token),), lambda: on_end(self))


class Session:
    """A session with a daemon, for the event loop that it was opened in."""

    def __init__(self, endpoint: Endpoint, name: str) -> None:
        self.endpoint = endpoint
        self.limits = session_service_pb2.Limits()
        self.token = ""
        self.loop = asyncio.get_running_loop()
        # To be closed, after what was written to them, before the session ends.
        self.transports: weakref.WeakSet[Any] = weakref.WeakSet()
        self._name = name
        self._descriptors: dict[int, Descriptor] = {}
        self._connecting = asyncio.Lock()
        self._lookups = asyncio.Semaphore(1)
        self._channels = Channels(self._open_channel, self._close_channel)
        self._connection: Optional[Connection] = None
        self._attachments: set[Attachment] = set()
        self._peer_watch: Optional[PeerWatch] = None
        # Posted operations, to be performed over the next connection.
        self._unposted: list[tuple[str, Any]] = []
        # The task that reconnects, and those that close channels.
        self._coming_back: Optional[asyncio.Task[None]] = None
        self._closing_channels: set[asyncio.Task[None]] = set()
        self._life = _core.Life()

    @property
    def lost(self) -> bool:
        """Whether the session is permanently gone, and its sockets with it."""
        return self._life.over

    async def open(self) -> None:
        """Opens it. Raises BrokerError if there is no daemon, PolicyDenial if it does not admit this process."""
        tracked = self._channels.borrow_new()
        try:
            self.token = await self._open(tracked.channel)
            self._connection = await self._start(tracked)
        except BaseException:
            await self._close_channels()
            raise
        self._lookups = asyncio.Semaphore(max(1, self.limits.max_lookups // 2))

    async def perform(
        self, verb: str, request: Any, keep: Optional[Keep] = None, unsettled: Optional[set[Pending]] = None
    ) -> Any:
        """Performs an operation, like OperationStream.perform. Raises ConnectionLost if the connection breaks, or is
        broken and cannot be re-established immediately. One that was not sent, or may be repeated, is sent over the
        next connection.
        """
        while True:
            operations = (await self.connection()).operations
            try:
                return await operations.perform(verb, request, keep, unsettled)
            except ConnectionLost as error:
                if not _core.goes_again(verb, error, operations.ended):
                    raise

    async def carry_out(self, verb: str, request: Any) -> Any:
        """Like `perform`, but cancelling the task does not cancel the operation."""
        return await (await self.connection()).operations.carry_out(verb, request)

    async def look_up(self, verb: str, request: Any) -> Any:
        """Like `perform`, for the resolver. The daemon limits concurrent look-ups; further ones wait here."""
        async with self._lookups:
            delay = 0.001
            while True:
                try:
                    return await self.perform(verb, request)
                except BrokerError as error:
                    # Another session of the same principal uses them.
                    if error.code != "QUOTA_EXCEEDED" or delay > WAIT_SECONDS:
                        raise
                await asyncio.sleep(delay)
                delay *= 2

    def post(self, verb: str, request: Any) -> None:
        """Starts an operation without awaiting it: performed at the latest when there is a connection again, and then
        possibly a second time.
        """
        connection = self._connection
        if connection is not None and not connection.operations.ended:
            connection.operations.post(verb, request)
        elif not self.lost:
            self._unposted.append((verb, request))

    def post_close(self, handle: int) -> None:
        """Closes a handle that has no descriptor."""
        self.post("close", _requests.close(handle))

    def post_close_from_anywhere(self, handle: int) -> None:
        """Like `post_close`, for finalizers, which run in any thread and after the event loop."""
        with contextlib.suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self.post_close, handle)

    async def attach(self, start: stream_service_pb2.ClientFrame, owner: Owner) -> Attachment:
        """Attaches to a handle. The owner gets the daemon's frames."""
        await self.connection()
        return self.attach_now(start, owner)

    def attach_now(self, start: stream_service_pb2.ClientFrame, owner: Owner) -> Attachment:
        """Like `attach`, without opening a connection. Raises ConnectionLost if there is none."""
        connection = self._connection
        if connection is None or connection.operations.ended:
            raise broker_error("CONNECTION_LOST", "the connection to the broker is lost")
        tracked = self._channels.borrow()

        def ended(attachment: Attachment) -> None:
            self._attachments.discard(attachment)
            self._channels.give_back(tracked, reset=attachment.was_reset, broken=attachment.was_cut)

        attachment = Attachment(tracked.channel, ((SESSION_KEY, self.token),), start, owner, ended)
        self._attachments.add(attachment)
        return attachment

    def watch_peer(self, handle: int, callback: Callable[[], None]) -> None:
        """Calls back once when the peer of a socket is gone, or when that can no longer be determined."""
        if self._peer_watch is None:
            tracked = self._channels.borrow()

            def ended(cut: bool) -> None:
                self._peer_watch = None
                self._channels.give_back(tracked, broken=cut)

            self._peer_watch = PeerWatch(tracked.channel, ((SESSION_KEY, self.token),), ended)
        self._peer_watch.add(handle, callback)

    def forget_peer(self, handle: int) -> None:
        """Removes the callback of a socket."""
        if self._peer_watch is not None:
            self._peer_watch.discard(handle)

    async def connection(self) -> Connection:
        """Returns the connection, a new one if the old one is broken. Raises ConnectionLost."""
        connection = self._connection
        if connection is not None and not connection.operations.ended:
            return connection
        async with self._connecting:
            connection = self._connection
            if connection is None or connection.operations.ended:
                connection = await self._resume()
            return connection

    # Descriptors ------------------------------------------------------------------------------------------------------

    def adopt(self, handle: int) -> Descriptor:
        """Assigns a number to a handle."""
        descriptor = Descriptor(_numbers.give(), handle)
        self._descriptors[descriptor.number] = descriptor
        return descriptor

    def lookup(self, number: int) -> Descriptor:
        """Finds an open descriptor of this session. Raises EBADF."""
        try:
            return self._descriptors[number]
        except KeyError:
            raise kernel_error(errno.EBADF) from None

    async def push_back(self, descriptor: Descriptor) -> None:
        """Pushes a stream's unread data back to the daemon, before somebody else gets the socket."""
        while descriptor.stream:
            await descriptor.handed_over()
            data = descriptor.unread.take_end(_requests.PIECE_BYTES)
            if data is None:
                return
            request = _requests.push_back(data, 0, descriptor.handle)
            pushing = descriptor.pushing = asyncio.ensure_future(self.perform("push_back", request))
            pushing.add_done_callback(functools.partial(_keep_if_failed, descriptor, data))
            # It continues when the caller is cancelled: otherwise it would be unknown whether it was performed.
            await asyncio.shield(pushing)

    def forget(self, number: int) -> None:
        """Removes a number. It is not reused."""
        self._descriptors.pop(number, None)

    def discard(self, received: Received) -> None:
        """Closes the descriptors in a received message that nobody will read."""
        for level, kind, data in received.ancillary:
            if (level, kind) == (SOL_SOCKET, SCM_RIGHTS):
                for number in memoryview(data).cast("i"):
                    descriptor = self._descriptors.pop(number, None)
                    if descriptor is not None:
                        self.post_close(descriptor.handle)

    # The end ----------------------------------------------------------------------------------------------------------

    async def close(self) -> None:
        """Sends written data, and ends the session and with it every socket. Idempotent."""
        if self._life.closed:
            return
        if self._is_connected():
            await self._flush()
        self._life.closed = True
        if self._coming_back is not None:
            self._coming_back.cancel()
        connection = self._connection
        if connection is not None and not connection.operations.ended:
            closing = connection.operations.carry_out("close_session", _requests.close_session())
            with contextlib.suppress(Exception):
                await asyncio.wait_for(closing, WAIT_SECONDS)
        self._descriptors.clear()
        await self._streams_ended()
        await self._close_channels()

    def _is_connected(self) -> bool:
        return self._connection is not None and not self._connection.operations.ended

    async def _streams_ended(self) -> None:
        """Waits until the daemon has ended all streams, as it does with a session; ends them itself if the daemon does
        not answer.
        """
        streams: list[Union[OperationStream, Attachment, PeerWatch]] = [*self._attachments]
        if self._connection is not None:
            streams.append(self._connection.operations)
        if self._peer_watch is not None:
            self._peer_watch.close()
            streams.append(self._peer_watch)
        tasks = [task for stream in streams for task in stream.tasks]
        if not tasks:
            return
        _, unfinished = await asyncio.wait(tasks, timeout=WAIT_SECONDS)
        if unfinished:
            for stream in streams:
                stream.cancel()
            await asyncio.wait(tasks)

    async def _flush(self) -> None:
        closing = [transport.close_and_wait() for transport in list(self.transports)]
        if closing:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(asyncio.gather(*closing, return_exceptions=True), _FLUSH_SECONDS)

    # Connecting -------------------------------------------------------------------------------------------------------

    def _open_channel(self) -> Any:
        # The first channel of a process creates a pair of sockets to wake the event loop, to which gRPC's C code
        # writes.
        with local_sockets():
            return grpc.aio.insecure_channel(self.endpoint.target(), _OPTIONS)

    def _close_channel(self, channel: Any) -> None:
        task = self.loop.create_task(channel.close())
        self._closing_channels.add(task)
        task.add_done_callback(self._closing_channels.discard)

    async def _close_channels(self) -> None:
        for channel in self._channels.take_all():
            self._close_channel(channel)
        if self._closing_channels:
            await asyncio.wait(self._closing_channels)

    async def _open(self, channel: Any) -> str:
        method = channel.unary_unary(
            "/sockbroker.v1.SessionService/OpenSession",
            session_service_pb2.OpenSessionRequest.SerializeToString,
            session_service_pb2.OpenSessionResponse.FromString,
        )
        request = _requests.open_session(LEASE_SECONDS, self._name)
        try:
            response: session_service_pb2.OpenSessionResponse = await method(request, timeout=WAIT_SECONDS)
        except grpc.RpcError as error:
            raise explain(self.endpoint, error) from None
        return response.token

    async def _start(self, tracked: TrackedChannel) -> Connection:
        connection = Connection(tracked, self.token, self._on_end)
        try:
            answer = connection.operations.perform("who_am_i", _requests.who_am_i())
            self.limits = (await asyncio.wait_for(answer, WAIT_SECONDS)).limits
        except asyncio.TimeoutError:
            connection.operations.cancel()
            raise broker_error("CONNECTION_LOST", f"the broker did not answer for {WAIT_SECONDS} seconds") from None
        except BaseException:
            connection.operations.cancel()
            raise
        return connection

    def _on_end(self, connection: Connection) -> None:
        """Called when the stream of operations has ended: the daemon has ended the session, or the connection is
        broken.
        """
        if connection.operations.abandoned:
            return
        self._channels.give_back(connection.tracked, broken=True)
        if connection is self._connection and not self.lost:
            self._unposted = [*connection.operations.take_unanswered(), *self._unposted]
            self._coming_back = self.loop.create_task(self._come_back())

    async def _come_back(self) -> None:
        """Re-establishes the connection before the lease expires, unless another call does so."""
        deadline = self.loop.time() + LEASE_SECONDS
        for pause in _core.retry_pauses():
            if self.lost or self.loop.time() >= deadline:
                return
            try:
                await self.connection()
                return
            except OSError:
                await asyncio.sleep(pause)

    async def _resume(self) -> Connection:
        self._life.require()
        try:
            connection = await self._start(self._channels.borrow_new())
        except Exception as error:
            if self._life.not_connected(error):
                self._unposted.clear()
            raise
        self._connection = connection
        unposted, self._unposted = self._unposted, []
        for verb, request in unposted:
            connection.operations.post(verb, request)
        return connection


def _keep_if_failed(descriptor: Descriptor, data: bytes, pushing: asyncio.Future[Any]) -> None:
    error = None if pushing.cancelled() else pushing.exception()
    if error is not None:
        descriptor.unread.keep_end(data, None, error)
