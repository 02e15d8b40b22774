"""Messages of a socket as an asynchronous iterator, over an Attach stream that the daemon fills.

Cancelling a wait for a message has no other effect. When the stream ends, because it is closed or something else wants
to receive, the daemon is told to detach; messages that have arrived by then and were not returned are put back, before
all others.
"""

from __future__ import annotations

import asyncio
import errno
import socket as stdlib
import struct
from collections import deque
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple, Optional, Protocol, Union

from .. import _requests
from .._addresses import address_from_wire
from .._ancillary import ControlMessage, read_control
from .._gen.v1 import stream_service_pb2
from .._linux import SOL_SOCKET, SO_TIMESTAMPNS, SO_TIMESTAMPNS_NEW, SO_TIMESTAMPNS_OLD
from .._received import Received
from .._status import kernel_error
from ._attachment import Attachment, End, Outgoing, frame_error
from ._descriptor import Descriptor
from ._session import Session

# SO_TIMESTAMPNS, in its current form and in that for a former 32-bit time_t: both are two 64-bit numbers.
_TIMESTAMPS = frozenset((SO_TIMESTAMPNS_OLD, SO_TIMESTAMPNS_NEW))
_TIMESPEC = struct.Struct("=qq")
# How many messages, or bytes of them, are buffered here before the daemon has to wait.
_BUFFERED_MESSAGES = 256
_BUFFERED_BYTES = 256 * 1024
_RETRY_SECONDS = 0.01

AttachError = stream_service_pb2.AttachError


class Message(NamedTuple):
    """A message that was received."""

    data: bytes
    """At most max_bytes bytes."""
    ancillary: list[ControlMessage]
    """Control messages: (level, type, data)."""
    flags: int
    """Flags such as MSG_TRUNC, as returned by recvmsg."""
    address: Any
    """The sender's address; None if the kernel returned none."""
    length: int
    """The real length in bytes; greater than that of `data` if it was truncated."""
    timestamp_ns: Optional[int]
    """When the kernel received it, in nanoseconds since 1970; None if that was not requested."""
    dropped: int
    """How many messages the kernel dropped before this one, because the socket's buffer was full."""


class Receiver(Protocol):
    """The socket of the messages (`_socket.Socket`)."""

    @property
    def session(self) -> Session: ...

    async def setsockopt(self, level: int, optname: int, value: Any, *optlen: int) -> None: ...

    def taken_over(self, messages: Optional[MessageStream] = None) -> AbstractAsyncContextManager[Descriptor]: ...

    def messages_ended(self, messages: MessageStream) -> None: ...

    def give_back(self, received: Received) -> None: ...

    def number_of(self, handle: int) -> int: ...


class MessageStream:
    """Iterates over the messages of a socket. Created by `Socket.messages`.

    An error of one message (such as ECONNREFUSED from a peer) is raised in its place, and iteration may continue after
    it. Leaving a loop leaves the stream open: a later loop continues where it stopped. `async with` closes it.
    """

    def __init__(self, socket: Receiver, max_bytes: int, ancillary_bytes: int, timestamps: bool) -> None:
        """Internal."""
        if max_bytes < 0 or ancillary_bytes < 0:
            raise ValueError("negative buffersize in messages")
        self._socket = socket
        self._timestamps = timestamps
        room = ancillary_bytes + (stdlib.CMSG_SPACE(_TIMESPEC.size) if timestamps else 0)
        self._start = _requests.attach(0, receive_only=True, max_message_bytes=max_bytes, max_ancillary_bytes=room)
        self._buffer: deque[Union[Message, Exception]] = deque()
        self._bytes = 0
        self._dropped = 0
        self._news = asyncio.Event()
        self._attachment: Optional[Attachment] = None
        self._detaching = False
        # Nothing more will arrive, with or without an error.
        self._over = False
        self._error: Optional[Exception] = None
        self._closed = False
        # Whether the connection of the previous stream broke.
        self._was_cut = False

    async def __aenter__(self) -> MessageStream:
        if self._attachment is None:
            await self._attach()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __aiter__(self) -> MessageStream:
        return self

    async def __anext__(self) -> Message:
        try:
            return await self.receive()
        except EOFError:
            raise StopAsyncIteration from None

    async def receive(self) -> Message:
        """Waits for the next message. Raises EOFError after the last one, if a peer can end."""
        while True:
            if self._buffer:
                return self._next()
            if self._closed:
                raise kernel_error(errno.EBADF)
            if self._attachment is None:
                await self._attach()
            elif self._over:
                error = self._error
                await self.detach()
                if error is None:
                    raise EOFError("the peer will send no more")
                code = getattr(error, "code", "")
                if code == "HANDLE_BUSY" and self._was_cut:
                    # The daemon has not noticed yet that the connection of the previous stream is broken.
                    await asyncio.sleep(_RETRY_SECONDS)
                    continue
                self._was_cut = code == "CONNECTION_LOST"
                raise error
            else:
                self._news.clear()
                await self._news.wait()

    async def aclose(self) -> None:
        """Ends it. Messages received and not returned are for the next receive on the socket. Idempotent."""
        await self.detach()
        self._closed = True
        self._news.set()

    async def detach(self) -> None:
        """Stops the daemon from sending, and gives messages that were not returned back to the socket. Iterating starts
        again.
        """
        attachment = self._attachment
        if attachment is None:
            return
        self._detaching = True
        attachment.wake()
        attachment.resume()
        await attachment.ended()
        if self._attachment is attachment:
            self._give_back()
            self._attachment = self._error = None
            self._over = self._detaching = False
            self._socket.messages_ended(self)
            self._news.set()

    def abandon(self) -> Optional[Attachment]:
        """Ends it immediately, because the socket is being closed. Waiting callers are told. Returns the attachment
        that has to leave first.
        """
        attachment, self._attachment = self._attachment, None
        if attachment is not None:
            attachment.drop()
        self._closed = True
        self._news.set()
        return attachment

    # What the attachment calls ----------------------------------------------------------------------------------------

    def next_frame(self) -> Optional[Outgoing]:
        return End.HALF_CLOSE if self._detaching else None

    def frame_received(self, frame: stream_service_pb2.ServerFrame) -> None:
        kind = frame.WhichOneof("frame")
        if kind == "attached":
            self._was_cut = False
        elif kind == "messages":
            for message in frame.messages.messages:
                self._add(self._message(message))
        elif kind == "data":
            self._add(Message(frame.data, [], 0, None, len(frame.data), None, 0))
        elif kind == "dropped":
            self._dropped += frame.dropped.count
            return
        elif kind == "accepted":
            self._socket.session.post_close(frame.accepted.socket.handle)
            self._finish(kernel_error(errno.EINVAL))
        elif kind == "end_of_data":
            self._finish(None)
        elif kind == "error" and frame.error.activity == AttachError.ACTIVITY_RECEIVE:
            if frame.error.final:
                self._finish(frame_error(frame.error))
            else:
                self._add(frame_error(frame.error))
        attachment = self._attachment
        full = len(self._buffer) >= _BUFFERED_MESSAGES or self._bytes >= _BUFFERED_BYTES
        if attachment is not None and full and not self._detaching:
            attachment.pause()
        self._news.set()

    def attachment_ended(self, error: Optional[Exception]) -> None:
        if not self._over:
            self._finish(error)
        self._news.set()

    # ------------------------------------------------------------------------------------------------------------------

    async def _attach(self) -> None:
        session = self._socket.session
        if self._timestamps:
            await self._socket.setsockopt(SOL_SOCKET, SO_TIMESTAMPNS, 1)
        async with self._socket.taken_over(self) as descriptor:
            # Another task may have done so meanwhile, or closed the stream.
            if self._attachment is not None or self._closed:
                return
            for received in descriptor.unread.take_messages():
                self._add(_message_of(received))
            self._start.attach.handle = descriptor.handle
            self._attachment = await session.attach(self._start, self)

    def _finish(self, error: Optional[Exception]) -> None:
        self._over = True
        self._error = error

    def _add(self, item: Union[Message, Exception]) -> None:
        self._buffer.append(item)
        if isinstance(item, Message):
            self._bytes += len(item.data)

    def _next(self) -> Message:
        item = self._buffer.popleft()
        if isinstance(item, Exception):
            raise item
        self._bytes -= len(item.data)
        attachment = self._attachment
        if attachment is not None and attachment.paused:
            if len(self._buffer) <= _BUFFERED_MESSAGES // 2 and self._bytes <= _BUFFERED_BYTES // 2:
                attachment.resume()
        return item

    def _message(self, message: stream_service_pb2.IncomingMessage) -> Message:
        timestamp = None
        for control in message.ancillary_data:
            if control.WhichOneof("view") == "timestamp":
                timestamp = control.timestamp.nanoseconds
        dropped, self._dropped = self._dropped, 0
        address = address_from_wire(message.address) if message.HasField("address") else None
        ancillary = read_control(message.ancillary_data, self._socket.number_of)
        return Message(message.data, ancillary, message.flags, address, message.length_bytes, timestamp, dropped)

    def _give_back(self) -> None:
        for item in self._buffer:
            if isinstance(item, Message):
                self._socket.give_back(Received(item.data, item.length, item.ancillary, item.flags, item.address))
        self._buffer.clear()
        self._bytes = 0


def _message_of(received: Received) -> Message:
    timestamp = None
    for level, kind, data in received.ancillary:
        if level == SOL_SOCKET and kind in _TIMESTAMPS and len(data) == _TIMESPEC.size:
            seconds, nanoseconds = _TIMESPEC.unpack(data)
            timestamp = seconds * 1_000_000_000 + nanoseconds
    return Message(received.data, received.ancillary, received.flags, received.address, received.length, timestamp, 0)
