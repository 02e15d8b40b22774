import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from sockbroker._gen.v1 import session_service_pb2 as _session_service_pb2
from sockbroker._gen.v1 import socket_pb2 as _socket_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListSessionsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListSessionsResponse(_message.Message):
    __slots__ = ("sessions",)
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    sessions: _containers.RepeatedCompositeFieldContainer[_session_service_pb2.SessionInfo]
    def __init__(self, sessions: _Optional[_Iterable[_Union[_session_service_pb2.SessionInfo, _Mapping]]] = ...) -> None: ...

class ListHandlesRequest(_message.Message):
    __slots__ = ("session_id", "page_size", "page_token")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    page_size: int
    page_token: str
    def __init__(self, session_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListHandlesResponse(_message.Message):
    __slots__ = ("handles", "next_page_token")
    HANDLES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    handles: _containers.RepeatedCompositeFieldContainer[HandleInfo]
    next_page_token: str
    def __init__(self, handles: _Optional[_Iterable[_Union[HandleInfo, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class HandleInfo(_message.Message):
    __slots__ = ("session_id", "principal", "socket", "received_bytes", "sent_bytes", "waiting_operations", "receive_queue", "send_queue", "state", "tcp_info", "age")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    SOCKET_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_BYTES_FIELD_NUMBER: _ClassVar[int]
    SENT_BYTES_FIELD_NUMBER: _ClassVar[int]
    WAITING_OPERATIONS_FIELD_NUMBER: _ClassVar[int]
    RECEIVE_QUEUE_FIELD_NUMBER: _ClassVar[int]
    SEND_QUEUE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    TCP_INFO_FIELD_NUMBER: _ClassVar[int]
    AGE_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    principal: str
    socket: _socket_pb2.SocketInfo
    received_bytes: int
    sent_bytes: int
    waiting_operations: int
    receive_queue: int
    send_queue: int
    state: str
    tcp_info: bytes
    age: _duration_pb2.Duration
    def __init__(self, session_id: _Optional[str] = ..., principal: _Optional[str] = ..., socket: _Optional[_Union[_socket_pb2.SocketInfo, _Mapping]] = ..., received_bytes: _Optional[int] = ..., sent_bytes: _Optional[int] = ..., waiting_operations: _Optional[int] = ..., receive_queue: _Optional[int] = ..., send_queue: _Optional[int] = ..., state: _Optional[str] = ..., tcp_info: _Optional[bytes] = ..., age: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class WatchHandlesRequest(_message.Message):
    __slots__ = ("interval",)
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    interval: _duration_pb2.Duration
    def __init__(self, interval: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class WatchHandlesResponse(_message.Message):
    __slots__ = ("handles",)
    HANDLES_FIELD_NUMBER: _ClassVar[int]
    handles: _containers.RepeatedCompositeFieldContainer[HandleInfo]
    def __init__(self, handles: _Optional[_Iterable[_Union[HandleInfo, _Mapping]]] = ...) -> None: ...

class CloseHandleRequest(_message.Message):
    __slots__ = ("session_id", "handle")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    handle: int
    def __init__(self, session_id: _Optional[str] = ..., handle: _Optional[int] = ...) -> None: ...

class CloseHandleResponse(_message.Message):
    __slots__ = ("closed",)
    CLOSED_FIELD_NUMBER: _ClassVar[int]
    closed: bool
    def __init__(self, closed: _Optional[bool] = ...) -> None: ...

class RevokeSessionRequest(_message.Message):
    __slots__ = ("session_id",)
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    def __init__(self, session_id: _Optional[str] = ...) -> None: ...

class RevokeSessionResponse(_message.Message):
    __slots__ = ("revoked",)
    REVOKED_FIELD_NUMBER: _ClassVar[int]
    revoked: bool
    def __init__(self, revoked: _Optional[bool] = ...) -> None: ...

class DrainRequest(_message.Message):
    __slots__ = ("grace",)
    GRACE_FIELD_NUMBER: _ClassVar[int]
    grace: _duration_pb2.Duration
    def __init__(self, grace: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class DrainResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetStatisticsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetStatisticsResponse(_message.Message):
    __slots__ = ("connections", "sessions", "handles", "waiting_operations", "streams", "timers", "open_descriptors", "resident_bytes", "operations_total", "operations_failed_total", "handles_opened_total", "denials_total")
    CONNECTIONS_FIELD_NUMBER: _ClassVar[int]
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    HANDLES_FIELD_NUMBER: _ClassVar[int]
    WAITING_OPERATIONS_FIELD_NUMBER: _ClassVar[int]
    STREAMS_FIELD_NUMBER: _ClassVar[int]
    TIMERS_FIELD_NUMBER: _ClassVar[int]
    OPEN_DESCRIPTORS_FIELD_NUMBER: _ClassVar[int]
    RESIDENT_BYTES_FIELD_NUMBER: _ClassVar[int]
    OPERATIONS_TOTAL_FIELD_NUMBER: _ClassVar[int]
    OPERATIONS_FAILED_TOTAL_FIELD_NUMBER: _ClassVar[int]
    HANDLES_OPENED_TOTAL_FIELD_NUMBER: _ClassVar[int]
    DENIALS_TOTAL_FIELD_NUMBER: _ClassVar[int]
    connections: int
    sessions: int
    handles: int
    waiting_operations: int
    streams: int
    timers: int
    open_descriptors: int
    resident_bytes: int
    operations_total: int
    operations_failed_total: int
    handles_opened_total: int
    denials_total: int
    def __init__(self, connections: _Optional[int] = ..., sessions: _Optional[int] = ..., handles: _Optional[int] = ..., waiting_operations: _Optional[int] = ..., streams: _Optional[int] = ..., timers: _Optional[int] = ..., open_descriptors: _Optional[int] = ..., resident_bytes: _Optional[int] = ..., operations_total: _Optional[int] = ..., operations_failed_total: _Optional[int] = ..., handles_opened_total: _Optional[int] = ..., denials_total: _Optional[int] = ...) -> None: ...
