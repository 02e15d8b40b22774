"""A broker for one event loop: connecting to it, opening sockets, resolving names."""

from __future__ import annotations

import asyncio
import errno
import operator
import os
import socket as stdlib
from collections.abc import Awaitable, Generator, Iterable
from typing import Any, Callable, Optional, Union

from .. import _requests
from .._addresses import address_infos
from .._endpoint import parse_endpoint
from .._linux import AF_INET, AF_INET6, AF_UNIX, SOCK_DGRAM, SOCK_STREAM
from .._status import kernel_error
from ._datagram import Datagram
from ._server import ProtocolFactory, Server
from ._session import Session
from ._socket import Socket, describe, open_socket, socket_of
from ._transport import BrokeredTransport, run_transport

_LIMIT = 64 * 1024
_SOCK_FLAGS: int = getattr(stdlib, "SOCK_NONBLOCK", 0o4000) | getattr(stdlib, "SOCK_CLOEXEC", 0o2000000)

Host = Union[str, bytes, None]
Port = Union[str, bytes, int, None]
ClientConnected = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Optional[Awaitable[None]]]


class Broker:
    """A session with a daemon, for the event loop that it was opened in. Its sockets are closed with it.

    In addition to the exceptions of their counterparts in asyncio and the socket module, methods raise PolicyDenial and
    BrokerError. When the connection breaks, waiting calls raise ConnectionLost immediately.
    """

    def __init__(self, session: Session) -> None:
        """Internal: use `connect`."""
        self._session = session

    async def __aenter__(self) -> Broker:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def token(self) -> str:
        """The session's secret token: any process of the same principal that has it may use the session."""
        return self._session.token

    @property
    def closed(self) -> bool:
        """Whether the session is over."""
        return self._session.lost

    async def close(self) -> None:
        """Ends the session and closes its sockets. Data written to streams is sent first, if that takes no more than
        two seconds; waiting calls raise ConnectionLost. Idempotent.
        """
        await self._session.close()

    # Streams ----------------------------------------------------------------------------------------------------------

    async def open_connection(
        self,
        host: Host = None,
        port: Port = None,
        *,
        limit: int = _LIMIT,
        ssl: Any = None,
        server_hostname: Optional[str] = None,
        family: int = 0,
        local_addr: Optional[tuple[str, int]] = None,
        sock: Optional[Socket] = None,
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connects by TCP and returns a reader and a writer, like asyncio.open_connection; the name is resolved on the
        daemon's host. With `sock` it uses a connected socket instead.
        """
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=limit, loop=loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        transport, _ = await self.create_connection(
            lambda: protocol,
            host,
            port,
            ssl=ssl,
            server_hostname=server_hostname,
            family=family,
            local_addr=local_addr,
            sock=sock,
        )
        # asyncio's types require a WriteTransport, which a transport of both directions is too.
        return reader, asyncio.StreamWriter(transport, protocol, reader, loop)

    async def open_unix_connection(
        self,
        path: Union[str, bytes, os.PathLike[str]],
        *,
        limit: int = _LIMIT,
        ssl: Any = None,
        server_hostname: Optional[str] = None,
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connects to a unix socket of the daemon's host."""
        sock = await self.socket(AF_UNIX, SOCK_STREAM)
        try:
            await sock.connect(os.fspath(path))
            return await self.open_connection(sock=sock, limit=limit, ssl=ssl, server_hostname=server_hostname)
        except BaseException:
            await sock.close()
            raise

    async def create_connection(
        self,
        protocol_factory: ProtocolFactory,
        host: Host = None,
        port: Port = None,
        *,
        ssl: Any = None,
        server_hostname: Optional[str] = None,
        family: int = 0,
        local_addr: Optional[tuple[str, int]] = None,
        sock: Optional[Socket] = None,
    ) -> tuple[asyncio.Transport, asyncio.BaseProtocol]:
        """Connects by TCP and returns a transport and its protocol, like the event loop's create_connection."""
        context = _context(ssl, server_side=False)
        if context is not None and server_hostname is None:
            if not isinstance(host, str) or not host:
                raise ValueError("You must set server_hostname when using ssl without a host")
            server_hostname = host
        if sock is not None:
            if host is not None or port is not None:
                raise ValueError("host/port and sock can not be specified at the same time")
            connected = sock
            addresses, received = await self._taken_over(sock)
        elif host is None and port is None:
            raise ValueError("host and port was not specified and no sock specified")
        else:
            connected, addresses = await self._connected(host, port, family, local_addr)
            received = b""
        handle = connected.open_handle()
        protocol = protocol_factory()
        transport = BrokeredTransport(connected, *addresses)
        try:
            outer = await run_transport(
                transport, protocol, handle, received, ssl=context, server_hostname=server_hostname
            )
        except BaseException:
            transport.abort()
            raise
        return outer, protocol

    async def start_server(
        self,
        client_connected_cb: ClientConnected,
        host: Union[Host, Iterable[str]] = None,
        port: Port = None,
        *,
        limit: int = _LIMIT,
        family: int = 0,
        flags: int = stdlib.AI_PASSIVE,
        sock: Optional[Socket] = None,
        backlog: int = 100,
        ssl: Any = None,
        reuse_address: bool = True,
        reuse_port: bool = False,
        start_serving: bool = True,
    ) -> Server:
        """Listens on TCP and calls back with a reader and a writer for each connection, like asyncio.start_server. With
        `sock` it uses a bound socket instead.
        """
        loop = asyncio.get_running_loop()

        def factory() -> asyncio.StreamReaderProtocol:
            reader = asyncio.StreamReader(limit=limit, loop=loop)
            return asyncio.StreamReaderProtocol(reader, client_connected_cb, loop=loop)

        return await self.create_server(
            factory,
            host,
            port,
            family=family,
            flags=flags,
            sock=sock,
            backlog=backlog,
            ssl=ssl,
            reuse_address=reuse_address,
            reuse_port=reuse_port,
            start_serving=start_serving,
        )

    async def start_unix_server(
        self,
        client_connected_cb: ClientConnected,
        path: Union[str, bytes, os.PathLike[str]],
        *,
        limit: int = _LIMIT,
        backlog: int = 100,
        ssl: Any = None,
        start_serving: bool = True,
    ) -> Server:
        """Listens on a unix socket of the daemon's host. The path is not removed when the server is closed."""
        sock = await self.socket(AF_UNIX, SOCK_STREAM)
        try:
            await sock.bind(os.fspath(path))
            return await self.start_server(
                client_connected_cb, sock=sock, limit=limit, backlog=backlog, ssl=ssl, start_serving=start_serving
            )
        except BaseException:
            await sock.close()
            raise

    async def create_server(
        self,
        protocol_factory: ProtocolFactory,
        host: Union[Host, Iterable[str]] = None,
        port: Port = None,
        *,
        family: int = 0,
        flags: int = stdlib.AI_PASSIVE,
        sock: Optional[Socket] = None,
        backlog: int = 100,
        ssl: Any = None,
        reuse_address: bool = True,
        reuse_port: bool = False,
        start_serving: bool = True,
    ) -> Server:
        """Listens on TCP with a protocol for each connection, like the event loop's create_server."""
        context = _context(ssl, server_side=True)
        if sock is not None:
            if host is not None or port is not None:
                raise ValueError("host/port and sock can not be specified at the same time")
            sockets = [sock]
        elif host is None and port is None:
            raise ValueError("Neither host/port nor sock were specified")
        else:
            sockets = await self._bound(host, port, family, flags, reuse_address, reuse_port)
        server = Server(sockets, protocol_factory, context)
        try:
            for each in sockets:
                await each.listen(backlog)
            if start_serving:
                await server.start_serving()
        except BaseException:
            server.close()
            raise
        return server

    # Datagrams --------------------------------------------------------------------------------------------------------

    async def open_datagram(
        self,
        local_address: Any = None,
        remote_address: Any = None,
        *,
        family: int = 0,
        reuse_port: bool = False,
        allow_broadcast: bool = False,
        max_bytes: int = 65536,
        ancillary_bytes: int = 0,
        timestamps: bool = False,
    ) -> Datagram:
        """Opens a datagram socket, bound to an address, or connected to one, or both. `family` is only required if the
        addresses do not determine it: AF_UNIX for a path, AF_INET6 for a name. The other arguments are those of
        `Socket.messages`.
        """
        known = family or _family_of(local_address) or _family_of(remote_address) or AF_INET
        sock = await self.socket(known, SOCK_DGRAM)
        try:
            if reuse_port:
                await sock.setsockopt(stdlib.SOL_SOCKET, stdlib.SO_REUSEPORT, 1)
            if allow_broadcast:
                await sock.setsockopt(stdlib.SOL_SOCKET, stdlib.SO_BROADCAST, 1)
            if local_address is not None:
                await sock.bind(local_address)
            if remote_address is not None:
                await sock.connect(remote_address)
            sockname = await sock.getsockname()
            peername = None if remote_address is None else await sock.getpeername()
            messages = sock.messages(max_bytes=max_bytes, ancillary_bytes=ancillary_bytes, timestamps=timestamps)
            return Datagram(sock, await messages.__aenter__(), sockname, peername)
        except BaseException:
            await sock.close()
            raise

    # Sockets ----------------------------------------------------------------------------------------------------------

    async def socket(
        self, family: int = -1, type: int = -1, proto: int = -1, fileno: Optional[int] = None
    ) -> Socket:
        """Opens a socket of any family, or creates one from a number received by SCM_RIGHTS."""
        family, type, proto = operator.index(family), operator.index(type), operator.index(proto)
        if fileno is not None:
            return await describe(self._session, operator.index(fileno))
        family = AF_INET if family == -1 else family
        type = (SOCK_STREAM if type == -1 else type) & ~_SOCK_FLAGS
        proto = 0 if proto == -1 else proto
        request = _requests.socket(_int32(family), _int32(type), _int32(proto))
        sock, _ = await open_socket(self._session, "socket", request)
        return sock

    async def socketpair(self, family: int = AF_UNIX, type: int = SOCK_STREAM, proto: int = 0) -> tuple[Socket, Socket]:
        """Opens two connected sockets."""
        request = _requests.socketpair(_int32(family), _int32(type & ~_SOCK_FLAGS), _int32(proto))

        def close(response: Any) -> None:
            for info in (response.first, response.second):
                self._session.post_close(info.handle)

        response = await self._session.perform("socketpair", request, close)
        return socket_of(self._session, response.first), socket_of(self._session, response.second)

    # Names ------------------------------------------------------------------------------------------------------------

    async def getaddrinfo(
        self, host: Host, port: Port, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0
    ) -> list[Any]:
        """Resolves a name on the daemon's host, like socket.getaddrinfo."""
        request = _requests.getaddrinfo(host, port, family, type, proto, flags)
        return address_infos(await self._session.look_up("getaddrinfo", request))

    async def getnameinfo(self, sockaddr: tuple[Any, ...], flags: int) -> tuple[str, str]:
        """Resolves an address on the daemon's host, like socket.getnameinfo."""
        request = _requests.getnameinfo(sockaddr, flags)
        if isinstance(request, tuple):
            return request
        response = await self._session.look_up("getnameinfo", request)
        return response.host, response.service

    async def gethostbyname(self, hostname: Union[str, bytes]) -> str:
        """Resolves a name to an IPv4 address on the daemon's host, like socket.gethostbyname."""
        request = _requests.gethostbyname(hostname)
        return str((await self._session.look_up("gethostbyname", request)).address)

    async def gethostbyaddr(self, address: Union[str, bytes]) -> tuple[str, list[str], list[str]]:
        """Resolves an address to names on the daemon's host, like socket.gethostbyaddr."""
        response = await self._session.look_up("gethostbyaddr", _requests.gethostbyaddr(address))
        return response.hostname, list(response.aliases), list(response.addresses)

    async def gethostname(self) -> str:
        """Returns the name of the daemon's host."""
        return str((await self._session.perform("gethostname", _requests.gethostname())).hostname)

    async def if_nameindex(self) -> list[tuple[int, str]]:
        """Lists the interfaces of the daemon's host, like socket.if_nameindex."""
        response = await self._session.perform("if_nameindex", _requests.if_nameindex())
        return [(interface.index, interface.name) for interface in response.interfaces]

    async def if_nametoindex(self, name: Union[str, bytes]) -> int:
        """Returns the index of an interface of the daemon's host."""
        return int((await self._session.perform("if_nametoindex", _requests.if_nametoindex(name))).index)

    async def if_indextoname(self, index: int) -> str:
        """Returns the name of an interface of the daemon's host."""
        return str((await self._session.perform("if_indextoname", _requests.if_indextoname(index))).name)

    # ------------------------------------------------------------------------------------------------------------------

    async def _connected(
        self, host: Host, port: Port, family: int, local_addr: Optional[tuple[str, int]]
    ) -> tuple[Socket, tuple[Any, Any]]:
        errors: list[OSError] = []
        for found_family, kind, proto, _, address in await self.getaddrinfo(host, port, family, SOCK_STREAM):
            sock = await self.socket(found_family, kind, proto)
            try:
                if local_addr is not None:
                    await sock.bind(local_addr)
                return sock, await sock.connect_and_tell(address)
            except OSError as error:
                await sock.close()
                errors.append(error)
            except BaseException:
                await sock.close()
                raise
        if not errors:
            raise OSError("getaddrinfo() returned empty list")
        if len({str(error) for error in errors}) == 1:
            raise errors[0]
        raise OSError(f"Multiple exceptions: {', '.join(map(str, errors))}")

    async def _taken_over(self, sock: Socket) -> tuple[tuple[Any, Any], bytes]:
        """The addresses of a connected socket, and its unread data."""
        if sock.type != SOCK_STREAM:
            raise ValueError(f"A Stream Socket was expected, got {sock!r}")
        addresses = await sock.getsockname(), await sock.getpeername()
        async with sock.taken_over() as descriptor:
            received = b"".join(each.data for each in descriptor.unread.take_messages())
        return addresses, received

    async def _bound(
        self,
        host: Union[Host, Iterable[str]],
        port: Port,
        family: int,
        flags: int,
        reuse_address: bool,
        reuse_port: bool,
    ) -> list[Socket]:
        hosts = [None] if host is None or host == "" else [host] if isinstance(host, (str, bytes)) else list(host)
        found = [await self.getaddrinfo(each, port, family, SOCK_STREAM, 0, flags) for each in hosts]
        sockets: list[Socket] = []
        try:
            for known, kind, proto, _, address in dict.fromkeys(info for infos in found for info in infos):
                try:
                    sock = await self.socket(known, kind, proto)
                except OSError as error:
                    if error.errno == errno.EAFNOSUPPORT:  # Names are resolved for families that the host may lack.
                        continue
                    raise
                sockets.append(sock)
                if reuse_address:
                    await sock.setsockopt(stdlib.SOL_SOCKET, stdlib.SO_REUSEADDR, 1)
                if reuse_port:
                    await sock.setsockopt(stdlib.SOL_SOCKET, stdlib.SO_REUSEPORT, 1)
                if known == AF_INET6:  # So that there can be one for IPv4 beside it.
                    await sock.setsockopt(stdlib.IPPROTO_IPV6, stdlib.IPV6_V6ONLY, 1)
                await sock.bind(address)
        except BaseException:
            for sock in sockets:
                await sock.close()
            raise
        if not sockets:
            raise kernel_error(errno.EAFNOSUPPORT)
        return sockets


class _Connecting:
    """The result of `connect`, to be awaited or entered."""

    def __init__(self, session: Callable[[], Session]) -> None:
        self._make = session
        self._broker: Optional[Broker] = None

    def __await__(self) -> Generator[Any, None, Broker]:
        return self._open().__await__()

    async def __aenter__(self) -> Broker:
        self._broker = await self._open()
        return self._broker

    async def __aexit__(self, *_: object) -> None:
        if self._broker is not None:
            await self._broker.close()

    async def _open(self) -> Broker:
        session = self._make()
        await session.open()
        return Broker(session)


def connect(endpoint: Optional[str] = None, *, name: str = "") -> _Connecting:
    """Connects to a daemon and opens a session: `async with connect() as broker`, or `broker = await connect()`.

    The arguments and the errors are those of sockbroker.connect.
    """
    where = parse_endpoint(endpoint)
    return _Connecting(lambda: Session(where, name))


def _context(ssl: Any, server_side: bool) -> Any:
    if ssl is None or ssl is False:
        return None
    if ssl is True:
        if server_side:
            raise TypeError("ssl argument must be an SSLContext or None")
        from ssl import create_default_context

        return create_default_context()
    return ssl


def _int32(value: int) -> int:
    if not -(1 << 31) <= value < 1 << 31:
        raise OverflowError("Python int too large to convert to C int")
    return value


def _family_of(address: Any) -> int:
    if isinstance(address, (str, bytes)):
        return AF_UNIX
    if isinstance(address, tuple) and address and isinstance(address[0], str):
        return AF_INET6 if ":" in address[0] else 0
    return 0
