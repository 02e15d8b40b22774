"""Supports brokered sockets in `ssl.SSLContext.wrap_socket`.

With `python -m sockbroker run` all sockets are brokered, so ssl.SSLSocket is based on one already, and only its inner
object has to be replaced (`_tls`). Otherwise ssl.SSLSocket is based on the interpreter's own socket, and a brokered one
gets an SSLSocket of a second class: the same Lib/ssl.py, based on `sockbroker.socket`. Its `__class__` is
ssl.SSLSocket, so isinstance accepts it.
"""

from __future__ import annotations

import builtins
import functools
import importlib.util
import ssl
import sys
import threading
import types
from typing import Any

from . import _fork, _socket_type
from ._tls import TlsSocket

# sockbroker.socket, which sets this when it is imported, because it imports this module.
lib_socket: Any = None

_wrap_socket = ssl.SSLContext.wrap_socket
_wrap_inner: Any = ssl.SSLContext._wrap_socket  # type: ignore[attr-defined]


def install() -> None:
    """Installs the methods."""
    ssl.SSLContext.wrap_socket = wrap_socket  # type: ignore[method-assign]
    ssl.SSLContext._wrap_socket = wrap_inner  # type: ignore[attr-defined]


@functools.wraps(_wrap_socket)
def wrap_socket(
    self: ssl.SSLContext,
    sock: Any,
    server_side: bool = False,
    do_handshake_on_connect: bool = True,
    suppress_ragged_eofs: bool = True,
    server_hostname: Any = None,
    session: Any = None,
) -> Any:
    options = (server_side, do_handshake_on_connect, suppress_ragged_eofs, server_hostname)
    chosen = self.sslsocket_class
    if not isinstance(sock, _socket_type.socket) or issubclass(chosen, _socket_type.socket):
        return _wrap_socket(self, sock, *options, session)
    if chosen is not ssl.SSLSocket:
        raise TypeError(f"{chosen!r} is made of the interpreter's own socket, and cannot be put on a brokered one")
    return _second_class()._create(sock, *options, context=self, session=session)


def wrap_inner(self: ssl.SSLContext, sock: Any, *arguments: Any, **keywords: Any) -> Any:
    """SSLContext._wrap_socket: creates the object inside an SSLSocket."""
    if isinstance(sock, _socket_type.socket):
        return TlsSocket(self, sock, *arguments, **keywords)
    return _wrap_inner(self, sock, *arguments, **keywords)


# A signal handler that wraps a socket may interrupt the thread that holds it.
_lock = threading.RLock()
_second: Any = None


def _second_class() -> Any:
    """Returns the second SSLSocket. Created by the first thread that needs it: two that execute Lib/ssl.py at the same time
    would find each other's enums incomplete.
    """
    global _second
    if _second is None:
        with _lock:
            if _second is None:
                _second = _new_second_class()
    return _second


def _begin_anew() -> None:
    """In the child of a fork, whichever thread of the parent held the lock."""
    global _lock
    _lock = threading.RLock()


_fork.in_child(_begin_anew)


def _new_second_class() -> Any:
    base: Any = _lib_ssl().SSLSocket

    class SSLSocket(base):  # type: ignore[misc]
        __class__ = property(lambda self: ssl.SSLSocket)

    SSLSocket.__module__, SSLSocket.__qualname__ = "ssl", "SSLSocket"
    return SSLSocket


def _lib_ssl() -> Any:
    """Executes the interpreter's Lib/ssl.py once more, unmodified, with sockbroker.socket as its `socket`."""
    spec = importlib.util.find_spec("ssl")
    assert spec is not None
    loader: Any = spec.loader
    code = loader.get_code("ssl")
    module = types.ModuleType("sockbroker._lib_ssl")
    # Its enums look up their module by name.
    sys.modules[module.__name__] = module
    vars(module)["__builtins__"] = {**vars(builtins), "__import__": _import}
    exec(code, vars(module))
    return module


def _import(name: str, *arguments: Any, **keywords: Any) -> Any:
    if name == "socket":
        return lib_socket
    return builtins.__import__(name, *arguments, **keywords)
