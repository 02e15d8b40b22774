"""Converts control messages between Python's tuples and messages. SCM_RIGHTS contains numbers here, and handles in
messages.
"""

from __future__ import annotations

import array
import errno
from collections.abc import Iterable, Sequence
from typing import Any, Callable

from . import _descriptors
from ._gen.v1 import ancillary_pb2
from ._linux import SCM_RIGHTS, SOL_SOCKET
from ._numbers import is_brokered
from ._session import Session
from ._status import kernel_error

_INT_BYTES = array.array("i").itemsize

ControlMessage = tuple[int, int, bytes]


def control_to_wire(messages: Iterable[tuple[int, int, Any]]) -> list[ancillary_pb2.ControlMessage]:
    """Converts control messages to send. Raises EBADF for descriptors that are not brokered, because the daemon does
    not have their files.
    """
    return write_control(messages, _handle_of)


def write_control(
    messages: Iterable[tuple[int, int, Any]], handle_of: Callable[[int], int]
) -> list[ancillary_pb2.ControlMessage]:
    """Converts control messages to send, mapping the numbers of their descriptors to handles."""
    return [_to_wire(level, kind, bytes(memoryview(data)), handle_of) for level, kind, data in messages]


def control_from_wire(session: Session, messages: Sequence[ancillary_pb2.ControlMessage]) -> list[ControlMessage]:
    """Converts received control messages. Descriptors become numbers of this process."""
    return read_control(messages, lambda handle: _descriptors.adopt(session, handle).now_shared().number)


def read_control(
    messages: Sequence[ancillary_pb2.ControlMessage], number_of: Callable[[int], int]
) -> list[ControlMessage]:
    """Converts received control messages, mapping the handles in them to numbers."""
    return [_from_wire(message, number_of) for message in messages]


def _handle_of(number: int) -> int:
    if not is_brokered(number):
        raise kernel_error(errno.EBADF)
    return _descriptors.lookup(number).now_shared().handle


def _to_wire(level: int, kind: int, data: bytes, handle_of: Callable[[int], int]) -> ancillary_pb2.ControlMessage:
    if (level, kind) != (SOL_SOCKET, SCM_RIGHTS):
        return ancillary_pb2.ControlMessage(level=level, type=kind, data=data)
    numbers = array.array("i")
    # The kernel only uses whole ints, and ignores what follows them.
    numbers.frombytes(data[: len(data) - len(data) % _INT_BYTES])
    handles = [handle_of(number) for number in numbers]
    return ancillary_pb2.ControlMessage(level=level, type=kind, rights=ancillary_pb2.HandleList(handles=handles))


def _from_wire(message: ancillary_pb2.ControlMessage, number_of: Callable[[int], int]) -> ControlMessage:
    if message.WhichOneof("view") != "rights":
        return (message.level, message.type, message.data)
    numbers = [number_of(handle) for handle in message.rights.handles]
    return (message.level, message.type, array.array("i", numbers).tobytes())
