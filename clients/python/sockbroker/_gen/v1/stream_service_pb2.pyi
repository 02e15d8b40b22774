from sockbroker._gen.google_rpc import status_pb2 as _status_pb2
from sockbroker._gen.v1 import address_pb2 as _address_pb2
from sockbroker._gen.v1 import ancillary_pb2 as _ancillary_pb2
from sockbroker._gen.v1 import socket_pb2 as _socket_pb2
from sockbroker._gen.v1 import socket_service_pb2 as _socket_service_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ClientFrame(_message.Message):
    __slots__ = ("attach", "data", "messages", "shutdown", "setsockopt", "sync", "detach", "close")
    ATTACH_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    SHUTDOWN_FIELD_NUMBER: _ClassVar[int]
    SETSOCKOPT_FIELD_NUMBER: _ClassVar[int]
    SYNC_FIELD_NUMBER: _ClassVar[int]
    DETACH_FIELD_NUMBER: _ClassVar[int]
    CLOSE_FIELD_NUMBER: _ClassVar[int]
    attach: AttachStart
    data: bytes
    messages: OutgoingMessages
    shutdown: ShutdownFrame
    setsockopt: _socket_service_pb2.SetsockoptRequest
    sync: SyncFrame
    detach: DetachFrame
    close: CloseFrame
    def __init__(self, attach: _Optional[_Union[AttachStart, _Mapping]] = ..., data: _Optional[bytes] = ..., messages: _Optional[_Union[OutgoingMessages, _Mapping]] = ..., shutdown: _Optional[_Union[ShutdownFrame, _Mapping]] = ..., setsockopt: _Optional[_Union[_socket_service_pb2.SetsockoptRequest, _Mapping]] = ..., sync: _Optional[_Union[SyncFrame, _Mapping]] = ..., detach: _Optional[_Union[DetachFrame, _Mapping]] = ..., close: _Optional[_Union[CloseFrame, _Mapping]] = ...) -> None: ...

class ServerFrame(_message.Message):
    __slots__ = ("attached", "data", "messages", "accepted", "end_of_data", "error", "synced", "dropped", "detached")
    ATTACHED_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    END_OF_DATA_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    SYNCED_FIELD_NUMBER: _ClassVar[int]
    DROPPED_FIELD_NUMBER: _ClassVar[int]
    DETACHED_FIELD_NUMBER: _ClassVar[int]
    attached: Attached
    data: bytes
    messages: IncomingMessages
    accepted: Accepted
    end_of_data: EndOfData
    error: AttachError
    synced: SyncedFrame
    dropped: DroppedMessages
    detached: Detached
    def __init__(self, attached: _Optional[_Union[Attached, _Mapping]] = ..., data: _Optional[bytes] = ..., messages: _Optional[_Union[IncomingMessages, _Mapping]] = ..., accepted: _Optional[_Union[Accepted, _Mapping]] = ..., end_of_data: _Optional[_Union[EndOfData, _Mapping]] = ..., error: _Optional[_Union[AttachError, _Mapping]] = ..., synced: _Optional[_Union[SyncedFrame, _Mapping]] = ..., dropped: _Optional[_Union[DroppedMessages, _Mapping]] = ..., detached: _Optional[_Union[Detached, _Mapping]] = ...) -> None: ...

class AttachStart(_message.Message):
    __slots__ = ("handle", "send_only", "receive_only", "max_message_bytes", "max_ancillary_bytes")
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    SEND_ONLY_FIELD_NUMBER: _ClassVar[int]
    RECEIVE_ONLY_FIELD_NUMBER: _ClassVar[int]
    MAX_MESSAGE_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_ANCILLARY_BYTES_FIELD_NUMBER: _ClassVar[int]
    handle: int
    send_only: bool
    receive_only: bool
    max_message_bytes: int
    max_ancillary_bytes: int
    def __init__(self, handle: _Optional[int] = ..., send_only: _Optional[bool] = ..., receive_only: _Optional[bool] = ..., max_message_bytes: _Optional[int] = ..., max_ancillary_bytes: _Optional[int] = ...) -> None: ...

class Attached(_message.Message):
    __slots__ = ("socket", "listening")
    SOCKET_FIELD_NUMBER: _ClassVar[int]
    LISTENING_FIELD_NUMBER: _ClassVar[int]
    socket: _socket_pb2.SocketInfo
    listening: bool
    def __init__(self, socket: _Optional[_Union[_socket_pb2.SocketInfo, _Mapping]] = ..., listening: _Optional[bool] = ...) -> None: ...

class OutgoingMessages(_message.Message):
    __slots__ = ("messages",)
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    messages: _containers.RepeatedCompositeFieldContainer[OutgoingMessage]
    def __init__(self, messages: _Optional[_Iterable[_Union[OutgoingMessage, _Mapping]]] = ...) -> None: ...

class OutgoingMessage(_message.Message):
    __slots__ = ("data", "address", "ancillary_data", "flags")
    DATA_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    ANCILLARY_DATA_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    address: _address_pb2.SocketAddress
    ancillary_data: _containers.RepeatedCompositeFieldContainer[_ancillary_pb2.ControlMessage]
    flags: int
    def __init__(self, data: _Optional[bytes] = ..., address: _Optional[_Union[_address_pb2.SocketAddress, _Mapping]] = ..., ancillary_data: _Optional[_Iterable[_Union[_ancillary_pb2.ControlMessage, _Mapping]]] = ..., flags: _Optional[int] = ...) -> None: ...

class IncomingMessages(_message.Message):
    __slots__ = ("messages",)
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    messages: _containers.RepeatedCompositeFieldContainer[IncomingMessage]
    def __init__(self, messages: _Optional[_Iterable[_Union[IncomingMessage, _Mapping]]] = ...) -> None: ...

class IncomingMessage(_message.Message):
    __slots__ = ("data", "length_bytes", "address", "ancillary_data", "flags")
    DATA_FIELD_NUMBER: _ClassVar[int]
    LENGTH_BYTES_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    ANCILLARY_DATA_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    length_bytes: int
    address: _address_pb2.SocketAddress
    ancillary_data: _containers.RepeatedCompositeFieldContainer[_ancillary_pb2.ControlMessage]
    flags: int
    def __init__(self, data: _Optional[bytes] = ..., length_bytes: _Optional[int] = ..., address: _Optional[_Union[_address_pb2.SocketAddress, _Mapping]] = ..., ancillary_data: _Optional[_Iterable[_Union[_ancillary_pb2.ControlMessage, _Mapping]]] = ..., flags: _Optional[int] = ...) -> None: ...

class ShutdownFrame(_message.Message):
    __slots__ = ("how",)
    HOW_FIELD_NUMBER: _ClassVar[int]
    how: int
    def __init__(self, how: _Optional[int] = ...) -> None: ...

class SyncFrame(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: int
    def __init__(self, id: _Optional[int] = ...) -> None: ...

class SyncedFrame(_message.Message):
    __slots__ = ("id", "sent_bytes", "sent_messages")
    ID_FIELD_NUMBER: _ClassVar[int]
    SENT_BYTES_FIELD_NUMBER: _ClassVar[int]
    SENT_MESSAGES_FIELD_NUMBER: _ClassVar[int]
    id: int
    sent_bytes: int
    sent_messages: int
    def __init__(self, id: _Optional[int] = ..., sent_bytes: _Optional[int] = ..., sent_messages: _Optional[int] = ...) -> None: ...

class DetachFrame(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Detached(_message.Message):
    __slots__ = ("sent_bytes", "sent_messages")
    SENT_BYTES_FIELD_NUMBER: _ClassVar[int]
    SENT_MESSAGES_FIELD_NUMBER: _ClassVar[int]
    sent_bytes: int
    sent_messages: int
    def __init__(self, sent_bytes: _Optional[int] = ..., sent_messages: _Optional[int] = ...) -> None: ...

class CloseFrame(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Accepted(_message.Message):
    __slots__ = ("socket",)
    SOCKET_FIELD_NUMBER: _ClassVar[int]
    socket: _socket_pb2.SocketInfo
    def __init__(self, socket: _Optional[_Union[_socket_pb2.SocketInfo, _Mapping]] = ...) -> None: ...

class EndOfData(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class AttachError(_message.Message):
    __slots__ = ("activity", "status", "final", "sent_bytes", "sent_messages")
    class Activity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        ACTIVITY_UNSPECIFIED: _ClassVar[AttachError.Activity]
        ACTIVITY_RECEIVE: _ClassVar[AttachError.Activity]
        ACTIVITY_SEND: _ClassVar[AttachError.Activity]
        ACTIVITY_CONTROL: _ClassVar[AttachError.Activity]
    ACTIVITY_UNSPECIFIED: AttachError.Activity
    ACTIVITY_RECEIVE: AttachError.Activity
    ACTIVITY_SEND: AttachError.Activity
    ACTIVITY_CONTROL: AttachError.Activity
    ACTIVITY_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    FINAL_FIELD_NUMBER: _ClassVar[int]
    SENT_BYTES_FIELD_NUMBER: _ClassVar[int]
    SENT_MESSAGES_FIELD_NUMBER: _ClassVar[int]
    activity: AttachError.Activity
    status: _status_pb2.Status
    final: bool
    sent_bytes: int
    sent_messages: int
    def __init__(self, activity: _Optional[_Union[AttachError.Activity, str]] = ..., status: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., final: _Optional[bool] = ..., sent_bytes: _Optional[int] = ..., sent_messages: _Optional[int] = ...) -> None: ...

class DroppedMessages(_message.Message):
    __slots__ = ("count", "total")
    COUNT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    count: int
    total: int
    def __init__(self, count: _Optional[int] = ..., total: _Optional[int] = ...) -> None: ...

class WatchRequest(_message.Message):
    __slots__ = ("interests", "look_again")
    INTERESTS_FIELD_NUMBER: _ClassVar[int]
    LOOK_AGAIN_FIELD_NUMBER: _ClassVar[int]
    interests: _containers.RepeatedCompositeFieldContainer[WatchInterest]
    look_again: bool
    def __init__(self, interests: _Optional[_Iterable[_Union[WatchInterest, _Mapping]]] = ..., look_again: _Optional[bool] = ...) -> None: ...

class WatchInterest(_message.Message):
    __slots__ = ("handle", "events")
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    handle: int
    events: int
    def __init__(self, handle: _Optional[int] = ..., events: _Optional[int] = ...) -> None: ...

class WatchResponse(_message.Message):
    __slots__ = ("events",)
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[WatchEvent]
    def __init__(self, events: _Optional[_Iterable[_Union[WatchEvent, _Mapping]]] = ...) -> None: ...

class WatchEvent(_message.Message):
    __slots__ = ("handle", "events")
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    handle: int
    events: int
    def __init__(self, handle: _Optional[int] = ..., events: _Optional[int] = ...) -> None: ...
