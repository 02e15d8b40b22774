"""The interpreter's own socket module, on brokered sockets: `import sockbroker.socket as socket`.

When executed, this file is replaced by the running interpreter's Lib/socket.py, unmodified: all its classes, functions,
enums and texts are here, under the name sockbroker.socket. Importing it also makes select, selectors, fcntl and os
support brokered sockets (`_patches`); they treat all other descriptors as before.
"""

from __future__ import annotations

import importlib.util
import sys
from types import CodeType


def _lib_socket() -> CodeType:
    spec = importlib.util.find_spec("socket")
    assert spec is not None and spec.loader is not None
    code = spec.loader.get_code("socket")  # type: ignore[attr-defined]
    assert isinstance(code, CodeType)
    return code


def _load(namespace: dict[str, object]) -> None:
    from sockbroker import _patches, _socket_shim, _tls_sockets

    _patches.install()
    _tls_sockets.lib_socket = sys.modules[__name__]
    before = sys.modules.get("_socket")
    sys.modules["_socket"] = _socket_shim
    try:
        exec(_lib_socket(), namespace)
    finally:
        if before is None:
            del sys.modules["_socket"]
        else:
            sys.modules["_socket"] = before


_load(globals())
