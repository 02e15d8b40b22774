import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from sockbroker._gen.v1 import address_pb2 as _address_pb2
from sockbroker._gen.v1 import ancillary_pb2 as _ancillary_pb2
from sockbroker._gen.v1 import socket_pb2 as _socket_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SocketRequest(_message.Message):
    __slots__ = ("family", "type", "protocol", "type_flags", "fileno", "netns")
    FAMILY_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    TYPE_FLAGS_FIELD_NUMBER: _ClassVar[int]
    FILENO_FIELD_NUMBER: _ClassVar[int]
    NETNS_FIELD_NUMBER: _ClassVar[int]
    family: _address_pb2.AddressFamily
    type: _address_pb2.SocketType
    protocol: int
    type_flags: int
    fileno: int
    netns: _socket_pb2.NetworkNamespace
    def __init__(self, family: _Optional[_Union[_address_pb2.AddressFamily, str]] = ..., type: _Optional[_Union[_address_pb2.SocketType, str]] = ..., protocol: _Optional[int] = ..., type_flags: _Optional[int] = ..., fileno: _Optional[int] = ..., netns: _Optional[_Union[_socket_pb2.NetworkNamespace, _Mapping]] = ...) -> None: ...

class SocketResponse(_message.Message):
    __slots__ = ("socket", "timeout")
    SOCKET_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    socket: _socket_pb2.SocketInfo
    timeout: _duration_pb2.Duration
    def __init__(self, socket: _Optional[_Union[_socket_pb2.SocketInfo, _Mapping]] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class SocketpairRequest(_message.Message):
    __slots__ = ("family", "type", "protocol", "type_flags")
    FAMILY_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    TYPE_FLAGS_FIELD_NUMBER: _ClassVar[int]
    family: _address_pb2.AddressFamily
    type: _address_pb2.SocketType
    protocol: int
    type_flags: int
    def __init__(self, family: _Optional[_Union[_address_pb2.AddressFamily, str]] = ..., type: _Optional[_Union[_address_pb2.SocketType, str]] = ..., protocol: _Optional[int] = ..., type_flags: _Optional[int] = ...) -> None: ...

class SocketpairResponse(_message.Message):
    __slots__ = ("first", "second")
    FIRST_FIELD_NUMBER: _ClassVar[int]
    SECOND_FIELD_NUMBER: _ClassVar[int]
    first: _socket_pb2.SocketInfo
    second: _socket_pb2.SocketInfo
    def __init__(self, first: _Optional[_Union[_socket_pb2.SocketInfo, _Mapping]] = ..., second: _Optional[_Union[_socket_pb2.SocketInfo, _Mapping]] = ...) -> None: ...

class CreateConnectionRequest(_message.Message):
    __slots__ = ("host", "port", "service", "timeout", "source_address", "all_errors", "netns")
    HOST_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    SOURCE_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    ALL_ERRORS_FIELD_NUMBER: _ClassVar[int]
    NETNS_FIELD_NUMBER: _ClassVar[int]
    host: str
    port: int
    service: str
    timeout: _socket_pb2.Timeout
    source_address: _address_pb2.SocketAddress
    all_errors: bool
    netns: _socket_pb2.NetworkNamespace
    def __init__(self, host: _Optional[str] = ..., port: _Optional[int] = ..., service: _Optional[str] = ..., timeout: _Optional[_Union[_socket_pb2.Timeout, _Mapping]] = ..., source_address: _Optional[_Union[_address_pb2.SocketAddress, _Mapping]] = ..., all_errors: _Optional[bool] = ..., netns: _Optional[_Union[_socket_pb2.NetworkNamespace, _Mapping]] = ...) -> None: ...

class CreateConnectionResponse(_message.Message):
    __slots__ = ("socket",)
    SOCKET_FIELD_NUMBER: _ClassVar[int]
    socket: _socket_pb2.SocketInfo
    def __init__(self, socket: _Optional[_Union[_socket_pb2.SocketInfo, _Mapping]] = ...) -> None: ...

class CreateServerRequest(_message.Message):
    __slots__ = ("address", "backlog", "reuse_port", "dualstack_ipv6", "netns")
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    BACKLOG_FIELD_NUMBER: _ClassVar[int]
    REUSE_PORT_FIELD_NUMBER: _ClassVar[int]
    DUALSTACK_IPV6_FIELD_NUMBER: _ClassVar[int]
    NETNS_FIELD_NUMBER: _ClassVar[int]
    address: _address_pb2.SocketAddress
    backlog: int
    reuse_port: bool
    dualstack_ipv6: bool
    netns: _socket_pb2.NetworkNamespace
    def __init__(self, address: _Optional[_Union[_address_pb2.SocketAddress, _Mapping]] = ..., backlog: _Optional[int] = ..., reuse_port: _Optional[bool] = ..., dualstack_ipv6: _Optional[bool] = ..., netns: _Optional[_Union[_socket_pb2.NetworkNamespace, _Mapping]] = ...) -> None: ...

class CreateServerResponse(_message.Message):
    __slots__ = ("socket",)
    SOCKET_FIELD_NUMBER: _ClassVar[int]
    socket: _socket_pb2.SocketInfo
    def __init__(self, socket: _Optional[_Union[_socket_pb2.SocketInfo, _Mapping]] = ...) -> None: ...

class HasDualstackIpv6Request(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class HasDualstackIpv6Response(_message.Message):
    __slots__ = ("supported",)
    SUPPORTED_FIELD_NUMBER: _ClassVar[int]
    supported: bool
    def __init__(self, supported: _Optional[bool] = ...) -> None: ...

class FromfdRequest(_message.Message):
    __slots__ = ("handle", "family", "type", "protocol", "type_flags")
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    FAMILY_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    TYPE_FLAGS_FIELD_NUMBER: _ClassVar[int]
    handle: int
    family: _address_pb2.AddressFamily
    type: _address_pb2.SocketType
    protocol: int
    type_flags: int
    def __init__(self, handle: _Optional[int] = ..., family: _Optional[_Union[_address_pb2.AddressFamily, str]] = ..., type: _Optional[_Union[_address_pb2.SocketType, str]] = ..., protocol: _Optional[int] = ..., type_flags: _Optional[int] = ...) -> None: ...

class FromfdResponse(_message.Message):
    __slots__ = ("socket",)
    SOCKET_FIELD_NUMBER: _ClassVar[int]
    socket: _socket_pb2.SocketInfo
    def __init__(self, socket: _Optional[_Union[_socket_pb2.SocketInfo, _Mapping]] = ...) -> None: ...

class DupRequest(_message.Message):
    __slots__ = ("handle",)
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    handle: int
    def __init__(self, handle: _Optional[int] = ...) -> None: ...

class DupResponse(_message.Message):
    __slots__ = ("socket",)
    SOCKET_FIELD_NUMBER: _ClassVar[int]
    socket: _socket_pb2.SocketInfo
    def __init__(self, socket: _Optional[_Union[_socket_pb2.SocketInfo, _Mapping]] = ...) -> None: ...

class BindRequest(_message.Message):
    __slots__ = ("handle", "address")
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    handle: int
    address: _address_pb2.SocketAddress
    def __init__(self, handle: _Optional[int] = ..., address: _Optional[_Union[_address_pb2.SocketAddress, _Mapping]] = ...) -> None: ...

class BindResponse(_message.Message):
    __slots__ = ("local_address",)
    LOCAL_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    local_address: _address_pb2.SocketAddress
    def __init__(self, local_address: _Optional[_Union[_address_pb2.SocketAddress, _Mapping]] = ...) -> None: ...

class ListenRequest(_message.Message):
    __slots__ = ("handle", "backlog")
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    BACKLOG_FIELD_NUMBER: _ClassVar[int]
    handle: int
    backlog: int
    def __init__(self, handle: _Optional[int] = ..., backlog: _Optional[int] = ...) -> None: ...

class ListenResponse(_message.Message):
    __slots__ = ("local_address",)
    LOCAL_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    local_address: _address_pb2.SocketAddress
    def __init__(self, local_address: _Optional[_Union[_address_pb2.SocketAddress, _Mapping]] = ...) -> None: ...

class AcceptRequest(_message.Message):
    __slots__ = ("handle", "timeout")
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    handle: int
    timeout: _socket_pb2.Timeout
    def __init__(self, handle: _Optional[int] = ..., timeout: _Optional[_Union[_socket_pb2.Timeout, _Mapping]] = ...) -> None: ...

class AcceptResponse(_message.Message):
    __slots__ = ("socket",)
    SOCKET_FIELD_NUMBER: _ClassVar[int]
    socket: _socket_pb2.SocketInfo
    def __init__(self, socket: _Optional[_Union[_socket_pb2.SocketInfo, _Mapping]] = ...) -> None: ...

class ConnectToRequest(_message.Message):
    __slots__ = ("handle", "address", "timeout")
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    handle: int
    address: _address_pb2.SocketAddress
    timeout: _socket_pb2.Timeout
    def __init__(self, handle: _Optional[int] = ..., address: _Optional[_Union[_address_pb2.SocketAddress, _Mapping]] = ..., timeout: _Optional[_Union[_socket_pb2.Timeout, _Mapping]] = ...) -> None: ...

class ConnectToResponse(_message.Message):
    __slots__ = ("local_address", "peer_address")
    LOCAL_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    PEER_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    local_address: _address_pb2.SocketAddress
    peer_address: _address_pb2.SocketAddress
    def __init__(self, local_address: _Optional[_Union[_address_pb2.SocketAddress, _Mapping]] = ..., peer_address: _Optional[_Union[_address_pb2.SocketAddress, _Mapping]] = ...) -> None: ...

class ConnectExRequest(_message.Message):
    __slots__ = ("handle", "address", "timeout")
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    handle: int
    address: _address_pb2.SocketAddress
    timeout: _socket_pb2.Timeout
    def __init__(self, handle: _Optional[int] = ..., address: _Optional[_Union[_address_pb2.SocketAddress, _Mapping]] = ..., timeout: _Optional[_Union[_socket_pb2.Timeout, _Mapping]] = ...) -> None: ...

class ConnectExResponse(_message.Message):
    __slots__ = ("error_number", "symbol", "local_address", "peer_address")
    ERROR_NUMBER_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    LOCAL_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    PEER_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    error_number: int
    symbol: str
    local_address: _address_pb2.SocketAddress
    peer_address: _address_pb2.SocketAddress
    def __init__(self, error_number: _Optional[int] = ..., symbol: _Optional[str] = ..., local_address: _Optional[_Union[_address_pb2.SocketAddress, _Mapping]] = ..., peer_address: _Optional[_Union[_address_pb2.SocketAddress, _Mapping]] = ...) -> None: ...

class ShutdownRequest(_message.Message):
    __slots__ = ("handle", "how")
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    HOW_FIELD_NUMBER: _ClassVar[int]
    handle: int
    how: int
    def __init__(self, handle: _Optional[int] = ..., how: _Optional[int] = ...) -> None: ...

class ShutdownResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class CloseRequest(_message.Message):
    __slots__ = ("handle",)
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    handle: int
    def __init__(self, handle: _Optional[int] = ...) -> None: ...

class CloseResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DetachRequest(_message.Message):
    __slots__ = ("handle",)
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    handle: int
    def __init__(self, handle: _Optional[int] = ...) -> None: ...

class DetachResponse(_message.Message):
    __slots__ = ("handle",)
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    handle: int
    def __init__(self, handle: _Optional[int] = ...) -> None: ...

class FilenoRequest(_message.Message):
    __slots__ = ("handle",)
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    handle: int
    def __init__(self, handle: _Optional[int] = ...) -> None: ...

class FilenoResponse(_message.Message):
    __slots__ = ("handle",)
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    handle: int
    def __init__(self, handle: _Optional[int] = ...) -> None: ...

class GetsocknameRequest(_message.Message):
    __slots__ = ("handle",)
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    handle: int
    def __init__(self, handle: _Optional[int] = ...) -> None: ...

class GetsocknameResponse(_message.Message):
    __slots__ = ("address",)
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    address: _address_pb2.SocketAddress
    def __init__(self, address: _Optional[_Union[_address_pb2.SocketAddress, _Mapping]] = ...) -> None: ...

class GetpeernameRequest(_message.Message):
    __slots__ = ("handle",)
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    handle: int
    def __init__(self, handle: _Optional[int] = ...) -> None: ...

class GetpeernameResponse(_message.Message):
    __slots__ = ("address",)
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    address: _address_pb2.SocketAddress
    def __init__(self, address: _Optional[_Union[_address_pb2.SocketAddress, _Mapping]] = ...) -> None: ...

class GetsockoptRequest(_message.Message):
    __slots__ = ("handle", "level", "name", "max_bytes", "format")
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    MAX_BYTES_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    handle: int
    level: int
    name: int
    max_bytes: int
    format: _socket_pb2.OptionFormat
    def __init__(self, handle: _Optional[int] = ..., level: _Optional[int] = ..., name: _Optional[int] = ..., max_bytes: _Optional[int] = ..., format: _Optional[_Union[_socket_pb2.OptionFormat, str]] = ...) -> None: ...

class GetsockoptResponse(_message.Message):
    __slots__ = ("value",)
    VALUE_FIELD_NUMBER: _ClassVar[int]
    value: _socket_pb2.OptionValue
    def __init__(self, value: _Optional[_Union[_socket_pb2.OptionValue, _Mapping]] = ...) -> None: ...

class SetsockoptRequest(_message.Message):
    __slots__ = ("handle", "level", "name", "value")
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    handle: int
    level: int
    name: int
    value: _socket_pb2.OptionValue
    def __init__(self, handle: _Optional[int] = ..., level: _Optional[int] = ..., name: _Optional[int] = ..., value: _Optional[_Union[_socket_pb2.OptionValue, _Mapping]] = ...) -> None: ...

class SetsockoptResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SettimeoutRequest(_message.Message):
    __slots__ = ("handle", "timeout")
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    handle: int
    timeout: _duration_pb2.Duration
    def __init__(self, handle: _Optional[int] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class SettimeoutResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GettimeoutRequest(_message.Message):
    __slots__ = ("handle",)
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    handle: int
    def __init__(self, handle: _Optional[int] = ...) -> None: ...

class GettimeoutResponse(_message.Message):
    __slots__ = ("timeout",)
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    timeout: _duration_pb2.Duration
    def __init__(self, timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class SetblockingRequest(_message.Message):
    __slots__ = ("handle", "blocking")
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    BLOCKING_FIELD_NUMBER: _ClassVar[int]
    handle: int
    blocking: bool
    def __init__(self, handle: _Optional[int] = ..., blocking: _Optional[bool] = ...) -> None: ...

class SetblockingResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetblockingRequest(_message.Message):
    __slots__ = ("handle",)
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    handle: int
    def __init__(self, handle: _Optional[int] = ...) -> None: ...

class GetblockingResponse(_message.Message):
    __slots__ = ("blocking",)
    BLOCKING_FIELD_NUMBER: _ClassVar[int]
    blocking: bool
    def __init__(self, blocking: _Optional[bool] = ...) -> None: ...

class RecvRequest(_message.Message):
    __slots__ = ("handle", "max_bytes", "flags", "timeout")
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    MAX_BYTES_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    handle: int
    max_bytes: int
    flags: int
    timeout: _socket_pb2.Timeout
    def __init__(self, handle: _Optional[int] = ..., max_bytes: _Optional[int] = ..., flags: _Optional[int] = ..., timeout: _Optional[_Union[_socket_pb2.Timeout, _Mapping]] = ...) -> None: ...

class RecvResponse(_message.Message):
    __slots__ = ("data", "length_bytes")
    DATA_FIELD_NUMBER: _ClassVar[int]
    LENGTH_BYTES_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    length_bytes: int
    def __init__(self, data: _Optional[bytes] = ..., length_bytes: _Optional[int] = ...) -> None: ...

class RecvfromRequest(_message.Message):
    __slots__ = ("handle", "max_bytes", "flags", "timeout")
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    MAX_BYTES_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    handle: int
    max_bytes: int
    flags: int
    timeout: _socket_pb2.Timeout
    def __init__(self, handle: _Optional[int] = ..., max_bytes: _Optional[int] = ..., flags: _Optional[int] = ..., timeout: _Optional[_Union[_socket_pb2.Timeout, _Mapping]] = ...) -> None: ...

class RecvfromResponse(_message.Message):
    __slots__ = ("data", "length_bytes", "address")
    DATA_FIELD_NUMBER: _ClassVar[int]
    LENGTH_BYTES_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    length_bytes: int
    address: _address_pb2.SocketAddress
    def __init__(self, data: _Optional[bytes] = ..., length_bytes: _Optional[int] = ..., address: _Optional[_Union[_address_pb2.SocketAddress, _Mapping]] = ...) -> None: ...

class RecvmsgRequest(_message.Message):
    __slots__ = ("handle", "max_bytes", "max_ancillary_bytes", "flags", "timeout")
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    MAX_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_ANCILLARY_BYTES_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    handle: int
    max_bytes: int
    max_ancillary_bytes: int
    flags: int
    timeout: _socket_pb2.Timeout
    def __init__(self, handle: _Optional[int] = ..., max_bytes: _Optional[int] = ..., max_ancillary_bytes: _Optional[int] = ..., flags: _Optional[int] = ..., timeout: _Optional[_Union[_socket_pb2.Timeout, _Mapping]] = ...) -> None: ...

class RecvmsgResponse(_message.Message):
    __slots__ = ("data", "length_bytes", "ancillary_data", "flags", "address")
    DATA_FIELD_NUMBER: _ClassVar[int]
    LENGTH_BYTES_FIELD_NUMBER: _ClassVar[int]
    ANCILLARY_DATA_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    length_bytes: int
    ancillary_data: _containers.RepeatedCompositeFieldContainer[_ancillary_pb2.ControlMessage]
    flags: int
    address: _address_pb2.SocketAddress
    def __init__(self, data: _Optional[bytes] = ..., length_bytes: _Optional[int] = ..., ancillary_data: _Optional[_Iterable[_Union[_ancillary_pb2.ControlMessage, _Mapping]]] = ..., flags: _Optional[int] = ..., address: _Optional[_Union[_address_pb2.SocketAddress, _Mapping]] = ...) -> None: ...

class PushBackRequest(_message.Message):
    __slots__ = ("handle", "data", "error_number")
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    ERROR_NUMBER_FIELD_NUMBER: _ClassVar[int]
    handle: int
    data: bytes
    error_number: int
    def __init__(self, handle: _Optional[int] = ..., data: _Optional[bytes] = ..., error_number: _Optional[int] = ...) -> None: ...

class PushBackResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SendRequest(_message.Message):
    __slots__ = ("handle", "data", "flags", "timeout")
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    handle: int
    data: bytes
    flags: int
    timeout: _socket_pb2.Timeout
    def __init__(self, handle: _Optional[int] = ..., data: _Optional[bytes] = ..., flags: _Optional[int] = ..., timeout: _Optional[_Union[_socket_pb2.Timeout, _Mapping]] = ...) -> None: ...

class SendResponse(_message.Message):
    __slots__ = ("sent_bytes",)
    SENT_BYTES_FIELD_NUMBER: _ClassVar[int]
    sent_bytes: int
    def __init__(self, sent_bytes: _Optional[int] = ...) -> None: ...

class SendallRequest(_message.Message):
    __slots__ = ("handle", "data", "flags", "timeout")
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    handle: int
    data: bytes
    flags: int
    timeout: _socket_pb2.Timeout
    def __init__(self, handle: _Optional[int] = ..., data: _Optional[bytes] = ..., flags: _Optional[int] = ..., timeout: _Optional[_Union[_socket_pb2.Timeout, _Mapping]] = ...) -> None: ...

class SendallResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SendtoRequest(_message.Message):
    __slots__ = ("handle", "data", "flags", "address", "timeout")
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    handle: int
    data: bytes
    flags: int
    address: _address_pb2.SocketAddress
    timeout: _socket_pb2.Timeout
    def __init__(self, handle: _Optional[int] = ..., data: _Optional[bytes] = ..., flags: _Optional[int] = ..., address: _Optional[_Union[_address_pb2.SocketAddress, _Mapping]] = ..., timeout: _Optional[_Union[_socket_pb2.Timeout, _Mapping]] = ...) -> None: ...

class SendtoResponse(_message.Message):
    __slots__ = ("sent_bytes",)
    SENT_BYTES_FIELD_NUMBER: _ClassVar[int]
    sent_bytes: int
    def __init__(self, sent_bytes: _Optional[int] = ...) -> None: ...

class SendmsgRequest(_message.Message):
    __slots__ = ("handle", "buffers", "ancillary_data", "flags", "address", "timeout")
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    BUFFERS_FIELD_NUMBER: _ClassVar[int]
    ANCILLARY_DATA_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    handle: int
    buffers: _containers.RepeatedScalarFieldContainer[bytes]
    ancillary_data: _containers.RepeatedCompositeFieldContainer[_ancillary_pb2.ControlMessage]
    flags: int
    address: _address_pb2.SocketAddress
    timeout: _socket_pb2.Timeout
    def __init__(self, handle: _Optional[int] = ..., buffers: _Optional[_Iterable[bytes]] = ..., ancillary_data: _Optional[_Iterable[_Union[_ancillary_pb2.ControlMessage, _Mapping]]] = ..., flags: _Optional[int] = ..., address: _Optional[_Union[_address_pb2.SocketAddress, _Mapping]] = ..., timeout: _Optional[_Union[_socket_pb2.Timeout, _Mapping]] = ...) -> None: ...

class SendmsgResponse(_message.Message):
    __slots__ = ("sent_bytes",)
    SENT_BYTES_FIELD_NUMBER: _ClassVar[int]
    sent_bytes: int
    def __init__(self, sent_bytes: _Optional[int] = ...) -> None: ...

class SendmsgAfalgRequest(_message.Message):
    __slots__ = ("handle", "buffers", "op", "iv", "assoclen", "flags", "timeout")
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    BUFFERS_FIELD_NUMBER: _ClassVar[int]
    OP_FIELD_NUMBER: _ClassVar[int]
    IV_FIELD_NUMBER: _ClassVar[int]
    ASSOCLEN_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    handle: int
    buffers: _containers.RepeatedScalarFieldContainer[bytes]
    op: int
    iv: bytes
    assoclen: int
    flags: int
    timeout: _socket_pb2.Timeout
    def __init__(self, handle: _Optional[int] = ..., buffers: _Optional[_Iterable[bytes]] = ..., op: _Optional[int] = ..., iv: _Optional[bytes] = ..., assoclen: _Optional[int] = ..., flags: _Optional[int] = ..., timeout: _Optional[_Union[_socket_pb2.Timeout, _Mapping]] = ...) -> None: ...

class SendmsgAfalgResponse(_message.Message):
    __slots__ = ("sent_bytes",)
    SENT_BYTES_FIELD_NUMBER: _ClassVar[int]
    sent_bytes: int
    def __init__(self, sent_bytes: _Optional[int] = ...) -> None: ...

class SendfileRequest(_message.Message):
    __slots__ = ("handle", "file_handle", "offset_bytes", "count_bytes", "timeout")
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    FILE_HANDLE_FIELD_NUMBER: _ClassVar[int]
    OFFSET_BYTES_FIELD_NUMBER: _ClassVar[int]
    COUNT_BYTES_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    handle: int
    file_handle: int
    offset_bytes: int
    count_bytes: int
    timeout: _socket_pb2.Timeout
    def __init__(self, handle: _Optional[int] = ..., file_handle: _Optional[int] = ..., offset_bytes: _Optional[int] = ..., count_bytes: _Optional[int] = ..., timeout: _Optional[_Union[_socket_pb2.Timeout, _Mapping]] = ...) -> None: ...

class SendfileResponse(_message.Message):
    __slots__ = ("sent_bytes",)
    SENT_BYTES_FIELD_NUMBER: _ClassVar[int]
    sent_bytes: int
    def __init__(self, sent_bytes: _Optional[int] = ...) -> None: ...

class SendFdsRequest(_message.Message):
    __slots__ = ("handle", "buffers", "handles", "flags", "address", "timeout")
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    BUFFERS_FIELD_NUMBER: _ClassVar[int]
    HANDLES_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    handle: int
    buffers: _containers.RepeatedScalarFieldContainer[bytes]
    handles: _containers.RepeatedScalarFieldContainer[int]
    flags: int
    address: _address_pb2.SocketAddress
    timeout: _socket_pb2.Timeout
    def __init__(self, handle: _Optional[int] = ..., buffers: _Optional[_Iterable[bytes]] = ..., handles: _Optional[_Iterable[int]] = ..., flags: _Optional[int] = ..., address: _Optional[_Union[_address_pb2.SocketAddress, _Mapping]] = ..., timeout: _Optional[_Union[_socket_pb2.Timeout, _Mapping]] = ...) -> None: ...

class SendFdsResponse(_message.Message):
    __slots__ = ("sent_bytes",)
    SENT_BYTES_FIELD_NUMBER: _ClassVar[int]
    sent_bytes: int
    def __init__(self, sent_bytes: _Optional[int] = ...) -> None: ...

class RecvFdsRequest(_message.Message):
    __slots__ = ("handle", "max_bytes", "max_handles", "flags", "timeout")
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    MAX_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_HANDLES_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    handle: int
    max_bytes: int
    max_handles: int
    flags: int
    timeout: _socket_pb2.Timeout
    def __init__(self, handle: _Optional[int] = ..., max_bytes: _Optional[int] = ..., max_handles: _Optional[int] = ..., flags: _Optional[int] = ..., timeout: _Optional[_Union[_socket_pb2.Timeout, _Mapping]] = ...) -> None: ...

class RecvFdsResponse(_message.Message):
    __slots__ = ("data", "handles", "flags", "address")
    DATA_FIELD_NUMBER: _ClassVar[int]
    HANDLES_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    handles: _containers.RepeatedScalarFieldContainer[int]
    flags: int
    address: _address_pb2.SocketAddress
    def __init__(self, data: _Optional[bytes] = ..., handles: _Optional[_Iterable[int]] = ..., flags: _Optional[int] = ..., address: _Optional[_Union[_address_pb2.SocketAddress, _Mapping]] = ...) -> None: ...

class IoctlRequest(_message.Message):
    __slots__ = ("handle", "request", "integer", "data")
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    INTEGER_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    handle: int
    request: int
    integer: int
    data: bytes
    def __init__(self, handle: _Optional[int] = ..., request: _Optional[int] = ..., integer: _Optional[int] = ..., data: _Optional[bytes] = ...) -> None: ...

class IoctlResponse(_message.Message):
    __slots__ = ("integer", "data")
    INTEGER_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    integer: int
    data: bytes
    def __init__(self, integer: _Optional[int] = ..., data: _Optional[bytes] = ...) -> None: ...

class GetInheritableRequest(_message.Message):
    __slots__ = ("handle",)
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    handle: int
    def __init__(self, handle: _Optional[int] = ...) -> None: ...

class GetInheritableResponse(_message.Message):
    __slots__ = ("inheritable",)
    INHERITABLE_FIELD_NUMBER: _ClassVar[int]
    inheritable: bool
    def __init__(self, inheritable: _Optional[bool] = ...) -> None: ...

class SetInheritableRequest(_message.Message):
    __slots__ = ("handle", "inheritable")
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    INHERITABLE_FIELD_NUMBER: _ClassVar[int]
    handle: int
    inheritable: bool
    def __init__(self, handle: _Optional[int] = ..., inheritable: _Optional[bool] = ...) -> None: ...

class SetInheritableResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ShareRequest(_message.Message):
    __slots__ = ("handle", "process_id")
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    PROCESS_ID_FIELD_NUMBER: _ClassVar[int]
    handle: int
    process_id: int
    def __init__(self, handle: _Optional[int] = ..., process_id: _Optional[int] = ...) -> None: ...

class ShareResponse(_message.Message):
    __slots__ = ("data",)
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    def __init__(self, data: _Optional[bytes] = ...) -> None: ...

class FromshareRequest(_message.Message):
    __slots__ = ("data",)
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    def __init__(self, data: _Optional[bytes] = ...) -> None: ...

class FromshareResponse(_message.Message):
    __slots__ = ("socket",)
    SOCKET_FIELD_NUMBER: _ClassVar[int]
    socket: _socket_pb2.SocketInfo
    def __init__(self, socket: _Optional[_Union[_socket_pb2.SocketInfo, _Mapping]] = ...) -> None: ...

class GetdefaulttimeoutRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetdefaulttimeoutResponse(_message.Message):
    __slots__ = ("timeout",)
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    timeout: _duration_pb2.Duration
    def __init__(self, timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class SetdefaulttimeoutRequest(_message.Message):
    __slots__ = ("timeout",)
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    timeout: _duration_pb2.Duration
    def __init__(self, timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class SetdefaulttimeoutResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
