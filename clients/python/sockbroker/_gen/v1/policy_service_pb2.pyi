from sockbroker._gen.v1 import address_pb2 as _address_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ExplainPolicyRequest(_message.Message):
    __slots__ = ("permission", "address", "principal")
    PERMISSION_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    permission: str
    address: _address_pb2.SocketAddress
    principal: str
    def __init__(self, permission: _Optional[str] = ..., address: _Optional[_Union[_address_pb2.SocketAddress, _Mapping]] = ..., principal: _Optional[str] = ...) -> None: ...

class ExplainPolicyResponse(_message.Message):
    __slots__ = ("allowed", "rule", "principal", "reason")
    ALLOWED_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    allowed: bool
    rule: str
    principal: str
    reason: str
    def __init__(self, allowed: _Optional[bool] = ..., rule: _Optional[str] = ..., principal: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class GetEffectivePolicyRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetEffectivePolicyResponse(_message.Message):
    __slots__ = ("rules", "principal")
    RULES_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    rules: _containers.RepeatedCompositeFieldContainer[PolicyRule]
    principal: str
    def __init__(self, rules: _Optional[_Iterable[_Union[PolicyRule, _Mapping]]] = ..., principal: _Optional[str] = ...) -> None: ...

class PolicyRule(_message.Message):
    __slots__ = ("name", "allow", "principals", "permissions", "endpoints")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ALLOW_FIELD_NUMBER: _ClassVar[int]
    PRINCIPALS_FIELD_NUMBER: _ClassVar[int]
    PERMISSIONS_FIELD_NUMBER: _ClassVar[int]
    ENDPOINTS_FIELD_NUMBER: _ClassVar[int]
    name: str
    allow: bool
    principals: _containers.RepeatedScalarFieldContainer[str]
    permissions: _containers.RepeatedScalarFieldContainer[str]
    endpoints: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., allow: _Optional[bool] = ..., principals: _Optional[_Iterable[str]] = ..., permissions: _Optional[_Iterable[str]] = ..., endpoints: _Optional[_Iterable[str]] = ...) -> None: ...
