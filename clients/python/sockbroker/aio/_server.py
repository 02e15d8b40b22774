"""A server: listening sockets whose connections the daemon accepts and sends."""

from __future__ import annotations

import asyncio
import contextlib
import weakref
from typing import Any, Callable, Optional

from .. import _core, _requests
from .._addresses import address_from_wire
from .._channel import LEASE_SECONDS
from .._gen.v1 import socket_pb2, stream_service_pb2
from ._attachment import Attachment, End, Outgoing, frame_error
from .._status import broker_error
from ..errors import ConnectionLost
from ._socket import Socket, socket_of
from ._transport import BrokeredTransport, run_transport

AttachError = stream_service_pb2.AttachError
# Errors after which a listening socket may be attached again: the daemon may take a while to notice that a connection
# is broken.
_FOR_A_WHILE = frozenset(("CONNECTION_LOST", "HANDLE_BUSY"))
ProtocolFactory = Callable[[], asyncio.BaseProtocol]


class Server:
    """The result of `Broker.start_server`, with the methods of asyncio.Server."""

    def __init__(self, sockets: list[Socket], factory: ProtocolFactory, ssl: Any) -> None:
        """Internal."""
        self._loop = asyncio.get_running_loop()
        self._factory = factory
        self._ssl = ssl
        self._sockets = sockets
        self._listeners: list[_Listener] = []
        self._connections: weakref.WeakSet[BrokeredTransport] = weakref.WeakSet()
        self._tasks: set[asyncio.Task[None]] = set()
        self._active = 0
        self._closed = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._forever: Optional[asyncio.Future[None]] = None

    @property
    def sockets(self) -> tuple[Socket, ...]:
        """The listening sockets; empty once it is closed."""
        return () if self._closed else tuple(self._sockets)

    @property
    def sockname(self) -> Any:
        """The address of the first of them, as returned by getsockname; None before it serves."""
        return self._listeners[0].sockname if self._listeners else None

    def get_loop(self) -> asyncio.AbstractEventLoop:
        return self._loop

    def is_serving(self) -> bool:
        return bool(self._listeners) and not self._closed

    async def __aenter__(self) -> Server:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()
        await self.wait_closed()

    async def start_serving(self) -> None:
        """Starts accepting, if it has not yet."""
        if self._closed:
            raise RuntimeError(f"server {self!r} is closed")
        if self._listeners:
            return
        self._listeners = [_Listener(socket, self) for socket in self._sockets]
        for listener in self._listeners:
            await listener.started()

    async def serve_forever(self) -> None:
        """Accepts until the task is cancelled, or the server closed."""
        if self._forever is not None:
            raise RuntimeError(f"server {self!r} is already being awaited on serve_forever()")
        await self.start_serving()
        self._forever = self._loop.create_future()
        try:
            await self._forever
        except asyncio.CancelledError:
            self.close()
            await self.wait_closed()
            raise
        finally:
            self._forever = None

    def close(self) -> None:
        """Stops listening. Accepted connections stay open."""
        if self._closed:
            return
        self._closed = True
        for listener in self._listeners:
            listener.close()
        if not self._listeners:
            for socket in self._sockets:
                descriptor = socket.release()
                if descriptor is not None:
                    socket.session.post_close(descriptor.handle)
        if self._forever is not None and not self._forever.done():
            self._forever.cancel()

    async def wait_closed(self) -> None:
        """Waits until nothing listens, and every connection has ended."""
        for listener in self._listeners:
            await listener.closed()
        await self._idle.wait()

    def close_clients(self) -> None:
        """Closes every connection, after what was written to it."""
        for transport in list(self._connections):
            transport.close()

    def abort_clients(self) -> None:
        """Closes every connection immediately."""
        for transport in list(self._connections):
            transport.abort()

    def serve(self, socket: Socket, info: socket_pb2.SocketInfo) -> None:
        """Connects an accepted socket with its protocol. Called by the listeners."""
        self._active += 1
        self._idle.clear()
        sockname, peername = address_from_wire(info.local_address), address_from_wire(info.peer_address)
        transport = BrokeredTransport(socket, sockname, peername, self._lost)
        self._connections.add(transport)
        if self._ssl is None:
            try:
                transport.start(self._factory(), info.handle)
            except Exception as error:
                transport.abort()
                self._report("Error on transport creation for incoming connection", error)
            return
        task = self._loop.create_task(self._secure(transport, info.handle))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def fail(self, error: Exception, final: bool) -> None:
        """Reports an error of accepting. Called by the listeners."""
        if self._closed:
            return
        self._report("Error while accepting connections", error)
        if final and self._forever is not None and not self._forever.done():
            self._forever.set_exception(error)

    async def _secure(self, transport: BrokeredTransport, handle: int) -> None:
        try:
            await run_transport(transport, self._factory(), handle, ssl=self._ssl, server_side=True)
        except (SystemExit, KeyboardInterrupt, asyncio.CancelledError):
            raise
        except BaseException as error:
            self._report("Error on transport creation for incoming connection", error)

    def _lost(self, transport: BrokeredTransport) -> None:
        self._connections.discard(transport)
        self._active -= 1
        if self._active == 0:
            self._idle.set()

    def _report(self, message: str, error: BaseException) -> None:
        self._loop.call_exception_handler({"message": message, "exception": error, "server": self})


class _Listener:
    """The stream of one listening socket."""

    def __init__(self, socket: Socket, server: Server) -> None:
        self.sockname: Any = None
        self._socket = socket
        self._server = server
        self._closing = False
        self._closed: Optional[asyncio.Task[None]] = None
        self._attached: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._start = _requests.attach(socket.open_handle(), receive_only=True)
        self._attachment: Attachment = socket.session.attach_now(self._start, self)
        self._attaching: Optional[asyncio.Task[None]] = None

    async def started(self) -> None:
        await asyncio.wait([self._attached])
        self._attached.result()
        self.sockname = await self._socket.getsockname()

    def close(self) -> None:
        self._closing = True
        if self._attaching is not None:
            self._attaching.cancel()
            self._close_socket()
        self._attachment.wake()

    async def closed(self) -> None:
        await self._attachment.ended()
        if self._closed is not None:
            await asyncio.wait([self._closed])

    def next_frame(self) -> Optional[Outgoing]:
        return End.HALF_CLOSE if self._closing else None

    def frame_received(self, frame: stream_service_pb2.ServerFrame) -> None:
        kind = frame.WhichOneof("frame")
        if kind == "attached":
            self._attaching = None
            if not self._attached.done():
                self._attached.set_result(None)
        elif kind == "accepted":
            info = frame.accepted.socket
            if self._closing:
                self._socket.session.post_close(info.handle)
            else:
                self._server.serve(socket_of(self._socket.session, info), info)
        elif kind == "error" and frame.error.activity == AttachError.ACTIVITY_RECEIVE:
            self._server.fail(frame_error(frame.error), frame.error.final)

    def attachment_ended(self, error: Optional[Exception]) -> None:
        if self._closing:
            self._close_socket()
        elif not self._attached.done():
            self._attached.set_exception(error or ConnectionResetError("the stream ended"))
            with contextlib.suppress(Exception):
                self._attached.exception()
        elif error is not None and getattr(error, "code", "") in _FOR_A_WHILE and not self._socket.session.lost:
            if self._attaching is None:
                # Connections in transit are lost.
                self._server.fail(error, False)
                self._attaching = asyncio.get_running_loop().create_task(self._attach_again())
        elif error is not None:
            self._attaching = None
            self._server.fail(error, True)

    async def _attach_again(self) -> None:
        """Continues to listen after a broken connection, as long as the session may exist."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + LEASE_SECONDS
        try:
            for pause in _core.retry_pauses():
                if self._attaching is None:
                    return
                await asyncio.sleep(pause)
                with contextlib.suppress(ConnectionLost):
                    self._attachment = await self._socket.session.attach(self._start, self)
                    await self._attachment.confirmed()
                if self._attaching is not None and (self._socket.session.lost or loop.time() > deadline):
                    self._attaching = None
                    raise broker_error("CONNECTION_LOST", "the connection to the broker is lost")
        except OSError as error:
            self._server.fail(error, True)

    def _close_socket(self) -> None:
        if self._closed is None:
            self._closed = asyncio.get_running_loop().create_task(self._socket.close())
