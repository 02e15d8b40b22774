"""Memory of this process by address, for calls made by the daemon in which the kernel would read or write it.

The kernel copies it here too, through a pipe: an invalid address gives EFAULT instead of a crash.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
from collections.abc import Iterator
from typing import Any

from ._status import kernel_error

_pipe = os.pipe
_read = os.read
_write = os.write
_close = os.close

# Every pipe has room for this many bytes, so these calls never block.
_PIECE_BYTES = 4096

_libc = ctypes.CDLL(None, use_errno=True)
for _function in (_libc.read, _libc.write):
    _function.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t]
    _function.restype = ctypes.c_ssize_t


def read_memory(address: int, size: int) -> bytes:
    """Reads bytes. Raises EFAULT for an invalid address."""
    data = bytearray()
    with _own_pipe() as (reader, writer):
        while len(data) < size:
            count = _copy(_libc.write, writer, address + len(data), min(size - len(data), _PIECE_BYTES))
            data += _read(reader, count)
    return bytes(data)


def write_memory(address: int, data: bytes) -> None:
    """Writes bytes. Raises EFAULT for an invalid address; bytes before it are written."""
    with _own_pipe() as (reader, writer):
        for start in range(0, len(data), _PIECE_BYTES):
            count = _write(writer, data[start : start + _PIECE_BYTES])
            done = 0
            while done < count:
                done += _copy(_libc.read, reader, address + start + done, count - done)


@contextlib.contextmanager
def _own_pipe() -> Iterator[tuple[int, int]]:
    reader, writer = _pipe()
    try:
        yield reader, writer
    finally:
        _close(reader)
        _close(writer)


def _copy(function: Any, descriptor: int, address: int, size: int) -> int:
    while True:
        count: int = function(descriptor, address, size)
        if count > 0:
            return count
        if ctypes.get_errno() != errno.EINTR:
            raise kernel_error(errno.EFAULT)
