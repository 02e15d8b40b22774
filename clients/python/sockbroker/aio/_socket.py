"""A socket whose methods are coroutines.

Receiving is exact under cancellation. A cancelled receive leaves the socket's data where it is; if the daemon had
already received, its response is kept here, and comes before anything else. Only one receive of a socket is in progress
at a time, and others wait, so that kept data can never be overtaken. The same holds for accepting.
"""

from __future__ import annotations

import array
import asyncio
import contextlib
import errno
import operator
import socket as stdlib
import warnings
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import IO, Any, Optional, Union

from .. import _ioctl, _requests
from .._addresses import Address, address_from_wire, address_to_wire, validated_address
from .._ancillary import ControlMessage, read_control, write_control
from .._arguments import bytes_of, gathered, into, targets, with_list
from .._gen.v1 import socket_pb2
from .._validation import validate
from .._linux import MSG_DONTWAIT, MSG_ERRQUEUE, MSG_OOB, MSG_PEEK, MSG_WAITALL, SCM_RIGHTS, SOCK_STREAM, SOL_SOCKET
from .._option_pointers import option_answer
from .._received import Received, as_long_as
from .._status import kernel_error
from ..errors import ConnectionLost
from ._attachment import Attachment
from ._descriptor import Descriptor
from ._messages import Message, MessageStream
from ._operations import Pending
from ._session import Session

Buffer = Union[bytes, bytearray, memoryview]

_INT_BYTES = array.array("i").itemsize
# One message to the daemon has at most Limits.max_request_bytes; this part of it is for everything but the data.
_HEAD_BYTES = 16 * 1024


class Socket:
    """A brokered socket, for one event loop. Created by its broker.

    Its methods are those of Python's socket objects of the same names, with their arguments, results and errors; those
    that need the kernel are coroutines, and wait without a limit: use `asyncio.timeout` and `asyncio.wait_for`. A
    cancelled task loses no data and no connection. It is unknown whether a cancelled `send` was performed.
    """

    def __init__(self, session: Session, descriptor: Descriptor, family: int, type: int, proto: int) -> None:
        """Internal."""
        self._descriptor: Optional[Descriptor] = descriptor
        self._session = session
        self._kind = (family, type, proto)
        self._receiving = asyncio.Lock()
        self._accepting = asyncio.Lock()
        self._unsettled: set[Pending] = set()
        self._unsettled_accepts: set[Pending] = set()
        # The open stream of messages, and that of iterating over the socket itself.
        self._messages: Optional[MessageStream] = None
        self._iterator: Optional[MessageStream] = None
        self._leaving: Optional[Attachment] = None
        descriptor.stream = type == SOCK_STREAM

    @property
    def family(self) -> int:
        """The address family, as socket.AddressFamily if it has a name."""
        return _named(stdlib.AddressFamily, self._kind[0])

    @property
    def type(self) -> int:
        """The type, as socket.SocketKind if it has a name."""
        return _named(stdlib.SocketKind, self._kind[1])

    @property
    def proto(self) -> int:
        """The protocol."""
        return self._kind[2]

    def fileno(self) -> int:
        """A number from 2^30 on, which SCM_RIGHTS can carry, or -1. It has no meaning to the operating system."""
        return -1 if self._descriptor is None else self._descriptor.number

    def __repr__(self) -> str:
        state = "closed" if self._descriptor is None else f"fd={self._descriptor.number}"
        return f"<sockbroker.aio.Socket {state}, family={self.family!s}, type={self.type!s}, proto={self.proto}>"

    async def __aenter__(self) -> Socket:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __del__(self) -> None:
        descriptor = getattr(self, "_descriptor", None)
        if descriptor is not None and not self._session.lost:
            self._session.forget(descriptor.number)
            warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self, stacklevel=2)
            self._session.post_close_from_anywhere(descriptor.handle)

    # Connections ------------------------------------------------------------------------------------------------------

    async def accept(self) -> tuple[Socket, Any]:
        """Waits for a connection. Returns a socket and the peer's address."""
        self._validate("_accept")
        async with self._accepting:
            descriptor = await self._settled(self._unsettled_accepts)
            if descriptor.unread.connections:
                handle, info = descriptor.unread.connections.popleft()
            else:
                request = _requests.accept(_requests.FOREVER)
                request.handle = descriptor.handle
                unsettled = self._unsettled_accepts
                info = (await self._session.perform("accept", request, self._keep_connection, unsettled)).socket
        return socket_of(self._session, info), address_from_wire(info.peer_address)

    async def bind(self, address: Any) -> None:
        """Binds to an address."""
        self._validate("bind", validated_address(self._kind[0], address))
        await self._perform("bind", _requests.bind(self._address(address, binds=True)))

    async def listen(self, *backlog: int) -> None:
        """Makes the socket accept connections."""
        self._validate("listen", *backlog)
        await self._perform("listen", _requests.listen(*backlog))

    async def connect(self, address: Any) -> None:
        """Connects to an address, or sets a datagram socket's peer."""
        await self.connect_and_tell(address)

    async def connect_ex(self, address: Any) -> int:
        """Like connect, with the kernel's error as the result."""
        local_result = validate(self._kind, "connect_ex", (validated_address(self._kind[0], address),), {})
        if local_result is not None:
            return local_result.value  # type: ignore[no-any-return]
        if self._descriptor is None:
            return errno.EBADF
        request = _requests.connect_ex(self._address(address), _requests.FOREVER)
        response = await self._perform("connect_ex", request)
        return getattr(errno, response.symbol, response.error_number)  # type: ignore[no-any-return]

    async def shutdown(self, how: int) -> None:
        """Shuts down one direction, or both."""
        self._validate("shutdown", how)
        await self._perform("shutdown", _requests.shutdown(how))

    async def close(self) -> None:
        """Closes the socket. Operations that wait on it end with EBADF. Idempotent."""
        descriptor = self.release()
        if descriptor is None:
            return
        if self._session.lost:
            return
        if self._leaving is not None:
            await self._leaving.left()
        try:
            await self._session.carry_out("close", _requests.close(descriptor.handle))
        except ConnectionLost:
            self._session.post_close(descriptor.handle)
        except ConnectionResetError:  # The kernel's, which is ignored by the interpreter too.
            return

    async def dup(self) -> Socket:
        """Duplicates the socket."""
        descriptor = await self._shared()
        response = await self._session.perform("dup", _requests.dup(descriptor.handle), self._close_opened)
        return Socket(self._session, self._session.adopt(response.socket.handle), *self._kind)

    async def _shared(self) -> Descriptor:
        """Returns the descriptor, when somebody who gets the socket receives all data that was not received here."""
        if self._unsettled:
            await self._settled(self._unsettled)
        descriptor = self._open()
        await self._session.push_back(descriptor)
        return descriptor

    async def getsockname(self) -> Any:
        """Returns the local address."""
        return address_from_wire((await self._perform("getsockname", _requests.getsockname())).address)

    async def getpeername(self) -> Any:
        """Returns the peer's address."""
        return address_from_wire((await self._perform("getpeername", _requests.getpeername())).address)

    # Options ----------------------------------------------------------------------------------------------------------

    async def getsockopt(self, level: int, optname: int, *buflen: int) -> Any:
        """Returns an option: an int, or bytes if a length is given."""
        self._validate("getsockopt", level, optname, *buflen)
        level, optname, size = (*map(operator.index, (level, optname, *buflen)), 0)[:3]
        value = (await self._perform("getsockopt", _requests.getsockopt(level, optname, size))).value
        return option_answer(level, optname, value.data) if size else value.integer

    async def setsockopt(self, level: int, optname: int, value: Any, *optlen: int) -> None:
        """Sets an option: to an int, to the contents of a buffer, or to None with a length."""
        self._validate("setsockopt", level, optname, value, *optlen)
        level, optname = operator.index(level), operator.index(optname)
        await self._perform("setsockopt", _requests.setsockopt(level, optname, value, *optlen))

    async def ioctl(self, request: int, argument: Union[int, Buffer] = 0) -> bytes:
        """Like fcntl.ioctl with bytes: returns the argument as the kernel leaves it. Memory that it points to is read
        and written here.
        """
        given = argument if isinstance(argument, int) else bytes_of(argument)
        prepared = _ioctl.prepare(operator.index(request), given)
        answer = prepared.answer(await self._perform("ioctl", prepared.message))
        descriptor = self._open()
        return _ioctl.with_kept(request, answer, descriptor.unread.next_bytes(descriptor.stream))

    # Receiving --------------------------------------------------------------------------------------------------------

    async def recv(self, bufsize: int, flags: int = 0) -> bytes:
        """Receives bytes. An empty result means the end of a stream, or an empty message."""
        local_result = self._validate("recv", bufsize, flags)
        if local_result is not None:
            return local_result.value  # type: ignore[no-any-return]
        received = await self._receive("recv", operator.index(bufsize), operator.index(flags))
        return as_long_as(received.data, received.length)

    async def recvfrom(self, bufsize: int, flags: int = 0) -> tuple[bytes, Any]:
        """Receives bytes and the sender's address."""
        local_result = self._validate("recvfrom", bufsize, flags)
        if local_result is not None:
            return local_result.value  # type: ignore[no-any-return]
        received = await self._receive("recvfrom", operator.index(bufsize), operator.index(flags))
        return as_long_as(received.data, received.length), received.address

    async def recvmsg(
        self, bufsize: int, ancbufsize: int = 0, flags: int = 0
    ) -> tuple[bytes, list[ControlMessage], int, Any]:
        """Receives bytes, ancillary data, flags and the sender's address. Descriptors in SCM_RIGHTS are numbers, from
        which `Broker.socket(fileno=…)` creates sockets.
        """
        local_result = self._validate("recvmsg", bufsize, ancbufsize, flags)
        if local_result is not None:
            return local_result.value  # type: ignore[no-any-return]
        received = await self._recvmsg(bufsize, ancbufsize, flags)
        return received.data, received.ancillary, received.flags, received.address

    async def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        """Receives bytes into a buffer, and returns how many."""
        local_result = self._validate("recv_into", buffer, nbytes, flags)
        if local_result is not None:
            return local_result.value  # type: ignore[no-any-return]
        view, size, flags = into(buffer, nbytes, flags)
        received = await self._receive("recv", size, flags)
        view[: len(received.data)] = received.data
        return received.length

    async def recvfrom_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> tuple[int, Any]:
        """Receives bytes into a buffer, and returns how many, and the sender's address."""
        local_result = self._validate("recvfrom_into", buffer, nbytes, flags)
        if local_result is not None:
            return local_result.value  # type: ignore[no-any-return]
        view, size, flags = into(buffer, nbytes, flags)
        received = await self._receive("recvfrom", size, flags)
        view[: len(received.data)] = received.data
        return received.length, received.address

    async def recvmsg_into(
        self, buffers: Iterable[Any], ancbufsize: int = 0, flags: int = 0
    ) -> tuple[int, list[ControlMessage], int, Any]:
        """Like recvmsg, into buffers."""
        arguments = with_list((buffers, ancbufsize, flags), 0)
        local_result = self._validate("recvmsg_into", *arguments)
        if local_result is not None:
            return local_result.value  # type: ignore[no-any-return]
        views = targets(arguments[0])
        received = await self._recvmsg(sum(map(len, views)), ancbufsize, flags)
        rest = memoryview(received.data)
        for view in views:
            piece, rest = rest[: len(view)], rest[len(view) :]
            view[: len(piece)] = piece
        return received.length, received.ancillary, received.flags, received.address

    async def recv_fds(self, bufsize: int, maxfds: int, flags: int = 0) -> tuple[bytes, list[Socket], int, Any]:
        """Receives bytes and sockets over a unix socket."""
        room = stdlib.CMSG_SPACE(operator.index(maxfds) * _INT_BYTES)
        data, ancillary, flags, address = await self.recvmsg(bufsize, room, flags)
        numbers = array.array("i")
        for level, kind, content in ancillary:
            if (level, kind) == (SOL_SOCKET, SCM_RIGHTS):
                numbers.frombytes(content)
        return data, [await describe(self._session, number) for number in numbers], flags, address

    def messages(
        self, *, max_bytes: int = 65536, ancillary_bytes: int = 0, timestamps: bool = False
    ) -> MessageStream:
        """Returns an iterator over arriving messages, of which the daemon sends many at a time.

        At most `max_bytes` of each are received, and `ancillary_bytes` is the space for its ancillary data.
        `timestamps` requests the time at which the kernel received each (SO_TIMESTAMPNS). Any other receive on the
        socket returns messages that the iterator has received and not returned, and the iterator continues after it.
        """
        self._open()
        return MessageStream(self, max_bytes, ancillary_bytes, timestamps)

    def __aiter__(self) -> Socket:
        return self

    async def __anext__(self) -> Message:
        """Receives the next message, like the iterator of `messages()` without arguments."""
        if self._iterator is None:
            self._iterator = self.messages()
        return await self._iterator.__anext__()

    # Sending ----------------------------------------------------------------------------------------------------------

    async def send(self, data: Buffer, flags: int = 0) -> int:
        """Sends bytes, on a stream possibly fewer than given, and returns how many."""
        self._validate("send", data, flags)
        request = _requests.send(self._payload(data), operator.index(flags), _limit(flags))
        return int((await self._perform("send", request)).sent_bytes)

    async def sendall(self, data: Buffer, flags: int = 0) -> None:
        """Sends all bytes. If it fails or is cancelled, the number of bytes sent is unknown."""
        self._validate("sendall", data, flags)
        view = memoryview(data).cast("B")
        step = _requests.PIECE_BYTES if self._kind[1] == SOCK_STREAM else max(1, len(view))
        for start in range(0, max(1, len(view)), step):
            piece = self._payload(view[start : start + step])
            await self._perform("sendall", _requests.sendall(piece, operator.index(flags), _limit(flags)))

    async def sendto(self, data: Buffer, *flags_and_address: Any) -> int:
        """Sends bytes to an address: sendto(data, address) or sendto(data, flags, address)."""
        arguments = flags_and_address
        if len(arguments) in (1, 2):
            arguments = (*arguments[:-1], validated_address(self._kind[0], arguments[-1]))
        self._validate("sendto", data, *arguments)
        flags = operator.index(flags_and_address[0]) if len(flags_and_address) > 1 else 0
        payload, address = self._payload(data), self._address(flags_and_address[-1])
        request = _requests.sendto(payload, flags, address, _limit(flags))
        return int((await self._perform("sendto", request)).sent_bytes)

    async def sendmsg(
        self, buffers: Iterable[Buffer], ancdata: Iterable[Any] = (), flags: int = 0, address: Any = None
    ) -> int:
        """Sends one message from several buffers, with ancillary data. Numbers in SCM_RIGHTS are those of `fileno()`."""
        arguments = with_list(with_list((buffers, ancdata, flags, address), 0), 1)
        validated = (*arguments[:3], *(() if address is None else (validated_address(self._kind[0], address),)))
        self._validate("sendmsg", *validated)
        sent: list[Descriptor] = []

        def handle_of(number: int) -> int:
            sent.append(self._session.lookup(number))
            return sent[-1].handle

        request = _requests.sendmsg(
            gathered(arguments[0], self._room(), self._kind[1] == SOCK_STREAM),
            write_control(arguments[1], handle_of),
            operator.index(flags),
            None if address is None else self._address(address),
            _limit(flags),
        )
        for descriptor in sent:
            await self._session.push_back(descriptor)
        return int((await self._perform("sendmsg", request)).sent_bytes)

    async def send_fds(
        self, buffers: Iterable[Buffer], sockets: Sequence[Union[Socket, int]], flags: int = 0, address: Any = None
    ) -> int:
        """Sends bytes and sockets over a unix socket. The sockets stay open."""
        for each in sockets:
            if isinstance(each, Socket):
                await each._shared()
        numbers = [each.fileno() if isinstance(each, Socket) else each for each in sockets]
        return await self.sendmsg(
            buffers, [(SOL_SOCKET, SCM_RIGHTS, array.array("i", numbers))], flags, address
        )

    async def sendmsg_afalg(
        self,
        msg: Iterable[Buffer] = (),
        *,
        op: int,
        iv: Optional[Buffer] = None,
        assoclen: Optional[int] = None,
        flags: int = 0,
    ) -> int:
        """Sends to a socket of the kernel's crypto API."""
        buffers = list(msg)
        keywords: dict[str, Any] = {"op": op, "iv": iv, "assoclen": assoclen, "flags": flags}
        keywords = {name: value for name, value in keywords.items() if value is not None}
        local_result = validate(self._kind, "sendmsg_afalg", (buffers,), keywords)
        if local_result is not None:
            return local_result.value  # type: ignore[no-any-return]
        pieces = gathered(buffers, self._room(), True)
        request = _requests.sendmsg_afalg(pieces, op, iv, assoclen, flags, _limit(flags))
        return int((await self._perform("sendmsg_afalg", request)).sent_bytes)

    async def sendfile(self, file: IO[bytes], offset: int = 0, count: Optional[int] = None) -> int:
        """Sends a file of this process over a stream socket, and returns how many bytes. The file's position is after
        what was sent.
        """
        if "b" not in getattr(file, "mode", "b"):
            raise ValueError("file should be opened in binary mode")
        if self._kind[1] != SOCK_STREAM:
            raise ValueError("only SOCK_STREAM type sockets are supported")
        if count is not None and count <= 0:
            raise ValueError(f"count must be a positive integer (got {count!r})")
        loop = asyncio.get_running_loop()
        if offset:
            file.seek(offset)
        sent = 0
        try:
            while count is None or sent < count:
                size = _requests.PIECE_BYTES if count is None else min(_requests.PIECE_BYTES, count - sent)
                data = await loop.run_in_executor(None, file.read, size)
                if not data:
                    break
                await self.sendall(data)
                sent += len(data)
        finally:
            if file.seekable():
                file.seek(offset + sent)
        return sent

    # For other modules of this package
    # ----------------------------------------------------------------------------------

    @property
    def session(self) -> Session:
        """Internal."""
        return self._session

    def release(self) -> Optional[Descriptor]:
        """Removes the descriptor from the socket, and drops its unread data. The caller closes it."""
        descriptor, self._descriptor = self._descriptor, None
        messages, self._messages = self._messages, None
        if messages is not None:
            self._leaving = messages.abandon()
        if descriptor is not None:
            self._session.forget(descriptor.number)
            for received in descriptor.unread.take_messages():
                self._session.discard(received)
            while descriptor.unread.connections:
                self._session.post_close(descriptor.unread.connections.popleft()[0])
        return descriptor

    def give_back(self, received: Received) -> None:
        """Puts a received message before all others."""
        if self._descriptor is None:
            self._session.discard(received)
        else:
            self._descriptor.unread.add(received)

    def messages_ended(self, messages: MessageStream) -> None:
        """Records that a stream of messages no longer receives."""
        if self._messages is messages:
            self._messages = None

    def open_handle(self) -> int:
        """Returns the daemon's handle. Raises EBADF."""
        return self._open().handle

    async def connect_and_tell(self, address: Any) -> tuple[Any, Any]:
        """Connects, and returns the local and the peer's address."""
        self._validate("connect", validated_address(self._kind[0], address))
        request = _requests.connect_to(self._address(address), _requests.FOREVER)
        response = await self._perform("connect_to", request)
        return address_from_wire(response.local_address), address_from_wire(response.peer_address)

    @contextlib.asynccontextmanager
    async def taken_over(self, messages: Optional[MessageStream] = None) -> AsyncIterator[Descriptor]:
        """Waits until nothing is being received, and keeps it so during the context. `messages` is ended before any
        later receive.
        """
        async with self._receiving:
            descriptor = await self._at_rest()
            self._messages = messages
            yield descriptor

    # ------------------------------------------------------------------------------------------------------------------

    def _validate(self, method: str, *arguments: Any) -> Any:
        """Validates the arguments. Returns a LocalResult, or None if the daemon has to be asked. Raises EBADF if closed."""
        local_result = validate(self._kind, method, arguments, {})
        if local_result is None:
            self._open()
        return local_result

    def _open(self) -> Descriptor:
        if self._descriptor is None:
            raise kernel_error(errno.EBADF)
        return self._descriptor

    async def _perform(self, verb: str, request: Any) -> Any:
        request.handle = self._open().handle
        return await self._session.perform(verb, request)

    def _address(self, address: Any, binds: bool = False) -> Address:
        return address_to_wire(self._kind[0], self._kind[2], address, binds)

    def _room(self) -> int:
        return int(self._session.limits.max_request_bytes) - _HEAD_BYTES

    def _payload(self, data: Any) -> bytes:
        """Returns the part of the data that one send can take, which for a stream may not be all. Raises EMSGSIZE for a
        message that is too large.
        """
        view = memoryview(data).cast("B")
        if self._kind[1] == SOCK_STREAM:
            return bytes_of(data) if len(view) <= _requests.PIECE_BYTES else bytes(view[:_requests.PIECE_BYTES])
        if len(view) > self._room():
            raise kernel_error(errno.EMSGSIZE)
        return bytes_of(data)

    async def _at_rest(self) -> Descriptor:
        """Ends a stream of messages, and waits for the results of cancelled receives, and for unread data to be pushed
        back.
        """
        if self._messages is not None:
            await self._messages.detach()
        await (await self._settled(self._unsettled)).handed_over()
        return self._open()

    async def _settled(self, unsettled: set[Pending]) -> Descriptor:
        """Waits for the results of cancelled operations."""
        while unsettled:
            await asyncio.wait([pending.ended for pending in unsettled if pending.ended is not None])
        return self._open()

    async def _receive(self, verb: str, size: int, flags: int, room: int = 0) -> Received:
        if flags & (MSG_OOB | MSG_ERRQUEUE):
            request = _requests.receive(verb, size, flags, room, _limit(flags))
            return self._received(verb, await self._perform(verb, request))
        if flags & MSG_DONTWAIT and self._receiving.locked():  # The receive before it waits, too.
            raise kernel_error(errno.EAGAIN)
        async with self._receiving:
            descriptor = await self._at_rest()
            taken = descriptor.take(size, flags)
            if taken is not None:
                if not descriptor.stream or not flags & MSG_WAITALL or flags & MSG_PEEK:
                    return taken
                while descriptor.unread.has_messages and taken.length < size:
                    more = descriptor.take(size - taken.length, flags)
                    assert more is not None
                    taken = taken.joined(more)
                if taken.length >= size:
                    return taken
                size -= taken.length
            request = _requests.receive(verb, size, flags, room, _limit(flags))
            request.handle = descriptor.handle

            def keep(response: Any) -> None:
                self.give_back(self._received(verb, response))

            try:
                response = await self._session.perform(
                    verb, request, None if flags & MSG_PEEK else keep, self._unsettled
                )
            except BaseException:
                if taken is not None:
                    descriptor.unread.give_back(taken)
                raise
            received = self._received(verb, response)
            return received if taken is None else taken.joined(received)

    async def _recvmsg(self, size: int, room: int, flags: int) -> Received:
        return await self._receive("recvmsg", operator.index(size), operator.index(flags), operator.index(room))

    def _received(self, verb: str, response: Any) -> Received:
        if verb == "recv":
            return Received(response.data, response.length_bytes, [], 0, None)
        address = address_from_wire(response.address) if response.HasField("address") else None
        if verb == "recvfrom":
            return Received(response.data, response.length_bytes, [], 0, address)
        ancillary = read_control(response.ancillary_data, self.number_of)
        return Received(response.data, response.length_bytes, ancillary, response.flags, address)

    def number_of(self, handle: int) -> int:
        """Assigns a number to a received handle."""
        return self._session.adopt(handle).number

    def _keep_connection(self, response: Any) -> None:
        handle = response.socket.handle
        if self._descriptor is None:
            self._session.post_close(handle)
        else:
            self._descriptor.unread.connections.append((handle, response.socket))

    def _close_opened(self, response: Any) -> None:
        self._session.post_close(response.socket.handle)


def _limit(flags: int) -> _requests.Limit:
    """The timeout of an operation: no limit, whatever its open description, unless the flags say not to wait. The
    daemon only collects the data of MSG_WAITALL if there is no timeout.
    """
    if flags & (MSG_DONTWAIT | MSG_ERRQUEUE):
        return _requests.AT_ONCE
    return None if flags & MSG_WAITALL else _requests.FOREVER


def socket_of(session: Session, info: socket_pb2.SocketInfo) -> Socket:
    """Creates the object for a socket that the daemon has opened."""
    return Socket(session, session.adopt(info.handle), info.family, info.type, info.protocol)


async def open_socket(session: Session, verb: str, request: Any) -> tuple[Socket, socket_pb2.SocketInfo]:
    """Performs an operation that opens a socket. If nobody can receive it, it is closed."""
    response = await session.perform(verb, request, lambda response: session.post_close(response.socket.handle))
    return socket_of(session, response.socket), response.socket


async def describe(session: Session, number: int) -> Socket:
    """Creates the object for an open descriptor's number."""
    descriptor = session.lookup(number)
    info = (await session.perform("socket", _requests.socket(fileno=descriptor.handle))).socket
    return Socket(session, descriptor, info.family, info.type, info.protocol)


def _named(kind: Any, value: int) -> int:
    try:
        return kind(value)  # type: ignore[no-any-return]
    except ValueError:
        return value
