"""A name server that does not answer until told to, and a daemon that queries it."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import threading
from typing import Optional

import pytest

# In its own mount namespace, with another resolv.conf.
_MOUNTED = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
_NAME_ERROR = bytes([0x81, 0x83])


class SilentResolver:
    """Listens at 127.0.0.1:53. A daemon that is started through `through` queries only this server."""

    def __init__(self) -> None:
        self._server = socket.socket(type=socket.SOCK_DGRAM)
        try:
            self._server.bind(("127.0.0.1", 53))
        except OSError as error:
            self._server.close()
            pytest.skip(f"needs port 53 of a network namespace of its own: {error}")
        self._file = tempfile.NamedTemporaryFile("w", prefix="resolv-", suffix=".conf")
        self._file.write("nameserver 127.0.0.1\nsearch .\noptions timeout:30 attempts:5\n")
        self._file.flush()
        self.through = ["unshare", "--mount", "sh", "-c", _MOUNTED, self._file.name]
        tried = subprocess.run([*self.through, "true"], capture_output=True, text=True, check=False)
        if tried.returncode != 0:
            self.close()
            pytest.skip(f"needs a mount namespace: {tried.stderr}")
        self._asked: list[tuple[bytes, object]] = []
        self._answering: Optional[threading.Thread] = None

    def wait(self) -> None:
        """Waits until it has been queried."""
        self._server.settimeout(30)
        self._asked.append(self._server.recvfrom(512))

    def answer(self) -> None:
        """From now on answers that the name does not exist, also to earlier queries."""
        self._server.settimeout(None)

        def say() -> None:
            while True:
                query, address = self._asked.pop() if self._asked else self._server.recvfrom(512)
                if not query:
                    return
                self._server.sendto(query[:2] + _NAME_ERROR + query[4:6] + bytes(6) + query[12:], address)

        self._answering = threading.Thread(target=say)
        self._answering.start()

    def close(self) -> None:
        """Stops it."""
        if self._answering is not None:
            self._server.sendto(b"", self._server.getsockname())
            self._answering.join()
        self._server.close()
        self._file.close()
