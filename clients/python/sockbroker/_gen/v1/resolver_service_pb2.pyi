from sockbroker._gen.v1 import address_pb2 as _address_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetaddrinfoRequest(_message.Message):
    __slots__ = ("host", "raw_host", "service", "family", "type", "protocol", "flags")
    HOST_FIELD_NUMBER: _ClassVar[int]
    RAW_HOST_FIELD_NUMBER: _ClassVar[int]
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    FAMILY_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    host: str
    raw_host: bytes
    service: str
    family: _address_pb2.AddressFamily
    type: _address_pb2.SocketType
    protocol: int
    flags: int
    def __init__(self, host: _Optional[str] = ..., raw_host: _Optional[bytes] = ..., service: _Optional[str] = ..., family: _Optional[_Union[_address_pb2.AddressFamily, str]] = ..., type: _Optional[_Union[_address_pb2.SocketType, str]] = ..., protocol: _Optional[int] = ..., flags: _Optional[int] = ...) -> None: ...

class GetaddrinfoResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[AddressInfo]
    def __init__(self, results: _Optional[_Iterable[_Union[AddressInfo, _Mapping]]] = ...) -> None: ...

class AddressInfo(_message.Message):
    __slots__ = ("family", "type", "protocol", "canonical_name", "address")
    FAMILY_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    CANONICAL_NAME_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    family: _address_pb2.AddressFamily
    type: _address_pb2.SocketType
    protocol: int
    canonical_name: str
    address: _address_pb2.SocketAddress
    def __init__(self, family: _Optional[_Union[_address_pb2.AddressFamily, str]] = ..., type: _Optional[_Union[_address_pb2.SocketType, str]] = ..., protocol: _Optional[int] = ..., canonical_name: _Optional[str] = ..., address: _Optional[_Union[_address_pb2.SocketAddress, _Mapping]] = ...) -> None: ...

class GetnameinfoRequest(_message.Message):
    __slots__ = ("address", "flags")
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    address: _address_pb2.SocketAddress
    flags: int
    def __init__(self, address: _Optional[_Union[_address_pb2.SocketAddress, _Mapping]] = ..., flags: _Optional[int] = ...) -> None: ...

class GetnameinfoResponse(_message.Message):
    __slots__ = ("host", "service")
    HOST_FIELD_NUMBER: _ClassVar[int]
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    host: str
    service: str
    def __init__(self, host: _Optional[str] = ..., service: _Optional[str] = ...) -> None: ...

class GethostbynameRequest(_message.Message):
    __slots__ = ("hostname", "raw_hostname")
    HOSTNAME_FIELD_NUMBER: _ClassVar[int]
    RAW_HOSTNAME_FIELD_NUMBER: _ClassVar[int]
    hostname: str
    raw_hostname: bytes
    def __init__(self, hostname: _Optional[str] = ..., raw_hostname: _Optional[bytes] = ...) -> None: ...

class GethostbynameResponse(_message.Message):
    __slots__ = ("address",)
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    address: str
    def __init__(self, address: _Optional[str] = ...) -> None: ...

class GethostbynameExRequest(_message.Message):
    __slots__ = ("hostname", "raw_hostname")
    HOSTNAME_FIELD_NUMBER: _ClassVar[int]
    RAW_HOSTNAME_FIELD_NUMBER: _ClassVar[int]
    hostname: str
    raw_hostname: bytes
    def __init__(self, hostname: _Optional[str] = ..., raw_hostname: _Optional[bytes] = ...) -> None: ...

class GethostbynameExResponse(_message.Message):
    __slots__ = ("hostname", "aliases", "addresses")
    HOSTNAME_FIELD_NUMBER: _ClassVar[int]
    ALIASES_FIELD_NUMBER: _ClassVar[int]
    ADDRESSES_FIELD_NUMBER: _ClassVar[int]
    hostname: str
    aliases: _containers.RepeatedScalarFieldContainer[str]
    addresses: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, hostname: _Optional[str] = ..., aliases: _Optional[_Iterable[str]] = ..., addresses: _Optional[_Iterable[str]] = ...) -> None: ...

class GethostbyaddrRequest(_message.Message):
    __slots__ = ("address", "raw_address")
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    RAW_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    address: str
    raw_address: bytes
    def __init__(self, address: _Optional[str] = ..., raw_address: _Optional[bytes] = ...) -> None: ...

class GethostbyaddrResponse(_message.Message):
    __slots__ = ("hostname", "aliases", "addresses")
    HOSTNAME_FIELD_NUMBER: _ClassVar[int]
    ALIASES_FIELD_NUMBER: _ClassVar[int]
    ADDRESSES_FIELD_NUMBER: _ClassVar[int]
    hostname: str
    aliases: _containers.RepeatedScalarFieldContainer[str]
    addresses: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, hostname: _Optional[str] = ..., aliases: _Optional[_Iterable[str]] = ..., addresses: _Optional[_Iterable[str]] = ...) -> None: ...

class GetfqdnRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class GetfqdnResponse(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class GetservbynameRequest(_message.Message):
    __slots__ = ("service", "protocol")
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    service: str
    protocol: str
    def __init__(self, service: _Optional[str] = ..., protocol: _Optional[str] = ...) -> None: ...

class GetservbynameResponse(_message.Message):
    __slots__ = ("port",)
    PORT_FIELD_NUMBER: _ClassVar[int]
    port: int
    def __init__(self, port: _Optional[int] = ...) -> None: ...

class GetservbyportRequest(_message.Message):
    __slots__ = ("port", "protocol")
    PORT_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    port: int
    protocol: str
    def __init__(self, port: _Optional[int] = ..., protocol: _Optional[str] = ...) -> None: ...

class GetservbyportResponse(_message.Message):
    __slots__ = ("service",)
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    service: str
    def __init__(self, service: _Optional[str] = ...) -> None: ...

class GetprotobynameRequest(_message.Message):
    __slots__ = ("protocol",)
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    protocol: str
    def __init__(self, protocol: _Optional[str] = ...) -> None: ...

class GetprotobynameResponse(_message.Message):
    __slots__ = ("number",)
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    number: int
    def __init__(self, number: _Optional[int] = ...) -> None: ...
