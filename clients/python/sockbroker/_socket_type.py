"""The socket type: replaces `_socket.socket` for the interpreter's Lib/socket.py, with every socket in the daemon.

The interpreter validates arguments (`_validation`). Timeouts belong to the object here, O_NONBLOCK to the open description
in the daemon, as between the interpreter and the kernel.

A socket of a family that is not brokered (`_families`), or one created from a descriptor of this process, is a real one
in `_local`, whose methods are called.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import math
import operator
import sys
import time
import warnings
from collections.abc import Iterable
from typing import Any, Callable, NamedTuple, Optional, Union

from . import _ancillary, _bulk, _descriptors, _posted, _requests, _waiting
from ._addresses import Address, address_from_wire, address_to_wire, validated_address
from ._arguments import bytes_of, gathered, into, targets, with_list
from ._default import current_session
from ._descriptors import Descriptor
from ._families import is_local
from ._gen.v1 import socket_service_pb2
from ._validation import LocalResult, timeout_of, validate
from ._linux import (
    AF_INET,
    AF_INET6,
    AF_VSOCK,
    MSG_DONTWAIT,
    MSG_ERRQUEUE,
    MSG_OOB,
    MSG_PEEK,
    MSG_WAITALL,
    SOCK_STREAM,
    SOL_SOCKET,
    SO_ERROR,
)
from ._numbers import is_brokered
from ._option_pointers import option_answer
from ._real import real
from ._received import Received, as_long_as
from ._session import Session
from ._status import is_kernel_error, kernel_error
from ._stream import Kept, OperationStream, Pending
from .errors import ConnectionLost

_SOCK_NONBLOCK: int = getattr(real, "SOCK_NONBLOCK", 0o4000)
# Flags that may be combined with a socket's type.
TYPE_FLAGS: int = _SOCK_NONBLOCK | getattr(real, "SOCK_CLOEXEC", 0o2000000)
# Families whose streams only carry data, without descriptors or credentials.
_PLAIN_FAMILIES = frozenset((AF_INET, AF_INET6, AF_VSOCK))
# Verbs that may change a socket's addresses, and verbs that return them.
_NAMING = frozenset(("bind", "connect", "connect_ex", "listen", "sendmsg", "sendto"))
_NAMES = frozenset(("getpeername", "getsockname"))
# One message to the daemon has at most Limits.max_request_bytes; this part of it is for everything but the data.
_HEAD_BYTES = 16 * 1024

_default_timeout: Optional[float] = None


def getdefaulttimeout() -> Optional[float]:
    """getdefaulttimeout() -> timeout"""
    return _default_timeout


def setdefaulttimeout(timeout: Any, /) -> None:
    """setdefaulttimeout(timeout)"""
    global _default_timeout
    _default_timeout = timeout_of(timeout)


def _or_local(method: Callable[..., Any]) -> Callable[..., Any]:
    """Calls the method of the real socket instead, if there is one."""
    name = method.__name__

    @functools.wraps(method)
    def either(self: socket, *arguments: Any, **keywords: Any) -> Any:
        if self._local is not None:
            return getattr(self._local, name)(*arguments, **keywords)
        try:
            return method(self, *arguments, **keywords)
        except OSError:
            _waiting.park_at_exit()
            raise

    return either


def _beside_read_ahead(method: Callable[..., Any]) -> Callable[..., Any]:
    """Marks a method that may be called while data is read ahead, because it does not depend on received data, or
    handles it. For all other methods read-ahead is ended first.
    """
    method.beside_read_ahead = True  # type: ignore[attr-defined]
    return method


class Prepared(NamedTuple):
    """An operation that is ready to start: its verb and request, and a function that converts the response; None: no
    result.
    """

    verb: str
    request: Any
    result: Optional[Callable[[Any], Any]] = None


def _operation(prepare: Callable[..., Union[Prepared, LocalResult]]) -> Callable[..., Any]:
    """Creates a method from one that prepares an operation, which becomes its attribute `prepare`, for Pipeline."""
    name = prepare.__name__

    @functools.wraps(prepare)
    def perform(self: socket, *arguments: Any, **keywords: Any) -> Any:
        if self._local is not None:
            return getattr(self._local, name)(*arguments, **keywords)
        prepared = prepare(self, *arguments, **keywords)
        if isinstance(prepared, LocalResult):
            return prepared.value
        try:
            response = self._call(prepared.verb, prepared.request)
        except OSError:
            _waiting.park_at_exit()
            raise
        return None if prepared.result is None else prepared.result(response)

    perform.prepare = prepare  # type: ignore[attr-defined]
    return perform


class socket:  # noqa: N801, the name is the interpreter's
    """socket(family=AF_INET, type=SOCK_STREAM, proto=0) -> socket object"""

    __slots__ = ("_descriptor", "_family", "_local", "_proto", "_timeout", "_type")

    def __new__(cls, *arguments: Any, **keywords: Any) -> socket:
        self = super().__new__(cls)
        self._descriptor = None
        self._local = None
        self._family, self._type, self._proto = 0, 0, 0
        self._timeout = None
        return self

    _descriptor: Optional[Descriptor]
    _local: Any
    _family: int
    _type: int
    _proto: int
    _timeout: Optional[float]

    def __init__(self, family: Any = -1, type: Any = -1, proto: Any = -1, fileno: Any = None) -> None:
        try:
            family, type, proto = operator.index(family), operator.index(type), operator.index(proto)
            number = None if fileno is None else operator.index(fileno)
            if not all(-(1 << 31) <= value < 1 << 31 for value in (family, type, proto)):
                raise OverflowError
            if number is not None and number >= 1 << 31:  # No descriptor has it; which error that is, is not said here.
                raise OverflowError
        except (TypeError, OverflowError):
            real.socket(family, type, proto, fileno)
            raise
        sys.audit("socket.__new__", self, family, type, proto)
        if number is not None:
            if number < 0:
                raise ValueError("negative file descriptor")
            if is_brokered(number):
                self._describe(number, family, type, proto)
            else:
                self._local = real.socket(family, type, proto, number)
            return
        family = 2 if family == -1 else family
        type = SOCK_STREAM if type == -1 else type
        proto = 0 if proto == -1 else proto
        if is_local(family):
            self._local = real.socket(family, type, proto)
            return
        flags = type & TYPE_FLAGS
        session = current_session()
        request = _requests.socket(family, type & ~flags, proto, type_flags=flags)
        self._become(opened(session, "socket", request), family, type, proto)

    def _describe(self, number: int, family: int, type: int, proto: int) -> None:
        descriptor = _descriptors.lookup(number)
        if -1 in (family, type, proto):
            facts = descriptor.session.call("socket", _requests.socket(fileno=descriptor.handle)).socket
            family = facts.family if family == -1 else family
            type = facts.type if type == -1 else type
            proto = facts.protocol if proto == -1 else proto
        self._become(descriptor, family, type, proto)

    def _become(self, descriptor: Descriptor, family: int, type: int, proto: int) -> None:
        flags = type & TYPE_FLAGS
        self._descriptor = descriptor
        self._family, self._type, self._proto = family, type & ~flags, proto
        descriptor.stream = self._type == SOCK_STREAM
        if flags & _SOCK_NONBLOCK:
            self._timeout = 0.0
        elif _default_timeout is not None:
            self._timeout = _default_timeout
            self._post_blocking(False)

    def __repr__(self) -> str:
        return f"<socket object, fd={self.fileno()}, family={self.family}, type={self.type}, proto={self.proto}>"

    def __del__(self) -> None:
        descriptor = getattr(self, "_descriptor", None)
        if descriptor is None:
            return
        with _waiting.forbidden():
            try:
                warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self, stacklevel=2)
            except Warning as warning:  # They may be turned into errors, and a finalizer has nowhere to raise.
                sys.unraisablehook(_Unraisable(warning, self))
            self._descriptor = None
            with contextlib.suppress(OSError):  # Another object on the same number may have closed it.
                close_descriptor(descriptor.number)

    @property
    def family(self) -> int:
        """the socket family"""
        return self._family if self._local is None else self._local.family

    @property
    def type(self) -> int:
        """the socket type"""
        return self._type if self._local is None else self._local.type

    @property
    def proto(self) -> int:
        """the socket protocol"""
        return self._proto if self._local is None else self._local.proto

    @property
    def timeout(self) -> Optional[float]:
        """the socket timeout"""
        return self._timeout if self._local is None else self._local.timeout

    # Common to all methods -------------------------------------------------------------------------------------------

    def _validate(self, method: str, arguments: tuple[Any, ...] = (), keywords: Optional[dict[str, Any]] = None) -> Any:
        """Validates the arguments. Returns a local_result, or None if the daemon has to be asked. Raises EBADF if closed."""
        local_result = validate((self._family, self._type, self._proto), method, arguments, keywords or {})
        if local_result is None:
            self._open()
        return local_result

    def _open(self) -> Descriptor:
        descriptor = self._descriptor
        if descriptor is None:
            raise kernel_error(errno.EBADF)
        # Another object with the same number may have closed it.
        if _descriptors.find(descriptor.number) is None:
            if descriptor.session.lost:
                descriptor.session.connection()
            raise kernel_error(errno.EBADF)
        return descriptor

    def _limit(self) -> _requests.Limit:
        """The request's timeout. It is only set if above zero; otherwise the open description decides, as in the
        kernel.
        """
        return _requests.within(self._timeout) if self._timeout else None

    def _address(self, address: Any, binds: bool = False) -> Address:
        return address_to_wire(self._family, self._proto, address, binds)

    def _post_blocking(self, blocking: bool) -> None:
        descriptor = self._open()
        request = _requests.setblocking(blocking, descriptor.handle)
        # Other operations follow it; it only fails for an unknown handle.
        session = descriptor.session
        if _waiting.allowed():
            session.connection()
        session.post_surely("setblocking", request)

    def _call(self, verb: str, request: Any, kept: Optional[Kept] = None) -> Any:
        descriptor = self._open()
        if not _waiting.allowed():
            return _posted.post(descriptor, verb, request)
        if verb not in _BESIDE_READ_AHEAD:
            descriptor.drained()
        request.handle = descriptor.handle
        if verb in _NAMING:
            descriptor.names.clear()
        try:
            response = descriptor.session.call(verb, request, kept)
        except BrokenPipeError:
            # A send raises the original error, if it has not been raised yet.
            error = descriptor.take_error()
            if error is None:
                raise
            raise error from None
        if verb in _NAMES:
            descriptor.names[verb] = response
        return response

    def _begin(self, prepared: Prepared) -> tuple[OperationStream, Pending]:
        """Starts an operation, for Pipeline."""
        descriptor = self._open()
        if prepared.verb not in _BESIDE_READ_AHEAD:
            descriptor.drained()
        prepared.request.handle = descriptor.handle
        operations = descriptor.session.connection().operations
        pending = Pending(prepared.verb)
        operations.begin(pending, prepared.request)
        return operations, pending

    # Connections --------------------------------------------------------------------------------------------------------

    @_operation
    def bind(self, *arguments: Any) -> Prepared:
        validated = tuple(validated_address(self._family, address) for address in arguments)
        self._validate("bind", validated)
        return Prepared("bind", _requests.bind(self._address(arguments[0], binds=True)))

    @_operation
    def listen(self, *arguments: Any) -> Prepared:
        self._validate("listen", arguments)
        return Prepared("listen", _requests.listen(*arguments))

    @_or_local
    def _accept(self) -> tuple[int, Any]:
        self._validate("_accept")
        descriptor = self._open()
        session = descriptor.session
        if descriptor.unread.connections:
            return descriptor.unread.connections.popleft()

        def accepted(response: Any) -> tuple[int, Any]:
            connection = _descriptors.adopt(session, response.socket.handle)
            peer = response.socket.peer_address
            connection.names["getpeername"] = socket_service_pb2.GetpeernameResponse(address=peer)
            return connection.number, address_from_wire(peer)

        kept = Kept()
        try:
            return accepted(self._call("accept", _requests.accept(self._limit()), kept))
        except BaseException:
            if kept.response is not None:
                descriptor.unread.connections.append(accepted(kept.response))
                descriptor.unread.changed()
            raise

    @_operation
    def connect(self, *arguments: Any) -> Prepared:
        self._validate("connect", tuple(validated_address(self._family, address) for address in arguments))
        return Prepared("connect_to", _requests.connect_to(self._address(arguments[0]), self._limit()))

    @_or_local
    def connect_ex(self, *arguments: Any) -> int:
        local_result = validate(
            (self._family, self._type, self._proto),
            "connect_ex",
            tuple(validated_address(self._family, address) for address in arguments),
            {},
        )
        if local_result is not None:
            return local_result.value  # type: ignore[no-any-return]
        if self._descriptor is None:
            return errno.EBADF
        response = self._call("connect_ex", _requests.connect_ex(self._address(arguments[0]), self._limit()))
        return getattr(errno, response.symbol, response.error_number)  # type: ignore[no-any-return]

    @_operation
    def shutdown(self, *arguments: Any) -> Prepared:
        self._validate("shutdown", arguments)
        return Prepared("shutdown", _requests.shutdown(arguments[0]))

    @_or_local
    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            close_descriptor(descriptor.number)

    @_or_local
    def detach(self) -> int:
        descriptor, self._descriptor = self._descriptor, None
        return -1 if descriptor is None else descriptor.number

    @_or_local
    def fileno(self) -> int:
        return -1 if self._descriptor is None else self._descriptor.number

    @_beside_read_ahead
    @_operation
    def getsockname(self) -> Prepared:
        self._validate("getsockname")
        return Prepared("getsockname", _requests.getsockname(), _address_of)

    @_beside_read_ahead
    @_operation
    def getpeername(self) -> Prepared:
        self._validate("getpeername")
        return Prepared("getpeername", _requests.getpeername(), _address_of)

    # Options ------------------------------------------------------------------------------------------------------------

    @_beside_read_ahead
    @_operation
    def getsockopt(self, *arguments: Any) -> Union[Prepared, LocalResult]:
        self._validate("getsockopt", arguments)
        level, name, size = (*map(operator.index, arguments), 0)[:3]
        request = _requests.getsockopt(level, name, size)
        if not size:
            error = self._open().take_error() if (level, name) == (SOL_SOCKET, SO_ERROR) else None
            return Prepared("getsockopt", request, _option_integer) if error is None else LocalResult(error.errno)
        return Prepared("getsockopt", request, lambda response: option_answer(level, name, response.value.data))

    @_beside_read_ahead
    @_operation
    def setsockopt(self, *arguments: Any) -> Prepared:
        self._validate("setsockopt", arguments)
        level, name = map(operator.index, arguments[:2])
        return Prepared("setsockopt", _requests.setsockopt(level, name, *arguments[2:]))

    @_or_local
    def settimeout(self, *arguments: Any) -> None:
        if len(arguments) != 1:
            self._validate("settimeout", arguments)
        self._timeout = timeout_of(arguments[0])
        self._post_blocking(self._timeout is None)

    @_or_local
    def gettimeout(self) -> Optional[float]:
        return self._timeout

    @_or_local
    def setblocking(self, *arguments: Any) -> None:
        validate((self._family, self._type, self._proto), "setblocking", arguments, {})
        self._timeout = None if arguments[0] else 0.0
        self._post_blocking(self._timeout is None)

    @_or_local
    def getblocking(self) -> bool:
        return self._timeout != 0.0

    # Receiving ----------------------------------------------------------------------------------------------------------

    def _receive(self, verb: str, size: int, flags: int, room: int = 0) -> Received:
        descriptor = self._open()
        plain = verb == "recv" and flags == 0 and self._timeout != 0.0 and self._is_plain_stream()
        if not plain:
            descriptor.drained()
        elif descriptor.receiving is not None and not descriptor.unread.has_messages:
            piece = descriptor.receiving.take(size, self._timeout)
            if piece is not None:
                # A view, which is only copied at its final place.
                return Received(piece, len(piece), [], 0, None)  # type: ignore[arg-type]
            descriptor.drained()
        unread = descriptor.unread
        while not flags & (MSG_OOB | MSG_ERRQUEUE) and (unread.has_messages or unread.was_handed_over()):
            taken = descriptor.take(size, flags)
            if taken is not None:
                return self._completed(taken, verb, size, flags, room)
        received = self._receive_from_kernel(verb, size, flags, room)
        if plain:
            try:
                _bulk.receive_ahead(descriptor, size, received.length)
            except BaseException:
                descriptor.unread.give_back(received)
                raise
        return received

    def _receive_from_kernel(self, verb: str, size: int, flags: int, room: int) -> Received:
        descriptor = self._open()
        request = _requests.receive(verb, size, flags, room, self._limit())
        kept = Kept()
        try:
            return _received(descriptor.session, verb, self._call(verb, request, kept))
        except BaseException:
            if kept.response is not None and not flags & MSG_PEEK:
                descriptor.unread.add(_received(descriptor.session, verb, kept.response))
            if is_kernel_error(kept.error):
                # The kernel reports it only once.
                descriptor.unread.end_in(kept.error)
            raise

    def _completed(self, taken: Received, verb: str, size: int, flags: int, room: int) -> Received:
        """Adds the kernel's data to the data kept here if the caller would miss it, because it peeks or waits for all."""
        if self._type != SOCK_STREAM or taken.length >= size or not flags & (MSG_PEEK | MSG_WAITALL):
            return taken
        how = flags if flags & MSG_WAITALL else flags | MSG_DONTWAIT
        try:
            more = self._receive_from_kernel(verb, size - taken.length, how, room)
        except BlockingIOError:
            return taken
        except BaseException as error:
            if is_kernel_error(error):
                # Kept for the next call, because the kernel reports it only once.
                self._open().unread.end_in(error)
                return taken
            if not flags & MSG_PEEK:
                self._open().unread.give_back(taken)
            raise
        return taken.joined(more)

    def _is_plain_stream(self) -> bool:
        return self._type == SOCK_STREAM and self._family in _PLAIN_FAMILIES

    @_beside_read_ahead
    @_or_local
    def recv(self, *arguments: Any) -> Any:
        local_result = self._validate("recv", arguments)
        if local_result is not None:
            return local_result.value
        size, flags = (*map(operator.index, arguments), 0)[:2]
        received = self._receive("recv", size, flags)
        return as_long_as(received.data, received.length)

    @_beside_read_ahead
    @_or_local
    def recvfrom(self, *arguments: Any) -> Any:
        local_result = self._validate("recvfrom", arguments)
        if local_result is not None:
            return local_result.value
        size, flags = (*map(operator.index, arguments), 0)[:2]
        received = self._receive("recvfrom", size, flags)
        return as_long_as(received.data, received.length), received.address

    def _prepare_receive(self, verb: str, *arguments: Any) -> Union[Prepared, LocalResult]:
        """For Pipeline: data kept here is received immediately, the remainder by an operation."""
        method: Callable[..., Any] = getattr(self, verb)
        local_result: Optional[LocalResult] = self._validate(verb, arguments)
        if local_result is not None:
            return local_result
        descriptor = self._open().drained()
        if descriptor.unread.has_messages or descriptor.unread.was_handed_over() and descriptor.unread.has_messages:
            return LocalResult(method(*arguments))
        size, flags = (*map(operator.index, arguments), 0)[:2]
        request = _requests.receive(verb, size, flags, 0, self._limit())
        return Prepared(verb, request, _data if verb == "recv" else _data_and_address)

    recv.prepare = lambda self, *arguments: self._prepare_receive("recv", *arguments)  # type: ignore[attr-defined]
    recvfrom.prepare = lambda self, *arguments: self._prepare_receive("recvfrom", *arguments)  # type: ignore[attr-defined]

    @_beside_read_ahead
    @_or_local
    def recvmsg(self, *arguments: Any) -> Any:
        local_result = self._validate("recvmsg", arguments)
        if local_result is not None:
            return local_result.value
        size, room, flags = (*map(operator.index, arguments), 0, 0)[:3]
        received = self._receive("recvmsg", size, flags, room)
        return received.data, received.ancillary, received.flags, received.address

    @_or_local
    def recv_into(self, *arguments: Any, **keywords: Any) -> Any:
        local_result = self._validate("recv_into", arguments, keywords)
        if local_result is not None:
            return local_result.value
        view, size, flags = into(*arguments, **keywords)
        received = self._receive("recv", size, flags)
        view[: len(received.data)] = received.data
        return received.length

    @_or_local
    def recvfrom_into(self, *arguments: Any, **keywords: Any) -> Any:
        local_result = self._validate("recvfrom_into", arguments, keywords)
        if local_result is not None:
            return local_result.value
        view, size, flags = into(*arguments, **keywords)
        received = self._receive("recvfrom", size, flags)
        view[: len(received.data)] = received.data
        return received.length, received.address

    @_or_local
    def recvmsg_into(self, *arguments: Any) -> Any:
        arguments = with_list(arguments, 0)
        local_result = self._validate("recvmsg_into", arguments)
        if local_result is not None:
            return local_result.value
        views = targets(arguments[0])
        room, flags = (*map(operator.index, arguments[1:]), 0, 0)[:2]
        received = self._receive("recvmsg", sum(map(len, views)), flags, room)
        rest = memoryview(received.data)
        for view in views:
            piece, rest = rest[: len(view)], rest[len(view) :]
            view[: len(piece)] = piece
        return received.length, received.ancillary, received.flags, received.address

    # Sending ------------------------------------------------------------------------------------------------------------

    def _room(self) -> int:
        return int(self._open().session.limits.max_request_bytes) - _HEAD_BYTES

    def _payload(self, data: Any) -> bytes:
        """Returns the part of the data that one send can take, which for a stream may not be all. Raises EMSGSIZE for a
        message that is too large.
        """
        view = memoryview(data).cast("B")
        room = self._room()
        if self._type == SOCK_STREAM:
            room = min(room, _requests.PIECE_BYTES)
            return bytes_of(data) if len(view) <= room else bytes(view[:room])
        if len(view) > room:
            raise kernel_error(errno.EMSGSIZE)
        return bytes_of(data)

    @_beside_read_ahead
    @_operation
    def send(self, *arguments: Any) -> Prepared:
        self._validate("send", arguments)
        flags = operator.index(arguments[1]) if len(arguments) > 1 else 0
        return Prepared("send", _requests.send(self._payload(arguments[0]), flags, self._limit()), _sent_bytes)

    @_beside_read_ahead
    @_or_local
    def sendall(self, *arguments: Any) -> None:
        self._validate("sendall", arguments)
        flags = operator.index(arguments[1]) if len(arguments) > 1 else 0
        view = memoryview(arguments[0]).cast("B")
        if self._type != SOCK_STREAM or len(view) <= _requests.PIECE_BYTES:
            self._call("sendall", _requests.sendall(self._payload(arguments[0]), flags, self._limit()))
            return
        if flags == 0 and self._timeout != 0.0 and _waiting.allowed() and _bulk.send_all(self._open(), view, self._timeout):
            return
        deadline = time.monotonic() + self._timeout if self._timeout else math.inf
        for start in range(0, len(view), _requests.PIECE_BYTES):
            limit = None
            if self._timeout:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise real.timeout("timed out")
                limit = _requests.within(left)
            self._call("sendall", _requests.sendall(bytes(view[start : start + _requests.PIECE_BYTES]), flags, limit))

    @_beside_read_ahead
    @_operation
    def sendto(self, *arguments: Any) -> Prepared:
        validated = arguments
        if len(arguments) in (2, 3):
            validated = (*arguments[:-1], validated_address(self._family, arguments[-1]))
        self._validate("sendto", validated)
        flags = operator.index(arguments[1]) if len(arguments) > 2 else 0
        data, address = self._payload(arguments[0]), self._address(arguments[-1])
        request = _requests.sendto(data, flags, address, self._limit())
        return Prepared("sendto", request, _sent_bytes)

    @_beside_read_ahead
    @_operation
    def sendmsg(self, *arguments: Any) -> Prepared:
        arguments = with_list(with_list(arguments, 0), 1)
        validated = arguments
        if len(arguments) > 3:
            validated = (*arguments[:3], validated_address(self._family, arguments[3]), *arguments[4:])
        self._validate("sendmsg", validated)
        buffers = arguments[0]
        messages = arguments[1] if len(arguments) > 1 else ()
        flags = arguments[2] if len(arguments) > 2 else 0
        address = arguments[3] if len(arguments) > 3 else None
        request = _requests.sendmsg(
            self._gathered(buffers),
            _ancillary.control_to_wire(messages),
            operator.index(flags),
            None if address is None else self._address(address),
            self._limit(),
        )
        return Prepared("sendmsg", request, _sent_bytes)

    @_operation
    def sendmsg_afalg(self, *arguments: Any, **keywords: Any) -> Prepared:
        arguments = with_list(arguments, 0)
        self._validate("sendmsg_afalg", arguments, keywords)
        buffers = arguments[0] if arguments else keywords.get("msg", ())
        iv, assoclen, flags = keywords.get("iv"), keywords.get("assoclen"), keywords.get("flags", 0)
        request = _requests.sendmsg_afalg(
            self._gathered(buffers), keywords["op"], iv, assoclen, flags, self._limit()
        )
        return Prepared("sendmsg_afalg", request, _sent_bytes)

    def _gathered(self, buffers: Iterable[Any]) -> list[bytes]:
        return gathered(buffers, self._room(), self._type == SOCK_STREAM)


_BESIDE_READ_AHEAD = frozenset(name for name, method in vars(socket).items() if hasattr(method, "beside_read_ahead"))


class _Unraisable:
    """The argument of sys.unraisablehook."""

    def __init__(self, error: BaseException, owner: object) -> None:
        self.exc_type = type(error)
        self.exc_value: Optional[BaseException] = error
        self.exc_traceback = error.__traceback__
        self.err_msg: Optional[str] = None
        self.object = owner


def _address_of(response: Any) -> Any:
    return address_from_wire(response.address)


def _data(response: Any) -> bytes:
    return as_long_as(response.data, response.length_bytes)


def _data_and_address(response: Any) -> tuple[bytes, Any]:
    return _data(response), address_from_wire(response.address) if response.HasField("address") else None


def _sent_bytes(response: Any) -> int:
    return int(response.sent_bytes)


def _option_integer(response: Any) -> int:
    return int(response.value.integer)


def _received(session: Session, verb: str, response: Any) -> Received:
    if verb == "recv":
        return Received(response.data, response.length_bytes, [], 0, None)
    address = address_from_wire(response.address) if response.HasField("address") else None
    if verb == "recvfrom":
        return Received(response.data, response.length_bytes, [], 0, address)
    ancillary = _ancillary.control_from_wire(session, response.ancillary_data)
    return Received(response.data, response.length_bytes, ancillary, response.flags, address)


def opened(session: Session, verb: str, request: Any) -> Descriptor:
    """Performs an operation that opens a socket. If nobody can receive it, it is closed."""
    kept = Kept()
    try:
        return _descriptors.adopt(session, session.call(verb, request, kept).socket.handle)
    except BaseException:
        if kept.response is not None:
            session.post_close(kept.response.socket.handle)
        raise


def _post_reset_if_unread(descriptor: Descriptor, unread: bool) -> None:
    """Makes the following close reset the connection if there is unread data here. The kernel does so for its own
    unread data, but does not know of data already taken from it, and the peer would believe that everything was
    received.
    """
    if unread:
        descriptor.session.post("setsockopt", _requests.reset_on_close(descriptor.handle))


def close_descriptor(number: int) -> None:
    """Closes a brokered descriptor, like close(2)."""
    found = _descriptors.find(number)
    # Checked before the descriptor is removed, and data read ahead with it.
    unread = found is not None and found.has_data_for_nobody
    descriptor = _descriptors.forget(number)
    if descriptor is None:
        raise kernel_error(errno.EBADF)
    session = descriptor.session
    if _waiting.in_collector() or not _waiting.allowed():
        descriptor.abandon(kernel_error(errno.EBADF))
        if not session.lost:
            _post_reset_if_unread(descriptor, unread or descriptor.has_data_for_nobody)
            session.post_close(descriptor.handle)
        return
    try:
        descriptor.abandon_and_wait(kernel_error(errno.EBADF))
        if not session.lost:
            _post_reset_if_unread(descriptor, unread or descriptor.has_data_for_nobody)
            session.call("close", _requests.close(descriptor.handle))
    except ConnectionLost:
        session.post_close(descriptor.handle)
    except ConnectionResetError:  # The kernel's, which is ignored by the interpreter too.
        return
    except BaseException:
        session.post_close(descriptor.handle)
        raise
