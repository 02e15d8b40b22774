from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TimestampClock(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TIMESTAMP_CLOCK_UNSPECIFIED: _ClassVar[TimestampClock]
    TIMESTAMP_CLOCK_REALTIME: _ClassVar[TimestampClock]
    TIMESTAMP_CLOCK_HARDWARE: _ClassVar[TimestampClock]
TIMESTAMP_CLOCK_UNSPECIFIED: TimestampClock
TIMESTAMP_CLOCK_REALTIME: TimestampClock
TIMESTAMP_CLOCK_HARDWARE: TimestampClock

class ControlMessage(_message.Message):
    __slots__ = ("level", "type", "data", "rights", "credentials", "packet_info", "timestamp", "integer")
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    RIGHTS_FIELD_NUMBER: _ClassVar[int]
    CREDENTIALS_FIELD_NUMBER: _ClassVar[int]
    PACKET_INFO_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    INTEGER_FIELD_NUMBER: _ClassVar[int]
    level: int
    type: int
    data: bytes
    rights: HandleList
    credentials: Credentials
    packet_info: PacketInfo
    timestamp: PacketTimestamp
    integer: int
    def __init__(self, level: _Optional[int] = ..., type: _Optional[int] = ..., data: _Optional[bytes] = ..., rights: _Optional[_Union[HandleList, _Mapping]] = ..., credentials: _Optional[_Union[Credentials, _Mapping]] = ..., packet_info: _Optional[_Union[PacketInfo, _Mapping]] = ..., timestamp: _Optional[_Union[PacketTimestamp, _Mapping]] = ..., integer: _Optional[int] = ...) -> None: ...

class HandleList(_message.Message):
    __slots__ = ("handles",)
    HANDLES_FIELD_NUMBER: _ClassVar[int]
    handles: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, handles: _Optional[_Iterable[int]] = ...) -> None: ...

class Credentials(_message.Message):
    __slots__ = ("pid", "uid", "gid")
    PID_FIELD_NUMBER: _ClassVar[int]
    UID_FIELD_NUMBER: _ClassVar[int]
    GID_FIELD_NUMBER: _ClassVar[int]
    pid: int
    uid: int
    gid: int
    def __init__(self, pid: _Optional[int] = ..., uid: _Optional[int] = ..., gid: _Optional[int] = ...) -> None: ...

class PacketInfo(_message.Message):
    __slots__ = ("interface_index", "address", "local_address")
    INTERFACE_INDEX_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    LOCAL_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    interface_index: int
    address: bytes
    local_address: bytes
    def __init__(self, interface_index: _Optional[int] = ..., address: _Optional[bytes] = ..., local_address: _Optional[bytes] = ...) -> None: ...

class PacketTimestamp(_message.Message):
    __slots__ = ("nanoseconds", "clock")
    NANOSECONDS_FIELD_NUMBER: _ClassVar[int]
    CLOCK_FIELD_NUMBER: _ClassVar[int]
    nanoseconds: int
    clock: TimestampClock
    def __init__(self, nanoseconds: _Optional[int] = ..., clock: _Optional[_Union[TimestampClock, str]] = ...) -> None: ...
