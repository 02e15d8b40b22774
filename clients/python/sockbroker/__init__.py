"""Sockets of another process: a client of the sockbroker daemon.

    import sockbroker

    with sockbroker.connect("unix:///run/sockbroker/sockbroker.sock") as broker:
        with broker.create_connection(("example.org", 80)) as connection:
            connection.sendall(b"HEAD / HTTP/1.0\\r\\n\\r\\n")
            print(connection.recv(4096))

Alternatives are `import sockbroker.socket as socket`, and `python -m sockbroker run -- script.py` for unchanged
programs.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .errors import BrokerError, ConnectionLost, PolicyDenial

if TYPE_CHECKING:
    from .broker import Broker, connect
    from .pipeline import Operation, Pipeline

__all__ = [
    "Broker",
    "BrokerError",
    "ConnectionLost",
    "Operation",
    "Pipeline",
    "PolicyDenial",
    "connect",
]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # gRPC is imported on first use, because `run` must replace `_socket` before.
    if name in ("Broker", "connect"):
        from . import broker

        return getattr(broker, name)
    if name in ("Operation", "Pipeline"):
        from . import pipeline

        return getattr(pipeline, name)
    if name == "aio":
        return importlib.import_module(".aio", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
