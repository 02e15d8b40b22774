"""File objects for brokered sockets by `open` and `os.fdopen`, which the interpreter creates in C for real descriptors."""

from __future__ import annotations

import builtins
import functools
import io
import os
from typing import Any, Optional

from . import _descriptors
from ._builtin import put
from ._numbers import is_brokered

_open = builtins.open


class SocketFile(io.RawIOBase):
    """Corresponds to io.FileIO for a brokered descriptor."""

    def __init__(self, number: int, mode: str, closefd: bool) -> None:
        self._number = number
        kind = mode.strip("bt+")[0]
        self._writes = kind != "r"
        self._updates = "+" in mode
        self.closefd = closefd
        self.name = number
        self.mode = f"{kind}b{'+' if self._updates else ''}"

    def fileno(self) -> int:
        self._check()
        return self._number

    def readable(self) -> bool:
        self._check()
        return self._updates or not self._writes

    def writable(self) -> bool:
        self._check()
        return self._updates or self._writes

    def readinto(self, buffer: Any) -> Optional[int]:
        if not self.readable():
            raise io.UnsupportedOperation("File not open for reading")
        with memoryview(buffer).cast("B") as view:
            try:
                data = os.read(self._number, len(view))
            except BlockingIOError:
                return None
            view[: len(data)] = data
            return len(data)

    def write(self, data: Any) -> Optional[int]:
        if not self.writable():
            raise io.UnsupportedOperation("File not open for writing")
        try:
            return os.write(self._number, data)
        except BlockingIOError:
            return None

    def close(self) -> None:
        if not self.closed:
            try:
                super().close()
            finally:
                if self.closefd:
                    os.close(self._number)

    def _check(self) -> None:
        if self.closed:
            raise ValueError("I/O operation on closed file")


@functools.wraps(_open)
def open_mixed(
    file: Any,
    mode: str = "r",
    buffering: int = -1,
    encoding: Optional[str] = None,
    errors: Optional[str] = None,
    newline: Optional[str] = None,
    closefd: bool = True,
    opener: Any = None,
) -> Any:
    if not is_brokered(file):
        return _open(file, mode, buffering, encoding, errors, newline, closefd, opener)
    # Lets the interpreter validate the arguments. Nothing is created or truncated, whatever the mode.
    _open(os.devnull, mode.replace("x", "w"), buffering, encoding, errors, newline).close()
    _descriptors.lookup(file)
    raw = SocketFile(file, mode, closefd)
    if "b" in mode and buffering == 0:
        return raw
    size = buffering if buffering > 1 else io.DEFAULT_BUFFER_SIZE
    buffered: Any
    if "+" in mode:
        buffered = io.BufferedRandom(raw, size)  # It says that a socket cannot seek.
    elif raw.writable():
        buffered = io.BufferedWriter(raw, size)
    else:
        buffered = io.BufferedReader(raw, size)
    if "b" in mode:
        return buffered
    text: Any = io.TextIOWrapper(buffered, encoding, errors, newline, line_buffering=buffering == 1)
    text.mode = mode
    return text


def install() -> None:
    """Installs the function, also where os.fdopen finds it."""
    put(builtins, "open", open_mixed)
    io.open = builtins.open
