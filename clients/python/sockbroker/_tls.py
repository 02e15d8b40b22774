"""Replaces the interpreter's `_ssl._SSLSocket` for brokered sockets: OpenSSL on memory.

CPython's own Lib/ssl.py, unmodified, makes an SSLSocket from a socket and the object returned by
`SSLContext._wrap_socket`, in which OpenSSL reads and writes a file descriptor itself. Here OpenSSL reads and writes
memory, and this module transfers the bytes to and from the socket's own recv and send. So there is no second
descriptor, no thread and no copy of the stream's state: names, options, timeouts and readiness are those of the
brokered socket itself.

What OpenSSL does with a descriptor, and how this does the same:

- It reads one record at a time from the kernel, so that further data stays there: select reports it as readable, and
  when TLS ends a plain recv returns it. Here more than the record is received, because one call of the daemon should
  return much; data after the record is pushed back to the descriptor's unread data, where select and recv find it.
- A write ends when the kernel has accepted all of it. If it would block it raises SSLWantWriteError, and the caller has
  to repeat it with the same data, part of which may already be sent: so the amount is remembered.
- A deadline applies to a whole operation, however many receives and sends it needs.

Two threads may read and write concurrently. OpenSSL's object is used under `_state`, by one thread at a time and never
while waiting. `_sending` keeps the order of the records, and is held while waiting for room; `_receiving` is held while
waiting for data. A thread that holds `_receiving` takes no other lock than `_state`.
"""

from __future__ import annotations

import contextlib
import ssl
import threading
import time
import weakref
from collections.abc import Iterator
from typing import Any, Callable, Optional, TypeVar

from . import _requests, _socket_type
from ._gen.v1 import socket_service_pb2
from ._real import real
from ._received import Received
from ._stream import Kept

_T = TypeVar("_T")

# How much written data becomes records at a time, in bytes: whole records, which together fill one send.
_PLAIN_BYTES = 15 * 16 * 1024
# How much is received at a time, in bytes.
_AHEAD_BYTES = 128 * 1024
_HEADER_BYTES = 5


class _View(_socket_type.socket):
    """Another object for a socket's descriptor, with its own timeout."""

    def __init__(self, of: _socket_type.socket) -> None:
        self._descriptor = of._descriptor
        self._local = of._local
        self._family, self._type, self._proto = of._family, of._type, of._proto

    def __del__(self) -> None:
        """The socket is closed by its owner."""

    def limit(self, deadline: Optional[float]) -> None:
        """Sets the deadline of calls, as returned by `_deadline`. Raises a timeout if it has passed."""
        if not deadline:
            self._timeout = deadline
            return
        self._timeout = deadline - time.monotonic()
        if self._timeout <= 0:
            raise real.timeout("timed out")


class _RecordEnd:
    """Finds the end of the record that is being received."""

    def __init__(self) -> None:
        self._header = bytearray()
        self._left = 0

    @property
    def missing(self) -> int:
        """How many bytes OpenSSL would read next."""
        return self._left or _HEADER_BYTES - len(self._header)

    def within(self, data: bytes) -> int:
        """Returns how many of the following bytes belong to the record. After its last byte, the next record starts."""
        taken = 0
        if self._left == 0:
            taken = min(_HEADER_BYTES - len(self._header), len(data))
            self._header += data[:taken]
            if len(self._header) < _HEADER_BYTES:
                return taken
            header = self._header
            if header[0] & 0x80:  # A hello of SSL 2, which OpenSSL still takes: two bytes of length, and it counts the rest.
                self._left = ((header[0] & 0x7F) << 8 | header[1]) + 2 - _HEADER_BYTES
            else:
                self._left = header[3] << 8 | header[4]
            self._left = max(self._left, 0)
            header.clear()
        more = min(self._left, len(data) - taken)
        self._left -= more
        return taken + more


class TlsSocket:
    """TLS on a brokered socket; everything else is done by OpenSSL's object on memory."""

    def __init__(
        self, context: Any, sock: Any, server_side: bool, hostname: Optional[str], *, owner: Any, session: Any
    ) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls: Any = context._wrap_bio(
            self._incoming, self._outgoing, server_side, hostname, owner=owner, session=session
        )
        self._socket = weakref.ref(sock)
        self._receiver, self._sender = _View(sock), _View(sock)
        self._state, self._sending, self._receiving = threading.RLock(), threading.RLock(), threading.RLock()
        self._record = _RecordEnd()
        # Number of receives.
        self._turn = 0
        # Records that were not sent yet, and how much of an unfinished write became records.
        self._unsent = memoryview(b"")
        self._written = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tls, name)

    @property
    def context(self) -> Any:
        return self._tls.context

    @context.setter
    def context(self, context: Any) -> None:
        self._tls.context = context

    @property
    def session(self) -> Any:
        return self._tls.session

    @session.setter
    def session(self, session: Any) -> None:
        self._tls.session = session

    @property
    def owner(self) -> Any:
        return self._tls.owner

    @owner.setter
    def owner(self, owner: Any) -> None:
        self._tls.owner = owner

    def do_handshake(self) -> None:
        """Raises SSLWantReadError and SSLWantWriteError on a non-blocking socket, as the other methods do."""
        deadline = self._deadline()
        with _saying("The handshake operation timed out"):
            self._perform(self._tls.do_handshake, deadline)
            try:
                self._flush(deadline)
            except (BrokenPipeError, ConnectionResetError):
                # The last message of a server is a ticket, which the client need not wait for.
                if not self._tls.server_side or self._tls.version() != "TLSv1.3":
                    raise

    def read(self, *arguments: Any) -> Any:
        """read(length[, buffer])"""
        deadline = self._deadline()
        with _saying("The read operation timed out"):
            result = self._perform(lambda: self._tls.read(*arguments), deadline)
            # A response of the protocol, whose failure is no reason to withhold data that was read.
            with contextlib.suppress(OSError):
                self._flush(deadline)
            return result

    def write(self, data: Any) -> int:
        """Returns the length of the data when the kernel has accepted all of it."""
        deadline = self._deadline()
        with memoryview(data) as given, given.cast("B") as view:
            with _saying("The write operation timed out"), self._sending:
                if self._written > len(view):
                    raise ssl.SSLError(ssl.SSL_ERROR_SSL, "[SSL: BAD_WRITE_RETRY] bad write retry")
                while True:
                    self._flush(deadline)
                    if self._written == len(view) > 0:
                        break
                    piece = view[self._written : self._written + _PLAIN_BYTES]
                    self._written += self._perform(lambda piece=piece: self._tls.write(piece), deadline)  # type: ignore[misc]
                    if not len(view):
                        break
                self._written = 0
                return len(view)

    def shutdown(self) -> Any:
        """Ends TLS in agreement with the peer. Returns the socket, which continues without it."""
        deadline = self._deadline()
        self._perform(self._tls.shutdown, deadline)
        self._flush(deadline)
        return self._socket()

    def verify_client_post_handshake(self) -> Any:
        with self._state:
            return self._tls.verify_client_post_handshake()

    def _deadline(self) -> Optional[float]:
        """When the operation that starts has to end: None for no limit, 0 on a non-blocking socket."""
        sock = self._socket()
        timeout: Optional[float] = None if sock is None else sock.gettimeout()
        return time.monotonic() + timeout if timeout else timeout

    def _perform(self, step: Callable[[], _T], deadline: Optional[float]) -> _T:
        """Performs an operation of OpenSSL, and receives data for it until it can complete."""
        while True:
            turn = self._turn
            try:
                with self._state:
                    return step()
            except ssl.SSLWantReadError as wants:
                self._flush(deadline)
                try:
                    self._receive(turn, deadline)
                except BlockingIOError:
                    raise wants from None
            except ssl.SSLError:
                # This may send an alert; the error is more important.
                with contextlib.suppress(OSError):
                    self._flush(deadline)
                raise

    def _receive(self, turn: int, deadline: Optional[float]) -> None:
        """Receives something, unless another thread has done so since the turn."""
        with self._receiving:
            if turn != self._turn:
                return
            descriptor = self._receiver._descriptor
            with _saying("The read operation timed out"):
                self._receiver.limit(deadline)
                data = self._receiver.recv(self._record.missing if descriptor is None else _AHEAD_BYTES)
            length = self._record.within(data)
            if descriptor is not None and length < len(data):
                rest = data[length:]
                descriptor.unread.give_back(Received(rest, len(rest), [], 0, None))
                data = data[:length]
            with self._state:
                if data:
                    self._incoming.write(data)
                else:
                    self._incoming.write_eof()
            self._turn += 1

    def _flush(self, deadline: Optional[float]) -> None:
        """Sends OpenSSL's output. If another thread is sending, that thread sends it."""
        while self._unsent or self._outgoing.pending:
            if not self._sending.acquire(blocking=False):
                return
            try:
                self._send(deadline)
            finally:
                self._sending.release()

    def _send(self, deadline: Optional[float]) -> None:
        if not self._unsent:
            with self._state:
                self._unsent = memoryview(self._outgoing.read())
        while self._unsent:
            # Recorded even if an exception from a signal handler ends the call: data that was sent must not be sent
            # again.
            kept = Kept()
            try:
                with _saying("The write operation timed out"):
                    self._sender.limit(deadline)
                    self._sender_send(kept)
            except BlockingIOError:
                raise ssl.SSLWantWriteError(
                    ssl.SSL_ERROR_WANT_WRITE, "The operation did not complete (write)"
                ) from None
            finally:
                if kept.response is not None:
                    self._unsent = self._unsent[kept.response.sent_bytes :]

    def _sender_send(self, kept: Kept) -> None:
        sender = self._sender
        if sender._local is not None:
            kept.response = socket_service_pb2.SendResponse(sent_bytes=sender._local.send(self._unsent))
            return
        sender._call("send", _requests.send(sender._payload(self._unsent), 0, sender._limit()), kept)


@contextlib.contextmanager
def _saying(text: str) -> Iterator[None]:
    """Gives a timeout the wording of `_ssl`."""
    try:
        yield
    except real.timeout:
        raise real.timeout(text) from None
