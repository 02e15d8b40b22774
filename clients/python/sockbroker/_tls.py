"""What takes the place of the interpreter's `_ssl._SSLSocket` for a brokered socket: OpenSSL on memory.

CPython's own Lib/ssl.py, unmodified, makes an SSLSocket of a socket and of the object that `SSLContext._wrap_socket`
answers, in which OpenSSL reads and writes a file descriptor by itself. Here OpenSSL reads and writes memory, and this module
carries the bytes between that and the socket's own recv and send. So there is no second descriptor, no thread and no copy
of the stream's state: names, options, timeouts and readiness are those of the brokered socket itself.

What OpenSSL does with a descriptor, and what this has to do as well:

- It takes one record at a time from the kernel, so that what is behind stays there: select says that it is readable, and
  when TLS ends it is a plain recv that gets it. Here more is received than the record, for one call of the daemon should
  bring much; what is behind the record is given back to what is unread of the descriptor, where select and recv
  find it.
- A write ends when the kernel has all of it. If it would block it is SSLWantWriteError, and the caller has to repeat it
  with the same data, of which a part may be gone already: so it is remembered how much was.
- A deadline is one for a whole operation, however many receives and sends it takes.

Two threads may read and write together. OpenSSL's object is used under `_state`, by one of them at a time and never while
waiting. `_sending` keeps the order of the records, and is held while waiting for room; `_receiving` is held while
waiting for data. Who holds `_receiving` takes no other lock but `_state`.
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

# How much of what is written becomes records at a time, in bytes: whole ones, and together enough for one send.
_PLAIN_BYTES = 15 * 16 * 1024
# How much is received at a time, in bytes.
_AHEAD_BYTES = 128 * 1024
_HEADER_BYTES = 5


class _View(_socket_type.socket):
    """Another object on a socket's descriptor, with a timeout of its own."""

    def __init__(self, of: _socket_type.socket) -> None:
        self._descriptor = of._descriptor
        self._local = of._local
        self._family, self._type, self._proto = of._family, of._type, of._proto

    def __del__(self) -> None:
        """The socket is another's to close."""

    def limit(self, deadline: Optional[float]) -> None:
        """Lets calls end at a deadline, as `_deadline` answers it. Raises a timeout if it has passed."""
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
        """How many bytes OpenSSL would take next."""
        return self._left or _HEADER_BYTES - len(self._header)

    def within(self, data: bytes) -> int:
        """Tells how many of the bytes that came next belong to it. Behind its last byte, the next record begins."""
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
    """TLS on a brokered socket; what it does not do itself is done by OpenSSL's object over memory."""

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
        # How often something was received.
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
        """Raises SSLWantReadError and SSLWantWriteError on a non-blocking socket, as the others do."""
        deadline = self._deadline()
        with _saying("The handshake operation timed out"):
            self._perform(self._tls.do_handshake, deadline)
            try:
                self._flush(deadline)
            except (BrokenPipeError, ConnectionResetError):
                # The last thing sent by a server is a ticket, which the client need not wait for.
                if not self._tls.server_side or self._tls.version() != "TLSv1.3":
                    raise

    def read(self, *arguments: Any) -> Any:
        """read(length[, buffer])"""
        deadline = self._deadline()
        with _saying("The read operation timed out"):
            result = self._perform(lambda: self._tls.read(*arguments), deadline)
            # An answer of the protocol's. It is no reason to withhold what was read.
            with contextlib.suppress(OSError):
                self._flush(deadline)
            return result

    def write(self, data: Any) -> int:
        """Answers the length of the data when the kernel has all of it."""
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
        """Ends TLS, with the peer's agreement. Answers the socket, which goes on without it."""
        deadline = self._deadline()
        self._perform(self._tls.shutdown, deadline)
        self._flush(deadline)
        return self._socket()

    def verify_client_post_handshake(self) -> Any:
        with self._state:
            return self._tls.verify_client_post_handshake()

    def _deadline(self) -> Optional[float]:
        """When the operation that begins has to end: None for never, and 0 on a non-blocking socket."""
        sock = self._socket()
        timeout: Optional[float] = None if sock is None else sock.gettimeout()
        return time.monotonic() + timeout if timeout else timeout

    def _perform(self, step: Callable[[], _T], deadline: Optional[float]) -> _T:
        """Does what OpenSSL can do, and receives for it until it can do it all."""
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
                # An alert, perhaps. The error is the news.
                with contextlib.suppress(OSError):
                    self._flush(deadline)
                raise

    def _receive(self, turn: int, deadline: Optional[float]) -> None:
        """Receives something, unless another thread did since the turn."""
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
        """Sends what OpenSSL wrote. If another thread is sending, that will send it."""
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
            # Told even if a signal handler's exception ends the call: what was sent must not be sent again.
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
    """Gives a timeout the words that it has in `_ssl`."""
    try:
        yield
    except real.timeout:
        raise real.timeout(text) from None
