"""A connection to a daemon, and the functions of the socket module on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Optional, Union

from ._channel import Credentials
from ._default import using
from ._endpoint import parse_endpoint
from ._session import Session

if TYPE_CHECKING:
    import socket as stdlib

__all__ = ["Broker", "Credentials", "connect"]


class Broker:
    """A session with a daemon. Its sockets are closed with it. It may be used from any thread.

    Its methods are the functions of Python's socket module of the same names, with their arguments, results and errors;
    besides these they raise PolicyDenial and BrokerError. A broken connection is made anew by the next call, and the
    session's sockets are still there if that comes within its lease: 5 seconds over a
    unix socket, 30 over TCP.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def __enter__(self) -> Broker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def token(self) -> str:
        """The session's secret: whoever is the same principal and has it may use the session."""
        return self._session.token

    @property
    def closed(self) -> bool:
        """Whether the session is over."""
        return self._session.lost

    def close(self) -> None:
        """Ends the session and closes its sockets. What waits on them raises ConnectionLost. Idempotent."""
        self._session.close()

    def socket(
        self, family: int = -1, type: int = -1, proto: int = -1, fileno: Optional[int] = None
    ) -> stdlib.socket:
        """Opens a socket, as socket.socket does."""
        return self._perform("socket", family, type, proto, fileno)  # type: ignore[no-any-return]

    def socketpair(self, *arguments: int) -> tuple[stdlib.socket, stdlib.socket]:
        """Opens two connected sockets, as socket.socketpair does."""
        return self._perform("socketpair", *arguments)  # type: ignore[no-any-return]

    def create_connection(self, address: tuple[str, int], *arguments: Any, **keywords: Any) -> stdlib.socket:
        """Connects by TCP, as socket.create_connection does; the name is resolved on the daemon's host."""
        return self._perform("create_connection", address, *arguments, **keywords)  # type: ignore[no-any-return]

    def create_server(self, address: tuple[str, int], **keywords: Any) -> stdlib.socket:
        """Listens on TCP, as socket.create_server does."""
        return self._perform("create_server", address, **keywords)  # type: ignore[no-any-return]

    def getaddrinfo(
        self, host: Union[str, bytes, None], port: Union[str, bytes, int, None], *arguments: int, **keywords: int
    ) -> list[Any]:
        """Resolves a name on the daemon's host, as socket.getaddrinfo does."""
        return self._perform("getaddrinfo", host, port, *arguments, **keywords)  # type: ignore[no-any-return]

    def getnameinfo(self, sockaddr: tuple[Any, ...], flags: int) -> tuple[str, str]:
        """Resolves an address on the daemon's host, as socket.getnameinfo does."""
        return self._perform("getnameinfo", sockaddr, flags)  # type: ignore[no-any-return]

    def gethostbyname(self, hostname: str) -> str:
        """Resolves a name to an IPv4 address on the daemon's host, as socket.gethostbyname does."""
        return self._perform("gethostbyname", hostname)  # type: ignore[no-any-return]

    def gethostname(self) -> str:
        """Answers the name of the daemon's host."""
        return self._perform("gethostname")  # type: ignore[no-any-return]

    def if_nameindex(self) -> list[tuple[int, str]]:
        """Lists the interfaces of the daemon's host, as socket.if_nameindex does."""
        return self._perform("if_nameindex")  # type: ignore[no-any-return]

    def _perform(self, name: str, *arguments: Any, **keywords: Any) -> Any:
        from . import socket as module

        function: Callable[..., Any] = getattr(module, name)
        with using(self._session):
            return function(*arguments, **keywords)


def connect(
    endpoint: Optional[str] = None, *, credentials: Optional[Credentials] = None, name: str = ""
) -> Broker:
    """Connects to a daemon and opens a session.

    The endpoint is `unix:///path`, a plain path, or `tcp://host:port` (which takes credentials); None means what
    SOCKBROKER_ENDPOINT says, then unix:///run/sockbroker/sockbroker.sock. `name` labels the session in the operator's
    lists, in at most 128 bytes.

    Raises BrokerError (ENDPOINT_NOT_FOUND, ENDPOINT_REFUSED, ENDPOINT_FORBIDDEN, NOT_A_BROKER), PolicyDenial, and
    ValueError for what is no endpoint.
    """
    return Broker(Session(parse_endpoint(endpoint), credentials, name))
