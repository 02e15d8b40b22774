"""Where a daemon is."""

from __future__ import annotations

import os
import re
from typing import NamedTuple, Optional

DEFAULT_ENDPOINT = "unix:///run/sockbroker/sockbroker.sock"


class Endpoint(NamedTuple):
    """A unix socket by its absolute path, or (with `path` None) a TCP port for mutual TLS."""

    path: Optional[str]
    host: str
    port: int

    def __str__(self) -> str:
        if self.path is not None:
            return f"unix://{self.path}"
        return f"tcp://{self._authority()}"

    def target(self) -> str:
        """Writes the endpoint as gRPC wants it."""
        return f"unix:{self.path}" if self.path is not None else f"dns:{self._authority()}"

    def _authority(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_endpoint(text: str | None = None) -> Endpoint:
    """Reads `unix:///path`, `unix:/path`, a plain path, or `tcp://host:port`.

    Without a text it is what SOCKBROKER_ENDPOINT says, then DEFAULT_ENDPOINT. Raises ValueError for anything else.
    """
    if text is None:
        text = os.environ.get("SOCKBROKER_ENDPOINT") or DEFAULT_ENDPOINT
    scheme = re.match(r"([a-z][a-z0-9+.-]*):", text)
    if scheme is None:
        path = text
    elif scheme[1] == "unix":
        path = text[len("unix:") :]
        if path.startswith("//") and not path.startswith("///"):
            raise ValueError(f"after unix:// comes an absolute path, not {text!r}")
        path = path[2:] if path.startswith("///") else path
    elif scheme[1] == "tcp":
        return _tcp(text)
    else:
        raise ValueError(f"an endpoint is unix:///path or tcp://host:port, not {text!r}")
    if not path:
        raise ValueError("an endpoint is a text such as unix:///path")
    return Endpoint(os.path.abspath(path), "", 0)


def _tcp(text: str) -> Endpoint:
    found = re.fullmatch(r"tcp://(?:\[([^\]]+)\]|([^:/]+)):([0-9]{1,5})", text)
    if found is None or int(found[3]) > 0xFFFF:
        raise ValueError(f"not a host and a port: {text!r}")
    return Endpoint(None, found[1] or found[2], int(found[3]))
