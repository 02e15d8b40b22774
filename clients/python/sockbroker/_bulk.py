"""Attach streams for sockets that receive or send much data.

Operations cost a round trip each. While a ReadAhead is open, the daemon sends received data as it arrives, and
callers take it from here. It is opened for a socket whose receives have returned about as much as requested for a
while, if no other descriptor shares the socket's data. Any other use of the socket ends the read-ahead first; data
that was read ahead is then kept with the descriptor for later receives. A BulkSend is idle between two calls of
`send_all`, which returns when the kernel has accepted everything.
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

from . import _grpc_thread, _requests, _waiting
from ._gen.v1 import stream_service_pb2
from ._grpc import grpc
from ._real import real
from ._received import Received
from ._descriptors import Descriptor
from ._session import Session
from ._status import broker_error, error_from_rpc, error_from_status, is_kernel_error
from ._wire import only_field, varint
from .errors import ConnectionLost

# Maximum size of a message, in bytes.
PIECE_BYTES = 256 * 1024
# When a stream is worthwhile: bytes sent by one call; consecutive receives that returned at least a quarter of what
# they requested.
_WORTH_SENDING_BYTES = 4 * PIECE_BYTES
_WORTH_RECEIVING = 16
# Receives that request less are not counted, in bytes.
_WORTH_COUNTING_BYTES = 1024
# Maximum amount of data read ahead, in bytes.
_AHEAD_BYTES = 1 << 20
# The field has the same number in both directions.
_DATA_TAG = b"\x12"

_METHOD = "/sockbroker.v1.StreamService/Attach"


class _Attachment:
    """An attach stream, with its two threads."""

    def __init__(self, session: Session, start: stream_service_pb2.ClientFrame) -> None:
        self._session = session
        self._threads = session.threads
        self._reset = False
        # Set if the connection broke, so that received or sent data may be missing.
        self._cut: Optional[Exception] = None
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._changed = threading.Condition()
        self._error: Optional[Exception] = None
        self._attached = False
        self._over = False
        self._queue.put((start.SerializeToString(),))
        self._call, self._tracked = session.begin_stream(
            _METHOD, self._requests(), request_serializer=None, response_deserializer=None
        )
        session.streams.add(self)
        threading.Thread(target=self._read, name="sockbroker-bulk", daemon=True).start()

    def opened(self) -> bool:
        """Waits for the daemon's answer. Returns False if it refuses, because of its policy, a quota, or another
        attached stream.
        """
        with self._changed:
            while not self._attached and not self._over:
                self._changed.wait()
            return self._attached

    def wait(self) -> None:
        """Waits for the end of the stream."""
        with self._changed:
            while not self._over:
                self._changed.wait()

    def close(self, reason: Optional[Exception] = None) -> None:
        """Half-closes the stream, which the daemon then ends. Waiting callers get the reason."""
        if reason is not None:
            with self._changed:
                self._error = reason
                self._changed.notify_all()
        self._queue.put(None)

    def cancel(self) -> None:
        """Resets the stream, which ends it immediately: data that the daemon has not processed is dropped."""
        self._reset = True
        self._queue.put(None)
        _grpc_thread.post(self._call.cancel)

    def _requests(self) -> Iterator[bytes]:
        for frames in iter(self._queue.get, None):
            yield from frames

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
        self._session.channels.give_back(self._tracked, reset=self._reset, broken=cut)

    def _on_data(self, data: memoryview) -> None:
        raise NotImplementedError

    def _on_frame(self, frame: stream_service_pb2.ServerFrame) -> None:
        with self._changed:
            if frame.HasField("attached"):
                self._attached = True
            elif frame.HasField("error") and frame.error.final:
                self._error = error_from_status(frame.error.status)
            self._changed.notify_all()


class ReadAhead(_Attachment):
    """Receives from a stream socket. Methods may be called from any thread."""

    def __init__(self, session: Session, handle: int) -> None:
        self._pieces: deque[memoryview] = deque()
        self._ahead = 0
        self._ending = False
        self._dropping = False
        # After the peer's end of data, or an error that was raised, nothing arrives here; further receives ask the
        # kernel.
        self._ended = False
        # Whether unread data was discarded.
        self._dropped = False
        start = _requests.attach(handle, receive_only=True, max_message_bytes=PIECE_BYTES)
        super().__init__(session, start)

    def take(self, size: int, seconds: Optional[float]) -> Optional[memoryview]:
        """Returns up to `size` bytes, and waits until there are some.

        Returns None if the stream has ended. Raises TimeoutError after `seconds`, and the error that ended the stream,
        once.
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
        """Ends the stream at an exact position: data read ahead is here, all other data is still in the socket.

        An exception from a signal handler is raised after that. An error that ended the stream before is left for the
        descriptor to raise; if the connection broke, data may be missing.
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
            # The thread may be waiting for room. It reads data in transit and drops it.
            self._ending = self._dropping = True
            self._changed.notify_all()
        super().close(reason)

    def take_error(self) -> Optional[OSError]:
        """Removes and returns the kernel's error that ended the stream, if it has not been raised."""
        with self._changed:
            error = self._error
            if self._ended or not self._attached or not is_kernel_error(error):
                return None
            self._error, self._ended = None, True
            return error

    @property
    def unread(self) -> bool:
        """Whether there is unread data."""
        return bool(self._pieces) or self._dropped

    def hand_over(self, descriptor: Descriptor) -> None:
        """Moves unread data to the descriptor, and the error after it, which the kernel reports only once."""
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


class BulkSend(_Attachment):
    """Sends on a stream socket. Methods may be called from any thread."""

    def __init__(self, session: Session, handle: int) -> None:
        # A signal handler may send in the middle of a send.
        self._turn = threading.RLock()
        self._busy = 0
        self._syncs = itertools.count(1)
        self._synced = 0
        self._given_up = False
        super().__init__(session, _requests.attach(handle, send_only=True))

    def send_all(self, data: memoryview, seconds: Optional[float]) -> bool:
        """Sends, and returns when the kernel has accepted everything. Returns False if the stream had ended before.

        Raises TimeoutError after `seconds`, and the kernel's error. Data that was not sent by then never will be.
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
                # If the stream were only half-closed, the daemon would still send its data later.
                self.cancel()
                raise
            finally:
                self._busy -= 1

    def close(self, reason: Optional[Exception] = None) -> None:
        super().close(reason)
        if self._busy:
            # The socket may be full, and the daemon would wait for it before ending a half-closed stream.
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


# A signal handler that sends or receives may interrupt the thread that holds it.
_opening = threading.RLock()


def receive_ahead(descriptor: Descriptor, asked: int, received: int) -> None:
    """Called after each receive without flags that waited; starts to read ahead if data keeps arriving faster than it is
    requested.
    """
    if received * 4 < asked or asked < _WORTH_COUNTING_BYTES or descriptor.shared:
        descriptor.full_receives = 0
        return
    descriptor.full_receives += 1
    if descriptor.full_receives < _WORTH_RECEIVING:
        return
    with _opening, contextlib.suppress(OSError):  # A broken connection is for the next call to tell.
        if descriptor.receiving is None and not descriptor.shared:
            # Stored before it is opened, because an exception from a signal handler may interrupt this.
            descriptor.receiving = bulk = ReadAhead(descriptor.session, descriptor.handle)
            if descriptor.shared:
                # Since a moment ago, by another thread, which may have looked for a read-ahead before it was here.
                descriptor.now_shared()
                return
            # Anything that polls the kernel's queue has to end the read-ahead first.
            descriptor.unread.changed()
            if not bulk.opened():
                descriptor.receiving = None
                # The attempt lost nothing, but an immediate retry would fail too.
                descriptor.full_receives = -_WORTH_RECEIVING * _WORTH_RECEIVING


def send_all(descriptor: Descriptor, data: memoryview, seconds: Optional[float]) -> bool:
    """Sends much data over a stream, like BulkSend.send_all. Returns False, without sending, if it is not worthwhile."""
    if len(data) < _WORTH_SENDING_BYTES:
        return False
    bulk = descriptor.sending
    if bulk is not None and bulk.send_all(data, seconds):
        return True
    with _opening:
        if descriptor.sending is bulk:
            descriptor.sending = None
            bulk = BulkSend(descriptor.session, descriptor.handle)
            try:
                if bulk.opened():
                    descriptor.sending = bulk
            except BaseException:
                bulk.cancel()
                raise
        bulk = descriptor.sending
    return bulk is not None and bulk.send_all(data, seconds)
