"""A connection to a daemon, and the functions of the socket module on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Optional, Union

from ._default import using
from ._endpoint import parse_endpoint
from ._session import Session

if TYPE_CHECKING:
    import socket as stdlib

__all__ = ["Broker", "connect"]


class Broker:
    """A session with a daemon. Its sockets are closed with it. It may be used from any thread.

    Its methods are the functions of Python's socket module of the same names, with their arguments, results and errors;
    they also raise PolicyDenial and BrokerError. A broken connection is re-established by the next call, and the
    session's sockets still exist if that happens within its lease: 5 seconds over a unix socket, 30 over TCP.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def __enter__(self) -> Broker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def token(self) -> str:
        """The session's secret token: any process of the same principal that has it may use the session."""
        return self._session.token

    @property
    def closed(self) -> bool:
        """Whether the session is over."""
        return self._session.lost

    def close(self) -> None:
        """Ends the session and closes its sockets. Waiting calls raise ConnectionLost. Idempotent."""
        self._session.close()

    def socket(
        self, family: int = -1, type: int = -1, proto: int = -1, fileno: Optional[int] = None
    ) -> stdlib.socket:
        """Opens a socket, like socket.socket."""
        return self._perform("socket", family, type, proto, fileno)  # type: ignore[no-any-return]

    def socketpair(self, *arguments: int) -> tuple[stdlib.socket, stdlib.socket]:
        """Opens two connected sockets, like socket.socketpair."""
        return self._perform("socketpair", *arguments)  # type: ignore[no-any-return]

    def create_connection(self, address: tuple[str, int], *arguments: Any, **keywords: Any) -> stdlib.socket:
        """Connects by TCP, like socket.create_connection; the name is resolved on the daemon's host."""
        return self._perform("create_connection", address, *arguments, **keywords)  # type: ignore[no-any-return]

    def create_server(self, address: tuple[str, int], **keywords: Any) -> stdlib.socket:
        """Listens on TCP, like socket.create_server."""
        return self._perform("create_server", address, **keywords)  # type: ignore[no-any-return]

    def getaddrinfo(
        self, host: Union[str, bytes, None], port: Union[str, bytes, int, None], *arguments: int, **keywords: int
    ) -> list[Any]:
        """Resolves a name on the daemon's host, like socket.getaddrinfo."""
        return self._perform("getaddrinfo", host, port, *arguments, **keywords)  # type: ignore[no-any-return]

    def getnameinfo(self, sockaddr: tuple[Any, ...], flags: int) -> tuple[str, str]:
        """Resolves an address on the daemon's host, like socket.getnameinfo."""
        return self._perform("getnameinfo", sockaddr, flags)  # type: ignore[no-any-return]

    def gethostbyname(self, hostname: str) -> str:
        """Resolves a name to an IPv4 address on the daemon's host, like socket.gethostbyname."""
        return self._perform("gethostbyname", hostname)  # type: ignore[no-any-return]

    def gethostname(self) -> str:
        """Returns the name of the daemon's host."""
        return self._perform("gethostname")  # type: ignore[no-any-return]

    def if_nameindex(self) -> list[tuple[int, str]]:
        """Lists the interfaces of the daemon's host, like socket.if_nameindex."""
        return self._perform("if_nameindex")  # type: ignore[no-any-return]

    def _perform(self, name: str, *arguments: Any, **keywords: Any) -> Any:
        from . import socket as module

        function: Callable[..., Any] = getattr(module, name)
        with using(self._session):
            return function(*arguments, **keywords)


def connect(endpoint: Optional[str] = None, *, name: str = "") -> Broker:
    """Connects to a daemon and opens a session.

    The endpoint is `unix:///path`, or a path with a slash in it; None means SOCKBROKER_ENDPOINT, then
    unix:///run/sockbroker/sockbroker.sock. `name` is a label of at most 128 bytes for operators.

    Raises BrokerError (ENDPOINT_NOT_FOUND, ENDPOINT_REFUSED, ENDPOINT_FORBIDDEN, NOT_A_BROKER), PolicyDenial, and
    ValueError for an invalid endpoint.
    """
    return Broker(Session(parse_endpoint(endpoint), name))
