"""Endpoints of a daemon."""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from ._linux import UNIX_PATH_MAX

DEFAULT_ENDPOINT = "unix:///run/sockbroker/sockbroker.sock"

# : The longest path that fits into the address of a unix socket, in bytes.
LONGEST_PATH = UNIX_PATH_MAX - 1


class Endpoint(NamedTuple):
    """A unix socket with an absolute path."""

    path: str

    def __str__(self) -> str:
        return f"unix://{self.path}"

    def target(self) -> str:
        """Formats the endpoint for gRPC."""
        return f"unix:{self.path}"


def parse_endpoint(text: str | None = None) -> Endpoint:
    """Parses `unix:///path`, `unix:/path`, `unix:relative`, or a path with a slash in it.

    Without a text, SOCKBROKER_ENDPOINT is used, then DEFAULT_ENDPOINT. Raises ValueError for anything else. The rules
    are those of the daemon and of the TypeScript client; test/support/endpoints.json tests all of them.
    """
    if text is None:
        text = os.environ.get("SOCKBROKER_ENDPOINT") or DEFAULT_ENDPOINT
    if not text:
        raise ValueError("an endpoint is a text such as unix:///path")
    return Endpoint(_absolute(_path_in(text), text))


def _path_in(text: str) -> str:
    scheme = re.match(r"([^/:]*):", text)
    if scheme is None:
        # Otherwise "localhost" would mean a file of that name in the working directory.
        if "/" not in text:
            raise ValueError(f"a path without a slash is written ./name, not {text!r}")
        return text
    if scheme[1] == "tcp":
        raise ValueError(f"only unix sockets are supported: unix:///path or a path, not {text!r}")
    rest = text[scheme.end() :]
    if scheme[1] != "unix" or not rest:
        raise ValueError(f"an endpoint is unix:///path or a path, not {text!r}")
    if rest.startswith("//") and not rest.startswith("///"):
        raise ValueError(f"after unix:// comes an absolute path, not {text!r}")
    return rest


def _absolute(path: str, text: str) -> str:
    # abspath keeps two leading slashes, which POSIX allows to have another meaning.
    path = re.sub("^//", "/", os.path.abspath(path))
    if "\0" in path:
        raise ValueError(f"a path has no NUL in it: {text!r}")
    if len(os.fsencode(path)) > LONGEST_PATH:
        raise ValueError(f"the path of a unix socket has at most {LONGEST_PATH} bytes: {path}")
    return path
