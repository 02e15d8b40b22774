"""Converts arguments of socket methods that the interpreter has validated (`_validation`)."""

from __future__ import annotations

import errno
import operator
from collections.abc import Iterable
from typing import Any

from ._linux import IOV_MAX
from ._status import kernel_error


def bytes_of(data: Any) -> bytes:
    """Returns the bytes of a buffer, without a copy if possible."""
    return data if type(data) is bytes else bytes(memoryview(data))


def with_list(arguments: tuple[Any, ...], position: int) -> tuple[Any, ...]:
    """Turns an iterable argument into a list, so that validation does not consume it."""
    if len(arguments) <= position or isinstance(arguments[position], (list, tuple)):
        return arguments
    try:
        items = list(arguments[position])
    except TypeError:
        return arguments
    return (*arguments[:position], items, *arguments[position + 1 :])


def into(buffer: Any, nbytes: Any = 0, flags: Any = 0) -> tuple[memoryview, int, int]:
    """Returns the arguments of recv_into: the target, its size in bytes, flags."""
    view = memoryview(buffer).cast("B")
    size = operator.index(nbytes) or len(view)
    return view, size, operator.index(flags)


def targets(buffers: Iterable[Any]) -> list[memoryview]:
    """Returns the buffers that recvmsg_into fills. Raises EMSGSIZE if they are more than the kernel fills."""
    views = [memoryview(buffer).cast("B") for buffer in buffers]
    if len(views) > IOV_MAX:
        raise kernel_error(errno.EMSGSIZE)
    return views


def gathered(buffers: Iterable[Any], room: int, stream: bool) -> list[bytes]:
    """Returns the part of the buffers that one sendmsg can take, which for a stream may not be all. Raises EMSGSIZE for
    a message that is too large.
    """
    pieces = [bytes_of(buffer) for buffer in buffers]
    if len(pieces) > IOV_MAX:
        # The kernel refuses them for their number alone, and the request itself could be too long.
        return [b""] * (IOV_MAX + 1)
    if sum(map(len, pieces)) <= room:
        return pieces
    if not stream:
        raise kernel_error(errno.EMSGSIZE)
    kept: list[bytes] = []
    for piece in pieces:
        kept.append(piece[:room])
        room -= len(kept[-1])
        if room == 0:
            break
    return kept
