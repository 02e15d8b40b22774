from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SocketError(_message.Message):
    __slots__ = ("symbol", "error_number", "os", "message", "syscall")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    ERROR_NUMBER_FIELD_NUMBER: _ClassVar[int]
    OS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    SYSCALL_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    error_number: int
    os: str
    message: str
    syscall: str
    def __init__(self, symbol: _Optional[str] = ..., error_number: _Optional[int] = ..., os: _Optional[str] = ..., message: _Optional[str] = ..., syscall: _Optional[str] = ...) -> None: ...

class ResolverError(_message.Message):
    __slots__ = ("symbol", "code", "message")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    code: int
    message: str
    def __init__(self, symbol: _Optional[str] = ..., code: _Optional[int] = ..., message: _Optional[str] = ...) -> None: ...

class HostError(_message.Message):
    __slots__ = ("symbol", "code", "message")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    code: int
    message: str
    def __init__(self, symbol: _Optional[str] = ..., code: _Optional[int] = ..., message: _Optional[str] = ...) -> None: ...

class TimeoutError(_message.Message):
    __slots__ = ("operation",)
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    operation: str
    def __init__(self, operation: _Optional[str] = ...) -> None: ...

class ArgumentError(_message.Message):
    __slots__ = ("kind", "reason", "operation", "message")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        KIND_UNSPECIFIED: _ClassVar[ArgumentError.Kind]
        KIND_VALUE: _ClassVar[ArgumentError.Kind]
        KIND_OVERFLOW: _ClassVar[ArgumentError.Kind]
        KIND_TYPE: _ClassVar[ArgumentError.Kind]
        KIND_OS: _ClassVar[ArgumentError.Kind]
        KIND_UNICODE: _ClassVar[ArgumentError.Kind]
    KIND_UNSPECIFIED: ArgumentError.Kind
    KIND_VALUE: ArgumentError.Kind
    KIND_OVERFLOW: ArgumentError.Kind
    KIND_TYPE: ArgumentError.Kind
    KIND_OS: ArgumentError.Kind
    KIND_UNICODE: ArgumentError.Kind
    KIND_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    kind: ArgumentError.Kind
    reason: str
    operation: str
    message: str
    def __init__(self, kind: _Optional[_Union[ArgumentError.Kind, str]] = ..., reason: _Optional[str] = ..., operation: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class PolicyDenial(_message.Message):
    __slots__ = ("rule", "principal", "permission", "endpoint", "reason")
    RULE_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    PERMISSION_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    rule: str
    principal: str
    permission: str
    endpoint: str
    reason: str
    def __init__(self, rule: _Optional[str] = ..., principal: _Optional[str] = ..., permission: _Optional[str] = ..., endpoint: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class BrokerError(_message.Message):
    __slots__ = ("code", "message", "reference")
    class Code(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        CODE_UNSPECIFIED: _ClassVar[BrokerError.Code]
        CODE_HANDLE_NOT_FOUND: _ClassVar[BrokerError.Code]
        CODE_SESSION_NOT_FOUND: _ClassVar[BrokerError.Code]
        CODE_LEASE_EXPIRED: _ClassVar[BrokerError.Code]
        CODE_QUOTA_EXCEEDED: _ClassVar[BrokerError.Code]
        CODE_DRAINING: _ClassVar[BrokerError.Code]
        CODE_NOT_SUPPORTED_ON_HOST: _ClassVar[BrokerError.Code]
        CODE_MALFORMED_REQUEST: _ClassVar[BrokerError.Code]
        CODE_UNAUTHENTICATED: _ClassVar[BrokerError.Code]
        CODE_HANDLE_BUSY: _ClassVar[BrokerError.Code]
        CODE_CANCELLED: _ClassVar[BrokerError.Code]
        CODE_DUPLICATE_OP_ID: _ClassVar[BrokerError.Code]
        CODE_INTERNAL: _ClassVar[BrokerError.Code]
        CODE_UNKNOWN_REQUEST: _ClassVar[BrokerError.Code]
        CODE_UNREAD_DATA: _ClassVar[BrokerError.Code]
    CODE_UNSPECIFIED: BrokerError.Code
    CODE_HANDLE_NOT_FOUND: BrokerError.Code
    CODE_SESSION_NOT_FOUND: BrokerError.Code
    CODE_LEASE_EXPIRED: BrokerError.Code
    CODE_QUOTA_EXCEEDED: BrokerError.Code
    CODE_DRAINING: BrokerError.Code
    CODE_NOT_SUPPORTED_ON_HOST: BrokerError.Code
    CODE_MALFORMED_REQUEST: BrokerError.Code
    CODE_UNAUTHENTICATED: BrokerError.Code
    CODE_HANDLE_BUSY: BrokerError.Code
    CODE_CANCELLED: BrokerError.Code
    CODE_DUPLICATE_OP_ID: BrokerError.Code
    CODE_INTERNAL: BrokerError.Code
    CODE_UNKNOWN_REQUEST: BrokerError.Code
    CODE_UNREAD_DATA: BrokerError.Code
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    code: BrokerError.Code
    message: str
    reference: str
    def __init__(self, code: _Optional[_Union[BrokerError.Code, str]] = ..., message: _Optional[str] = ..., reference: _Optional[str] = ...) -> None: ...
