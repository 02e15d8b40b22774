"""Data that flows: an attach stream for a socket that receives or sends a lot.

One operation after the other costs a round trip for each. While a ReceiveFlow is open, the daemon sends what the socket
receives as it comes, and callers take it from here; it is opened for a socket whose receives were all filled to the brim
for a while, and only if no other descriptor shares what the socket receives. Whatever else is done with the socket ends the
flow before: what had come ahead is then kept with the descriptor, for the receives that follow. A SendFlow is at rest
between two calls of `send_all`, which returns when the kernel has everything.
"""

from __future__ import annotations

import contextlib
import itertools
import queue
import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import Any, Optional

from . import _fork_gate, _grpc_thread, _requests, _waiting
from ._gen.v1 import stream_service_pb2
from ._grpc import grpc
from ._real import real
from ._received import Received
from ._descriptors import Descriptor
from ._session import Session
from ._status import broker_error, error_from_status, is_kernel_error
from ._stream import error_from_rpc
from ._wire import only_field, varint
from .errors import ConnectionLost

# The size of a message, in bytes.
PIECE_BYTES = 256 * 1024
# What is worth a stream: to be sent by one call, in bytes; so many receives in a row that got a quarter of what they
# asked for, or more.
_WORTH_SENDING_BYTES = 4 * PIECE_BYTES
_WORTH_RECEIVING = 16
# A receive that asks for less is looking for something, in bytes.
_BRIM_BYTES = 1024
# How much may lie here ahead of its receivers, in bytes.
_AHEAD_BYTES = 1 << 20
# The same field in both directions.
_DATA_TAG = b"\x12"

_METHOD = "/sockbroker.v1.StreamService/Attach"


class _Attachment:
    """An attach stream, with its two threads."""

    def __init__(self, session: Session, start: stream_service_pb2.ClientFrame) -> None:
        self._session = session
        self._threads = session.threads
        self._reset = False
        # Why there may be a gap in what was received, or sent: the connection broke.
        self._cut: Optional[Exception] = None
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._changed = threading.Condition()
        self._error: Optional[Exception] = None
        self._attached = False
        self._over = False
        self._queue.put((start.SerializeToString(),))
        self._call, self._lane = session.begin_stream(
            _METHOD, self._requests(), request_serializer=None, response_deserializer=None
        )
        session.streams.add(self)
        threading.Thread(target=self._read, name="sockbroker-flow", daemon=True).start()

    def opened(self) -> bool:
        """Waits for the daemon's word. False when it refuses: its policy or a quota may, or another stream is attached."""
        with self._changed:
            while not self._attached and not self._over:
                self._changed.wait()
            return self._attached

    def wait(self) -> None:
        """Waits for the stream's end."""
        with self._changed:
            while not self._over:
                self._changed.wait()

    def close(self, reason: Optional[Exception] = None) -> None:
        """Half-closes the stream, which the daemon then ends. Whoever waits for it gets the reason."""
        if reason is not None:
            with self._changed:
                self._error = reason
                self._changed.notify_all()
        self._queue.put(None)

    def cancel(self) -> None:
        """Ends the stream at once, by a reset: what the daemon has of it and has not performed is dropped."""
        self._reset = True
        self._queue.put(None)
        _grpc_thread.post(self._call.cancel)

    def _requests(self) -> Iterator[bytes]:
        self._threads.carry()
        for frames in iter(self._queue.get, None):
            for frame in frames:
                _fork_gate.passage()
                yield frame

    def _read(self) -> None:
        self._threads.carry()
        error: Optional[Exception] = None
        try:
            for frame in self._call:
                if frame[:1] == _DATA_TAG:
                    self._on_data(only_field(frame))
                else:
                    self._on_frame(stream_service_pb2.ServerFrame.FromString(frame))
        except grpc.RpcError as reason:
            error = error_from_rpc(reason)
        cut = not self._reset and getattr(error, "code", "") == "CONNECTION_LOST"
        if isinstance(error, ConnectionLost):
            error.may_have_happened = True
        with self._changed:
            self._over = True
            self._error = self._error or error
            self._cut = error if cut else None
            self._changed.notify_all()
        self._queue.put(None)
        self._session.channels.give_back(self._lane, reset=self._reset, broken=cut)

    def _on_data(self, data: memoryview) -> None:
        raise NotImplementedError

    def _on_frame(self, frame: stream_service_pb2.ServerFrame) -> None:
        with self._changed:
            if frame.HasField("attached"):
                self._attached = True
            elif frame.HasField("error") and frame.error.final:
                self._error = error_from_status(frame.error.status)
            self._changed.notify_all()


class ReceiveFlow(_Attachment):
    """What a stream socket receives. Its methods may be called from any thread."""

    def __init__(self, session: Session, handle: int) -> None:
        self._pieces: deque[memoryview] = deque()
        self._ahead = 0
        self._ending = False
        self._dropping = False
        # After the peer's end of data, or an error that was told, nothing comes here; the kernel says so to whoever asks.
        self._ended = False
        # Whether something came that nobody took, and that is gone.
        self._dropped = False
        start = _requests.attach(handle, receive_only=True, max_message_bytes=PIECE_BYTES)
        super().__init__(session, start)

    def take(self, size: int, seconds: Optional[float]) -> Optional[memoryview]:
        """Takes what there is, at most so many bytes; waits until there is something.

        None when the flow is over. Raises TimeoutError after so many seconds, and what ended the flow, once.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        with self._changed:
            while not self._pieces:
                _waiting.require()
                if self._over and not self._attached:
                    return None
                if self._ended:
                    return None
                if self._error is not None:
                    error, self._error, self._ended = self._error, None, True
                    raise error
                if self._over:
                    return None
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    raise real.timeout("timed out")
                self._changed.wait(left)
            piece = self._pieces.popleft()
            if len(piece) > size:
                self._pieces.appendleft(piece[size:])
                piece = piece[:size]
            before, self._ahead = self._ahead, self._ahead - len(piece)
            if before >= _AHEAD_BYTES > self._ahead:
                self._changed.notify_all()
            return piece

    def end(self) -> None:
        """Ends the flow, exactly: what came ahead is here, and all else is still the socket's.

        A signal handler's exception is raised when that is so. An error that ended the flow before is left to the
        descriptor to say; if it is that the connection broke, something may be missing.
        """
        _waiting.require()
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        self._queue.put(None)
        interruption: Optional[BaseException] = None
        while True:
            try:
                self.wait()
                break
            except BaseException as error:
                interruption = error
        if interruption is not None:
            raise interruption

    def close(self, reason: Optional[Exception] = None) -> None:
        with self._changed:
            # The thread may be waiting for room. What is on its way it reads and drops.
            self._ending = self._dropping = True
            self._changed.notify_all()
        super().close(reason)

    def take_error(self) -> Optional[OSError]:
        """Takes the kernel's error that ended the flow and that nobody was told, if there is one."""
        with self._changed:
            error = self._error
            if self._ended or not self._attached or not is_kernel_error(error):
                return None
            self._error, self._ended = None, True
            return error

    @property
    def unread(self) -> bool:
        """Whether something came that nobody took."""
        return bool(self._pieces) or self._dropped

    def hand_over(self, descriptor: Descriptor) -> None:
        """Leaves what nobody took to the descriptor, and the error behind it, which the kernel tells but once."""
        with self._changed:
            rest = b"".join(self._pieces)
            self._pieces.clear()
            if rest:
                descriptor.unread.add(Received(rest, len(rest), [], 0, None))
            if self._cut is not None and self._attached and not self._ended:
                descriptor.unread.end_in(self._cut)
            else:
                error = self.take_error()
                if error is not None:
                    descriptor.unread.end_in(error)
            if descriptor.receiving is self:
                descriptor.receiving = None

    def _on_data(self, data: memoryview) -> None:
        with self._changed:
            if self._dropping:
                self._dropped = True
                return
            self._pieces.append(data)
            self._ahead += len(data)
            self._changed.notify_all()
            while self._ahead >= _AHEAD_BYTES and not self._ending:
                self._changed.wait()

    def _on_frame(self, frame: stream_service_pb2.ServerFrame) -> None:
        if frame.HasField("end_of_data"):
            self._ended = True
        super()._on_frame(frame)


class SendFlow(_Attachment):
    """What a stream socket sends. Its methods may be called from any thread."""

    def __init__(self, session: Session, handle: int) -> None:
        # A signal handler may send in the middle of a send.
        self._turn = threading.RLock()
        self._busy = 0
        self._syncs = itertools.count(1)
        self._synced = 0
        self._given_up = False
        super().__init__(session, _requests.attach(handle, send_only=True))

    def send_all(self, data: memoryview, seconds: Optional[float]) -> bool:
        """Sends, and returns when the kernel has taken everything. False when this flow was over before.

        Raises TimeoutError after so many seconds, and the kernel's error. What was not sent by then never will be.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        with self._turn:
            if self._over or self._given_up:
                return False
            self._busy += 1
            try:
                sync = next(self._syncs)
                self._queue.put(self._frames(data, sync))
                with self._changed:
                    while self._synced < sync:
                        if self._error is not None:
                            raise self._error
                        if self._over:
                            raise broker_error("CONNECTION_LOST", "the daemon ended the stream of the socket's data")
                        left = None if deadline is None else deadline - time.monotonic()
                        if left is not None and left <= 0:
                            raise real.timeout("timed out")
                        self._changed.wait(left)
                    if self._error is not None:
                        raise self._error
                    return True
            except BaseException:
                self._given_up = True
                # What the daemon has would be sent later, were the stream only half-closed.
                self.cancel()
                raise
            finally:
                self._busy -= 1

    def close(self, reason: Optional[Exception] = None) -> None:
        super().close(reason)
        if self._busy:
            # The socket may have no room, and the daemon waits for that before it ends a stream that is half-closed.
            self.cancel()

    def close_when_idle(self) -> None:
        """Ends the stream, unless it is sending."""
        if self._turn.acquire(blocking=False):
            try:
                if not self._given_up and not self._busy:
                    self._given_up = True
                    super().close()
            finally:
                self._turn.release()

    def _frames(self, data: memoryview, sync: int) -> Iterator[bytes]:
        for start in range(0, len(data), PIECE_BYTES):
            if self._given_up:
                return
            piece = data[start : start + PIECE_BYTES]
            yield b"".join((_DATA_TAG, varint(len(piece)), piece))
        yield _requests.sync_frame(sync).SerializeToString()

    def _on_frame(self, frame: stream_service_pb2.ServerFrame) -> None:
        if frame.HasField("synced"):
            self._synced = frame.synced.id
        super()._on_frame(frame)


# A signal handler that sends or receives may interrupt whoever holds it.
_opening = threading.RLock()


def receive_ahead(descriptor: Descriptor, asked: int, received: int) -> None:
    """Is told of each receive without flags that waited; opens a flow when data keeps coming faster than it is asked for."""
    if received * 4 < asked or asked < _BRIM_BYTES or descriptor.shared:
        descriptor.full_receives = 0
        return
    descriptor.full_receives += 1
    if descriptor.full_receives < _WORTH_RECEIVING:
        return
    with _opening, contextlib.suppress(OSError):  # A broken connection is for the next call to tell.
        if descriptor.receiving is None:
            # The descriptor has it before it is open: a signal handler's exception may come between.
            descriptor.receiving = flow = ReceiveFlow(descriptor.session, descriptor.handle)
            # Whoever watches the kernel's queue has to end the flow first.
            descriptor.unread.changed()
            if not flow.opened():
                descriptor.receiving = None
                # Nothing was lost by trying; to try again at once would fail alike.
                descriptor.full_receives = -_WORTH_RECEIVING * _WORTH_RECEIVING


def send_all(descriptor: Descriptor, data: memoryview, seconds: Optional[float]) -> bool:
    """Sends much data by a flow, as SendFlow.send_all does. False, and nothing is sent, where that is not worth it."""
    if len(data) < _WORTH_SENDING_BYTES:
        return False
    flow = descriptor.sending
    if flow is not None and flow.send_all(data, seconds):
        return True
    with _opening:
        if descriptor.sending is flow:
            descriptor.sending = None
            flow = SendFlow(descriptor.session, descriptor.handle)
            try:
                if flow.opened():
                    descriptor.sending = flow
            except BaseException:
                flow.cancel()
                raise
        flow = descriptor.sending
    return flow is not None and flow.send_all(data, seconds)
