"""An asyncio transport over an Attach stream, for any protocol: streams, TLS, or the caller's own.

Three ends are distinguished. The peer's end of data is `eof_received`. `write_eof` shuts down writing after what was
written. `close` half-closes the stream after what was written, and closes the socket when the daemon reports that the
kernel has accepted it; an earlier end of the stream is an error.

Backpressure works in both directions. `pause_reading` stops the stream (_attachment.py) and with it the peer. Written
data waits here until the stream requests more, and `pause_writing` is called beyond the high-water mark. A writer that
has paused reading is still told that the peer is gone: reading then continues up to the error.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Iterable
from typing import Any, Callable, Optional, Union

from .. import _requests
from .._gen.v1 import stream_service_pb2
from .._linux import SHUT_WR
from .._status import broker_error
from ._attachment import Attachment, End, Outgoing, frame_error
from ._socket import Socket

# Maximum data in one frame, in bytes.
_FRAME_BYTES = 256 * 1024
_HIGH_WATER_BYTES = 256 * 1024

AttachError = stream_service_pb2.AttachError


class BrokeredTransport(asyncio.Transport):
    """A connected stream socket. `get_extra_info` supports `socket`, `sockname` and `peername`."""

    # loop.start_tls requires it.
    _start_tls_compatible = True

    def __init__(
        self, socket: Socket, sockname: Any, peername: Any, on_lost: Optional[Callable[[Any], None]] = None
    ) -> None:
        """Internal. It does nothing before `start`; `on_lost` is called when it has ended."""
        super().__init__({"socket": socket, "sockname": sockname, "peername": peername})
        self._loop = asyncio.get_running_loop()
        self._socket = socket
        self._session = socket.session
        self._on_lost = on_lost
        self._protocol: Any = None
        self._attachment: Optional[Attachment] = None
        self._buffer = bytearray()
        # Bytes in the frame in transit.
        self._underway = 0
        self._low, self._high = _HIGH_WATER_BYTES // 4, _HIGH_WATER_BYTES
        self._holding = False
        self._eof = False
        self._eof_sent = False
        self._closing = False
        self._half_closed = False
        self._handle = 0
        # Whether the peer is being watched, and whether it is gone.
        self._watching = False
        self._peer_gone = False
        self._finished = False
        self._lost: asyncio.Future[None] = self._loop.create_future()

    def start(self, protocol: asyncio.BaseProtocol, handle: int, received: bytes = b"") -> None:
        """Starts: `received` is the socket's unread data. Raises ConnectionLost."""
        self._protocol = protocol
        self._handle = handle
        start = _requests.attach(handle, max_message_bytes=_FRAME_BYTES)
        self._attachment = self._session.attach_now(start, self)
        self._session.transports.add(self)
        protocol.connection_made(self)
        if received:
            self._deliver(received)

    def __repr__(self) -> str:
        state = "closed" if self._finished else "closing" if self._closing else "open"
        return f"<{type(self).__name__} {state} {self._socket!r}>"

    # asyncio.BaseTransport --------------------------------------------------------------------------------------------

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        """Closes after what was written. Data that arrives from now on is dropped."""
        if self._closing:
            return
        self._closing = True
        if self._attachment is not None:
            # Its end comes after data that nobody will read.
            self._attachment.resume()
            self._attachment.wake()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._protocol  # type: ignore[no-any-return]

    async def close_and_wait(self) -> None:
        """Closes, and waits until that is done."""
        self.close()
        await asyncio.wait([self._lost])

    # asyncio.ReadTransport --------------------------------------------------------------------------------------------

    def is_reading(self) -> bool:
        return not self._closing and self._attachment is not None and not self._attachment.paused

    def pause_reading(self) -> None:
        if self._attachment is not None and not self._closing and not self._peer_gone:
            self._attachment.pause()
            if self.get_write_buffer_size():
                self._watch_peer()

    def resume_reading(self) -> None:
        if self._attachment is not None:
            self._attachment.resume()

    # asyncio.WriteTransport -------------------------------------------------------------------------------------------

    def write(self, data: Union[bytes, bytearray, memoryview]) -> None:
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise TypeError(f"data argument must be a bytes-like object, not {type(data).__name__!r}")
        if self._eof:
            raise RuntimeError("Cannot call write() after write_eof()")
        if self._closing or not data:
            return
        self._buffer += data
        if not self._holding and self.get_write_buffer_size() > self._high:
            self._holding = True
            self._call(self._protocol.pause_writing)
        if self._attachment is not None:
            self._attachment.wake()
            if self._attachment.paused:
                self._watch_peer()

    def writelines(self, list_of_data: Iterable[Any]) -> None:
        self.write(b"".join(list_of_data))

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        """Shuts down writing, after what was written. Reading continues."""
        if self._closing or self._eof:
            return
        self._eof = True
        if self._attachment is not None:
            self._attachment.wake()

    def abort(self) -> None:
        """Closes immediately; written data that is still here is dropped."""
        self._finish(None)

    def _force_close(self, error: Optional[BaseException]) -> None:
        # Called by asyncio's TLS when it has failed.
        self._finish(error)

    def get_write_buffer_size(self) -> int:
        return len(self._buffer) + self._underway

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return self._low, self._high

    def set_write_buffer_limits(self, high: Optional[int] = None, low: Optional[int] = None) -> None:
        if high is None:
            high = _HIGH_WATER_BYTES if low is None else 4 * low
        if low is None:
            low = high // 4
        if not high >= low >= 0:
            raise ValueError(f"high ({high!r}) must be >= low ({low!r}) must be >= 0")
        self._low, self._high = low, high

    # Called by the attachment -----------------------------------------------------------------------------------------

    def next_frame(self) -> Optional[Outgoing]:
        self._underway = 0
        if self._holding and len(self._buffer) <= self._low:
            self._holding = False
            self._call(self._protocol.resume_writing)
        if self._buffer:
            piece = bytes(memoryview(self._buffer)[:_FRAME_BYTES])
            del self._buffer[: len(piece)]
            self._underway = len(piece)
            return _requests.data_frame(piece)
        if self._eof and not self._eof_sent:
            self._eof_sent = True
            return _requests.shutdown_frame(SHUT_WR)
        if self._closing:
            self._half_closed = True
            return End.HALF_CLOSE
        return None

    def frame_received(self, frame: stream_service_pb2.ServerFrame) -> None:
        kind = frame.WhichOneof("frame")
        if kind == "data":
            self._deliver(frame.data)
        elif kind == "end_of_data":
            if not self._closing and not self._call(self._protocol.eof_received):
                self.close()
        elif kind == "error":
            error = frame_error(frame.error)
            # Failing to shut down a connection that the peer has reset is not an error: the reset was already reported,
            # or everything was read.
            late = isinstance(error, OSError) and error.errno == errno.ENOTCONN
            if frame.error.activity != AttachError.ACTIVITY_CONTROL or not late:
                self._finish(error)

    def attachment_ended(self, error: Optional[Exception]) -> None:
        if error is None and not self._half_closed:
            error = broker_error("CANCELLED", "the daemon ended the socket's stream")
        self._finish(error)

    # ------------------------------------------------------------------------------------------------------------------

    def _watch_peer(self) -> None:
        if not self._watching:
            self._watching = True
            self._session.watch_peer(self._handle, self._on_peer_gone)

    def _on_peer_gone(self) -> None:
        self._watching = False
        self._peer_gone = True
        if self._attachment is not None:
            self._attachment.resume()

    def _deliver(self, data: bytes) -> None:
        if self._closing:
            return
        if not isinstance(self._protocol, asyncio.BufferedProtocol):
            self._call(self._protocol.data_received, data)
            return
        rest = memoryview(data)
        while rest and not self._closing:
            buffer = self._call(self._protocol.get_buffer, len(rest))
            if not buffer:  # What was raised there has ended the transport; none at all is a fault of the protocol's.
                if not self._closing:
                    self._finish(RuntimeError("get_buffer() returned an empty buffer"))
                return
            size = min(len(buffer), len(rest))
            memoryview(buffer).cast("B")[:size] = rest[:size]
            rest = rest[size:]
            self._call(self._protocol.buffer_updated, size)

    def _call(self, method: Callable[..., Any], *arguments: Any) -> Any:
        """Calls the protocol. Its exceptions are reported as in asyncio, and end the transport."""
        try:
            return method(*arguments)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            self._loop.call_exception_handler(
                {
                    "message": f"Fatal error: protocol.{method.__name__}() call failed.",
                    "exception": error,
                    "transport": self,
                    "protocol": self._protocol,
                }
            )
            self._finish(error)
            return None

    def _finish(self, error: Optional[BaseException]) -> None:
        if self._finished:
            return
        self._finished = self._closing = True
        self._buffer.clear()
        self._underway = 0
        descriptor = self._socket.release()
        if self._watching:
            self._session.forget_peer(self._handle)

        def end() -> None:
            if descriptor is not None:
                self._session.post_close(descriptor.handle)
            self._tell(error)

        if self._attachment is None:
            self._loop.call_soon(end)
        else:
            self._attachment.drop()
            self._attachment.when_left(end)

    def _tell(self, error: Optional[BaseException]) -> None:
        self._session.transports.discard(self)
        try:
            if self._protocol is not None:
                self._protocol.connection_lost(error)
        finally:
            self._protocol = None
            if not self._lost.done():
                self._lost.set_result(None)
            if self._on_lost is not None:
                self._on_lost(self)


async def run_transport(
    transport: BrokeredTransport,
    protocol: asyncio.BaseProtocol,
    handle: int,
    received: bytes = b"",
    *,
    ssl: Any = None,
    server_side: bool = False,
    server_hostname: Optional[str] = None,
) -> asyncio.Transport:
    """Connects a transport with its protocol, with TLS between them if there is a context. Returns the transport for
    the protocol.
    """
    if ssl is None:
        transport.start(protocol, handle, received)
        return transport
    loop = asyncio.get_running_loop()
    transport.start(_Nobody(), handle)
    transport.pause_reading()
    try:
        # Any transport with the methods works; asyncio's types require one of its own.
        secure: Any = await loop.start_tls(
            transport, protocol, ssl, server_side=server_side, server_hostname=server_hostname
        )
    except BaseException:
        transport.abort()
        raise
    protocol.connection_made(secure)
    return secure  # type: ignore[no-any-return]


class _Nobody(asyncio.Protocol):
    """The protocol of a transport before its handshake starts."""
