"""An Attach stream of one handle, for one event loop.

There are two tasks: one sends the owner's frames, one at a time, and one passes received frames to the owner. While the
owner has paused it, nothing is read; gRPC's window fills, the daemon stops reading the socket, and the peer has to
wait. A frame is requested only when the transport has taken the previous one, so a full socket also slows down the
owner.

The daemon ends a stream after it is half-closed. gRPC could cancel the call instead, but then does not report when it
is finished with it, and what it tells an event loop that is closed by then would disturb the next one. It would also
send a reset, as it does by itself when the daemon ends a call that is not half-closed: Node allows a connection about a
thousand of them. So no frame is sent that makes the daemon end the stream, and a handle is closed after the half-close.
"""

from __future__ import annotations

import asyncio
import enum
from typing import Any, Callable, Optional, Protocol, Union

from .._gen.v1 import stream_service_pb2
from .._grpc import grpc
from .._status import broker_error, error_from_rpc, error_from_status
from ..errors import ConnectionLost

METHOD = "/sockbroker.v1.StreamService/Attach"
# How long data being sent may delay the end of a stream that was given up, in seconds.
_LEAVE_SECONDS = 1.0


class End(enum.Enum):
    """Returned by an owner instead of a frame when there will be no more."""

    HALF_CLOSE = "half-close"


Outgoing = Union[stream_service_pb2.ClientFrame, End]


class Owner(Protocol):
    """The owner of a stream. No method is called before the constructor of Attachment has returned."""

    def next_frame(self) -> Optional[Outgoing]:
        """Returns the next frame to send, or End.HALF_CLOSE; None if there is none now (`wake` asks again). The
        transport has taken the previous one.
        """

    def frame_received(self, frame: stream_service_pb2.ServerFrame) -> None:
        """Handles a frame, including the first one, `attached`."""

    def attachment_ended(self, error: Optional[Exception]) -> None:
        """The stream has ended, with or without an error. Called once, and nothing is called after it."""


class Attachment:
    """The stream. The daemon ends it, or it ends with its connection."""

    def __init__(
        self,
        channel: Any,
        metadata: tuple[tuple[str, str], ...],
        start: stream_service_pb2.ClientFrame,
        owner: Owner,
        on_end: Callable[[Attachment], None],
    ) -> None:
        """Opens it. `on_end` is called when nothing more arrives."""
        # Whether it ended by a reset, and whether its connection broke.
        self.was_reset = False
        self.was_cut = False
        self._owner: Optional[Owner] = owner
        self._on_end = on_end
        self._start = start
        self._more = asyncio.Event()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._leave_timer: Optional[asyncio.TimerHandle] = None
        method = channel.stream_stream(
            METHOD,
            request_serializer=stream_service_pb2.ClientFrame.SerializeToString,
            response_deserializer=stream_service_pb2.ServerFrame.FromString,
        )
        self._call: Any = method(metadata=metadata)
        # Also if the owner has paused it, because no more than the frames already here will arrive.
        self._call.add_done_callback(lambda _: self._flowing.set())
        loop = asyncio.get_running_loop()
        self._answered: asyncio.Future[None] = loop.create_future()
        self._sender = loop.create_task(self._send())
        self._receiver = loop.create_task(self._receive())
        self._receiver.add_done_callback(self._finish)

    @property
    def paused(self) -> bool:
        return not self._flowing.is_set()

    def wake(self) -> None:
        """Signals that there is something to send."""
        self._more.set()

    def pause(self) -> None:
        """Stops passing frames to the owner, unless only frames already here are left."""
        if not self._call.done():
            self._flowing.clear()

    def resume(self) -> None:
        """Continues passing frames to the owner."""
        self._flowing.set()

    def drop(self) -> None:
        """Stops calling the owner, and half-closes. Frames that arrive until the daemon ends the stream are dropped."""
        if self._owner is None:
            return
        self._owner = None
        self._flowing.set()
        self._more.set()
        self._leave_timer = asyncio.get_running_loop().call_later(_LEAVE_SECONDS, self.cancel)
        self._sender.add_done_callback(self._on_sender_done)

    async def confirmed(self) -> None:
        """Waits until the daemon has answered, or the stream has ended."""
        await asyncio.wait([self._answered])

    async def left(self) -> None:
        """Waits until a dropped stream is half-closed, or has ended. After that the handle may be closed."""
        await asyncio.wait([self._sender])

    def when_left(self, callback: Callable[[], None]) -> None:
        """Calls back when `left` would return, in another turn of the event loop."""
        self._sender.add_done_callback(lambda _: callback())

    def cancel(self) -> None:
        """Ends the stream without the daemon, which does not answer, or not soon."""
        self.was_reset = not self._call.done()
        self._call.cancel()

    @property
    def tasks(self) -> list[asyncio.Task[None]]:
        """Its running tasks."""
        return [self._sender, self._receiver]

    async def ended(self) -> None:
        """Waits until its tasks have ended."""
        await asyncio.wait(self.tasks)

    async def _send(self) -> None:
        try:
            await self._call.write(self._start)
            while self._owner is not None:
                frame = self._owner.next_frame()
                if frame is End.HALF_CLOSE:
                    break
                if frame is not None:
                    await self._call.write(frame)
                    continue
                self._more.clear()
                await self._more.wait()
            await self._call.done_writing()
        except (grpc.RpcError, asyncio.InvalidStateError):
            return  # The end of the reading side says why.

    async def _receive(self) -> None:
        error: Optional[Exception] = None
        try:
            while True:
                await self._flowing.wait()
                frame = await self._call.read()
                if not self._answered.done():
                    self._answered.set_result(None)
                if frame is grpc.aio.EOF:
                    break
                await self._flowing.wait()
                if self._owner is not None:
                    self._owner.frame_received(frame)
        except grpc.RpcError as reason:
            error = error_from_rpc(reason)
            self.was_cut = not self.was_reset and getattr(error, "code", "") == "CONNECTION_LOST"
            if isinstance(error, ConnectionLost):
                error.may_have_happened = True
        except asyncio.CancelledError:
            error = broker_error("CONNECTION_LOST", "the event loop has ended the stream")
        owner, self._owner = self._owner, None
        if owner is not None:
            owner.attachment_ended(error)

    def _on_sender_done(self, _: object) -> None:
        if self._leave_timer is not None:
            self._leave_timer.cancel()

    def _finish(self, receiver: asyncio.Task[None]) -> None:
        self._sender.cancel()
        if not self._answered.done():
            self._answered.set_result(None)
        self._on_end(self)


def frame_error(frame: stream_service_pb2.AttachError) -> Exception:
    """Creates the exception of an error frame."""
    return error_from_status(frame.status)
