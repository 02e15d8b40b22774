from sockbroker._gen.v1 import address_pb2 as _address_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class NtohlRequest(_message.Message):
    __slots__ = ("value",)
    VALUE_FIELD_NUMBER: _ClassVar[int]
    value: int
    def __init__(self, value: _Optional[int] = ...) -> None: ...

class NtohlResponse(_message.Message):
    __slots__ = ("value",)
    VALUE_FIELD_NUMBER: _ClassVar[int]
    value: int
    def __init__(self, value: _Optional[int] = ...) -> None: ...

class NtohsRequest(_message.Message):
    __slots__ = ("value",)
    VALUE_FIELD_NUMBER: _ClassVar[int]
    value: int
    def __init__(self, value: _Optional[int] = ...) -> None: ...

class NtohsResponse(_message.Message):
    __slots__ = ("value",)
    VALUE_FIELD_NUMBER: _ClassVar[int]
    value: int
    def __init__(self, value: _Optional[int] = ...) -> None: ...

class HtonlRequest(_message.Message):
    __slots__ = ("value",)
    VALUE_FIELD_NUMBER: _ClassVar[int]
    value: int
    def __init__(self, value: _Optional[int] = ...) -> None: ...

class HtonlResponse(_message.Message):
    __slots__ = ("value",)
    VALUE_FIELD_NUMBER: _ClassVar[int]
    value: int
    def __init__(self, value: _Optional[int] = ...) -> None: ...

class HtonsRequest(_message.Message):
    __slots__ = ("value",)
    VALUE_FIELD_NUMBER: _ClassVar[int]
    value: int
    def __init__(self, value: _Optional[int] = ...) -> None: ...

class HtonsResponse(_message.Message):
    __slots__ = ("value",)
    VALUE_FIELD_NUMBER: _ClassVar[int]
    value: int
    def __init__(self, value: _Optional[int] = ...) -> None: ...

class InetAtonRequest(_message.Message):
    __slots__ = ("address",)
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    address: str
    def __init__(self, address: _Optional[str] = ...) -> None: ...

class InetAtonResponse(_message.Message):
    __slots__ = ("packed",)
    PACKED_FIELD_NUMBER: _ClassVar[int]
    packed: bytes
    def __init__(self, packed: _Optional[bytes] = ...) -> None: ...

class InetNtoaRequest(_message.Message):
    __slots__ = ("packed",)
    PACKED_FIELD_NUMBER: _ClassVar[int]
    packed: bytes
    def __init__(self, packed: _Optional[bytes] = ...) -> None: ...

class InetNtoaResponse(_message.Message):
    __slots__ = ("address",)
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    address: str
    def __init__(self, address: _Optional[str] = ...) -> None: ...

class InetPtonRequest(_message.Message):
    __slots__ = ("family", "address")
    FAMILY_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    family: _address_pb2.AddressFamily
    address: str
    def __init__(self, family: _Optional[_Union[_address_pb2.AddressFamily, str]] = ..., address: _Optional[str] = ...) -> None: ...

class InetPtonResponse(_message.Message):
    __slots__ = ("packed",)
    PACKED_FIELD_NUMBER: _ClassVar[int]
    packed: bytes
    def __init__(self, packed: _Optional[bytes] = ...) -> None: ...

class InetNtopRequest(_message.Message):
    __slots__ = ("family", "packed")
    FAMILY_FIELD_NUMBER: _ClassVar[int]
    PACKED_FIELD_NUMBER: _ClassVar[int]
    family: _address_pb2.AddressFamily
    packed: bytes
    def __init__(self, family: _Optional[_Union[_address_pb2.AddressFamily, str]] = ..., packed: _Optional[bytes] = ...) -> None: ...

class InetNtopResponse(_message.Message):
    __slots__ = ("address",)
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    address: str
    def __init__(self, address: _Optional[str] = ...) -> None: ...

class CmsgLenRequest(_message.Message):
    __slots__ = ("length_bytes",)
    LENGTH_BYTES_FIELD_NUMBER: _ClassVar[int]
    length_bytes: int
    def __init__(self, length_bytes: _Optional[int] = ...) -> None: ...

class CmsgLenResponse(_message.Message):
    __slots__ = ("length_bytes",)
    LENGTH_BYTES_FIELD_NUMBER: _ClassVar[int]
    length_bytes: int
    def __init__(self, length_bytes: _Optional[int] = ...) -> None: ...

class CmsgSpaceRequest(_message.Message):
    __slots__ = ("length_bytes",)
    LENGTH_BYTES_FIELD_NUMBER: _ClassVar[int]
    length_bytes: int
    def __init__(self, length_bytes: _Optional[int] = ...) -> None: ...

class CmsgSpaceResponse(_message.Message):
    __slots__ = ("space_bytes",)
    SPACE_BYTES_FIELD_NUMBER: _ClassVar[int]
    space_bytes: int
    def __init__(self, space_bytes: _Optional[int] = ...) -> None: ...
