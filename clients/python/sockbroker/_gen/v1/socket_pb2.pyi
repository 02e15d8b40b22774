import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from sockbroker._gen.v1 import address_pb2 as _address_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class OptionFormat(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OPTION_FORMAT_UNSPECIFIED: _ClassVar[OptionFormat]
    OPTION_FORMAT_LINGER: _ClassVar[OptionFormat]
    OPTION_FORMAT_TIMEVAL: _ClassVar[OptionFormat]
OPTION_FORMAT_UNSPECIFIED: OptionFormat
OPTION_FORMAT_LINGER: OptionFormat
OPTION_FORMAT_TIMEVAL: OptionFormat

class SocketInfo(_message.Message):
    __slots__ = ("handle", "family", "type", "protocol", "local_address", "peer_address")
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    FAMILY_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    LOCAL_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    PEER_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    handle: int
    family: _address_pb2.AddressFamily
    type: _address_pb2.SocketType
    protocol: int
    local_address: _address_pb2.SocketAddress
    peer_address: _address_pb2.SocketAddress
    def __init__(self, handle: _Optional[int] = ..., family: _Optional[_Union[_address_pb2.AddressFamily, str]] = ..., type: _Optional[_Union[_address_pb2.SocketType, str]] = ..., protocol: _Optional[int] = ..., local_address: _Optional[_Union[_address_pb2.SocketAddress, _Mapping]] = ..., peer_address: _Optional[_Union[_address_pb2.SocketAddress, _Mapping]] = ...) -> None: ...

class Timeout(_message.Message):
    __slots__ = ("duration", "unlimited")
    DURATION_FIELD_NUMBER: _ClassVar[int]
    UNLIMITED_FIELD_NUMBER: _ClassVar[int]
    duration: _duration_pb2.Duration
    unlimited: bool
    def __init__(self, duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., unlimited: _Optional[bool] = ...) -> None: ...

class NetworkNamespace(_message.Message):
    __slots__ = ("name", "pid")
    NAME_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    name: str
    pid: int
    def __init__(self, name: _Optional[str] = ..., pid: _Optional[int] = ...) -> None: ...

class OptionValue(_message.Message):
    __slots__ = ("integer", "data", "null_length", "linger", "timeval")
    INTEGER_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    NULL_LENGTH_FIELD_NUMBER: _ClassVar[int]
    LINGER_FIELD_NUMBER: _ClassVar[int]
    TIMEVAL_FIELD_NUMBER: _ClassVar[int]
    integer: int
    data: bytes
    null_length: int
    linger: Linger
    timeval: _duration_pb2.Duration
    def __init__(self, integer: _Optional[int] = ..., data: _Optional[bytes] = ..., null_length: _Optional[int] = ..., linger: _Optional[_Union[Linger, _Mapping]] = ..., timeval: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class Linger(_message.Message):
    __slots__ = ("on", "seconds")
    ON_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    on: bool
    seconds: int
    def __init__(self, on: _Optional[bool] = ..., seconds: _Optional[int] = ...) -> None: ...
