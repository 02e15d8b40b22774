from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GethostnameRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GethostnameResponse(_message.Message):
    __slots__ = ("hostname",)
    HOSTNAME_FIELD_NUMBER: _ClassVar[int]
    hostname: str
    def __init__(self, hostname: _Optional[str] = ...) -> None: ...

class SethostnameRequest(_message.Message):
    __slots__ = ("hostname", "raw_hostname")
    HOSTNAME_FIELD_NUMBER: _ClassVar[int]
    RAW_HOSTNAME_FIELD_NUMBER: _ClassVar[int]
    hostname: str
    raw_hostname: bytes
    def __init__(self, hostname: _Optional[str] = ..., raw_hostname: _Optional[bytes] = ...) -> None: ...

class SethostnameResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class HasIpv6Request(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class HasIpv6Response(_message.Message):
    __slots__ = ("has_ipv6",)
    HAS_IPV6_FIELD_NUMBER: _ClassVar[int]
    has_ipv6: bool
    def __init__(self, has_ipv6: _Optional[bool] = ...) -> None: ...

class GetConstantsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetConstantsResponse(_message.Message):
    __slots__ = ("constants", "absent", "host")
    CONSTANTS_FIELD_NUMBER: _ClassVar[int]
    ABSENT_FIELD_NUMBER: _ClassVar[int]
    HOST_FIELD_NUMBER: _ClassVar[int]
    constants: _containers.RepeatedCompositeFieldContainer[Constant]
    absent: _containers.RepeatedCompositeFieldContainer[AbsentConstant]
    host: HostInfo
    def __init__(self, constants: _Optional[_Iterable[_Union[Constant, _Mapping]]] = ..., absent: _Optional[_Iterable[_Union[AbsentConstant, _Mapping]]] = ..., host: _Optional[_Union[HostInfo, _Mapping]] = ...) -> None: ...

class Constant(_message.Message):
    __slots__ = ("name", "group", "integer", "text", "boolean")
    NAME_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    INTEGER_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    BOOLEAN_FIELD_NUMBER: _ClassVar[int]
    name: str
    group: str
    integer: int
    text: str
    boolean: bool
    def __init__(self, name: _Optional[str] = ..., group: _Optional[str] = ..., integer: _Optional[int] = ..., text: _Optional[str] = ..., boolean: _Optional[bool] = ...) -> None: ...

class AbsentConstant(_message.Message):
    __slots__ = ("name", "group", "reason")
    NAME_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    name: str
    group: str
    reason: str
    def __init__(self, name: _Optional[str] = ..., group: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class HostInfo(_message.Message):
    __slots__ = ("os", "architecture", "kernel", "byte_order", "pointer_bytes")
    OS_FIELD_NUMBER: _ClassVar[int]
    ARCHITECTURE_FIELD_NUMBER: _ClassVar[int]
    KERNEL_FIELD_NUMBER: _ClassVar[int]
    BYTE_ORDER_FIELD_NUMBER: _ClassVar[int]
    POINTER_BYTES_FIELD_NUMBER: _ClassVar[int]
    os: str
    architecture: str
    kernel: str
    byte_order: str
    pointer_bytes: int
    def __init__(self, os: _Optional[str] = ..., architecture: _Optional[str] = ..., kernel: _Optional[str] = ..., byte_order: _Optional[str] = ..., pointer_bytes: _Optional[int] = ...) -> None: ...
