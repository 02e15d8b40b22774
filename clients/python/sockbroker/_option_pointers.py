"""Options whose value is a struct that points into the caller's memory.

The kernel would read that memory. The daemon has other memory, so it takes the content instead of the pointer; only
this process can read it.
"""

from __future__ import annotations

import errno
import struct
from typing import Optional

from ._linux import (
    PACKET_FANOUT_DATA,
    SOL_PACKET,
    SOL_SOCKET,
    SO_ATTACH_FILTER,
    SO_ATTACH_REUSEPORT_CBPF,
)
from ._memory import read_memory
from ._status import kernel_error

# struct sock_fprog: the number of instructions, and a pointer. `struct` aligns the second as the compiler does.
_PROGRAM = struct.Struct("HP")
_INT_BYTES = 4
_INSTRUCTION_BYTES = 8
_INSTRUCTIONS_MAX = 4096

# The interpreter's limit, and thus the daemon's.
_OPTION_BYTES_MAX = 1024

_GET_FILTER = (SOL_SOCKET, SO_ATTACH_FILTER)
_FILTERS = frozenset(
    (
        (SOL_SOCKET, SO_ATTACH_FILTER),
        (SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF),
        (SOL_PACKET, PACKET_FANOUT_DATA),
    )
)


def holds_filter(level: int, name: int) -> bool:
    """Whether the value of an option is a struct sock_fprog."""
    return (level, name) in _FILTERS


def filter_program(value: Optional[bytes], length: int) -> bytes:
    """Returns the instructions that a struct sock_fprog points to; `value` is None for a null pointer instead of the
    struct.

    Returns none if there are no instructions, or too many: the kernel then refuses them after its other checks. Raises
    EFAULT for an invalid address.
    """
    if value is None and length >= _INT_BYTES:  # The kernel looks for an int first, whatever the length.
        raise kernel_error(errno.EFAULT)
    if value is None or length != _PROGRAM.size:
        return b""
    count, address = _PROGRAM.unpack(value)
    if address == 0 or not 0 < count <= _INSTRUCTIONS_MAX:
        return b""
    return read_memory(address, count * _INSTRUCTION_BYTES)


def option_size(level: int, name: int, size: int) -> int:
    """How many bytes to request if the interpreter requests `size`: for a filter the kernel counts instructions."""
    return min(size * _INSTRUCTION_BYTES, _OPTION_BYTES_MAX) if (level, name) == _GET_FILTER else size


def option_answer(level: int, name: int, data: bytes) -> bytes:
    """What the interpreter returns for an option: for a filter as many bytes as it has instructions, because that is
    what the kernel reports.
    """
    return data[: len(data) // _INSTRUCTION_BYTES] if (level, name) == _GET_FILTER else data
