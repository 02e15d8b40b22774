"""Control messages between Python's tuples and the wire. SCM_RIGHTS carries numbers here, handles there."""

from __future__ import annotations

import array
import errno
from collections.abc import Iterable, Sequence
from typing import Any

from . import _descriptors
from ._gen.v1 import ancillary_pb2
from ._session import Session
from ._status import kernel_error

_SOL_SOCKET = 1
_SCM_RIGHTS = 1
_INT_BYTES = array.array("i").itemsize

ControlMessage = tuple[int, int, bytes]


def control_to_wire(messages: Iterable[tuple[int, int, Any]]) -> list[ancillary_pb2.ControlMessage]:
    """Writes control messages to send. Raises EBADF for descriptors that are not brokered: the daemon has no such file."""
    return [_to_wire(level, kind, bytes(memoryview(data))) for level, kind, data in messages]


def control_from_wire(session: Session, messages: Sequence[ancillary_pb2.ControlMessage]) -> list[ControlMessage]:
    """Reads received control messages. Descriptors become numbers of this process."""
    return [_from_wire(session, message) for message in messages]


def _to_wire(level: int, kind: int, data: bytes) -> ancillary_pb2.ControlMessage:
    if (level, kind) != (_SOL_SOCKET, _SCM_RIGHTS):
        return ancillary_pb2.ControlMessage(level=level, type=kind, data=data)
    numbers = array.array("i")
    # The kernel takes the whole ints, and leaves what follows them.
    numbers.frombytes(data[: len(data) - len(data) % _INT_BYTES])
    if any(not _descriptors.is_brokered(number) for number in numbers):
        raise kernel_error(errno.EBADF)
    handles = [_descriptors.lookup(number).handle for number in numbers]
    return ancillary_pb2.ControlMessage(level=level, type=kind, rights=ancillary_pb2.HandleList(handles=handles))


def _from_wire(session: Session, message: ancillary_pb2.ControlMessage) -> ControlMessage:
    if message.WhichOneof("view") != "rights":
        return (message.level, message.type, message.data)
    numbers = [_descriptors.adopt(session, handle).number for handle in message.rights.handles]
    return (message.level, message.type, array.array("i", numbers).tobytes())
