"""What the arguments of socket methods become, once the interpreter has judged them (`_judge`)."""

from __future__ import annotations

import errno
import operator
from collections.abc import Iterable
from typing import Any

from ._status import kernel_error


def bytes_of(data: Any) -> bytes:
    """The bytes of a buffer, without a copy where there need not be one."""
    return data if type(data) is bytes else bytes(memoryview(data))


def with_list(arguments: tuple[Any, ...], position: int) -> tuple[Any, ...]:
    """Makes a list of an iterable argument, so that the judgement does not use it up."""
    if len(arguments) <= position or isinstance(arguments[position], (list, tuple)):
        return arguments
    try:
        items = list(arguments[position])
    except TypeError:
        return arguments
    return (*arguments[:position], items, *arguments[position + 1 :])


def into(buffer: Any, nbytes: Any = 0, flags: Any = 0) -> tuple[memoryview, int, int]:
    """The arguments of recv_into: where to put what comes, at most how many bytes, flags."""
    view = memoryview(buffer).cast("B")
    size = operator.index(nbytes) or len(view)
    return view, size, operator.index(flags)


def gathered(buffers: Iterable[Any], room: int, stream: bool) -> list[bytes]:
    """What one sendmsg takes of the buffers: of a stream's perhaps a part. Raises EMSGSIZE for a message too large."""
    pieces = [bytes_of(buffer) for buffer in buffers]
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
