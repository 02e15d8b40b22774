"""ioctl(2) on brokered sockets: its argument, in this process and in messages.

The request determines how much of the argument the kernel reads and writes; the remainder is unchanged. For two
requests the argument points to further memory of this process: its content is read here and sent after the argument,
and the result is written here.
"""

from __future__ import annotations

import errno
import struct
from typing import Any, Callable, NamedTuple, Optional

from . import _requests
from ._gen.v1 import socket_service_pb2
from ._linux import (
    FIOASYNC,
    FIOCLEX,
    FIOGETOWN,
    FIONBIO,
    FIONCLEX,
    FIONREAD,
    SIOCETHTOOL,
    SIOCGIFCONF,
    SIOCGPGRP,
)
from ._memory import read_memory, write_memory
from ._status import kernel_error


# Larger than any struct of a request that the daemon knows, in bytes.
_ARGUMENT_BYTES_MAX = 1024
# struct ifconf: a number of bytes, and a pointer. struct ifreq: a name, and in the second half a pointer.
_CONFIGURATION = struct.Struct("iP")
_INTERFACE_BYTES = 40
_NAME_BYTES = 16
_POINTER = struct.Struct("P")

# The kernel is not told the length of the memory after ethtool's struct; this is more than any interface needs, in
# bytes.
_ETHTOOL_BYTES = 60 * 1024


class _Ethtool(NamedTuple):
    """One of ethtool's reads: the size of its struct in bytes, and the number of bytes after it, computed from the
    given and the returned struct.
    """

    size: int
    following: Optional[Callable[[bytes, bytes], int]] = None


def _integer(data: bytes, position: int) -> int:
    return int.from_bytes(data[4 * position : 4 * position + 4], "little")


_VALUE = _Ethtool(8)
_ETHTOOL_READS = {
    0x01: _Ethtool(44),  # GSET
    0x03: _Ethtool(196),  # GDRVINFO
    0x07: _VALUE,  # GMSGLVL
    0x0A: _VALUE,  # GLINK
    0x0E: _Ethtool(92),  # GCOALESCE
    0x10: _Ethtool(36),  # GRINGPARAM
    0x12: _Ethtool(16),  # GPAUSEPARAM
    0x14: _VALUE,  # GRXCSUM
    0x16: _VALUE,  # GTXCSUM
    0x18: _VALUE,  # GSG
    0x1B: _Ethtool(12, lambda _, answer: 32 * _integer(answer, 2)),  # GSTRINGS
    0x1D: _Ethtool(8, lambda _, answer: 8 * _integer(answer, 1)),  # GSTATS
    0x1E: _VALUE,  # GTSO
    0x20: _Ethtool(8, lambda _, answer: _integer(answer, 1)),  # GPERMADDR
    0x21: _VALUE,  # GUFO
    0x23: _VALUE,  # GGSO
    0x25: _VALUE,  # GFLAGS
    0x27: _VALUE,  # GPFLAGS
    0x2B: _VALUE,  # GGRO
    0x2D: _Ethtool(192),  # GRXRINGS
    0x37: _Ethtool(16, lambda _, answer: 4 * bin(int.from_bytes(answer[8:16], "little")).count("1")),  # GSSET_INFO
    0x3A: _Ethtool(8, lambda given, answer: 16 * min(_integer(given, 1), _integer(answer, 1))),  # GFEATURES
    0x3C: _Ethtool(36),  # GCHANNELS
    0x41: _Ethtool(44),  # GET_TS_INFO
    0x44: _Ethtool(40),  # GEEE
    0x4C: _Ethtool(48, lambda _, answer: 12 * max(struct.unpack_from("b", answer, 19)[0], 0)),  # GLINKSETTINGS
    0x50: _Ethtool(16),  # GFECPARAM
}

class Ioctl(NamedTuple):
    """A prepared ioctl: the message, and a function that converts the response to the argument as the kernel would
    leave it.
    """

    message: socket_service_pb2.IoctlRequest
    answer: Callable[[Any], bytes]


def prepare(request: int, argument: Any) -> Ioctl:
    """Creates the message for a request and its argument: bytes, or an int, which requests only use as an address.

    Raises EFAULT for an invalid address, and EOPNOTSUPP for what cannot be done for another process.
    """
    request &= 0xFFFFFFFF
    if isinstance(argument, int):
        raise kernel_error(errno.EFAULT)
    if request == FIOASYNC:
        raise OSError(errno.EOPNOTSUPP, "a brokered socket sends no signals: FIOASYNC is refused")
    if request == SIOCGIFCONF:
        return _configuration(request, argument)
    if request == SIOCETHTOOL:
        return _ethtool(request, argument)
    if request == FIOGETOWN:
        request = SIOCGPGRP
    sent = argument[:_ARGUMENT_BYTES_MAX]
    return Ioctl(_requests.ioctl(request, sent), lambda response: bytes(response.data) + argument[len(sent) :])


def with_kept(request: int, answer: bytes, kept: int) -> bytes:
    """Adds unread bytes in this process to the number of bytes that can be received."""
    if request & 0xFFFFFFFF != FIONREAD or not kept:
        return answer
    (unread,) = struct.unpack("i", answer[:4].ljust(4, b"\0"))
    return (struct.pack("i", unread + kept) + answer[4:])[: len(answer)]


def _configuration(request: int, argument: bytes) -> Ioctl:
    given = argument[: _CONFIGURATION.size].ljust(_CONFIGURATION.size, b"\0")
    _, address = _CONFIGURATION.unpack(given)

    def answer(response: Any) -> bytes:
        if address:
            write_memory(address, response.data[len(given) :])
        return bytes(response.data[: len(given)] + argument[len(given) :])[: len(argument)]

    return Ioctl(_requests.ioctl(request, given), answer)


def _ethtool(request: int, argument: bytes) -> Ioctl:
    interface = argument[:_INTERFACE_BYTES].ljust(_INTERFACE_BYTES, b"\0")
    (address,) = _POINTER.unpack_from(interface, _NAME_BYTES)
    command = _integer(read_memory(address, 4), 0)
    known = _ETHTOOL_READS.get(command)
    if known is None:
        text = f"ethtool's command 0x{command:x} is refused: it does more than read, or the client does not know what it reads"
        raise OSError(errno.EOPNOTSUPP, text)
    given = read_memory(address, known.size)
    # The daemon ignores pointers.
    sent = interface[:_NAME_BYTES] + bytes(_INTERFACE_BYTES - _NAME_BYTES) + given
    if known.following is not None:
        sent = sent.ljust(_INTERFACE_BYTES + _ETHTOOL_BYTES, b"\0")

    def answer(response: Any) -> bytes:
        content = response.data[_INTERFACE_BYTES:]
        size = known.size
        if known.following is not None:
            size += known.following(given, content)
        write_memory(address, content[:size])
        return argument

    return Ioctl(_requests.ioctl(request, sent), answer)
