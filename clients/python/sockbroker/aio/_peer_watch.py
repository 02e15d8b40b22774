"""Reports sockets whose peer is gone, independently of reading them.

A stream that nobody reads is paused, and the report that sending failed waits behind unread data. So a socket that is
written and not read is watched for POLLERR and POLLHUP, all of a session's sockets on one Watch stream.
"""

from __future__ import annotations

import asyncio
from typing import Any, Callable, Optional

from .. import _requests
from .._gen.v1 import stream_service_pb2
from .._grpc import grpc
from .._linux import POLLPRI

METHOD = "/sockbroker.v1.StreamService/Watch"
# Useless for a stream, but an interest needs an event; errors and hang-ups are always reported.


class PeerWatch:
    """The Watch stream. When it ends, because it is closed or its connection broke, all callbacks are called."""

    def __init__(self, channel: Any, metadata: tuple[tuple[str, str], ...], on_end: Callable[[bool], None]) -> None:
        """Opens it. `on_end` is called when it has ended, with whether the connection broke."""
        self._callbacks: dict[int, Callable[[], None]] = {}
        self._new: list[int] = []
        self._more = asyncio.Event()
        self._closing = False
        self._on_end = on_end
        method = channel.stream_stream(
            METHOD,
            request_serializer=stream_service_pb2.WatchRequest.SerializeToString,
            response_deserializer=stream_service_pb2.WatchResponse.FromString,
        )
        self._call: Any = method(metadata=metadata)
        loop = asyncio.get_running_loop()
        self._sender = loop.create_task(self._send())
        self._receiver = loop.create_task(self._receive())
        self._receiver.add_done_callback(lambda _: self._sender.cancel())

    def add(self, handle: int, callback: Callable[[], None]) -> None:
        """Calls back once: when the peer is gone, when the handle is closed, or when that can no longer be determined."""
        self._callbacks[handle] = callback
        self._new.append(handle)
        self._more.set()

    def discard(self, handle: int) -> None:
        """Removes a callback."""
        self._callbacks.pop(handle, None)

    def close(self) -> None:
        """Half-closes the stream, which the daemon then ends."""
        self._closing = True
        self._more.set()

    def cancel(self) -> None:
        """Ends the stream without the daemon, which does not answer."""
        self._call.cancel()

    @property
    def tasks(self) -> list[asyncio.Task[None]]:
        """Its running tasks."""
        return [self._sender, self._receiver]

    async def _send(self) -> None:
        try:
            while not self._closing:
                await self._more.wait()
                self._more.clear()
                new, self._new = self._new, []
                if new:
                    await self._call.write(_requests.watch((handle, POLLPRI) for handle in new))
            await self._call.done_writing()
        except (grpc.RpcError, asyncio.InvalidStateError):
            return  # The end of the reading side says so.

    async def _receive(self) -> None:
        cut = False
        try:
            while True:
                response = await self._call.read()
                if response is grpc.aio.EOF:
                    break
                for event in response.events:
                    callback: Optional[Callable[[], None]] = self._callbacks.pop(event.handle, None)
                    if callback is not None:
                        callback()
        except grpc.RpcError:
            cut = True
        except asyncio.CancelledError:
            pass
        callbacks, self._callbacks = self._callbacks, {}
        self._on_end(cut)
        for callback in callbacks.values():
            callback()
