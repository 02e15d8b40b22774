"""A leased session, and the connections that one event loop uses it over.

The session's operations travel on one stream, and each attached socket has a stream of its own. The daemon takes a limited
number of streams on a connection, and gRPC lets those beyond it wait without a word; so there are as many connections as it
takes. The token makes them all one session, and lets a new connection go on where a broken one ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import weakref
from typing import Any, Optional, Union

from .. import _descriptors
from .._channel import OPTIONS, PATIENCE_SECONDS, TOKEN_KEY, Credentials, explain, lease_of, open_channel
from .._endpoint import Endpoint
from .._families import local_sockets
from .._gen.v1 import session_service_pb2, socket_service_pb2, stream_service_pb2
from .._grpc import grpc
from .._status import broker_error, kernel_error
from .._stream import error_from_rpc
from .._received import Received
from ..errors import BrokerError
from ._attachment import Attachment, Owner
from ._descriptor import Descriptor
from ._operations import Keep, OperationStream, Pending

# How long the end of a broker waits for what was written to go out.
_FLUSH_SECONDS = 2
# The daemon takes 1024 streams on a connection.
_STREAMS_OF_A_CONNECTION = 512
# What the daemon may send on one stream ahead of whoever reads it, in bytes. gRPC would find a number of its own, up to
# several megabytes, by probing; this one bounds what a stream that nobody reads can hold.
_WINDOW_BYTES = 1024 * 1024
_OPTIONS = [*OPTIONS, ("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", _WINDOW_BYTES)]


class Connection:
    """The channels to a daemon, what is attached over them, and the stream of operations."""

    def __init__(self, session: Session, channel: Any) -> None:
        self._session = session
        self._metadata = ((TOKEN_KEY, session.token),)
        self._channels: list[tuple[Any, weakref.WeakSet[Attachment]]] = [(channel, weakref.WeakSet())]
        self.operations = OperationStream(channel, self._metadata, self._lost)

    def attach(self, start: stream_service_pb2.AttachStart, owner: Owner) -> Attachment:
        for channel, attachments in self._channels:
            if len(attachments) < _STREAMS_OF_A_CONNECTION:
                break
        else:
            channel, attachments = self._session.open_channel(), weakref.WeakSet()
            self._channels.append((channel, attachments))
        attachment = Attachment(channel, self._metadata, start, owner, attachments.discard)
        attachments.add(attachment)
        return attachment

    async def close(self) -> None:
        """Waits for the daemon to have ended everything, as it does with a session; without it if it does not answer."""
        streams: list[Union[OperationStream, Attachment]] = [self.operations]
        streams += (attachment for _, attached in self._channels for attachment in attached)
        tasks = [task for stream in streams for task in stream.tasks]
        _, unfinished = await asyncio.wait(tasks, timeout=PATIENCE_SECONDS)
        if unfinished:
            for stream in streams:
                stream.cancel()
            await asyncio.wait(tasks)
        for channel, _ in self._channels:
            await channel.close()

    def _lost(self, error: Exception) -> None:
        """Everything ends with the stream of operations, also what could have gone on for a while."""
        for _, attachments in self._channels:
            for attachment in list(attachments):
                attachment.lose(broker_error(getattr(error, "code", "CONNECTION_LOST"), str(error.args[-1])))


class Session:
    """A session with a daemon, for the event loop that it was opened in."""

    def __init__(self, endpoint: Endpoint, credentials: Optional[Credentials], name: str) -> None:
        self.endpoint = endpoint
        self.limits = session_service_pb2.Limits()
        self.token = ""
        self.loop = asyncio.get_running_loop()
        # What is to be closed, behind what was written to it, before the session ends.
        self.transports: weakref.WeakSet[Any] = weakref.WeakSet()
        self._credentials = credentials
        self._name = name
        self._descriptors: dict[int, Descriptor] = {}
        self._connecting = asyncio.Lock()
        self._lookups = asyncio.Semaphore(1)
        self._connection: Optional[Connection] = None
        self._broken: list[Connection] = []
        self._closed = False
        self._lost: Optional[Exception] = None

    @property
    def lost(self) -> bool:
        """Whether the session is gone for good, and its sockets with it."""
        return self._closed or self._lost is not None

    async def open(self) -> None:
        """Opens it. Raises BrokerError when there is no daemon, PolicyDenial when it does not let this process in."""
        channel = self.open_channel()
        try:
            self.token = await self._open(channel)
            self._connection = await self._start(channel)
        except BaseException:
            await channel.close()
            raise
        self._lookups = asyncio.Semaphore(max(1, self.limits.max_lookups // 2))

    async def perform(
        self, verb: str, request: Any, keep: Optional[Keep] = None, unsettled: Optional[set[Pending]] = None
    ) -> Any:
        """Performs an operation, as OperationStream.perform does. Raises ConnectionLost when the connection breaks, or is
        broken and cannot be made anew at once."""
        return await (await self.connection()).operations.perform(verb, request, keep, unsettled)

    async def carry_out(self, verb: str, request: Any) -> Any:
        """As `perform`, but a task that is cancelled leaves the operation to its course."""
        return await (await self.connection()).operations.carry_out(verb, request)

    async def look_up(self, verb: str, request: Any) -> Any:
        """As `perform`, for the resolver. The daemon has a limit of look-ups at a time; those beyond it wait here."""
        async with self._lookups:
            delay = 0.001
            while True:
                try:
                    return await self.perform(verb, request)
                except BrokerError as error:
                    # Another session of the same principal has them.
                    if error.code != "QUOTA_EXCEEDED" or delay > PATIENCE_SECONDS:
                        raise
                await asyncio.sleep(delay)
                delay *= 2

    def post(self, verb: str, request: Any) -> None:
        """Begins an operation and forgets it. It makes no connection."""
        connection = self._connection
        if connection is not None and not connection.operations.ended:
            connection.operations.post(verb, request)

    def post_close(self, handle: int) -> None:
        """Closes a handle that nobody knows."""
        self.post("close", socket_service_pb2.CloseRequest(handle=handle))

    def post_close_from_anywhere(self, handle: int) -> None:
        """As `post_close`, for finalizers, which run in any thread and after the loop."""
        with contextlib.suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self.post_close, handle)

    async def attach(self, start: stream_service_pb2.AttachStart, owner: Owner) -> Attachment:
        """Attaches to a handle. What the daemon says of it, the owner is told."""
        return (await self.connection()).attach(start, owner)

    def attach_now(self, start: stream_service_pb2.AttachStart, owner: Owner) -> Attachment:
        """As `attach`, without making a connection. Raises ConnectionLost if there is none."""
        connection = self._connection
        if connection is None or connection.operations.ended:
            raise broker_error("CONNECTION_LOST", "the connection to the broker is lost")
        return connection.attach(start, owner)

    async def connection(self) -> Connection:
        """Answers the connection, a new one if the old is broken. Raises ConnectionLost."""
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
        """Gives a handle a number."""
        descriptor = Descriptor(next(_descriptors._numbers), handle)
        self._descriptors[descriptor.number] = descriptor
        return descriptor

    def lookup(self, number: int) -> Descriptor:
        """Finds an open descriptor of this session. Raises EBADF."""
        try:
            return self._descriptors[number]
        except KeyError:
            raise kernel_error(errno.EBADF) from None

    def forget(self, number: int) -> None:
        """Takes a number out of use. It is never given again."""
        self._descriptors.pop(number, None)

    def discard(self, received: Received) -> None:
        """Closes the descriptors in what was received, and will never be looked at."""
        for level, kind, data in received.ancillary:
            if (level, kind) == _RIGHTS:
                for number in memoryview(data).cast("i"):
                    descriptor = self._descriptors.pop(number, None)
                    if descriptor is not None:
                        self.post_close(descriptor.handle)

    # The end ----------------------------------------------------------------------------------------------------------

    async def close(self) -> None:
        """Lets what was written go out, and ends the session and with it every socket. Idempotent."""
        if self._closed:
            return
        connection = self._connection
        if connection is not None and not connection.operations.ended:
            await self._flush()
        self._closed = True
        if connection is not None and not connection.operations.ended:
            request = session_service_pb2.CloseSessionRequest()
            with contextlib.suppress(Exception):
                await asyncio.wait_for(connection.operations.carry_out("close_session", request), PATIENCE_SECONDS)
        self._descriptors.clear()
        for each in (*self._broken, *([] if connection is None else [connection])):
            await each.close()
        self._broken = []

    async def _flush(self) -> None:
        closing = [transport.close_and_wait() for transport in list(self.transports)]
        if closing:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(asyncio.gather(*closing, return_exceptions=True), _FLUSH_SECONDS)

    # Connecting -------------------------------------------------------------------------------------------------------

    def open_channel(self) -> Any:
        # The first of a process makes a pair of sockets to wake the loop by, which gRPC's C code writes to.
        with local_sockets():
            return open_channel(grpc.aio, self.endpoint, self._credentials, _OPTIONS)

    async def _open(self, channel: Any) -> str:
        method = channel.unary_unary(
            "/sockbroker.v1.SessionService/OpenSession",
            session_service_pb2.OpenSessionRequest.SerializeToString,
            session_service_pb2.OpenSessionResponse.FromString,
        )
        request = session_service_pb2.OpenSessionRequest(lease=lease_of(self.endpoint), name=self._name)
        try:
            response: session_service_pb2.OpenSessionResponse = await method(request, timeout=PATIENCE_SECONDS)
        except grpc.RpcError as error:
            raise explain(self.endpoint, error) from None
        return response.token

    async def _start(self, channel: Any) -> Connection:
        connection = Connection(self, channel)
        try:
            answer = connection.operations.perform("who_am_i", session_service_pb2.WhoAmIRequest())
            self.limits = (await asyncio.wait_for(answer, PATIENCE_SECONDS)).limits
        except asyncio.TimeoutError:
            connection.operations.cancel()
            raise broker_error("CONNECTION_LOST", f"the broker did not answer for {PATIENCE_SECONDS} seconds") from None
        except BaseException:
            connection.operations.cancel()
            raise
        return connection

    async def _resume(self) -> Connection:
        if self._closed:
            raise broker_error("BROKER_CLOSED", "the broker was closed")
        if self._lost is not None:
            raise broker_error("CONNECTION_LOST", str(self._lost.args[-1]))
        if self._connection is not None:
            self._broken.append(self._connection)
            self._connection = None
        while self._broken:
            await self._broken.pop().close()
        channel = self.open_channel()
        try:
            self._connection = await self._start(channel)
        except Exception as error:
            await channel.close()
            # The daemon is there and does not know the session: it was started anew, or the lease is over.
            if getattr(error, "code", "") in ("SESSION_NOT_FOUND", "LEASE_EXPIRED"):
                self._lost = error
            raise
        return self._connection


_RIGHTS = (1, 1)  # SOL_SOCKET, SCM_RIGHTS
