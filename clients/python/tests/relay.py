"""A relay between clients and a daemon, with which tests cut, stall and observe their connections."""

from __future__ import annotations

import collections
import os
import socket
import tempfile
import threading
from collections.abc import Iterator
from typing import Optional

_PREFACE_BYTES = 24
_FRAME_HEAD_BYTES = 9
_RST_STREAM = 3


class Relay:
    """Listens on its own unix socket, and forwards data to the daemon and back."""

    def __init__(self, daemon_path: str) -> None:
        self._daemon_path = daemon_path
        self._directory = tempfile.TemporaryDirectory(prefix="sockbroker-relay-")
        self.path = os.path.join(self._directory.name, "relay.sock")
        self.endpoint = f"unix://{self.path}"
        # How many connections clients have made, and how many frames of each type they have sent.
        self.connections = 0
        self.frames: collections.Counter[int] = collections.Counter()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._flowing = {"up": threading.Event(), "down": threading.Event()}
        self.resume()
        self._listener: Optional[socket.socket] = None
        self.listen()

    @property
    def resets(self) -> int:
        """Returns how many streams clients have ended with RST_STREAM."""
        return self.frames[_RST_STREAM]

    def listen(self) -> None:
        """Accepts clients, at first and again after `refuse`."""
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen(100)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def refuse(self) -> None:
        """Accepts no more clients."""
        listener, self._listener = self._listener, None
        if listener is not None:
            os.unlink(self.path)
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def cut(self) -> None:
        """Closes all connections, with the data in transit."""
        with self._lock:
            ends, self._open = self._open, set()
        for end in ends:
            _shut(end)

    def stall(self, *ways: str) -> None:
        """Stops forwarding in one direction: "up" to the daemon, "down" to the client."""
        for way in ways:
            self._flowing[way].clear()

    def resume(self) -> None:
        """Resumes forwarding."""
        for flowing in self._flowing.values():
            flowing.set()

    def __enter__(self) -> Relay:
        return self

    def __exit__(self, *_: object) -> None:
        self.refuse()
        self.resume()
        self.cut()
        self._directory.cleanup()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            daemon = socket.socket(socket.AF_UNIX)
            try:
                daemon.connect(self._daemon_path)
            except OSError:
                client.close()
                continue
            with self._lock:
                self._open.update((client, daemon))
                self.connections += 1
            ended = threading.Barrier(2, action=lambda ends=(client, daemon): self._forget(*ends))
            threading.Thread(target=self._pass, args=(client, daemon, "up", ended), daemon=True).start()
            threading.Thread(target=self._pass, args=(daemon, client, "down", ended), daemon=True).start()

    def _forget(self, *ends: socket.socket) -> None:
        with self._lock:
            self._open.difference_update(ends)
        for end in ends:
            end.close()

    def _pass(self, source: socket.socket, target: socket.socket, way: str, ended: threading.Barrier) -> None:
        counter = self._count_frames() if way == "up" else None
        if counter is not None:
            next(counter)
        try:
            while data := source.recv(65536):
                self._flowing[way].wait()
                if counter is not None:
                    counter.send(data)
                target.sendall(data)
        except OSError:
            pass
        _shut(source)
        _shut(target)
        ended.wait()

    def _count_frames(self) -> Iterator[None]:
        """Gets the bytes of one connection, and counts its frames."""
        rest = bytearray()
        skip = _PREFACE_BYTES
        while True:
            rest += yield
            while True:
                passed = min(skip, len(rest))
                del rest[:passed]
                skip -= passed
                if skip or len(rest) < _FRAME_HEAD_BYTES:
                    break
                with self._lock:
                    self.frames[rest[3]] += 1
                skip = int.from_bytes(rest[:3], "big")
                del rest[:_FRAME_HEAD_BYTES]


def _shut(end: socket.socket) -> None:
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:  # It is closed, or its peer has disconnected.
        return
