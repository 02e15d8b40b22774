import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from sockbroker._gen.google_rpc import status_pb2 as _status_pb2
from sockbroker._gen.v1 import conversion_service_pb2 as _conversion_service_pb2
from sockbroker._gen.v1 import host_service_pb2 as _host_service_pb2
from sockbroker._gen.v1 import interface_service_pb2 as _interface_service_pb2
from sockbroker._gen.v1 import policy_service_pb2 as _policy_service_pb2
from sockbroker._gen.v1 import resolver_service_pb2 as _resolver_service_pb2
from sockbroker._gen.v1 import socket_service_pb2 as _socket_service_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class OpenSessionRequest(_message.Message):
    __slots__ = ("lease", "name", "ends_with_process")
    LEASE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ENDS_WITH_PROCESS_FIELD_NUMBER: _ClassVar[int]
    lease: _duration_pb2.Duration
    name: str
    ends_with_process: bool
    def __init__(self, lease: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., name: _Optional[str] = ..., ends_with_process: _Optional[bool] = ...) -> None: ...

class OpenSessionResponse(_message.Message):
    __slots__ = ("token", "session")
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    token: str
    session: SessionInfo
    def __init__(self, token: _Optional[str] = ..., session: _Optional[_Union[SessionInfo, _Mapping]] = ...) -> None: ...

class SessionInfo(_message.Message):
    __slots__ = ("id", "principal", "name", "implicit", "lease", "remaining_lease", "handle_count", "default_timeout")
    ID_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    IMPLICIT_FIELD_NUMBER: _ClassVar[int]
    LEASE_FIELD_NUMBER: _ClassVar[int]
    REMAINING_LEASE_FIELD_NUMBER: _ClassVar[int]
    HANDLE_COUNT_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    id: str
    principal: str
    name: str
    implicit: bool
    lease: _duration_pb2.Duration
    remaining_lease: _duration_pb2.Duration
    handle_count: int
    default_timeout: _duration_pb2.Duration
    def __init__(self, id: _Optional[str] = ..., principal: _Optional[str] = ..., name: _Optional[str] = ..., implicit: _Optional[bool] = ..., lease: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., remaining_lease: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., handle_count: _Optional[int] = ..., default_timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class RenewSessionRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RenewSessionResponse(_message.Message):
    __slots__ = ("remaining_lease",)
    REMAINING_LEASE_FIELD_NUMBER: _ClassVar[int]
    remaining_lease: _duration_pb2.Duration
    def __init__(self, remaining_lease: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class CloseSessionRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class CloseSessionResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetSessionRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetSessionResponse(_message.Message):
    __slots__ = ("session",)
    SESSION_FIELD_NUMBER: _ClassVar[int]
    session: SessionInfo
    def __init__(self, session: _Optional[_Union[SessionInfo, _Mapping]] = ...) -> None: ...

class WhoAmIRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class WhoAmIResponse(_message.Message):
    __slots__ = ("principal", "pid", "uid", "gid", "daemon_version", "features", "limits", "host")
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    UID_FIELD_NUMBER: _ClassVar[int]
    GID_FIELD_NUMBER: _ClassVar[int]
    DAEMON_VERSION_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    HOST_FIELD_NUMBER: _ClassVar[int]
    principal: str
    pid: int
    uid: int
    gid: int
    daemon_version: str
    features: _containers.RepeatedScalarFieldContainer[str]
    limits: Limits
    host: _host_service_pb2.HostInfo
    def __init__(self, principal: _Optional[str] = ..., pid: _Optional[int] = ..., uid: _Optional[int] = ..., gid: _Optional[int] = ..., daemon_version: _Optional[str] = ..., features: _Optional[_Iterable[str]] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ..., host: _Optional[_Union[_host_service_pb2.HostInfo, _Mapping]] = ...) -> None: ...

class Limits(_message.Message):
    __slots__ = ("max_receive_bytes", "max_request_bytes", "max_handles", "max_waiting_operations", "max_lookups")
    MAX_RECEIVE_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_REQUEST_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_HANDLES_FIELD_NUMBER: _ClassVar[int]
    MAX_WAITING_OPERATIONS_FIELD_NUMBER: _ClassVar[int]
    MAX_LOOKUPS_FIELD_NUMBER: _ClassVar[int]
    max_receive_bytes: int
    max_request_bytes: int
    max_handles: int
    max_waiting_operations: int
    max_lookups: int
    def __init__(self, max_receive_bytes: _Optional[int] = ..., max_request_bytes: _Optional[int] = ..., max_handles: _Optional[int] = ..., max_waiting_operations: _Optional[int] = ..., max_lookups: _Optional[int] = ...) -> None: ...

class SessionRequest(_message.Message):
    __slots__ = ("operations", "cancel_op_ids")
    OPERATIONS_FIELD_NUMBER: _ClassVar[int]
    CANCEL_OP_IDS_FIELD_NUMBER: _ClassVar[int]
    operations: _containers.RepeatedCompositeFieldContainer[Operation]
    cancel_op_ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, operations: _Optional[_Iterable[_Union[Operation, _Mapping]]] = ..., cancel_op_ids: _Optional[_Iterable[int]] = ...) -> None: ...

class SessionResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[OperationResult]
    def __init__(self, results: _Optional[_Iterable[_Union[OperationResult, _Mapping]]] = ...) -> None: ...

class Operation(_message.Message):
    __slots__ = ("op_id", "renew_session", "close_session", "get_session", "who_am_i", "socket", "socketpair", "create_connection", "create_server", "has_dualstack_ipv6", "fromfd", "dup", "bind", "listen", "accept", "connect_to", "connect_ex", "shutdown", "close", "detach", "fileno", "getsockname", "getpeername", "getsockopt", "setsockopt", "settimeout", "gettimeout", "setblocking", "getblocking", "recv", "recvfrom", "recvmsg", "send", "sendall", "sendto", "sendmsg", "sendmsg_afalg", "sendfile", "send_fds", "recv_fds", "ioctl", "get_inheritable", "set_inheritable", "share", "fromshare", "getdefaulttimeout", "setdefaulttimeout", "push_back", "getaddrinfo", "getnameinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr", "getfqdn", "getservbyname", "getservbyport", "getprotobyname", "if_nameindex", "if_nametoindex", "if_indextoname", "gethostname", "sethostname", "has_ipv6", "get_constants", "ntohl", "ntohs", "htonl", "htons", "inet_aton", "inet_ntoa", "inet_pton", "inet_ntop", "cmsg_len", "cmsg_space", "explain_policy", "get_effective_policy")
    OP_ID_FIELD_NUMBER: _ClassVar[int]
    RENEW_SESSION_FIELD_NUMBER: _ClassVar[int]
    CLOSE_SESSION_FIELD_NUMBER: _ClassVar[int]
    GET_SESSION_FIELD_NUMBER: _ClassVar[int]
    WHO_AM_I_FIELD_NUMBER: _ClassVar[int]
    SOCKET_FIELD_NUMBER: _ClassVar[int]
    SOCKETPAIR_FIELD_NUMBER: _ClassVar[int]
    CREATE_CONNECTION_FIELD_NUMBER: _ClassVar[int]
    CREATE_SERVER_FIELD_NUMBER: _ClassVar[int]
    HAS_DUALSTACK_IPV6_FIELD_NUMBER: _ClassVar[int]
    FROMFD_FIELD_NUMBER: _ClassVar[int]
    DUP_FIELD_NUMBER: _ClassVar[int]
    BIND_FIELD_NUMBER: _ClassVar[int]
    LISTEN_FIELD_NUMBER: _ClassVar[int]
    ACCEPT_FIELD_NUMBER: _ClassVar[int]
    CONNECT_TO_FIELD_NUMBER: _ClassVar[int]
    CONNECT_EX_FIELD_NUMBER: _ClassVar[int]
    SHUTDOWN_FIELD_NUMBER: _ClassVar[int]
    CLOSE_FIELD_NUMBER: _ClassVar[int]
    DETACH_FIELD_NUMBER: _ClassVar[int]
    FILENO_FIELD_NUMBER: _ClassVar[int]
    GETSOCKNAME_FIELD_NUMBER: _ClassVar[int]
    GETPEERNAME_FIELD_NUMBER: _ClassVar[int]
    GETSOCKOPT_FIELD_NUMBER: _ClassVar[int]
    SETSOCKOPT_FIELD_NUMBER: _ClassVar[int]
    SETTIMEOUT_FIELD_NUMBER: _ClassVar[int]
    GETTIMEOUT_FIELD_NUMBER: _ClassVar[int]
    SETBLOCKING_FIELD_NUMBER: _ClassVar[int]
    GETBLOCKING_FIELD_NUMBER: _ClassVar[int]
    RECV_FIELD_NUMBER: _ClassVar[int]
    RECVFROM_FIELD_NUMBER: _ClassVar[int]
    RECVMSG_FIELD_NUMBER: _ClassVar[int]
    SEND_FIELD_NUMBER: _ClassVar[int]
    SENDALL_FIELD_NUMBER: _ClassVar[int]
    SENDTO_FIELD_NUMBER: _ClassVar[int]
    SENDMSG_FIELD_NUMBER: _ClassVar[int]
    SENDMSG_AFALG_FIELD_NUMBER: _ClassVar[int]
    SENDFILE_FIELD_NUMBER: _ClassVar[int]
    SEND_FDS_FIELD_NUMBER: _ClassVar[int]
    RECV_FDS_FIELD_NUMBER: _ClassVar[int]
    IOCTL_FIELD_NUMBER: _ClassVar[int]
    GET_INHERITABLE_FIELD_NUMBER: _ClassVar[int]
    SET_INHERITABLE_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    FROMSHARE_FIELD_NUMBER: _ClassVar[int]
    GETDEFAULTTIMEOUT_FIELD_NUMBER: _ClassVar[int]
    SETDEFAULTTIMEOUT_FIELD_NUMBER: _ClassVar[int]
    PUSH_BACK_FIELD_NUMBER: _ClassVar[int]
    GETADDRINFO_FIELD_NUMBER: _ClassVar[int]
    GETNAMEINFO_FIELD_NUMBER: _ClassVar[int]
    GETHOSTBYNAME_FIELD_NUMBER: _ClassVar[int]
    GETHOSTBYNAME_EX_FIELD_NUMBER: _ClassVar[int]
    GETHOSTBYADDR_FIELD_NUMBER: _ClassVar[int]
    GETFQDN_FIELD_NUMBER: _ClassVar[int]
    GETSERVBYNAME_FIELD_NUMBER: _ClassVar[int]
    GETSERVBYPORT_FIELD_NUMBER: _ClassVar[int]
    GETPROTOBYNAME_FIELD_NUMBER: _ClassVar[int]
    IF_NAMEINDEX_FIELD_NUMBER: _ClassVar[int]
    IF_NAMETOINDEX_FIELD_NUMBER: _ClassVar[int]
    IF_INDEXTONAME_FIELD_NUMBER: _ClassVar[int]
    GETHOSTNAME_FIELD_NUMBER: _ClassVar[int]
    SETHOSTNAME_FIELD_NUMBER: _ClassVar[int]
    HAS_IPV6_FIELD_NUMBER: _ClassVar[int]
    GET_CONSTANTS_FIELD_NUMBER: _ClassVar[int]
    NTOHL_FIELD_NUMBER: _ClassVar[int]
    NTOHS_FIELD_NUMBER: _ClassVar[int]
    HTONL_FIELD_NUMBER: _ClassVar[int]
    HTONS_FIELD_NUMBER: _ClassVar[int]
    INET_ATON_FIELD_NUMBER: _ClassVar[int]
    INET_NTOA_FIELD_NUMBER: _ClassVar[int]
    INET_PTON_FIELD_NUMBER: _ClassVar[int]
    INET_NTOP_FIELD_NUMBER: _ClassVar[int]
    CMSG_LEN_FIELD_NUMBER: _ClassVar[int]
    CMSG_SPACE_FIELD_NUMBER: _ClassVar[int]
    EXPLAIN_POLICY_FIELD_NUMBER: _ClassVar[int]
    GET_EFFECTIVE_POLICY_FIELD_NUMBER: _ClassVar[int]
    op_id: int
    renew_session: RenewSessionRequest
    close_session: CloseSessionRequest
    get_session: GetSessionRequest
    who_am_i: WhoAmIRequest
    socket: _socket_service_pb2.SocketRequest
    socketpair: _socket_service_pb2.SocketpairRequest
    create_connection: _socket_service_pb2.CreateConnectionRequest
    create_server: _socket_service_pb2.CreateServerRequest
    has_dualstack_ipv6: _socket_service_pb2.HasDualstackIpv6Request
    fromfd: _socket_service_pb2.FromfdRequest
    dup: _socket_service_pb2.DupRequest
    bind: _socket_service_pb2.BindRequest
    listen: _socket_service_pb2.ListenRequest
    accept: _socket_service_pb2.AcceptRequest
    connect_to: _socket_service_pb2.ConnectToRequest
    connect_ex: _socket_service_pb2.ConnectExRequest
    shutdown: _socket_service_pb2.ShutdownRequest
    close: _socket_service_pb2.CloseRequest
    detach: _socket_service_pb2.DetachRequest
    fileno: _socket_service_pb2.FilenoRequest
    getsockname: _socket_service_pb2.GetsocknameRequest
    getpeername: _socket_service_pb2.GetpeernameRequest
    getsockopt: _socket_service_pb2.GetsockoptRequest
    setsockopt: _socket_service_pb2.SetsockoptRequest
    settimeout: _socket_service_pb2.SettimeoutRequest
    gettimeout: _socket_service_pb2.GettimeoutRequest
    setblocking: _socket_service_pb2.SetblockingRequest
    getblocking: _socket_service_pb2.GetblockingRequest
    recv: _socket_service_pb2.RecvRequest
    recvfrom: _socket_service_pb2.RecvfromRequest
    recvmsg: _socket_service_pb2.RecvmsgRequest
    send: _socket_service_pb2.SendRequest
    sendall: _socket_service_pb2.SendallRequest
    sendto: _socket_service_pb2.SendtoRequest
    sendmsg: _socket_service_pb2.SendmsgRequest
    sendmsg_afalg: _socket_service_pb2.SendmsgAfalgRequest
    sendfile: _socket_service_pb2.SendfileRequest
    send_fds: _socket_service_pb2.SendFdsRequest
    recv_fds: _socket_service_pb2.RecvFdsRequest
    ioctl: _socket_service_pb2.IoctlRequest
    get_inheritable: _socket_service_pb2.GetInheritableRequest
    set_inheritable: _socket_service_pb2.SetInheritableRequest
    share: _socket_service_pb2.ShareRequest
    fromshare: _socket_service_pb2.FromshareRequest
    getdefaulttimeout: _socket_service_pb2.GetdefaulttimeoutRequest
    setdefaulttimeout: _socket_service_pb2.SetdefaulttimeoutRequest
    push_back: _socket_service_pb2.PushBackRequest
    getaddrinfo: _resolver_service_pb2.GetaddrinfoRequest
    getnameinfo: _resolver_service_pb2.GetnameinfoRequest
    gethostbyname: _resolver_service_pb2.GethostbynameRequest
    gethostbyname_ex: _resolver_service_pb2.GethostbynameExRequest
    gethostbyaddr: _resolver_service_pb2.GethostbyaddrRequest
    getfqdn: _resolver_service_pb2.GetfqdnRequest
    getservbyname: _resolver_service_pb2.GetservbynameRequest
    getservbyport: _resolver_service_pb2.GetservbyportRequest
    getprotobyname: _resolver_service_pb2.GetprotobynameRequest
    if_nameindex: _interface_service_pb2.IfNameindexRequest
    if_nametoindex: _interface_service_pb2.IfNametoindexRequest
    if_indextoname: _interface_service_pb2.IfIndextonameRequest
    gethostname: _host_service_pb2.GethostnameRequest
    sethostname: _host_service_pb2.SethostnameRequest
    has_ipv6: _host_service_pb2.HasIpv6Request
    get_constants: _host_service_pb2.GetConstantsRequest
    ntohl: _conversion_service_pb2.NtohlRequest
    ntohs: _conversion_service_pb2.NtohsRequest
    htonl: _conversion_service_pb2.HtonlRequest
    htons: _conversion_service_pb2.HtonsRequest
    inet_aton: _conversion_service_pb2.InetAtonRequest
    inet_ntoa: _conversion_service_pb2.InetNtoaRequest
    inet_pton: _conversion_service_pb2.InetPtonRequest
    inet_ntop: _conversion_service_pb2.InetNtopRequest
    cmsg_len: _conversion_service_pb2.CmsgLenRequest
    cmsg_space: _conversion_service_pb2.CmsgSpaceRequest
    explain_policy: _policy_service_pb2.ExplainPolicyRequest
    get_effective_policy: _policy_service_pb2.GetEffectivePolicyRequest
    def __init__(self, op_id: _Optional[int] = ..., renew_session: _Optional[_Union[RenewSessionRequest, _Mapping]] = ..., close_session: _Optional[_Union[CloseSessionRequest, _Mapping]] = ..., get_session: _Optional[_Union[GetSessionRequest, _Mapping]] = ..., who_am_i: _Optional[_Union[WhoAmIRequest, _Mapping]] = ..., socket: _Optional[_Union[_socket_service_pb2.SocketRequest, _Mapping]] = ..., socketpair: _Optional[_Union[_socket_service_pb2.SocketpairRequest, _Mapping]] = ..., create_connection: _Optional[_Union[_socket_service_pb2.CreateConnectionRequest, _Mapping]] = ..., create_server: _Optional[_Union[_socket_service_pb2.CreateServerRequest, _Mapping]] = ..., has_dualstack_ipv6: _Optional[_Union[_socket_service_pb2.HasDualstackIpv6Request, _Mapping]] = ..., fromfd: _Optional[_Union[_socket_service_pb2.FromfdRequest, _Mapping]] = ..., dup: _Optional[_Union[_socket_service_pb2.DupRequest, _Mapping]] = ..., bind: _Optional[_Union[_socket_service_pb2.BindRequest, _Mapping]] = ..., listen: _Optional[_Union[_socket_service_pb2.ListenRequest, _Mapping]] = ..., accept: _Optional[_Union[_socket_service_pb2.AcceptRequest, _Mapping]] = ..., connect_to: _Optional[_Union[_socket_service_pb2.ConnectToRequest, _Mapping]] = ..., connect_ex: _Optional[_Union[_socket_service_pb2.ConnectExRequest, _Mapping]] = ..., shutdown: _Optional[_Union[_socket_service_pb2.ShutdownRequest, _Mapping]] = ..., close: _Optional[_Union[_socket_service_pb2.CloseRequest, _Mapping]] = ..., detach: _Optional[_Union[_socket_service_pb2.DetachRequest, _Mapping]] = ..., fileno: _Optional[_Union[_socket_service_pb2.FilenoRequest, _Mapping]] = ..., getsockname: _Optional[_Union[_socket_service_pb2.GetsocknameRequest, _Mapping]] = ..., getpeername: _Optional[_Union[_socket_service_pb2.GetpeernameRequest, _Mapping]] = ..., getsockopt: _Optional[_Union[_socket_service_pb2.GetsockoptRequest, _Mapping]] = ..., setsockopt: _Optional[_Union[_socket_service_pb2.SetsockoptRequest, _Mapping]] = ..., settimeout: _Optional[_Union[_socket_service_pb2.SettimeoutRequest, _Mapping]] = ..., gettimeout: _Optional[_Union[_socket_service_pb2.GettimeoutRequest, _Mapping]] = ..., setblocking: _Optional[_Union[_socket_service_pb2.SetblockingRequest, _Mapping]] = ..., getblocking: _Optional[_Union[_socket_service_pb2.GetblockingRequest, _Mapping]] = ..., recv: _Optional[_Union[_socket_service_pb2.RecvRequest, _Mapping]] = ..., recvfrom: _Optional[_Union[_socket_service_pb2.RecvfromRequest, _Mapping]] = ..., recvmsg: _Optional[_Union[_socket_service_pb2.RecvmsgRequest, _Mapping]] = ..., send: _Optional[_Union[_socket_service_pb2.SendRequest, _Mapping]] = ..., sendall: _Optional[_Union[_socket_service_pb2.SendallRequest, _Mapping]] = ..., sendto: _Optional[_Union[_socket_service_pb2.SendtoRequest, _Mapping]] = ..., sendmsg: _Optional[_Union[_socket_service_pb2.SendmsgRequest, _Mapping]] = ..., sendmsg_afalg: _Optional[_Union[_socket_service_pb2.SendmsgAfalgRequest, _Mapping]] = ..., sendfile: _Optional[_Union[_socket_service_pb2.SendfileRequest, _Mapping]] = ..., send_fds: _Optional[_Union[_socket_service_pb2.SendFdsRequest, _Mapping]] = ..., recv_fds: _Optional[_Union[_socket_service_pb2.RecvFdsRequest, _Mapping]] = ..., ioctl: _Optional[_Union[_socket_service_pb2.IoctlRequest, _Mapping]] = ..., get_inheritable: _Optional[_Union[_socket_service_pb2.GetInheritableRequest, _Mapping]] = ..., set_inheritable: _Optional[_Union[_socket_service_pb2.SetInheritableRequest, _Mapping]] = ..., share: _Optional[_Union[_socket_service_pb2.ShareRequest, _Mapping]] = ..., fromshare: _Optional[_Union[_socket_service_pb2.FromshareRequest, _Mapping]] = ..., getdefaulttimeout: _Optional[_Union[_socket_service_pb2.GetdefaulttimeoutRequest, _Mapping]] = ..., setdefaulttimeout: _Optional[_Union[_socket_service_pb2.SetdefaulttimeoutRequest, _Mapping]] = ..., push_back: _Optional[_Union[_socket_service_pb2.PushBackRequest, _Mapping]] = ..., getaddrinfo: _Optional[_Union[_resolver_service_pb2.GetaddrinfoRequest, _Mapping]] = ..., getnameinfo: _Optional[_Union[_resolver_service_pb2.GetnameinfoRequest, _Mapping]] = ..., gethostbyname: _Optional[_Union[_resolver_service_pb2.GethostbynameRequest, _Mapping]] = ..., gethostbyname_ex: _Optional[_Union[_resolver_service_pb2.GethostbynameExRequest, _Mapping]] = ..., gethostbyaddr: _Optional[_Union[_resolver_service_pb2.GethostbyaddrRequest, _Mapping]] = ..., getfqdn: _Optional[_Union[_resolver_service_pb2.GetfqdnRequest, _Mapping]] = ..., getservbyname: _Optional[_Union[_resolver_service_pb2.GetservbynameRequest, _Mapping]] = ..., getservbyport: _Optional[_Union[_resolver_service_pb2.GetservbyportRequest, _Mapping]] = ..., getprotobyname: _Optional[_Union[_resolver_service_pb2.GetprotobynameRequest, _Mapping]] = ..., if_nameindex: _Optional[_Union[_interface_service_pb2.IfNameindexRequest, _Mapping]] = ..., if_nametoindex: _Optional[_Union[_interface_service_pb2.IfNametoindexRequest, _Mapping]] = ..., if_indextoname: _Optional[_Union[_interface_service_pb2.IfIndextonameRequest, _Mapping]] = ..., gethostname: _Optional[_Union[_host_service_pb2.GethostnameRequest, _Mapping]] = ..., sethostname: _Optional[_Union[_host_service_pb2.SethostnameRequest, _Mapping]] = ..., has_ipv6: _Optional[_Union[_host_service_pb2.HasIpv6Request, _Mapping]] = ..., get_constants: _Optional[_Union[_host_service_pb2.GetConstantsRequest, _Mapping]] = ..., ntohl: _Optional[_Union[_conversion_service_pb2.NtohlRequest, _Mapping]] = ..., ntohs: _Optional[_Union[_conversion_service_pb2.NtohsRequest, _Mapping]] = ..., htonl: _Optional[_Union[_conversion_service_pb2.HtonlRequest, _Mapping]] = ..., htons: _Optional[_Union[_conversion_service_pb2.HtonsRequest, _Mapping]] = ..., inet_aton: _Optional[_Union[_conversion_service_pb2.InetAtonRequest, _Mapping]] = ..., inet_ntoa: _Optional[_Union[_conversion_service_pb2.InetNtoaRequest, _Mapping]] = ..., inet_pton: _Optional[_Union[_conversion_service_pb2.InetPtonRequest, _Mapping]] = ..., inet_ntop: _Optional[_Union[_conversion_service_pb2.InetNtopRequest, _Mapping]] = ..., cmsg_len: _Optional[_Union[_conversion_service_pb2.CmsgLenRequest, _Mapping]] = ..., cmsg_space: _Optional[_Union[_conversion_service_pb2.CmsgSpaceRequest, _Mapping]] = ..., explain_policy: _Optional[_Union[_policy_service_pb2.ExplainPolicyRequest, _Mapping]] = ..., get_effective_policy: _Optional[_Union[_policy_service_pb2.GetEffectivePolicyRequest, _Mapping]] = ...) -> None: ...

class OperationResult(_message.Message):
    __slots__ = ("op_id", "error", "renew_session", "close_session", "get_session", "who_am_i", "socket", "socketpair", "create_connection", "create_server", "has_dualstack_ipv6", "fromfd", "dup", "bind", "listen", "accept", "connect_to", "connect_ex", "shutdown", "close", "detach", "fileno", "getsockname", "getpeername", "getsockopt", "setsockopt", "settimeout", "gettimeout", "setblocking", "getblocking", "recv", "recvfrom", "recvmsg", "send", "sendall", "sendto", "sendmsg", "sendmsg_afalg", "sendfile", "send_fds", "recv_fds", "ioctl", "get_inheritable", "set_inheritable", "share", "fromshare", "getdefaulttimeout", "setdefaulttimeout", "push_back", "getaddrinfo", "getnameinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr", "getfqdn", "getservbyname", "getservbyport", "getprotobyname", "if_nameindex", "if_nametoindex", "if_indextoname", "gethostname", "sethostname", "has_ipv6", "get_constants", "ntohl", "ntohs", "htonl", "htons", "inet_aton", "inet_ntoa", "inet_pton", "inet_ntop", "cmsg_len", "cmsg_space", "explain_policy", "get_effective_policy")
    OP_ID_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    RENEW_SESSION_FIELD_NUMBER: _ClassVar[int]
    CLOSE_SESSION_FIELD_NUMBER: _ClassVar[int]
    GET_SESSION_FIELD_NUMBER: _ClassVar[int]
    WHO_AM_I_FIELD_NUMBER: _ClassVar[int]
    SOCKET_FIELD_NUMBER: _ClassVar[int]
    SOCKETPAIR_FIELD_NUMBER: _ClassVar[int]
    CREATE_CONNECTION_FIELD_NUMBER: _ClassVar[int]
    CREATE_SERVER_FIELD_NUMBER: _ClassVar[int]
    HAS_DUALSTACK_IPV6_FIELD_NUMBER: _ClassVar[int]
    FROMFD_FIELD_NUMBER: _ClassVar[int]
    DUP_FIELD_NUMBER: _ClassVar[int]
    BIND_FIELD_NUMBER: _ClassVar[int]
    LISTEN_FIELD_NUMBER: _ClassVar[int]
    ACCEPT_FIELD_NUMBER: _ClassVar[int]
    CONNECT_TO_FIELD_NUMBER: _ClassVar[int]
    CONNECT_EX_FIELD_NUMBER: _ClassVar[int]
    SHUTDOWN_FIELD_NUMBER: _ClassVar[int]
    CLOSE_FIELD_NUMBER: _ClassVar[int]
    DETACH_FIELD_NUMBER: _ClassVar[int]
    FILENO_FIELD_NUMBER: _ClassVar[int]
    GETSOCKNAME_FIELD_NUMBER: _ClassVar[int]
    GETPEERNAME_FIELD_NUMBER: _ClassVar[int]
    GETSOCKOPT_FIELD_NUMBER: _ClassVar[int]
    SETSOCKOPT_FIELD_NUMBER: _ClassVar[int]
    SETTIMEOUT_FIELD_NUMBER: _ClassVar[int]
    GETTIMEOUT_FIELD_NUMBER: _ClassVar[int]
    SETBLOCKING_FIELD_NUMBER: _ClassVar[int]
    GETBLOCKING_FIELD_NUMBER: _ClassVar[int]
    RECV_FIELD_NUMBER: _ClassVar[int]
    RECVFROM_FIELD_NUMBER: _ClassVar[int]
    RECVMSG_FIELD_NUMBER: _ClassVar[int]
    SEND_FIELD_NUMBER: _ClassVar[int]
    SENDALL_FIELD_NUMBER: _ClassVar[int]
    SENDTO_FIELD_NUMBER: _ClassVar[int]
    SENDMSG_FIELD_NUMBER: _ClassVar[int]
    SENDMSG_AFALG_FIELD_NUMBER: _ClassVar[int]
    SENDFILE_FIELD_NUMBER: _ClassVar[int]
    SEND_FDS_FIELD_NUMBER: _ClassVar[int]
    RECV_FDS_FIELD_NUMBER: _ClassVar[int]
    IOCTL_FIELD_NUMBER: _ClassVar[int]
    GET_INHERITABLE_FIELD_NUMBER: _ClassVar[int]
    SET_INHERITABLE_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    FROMSHARE_FIELD_NUMBER: _ClassVar[int]
    GETDEFAULTTIMEOUT_FIELD_NUMBER: _ClassVar[int]
    SETDEFAULTTIMEOUT_FIELD_NUMBER: _ClassVar[int]
    PUSH_BACK_FIELD_NUMBER: _ClassVar[int]
    GETADDRINFO_FIELD_NUMBER: _ClassVar[int]
    GETNAMEINFO_FIELD_NUMBER: _ClassVar[int]
    GETHOSTBYNAME_FIELD_NUMBER: _ClassVar[int]
    GETHOSTBYNAME_EX_FIELD_NUMBER: _ClassVar[int]
    GETHOSTBYADDR_FIELD_NUMBER: _ClassVar[int]
    GETFQDN_FIELD_NUMBER: _ClassVar[int]
    GETSERVBYNAME_FIELD_NUMBER: _ClassVar[int]
    GETSERVBYPORT_FIELD_NUMBER: _ClassVar[int]
    GETPROTOBYNAME_FIELD_NUMBER: _ClassVar[int]
    IF_NAMEINDEX_FIELD_NUMBER: _ClassVar[int]
    IF_NAMETOINDEX_FIELD_NUMBER: _ClassVar[int]
    IF_INDEXTONAME_FIELD_NUMBER: _ClassVar[int]
    GETHOSTNAME_FIELD_NUMBER: _ClassVar[int]
    SETHOSTNAME_FIELD_NUMBER: _ClassVar[int]
    HAS_IPV6_FIELD_NUMBER: _ClassVar[int]
    GET_CONSTANTS_FIELD_NUMBER: _ClassVar[int]
    NTOHL_FIELD_NUMBER: _ClassVar[int]
    NTOHS_FIELD_NUMBER: _ClassVar[int]
    HTONL_FIELD_NUMBER: _ClassVar[int]
    HTONS_FIELD_NUMBER: _ClassVar[int]
    INET_ATON_FIELD_NUMBER: _ClassVar[int]
    INET_NTOA_FIELD_NUMBER: _ClassVar[int]
    INET_PTON_FIELD_NUMBER: _ClassVar[int]
    INET_NTOP_FIELD_NUMBER: _ClassVar[int]
    CMSG_LEN_FIELD_NUMBER: _ClassVar[int]
    CMSG_SPACE_FIELD_NUMBER: _ClassVar[int]
    EXPLAIN_POLICY_FIELD_NUMBER: _ClassVar[int]
    GET_EFFECTIVE_POLICY_FIELD_NUMBER: _ClassVar[int]
    op_id: int
    error: _status_pb2.Status
    renew_session: RenewSessionResponse
    close_session: CloseSessionResponse
    get_session: GetSessionResponse
    who_am_i: WhoAmIResponse
    socket: _socket_service_pb2.SocketResponse
    socketpair: _socket_service_pb2.SocketpairResponse
    create_connection: _socket_service_pb2.CreateConnectionResponse
    create_server: _socket_service_pb2.CreateServerResponse
    has_dualstack_ipv6: _socket_service_pb2.HasDualstackIpv6Response
    fromfd: _socket_service_pb2.FromfdResponse
    dup: _socket_service_pb2.DupResponse
    bind: _socket_service_pb2.BindResponse
    listen: _socket_service_pb2.ListenResponse
    accept: _socket_service_pb2.AcceptResponse
    connect_to: _socket_service_pb2.ConnectToResponse
    connect_ex: _socket_service_pb2.ConnectExResponse
    shutdown: _socket_service_pb2.ShutdownResponse
    close: _socket_service_pb2.CloseResponse
    detach: _socket_service_pb2.DetachResponse
    fileno: _socket_service_pb2.FilenoResponse
    getsockname: _socket_service_pb2.GetsocknameResponse
    getpeername: _socket_service_pb2.GetpeernameResponse
    getsockopt: _socket_service_pb2.GetsockoptResponse
    setsockopt: _socket_service_pb2.SetsockoptResponse
    settimeout: _socket_service_pb2.SettimeoutResponse
    gettimeout: _socket_service_pb2.GettimeoutResponse
    setblocking: _socket_service_pb2.SetblockingResponse
    getblocking: _socket_service_pb2.GetblockingResponse
    recv: _socket_service_pb2.RecvResponse
    recvfrom: _socket_service_pb2.RecvfromResponse
    recvmsg: _socket_service_pb2.RecvmsgResponse
    send: _socket_service_pb2.SendResponse
    sendall: _socket_service_pb2.SendallResponse
    sendto: _socket_service_pb2.SendtoResponse
    sendmsg: _socket_service_pb2.SendmsgResponse
    sendmsg_afalg: _socket_service_pb2.SendmsgAfalgResponse
    sendfile: _socket_service_pb2.SendfileResponse
    send_fds: _socket_service_pb2.SendFdsResponse
    recv_fds: _socket_service_pb2.RecvFdsResponse
    ioctl: _socket_service_pb2.IoctlResponse
    get_inheritable: _socket_service_pb2.GetInheritableResponse
    set_inheritable: _socket_service_pb2.SetInheritableResponse
    share: _socket_service_pb2.ShareResponse
    fromshare: _socket_service_pb2.FromshareResponse
    getdefaulttimeout: _socket_service_pb2.GetdefaulttimeoutResponse
    setdefaulttimeout: _socket_service_pb2.SetdefaulttimeoutResponse
    push_back: _socket_service_pb2.PushBackResponse
    getaddrinfo: _resolver_service_pb2.GetaddrinfoResponse
    getnameinfo: _resolver_service_pb2.GetnameinfoResponse
    gethostbyname: _resolver_service_pb2.GethostbynameResponse
    gethostbyname_ex: _resolver_service_pb2.GethostbynameExResponse
    gethostbyaddr: _resolver_service_pb2.GethostbyaddrResponse
    getfqdn: _resolver_service_pb2.GetfqdnResponse
    getservbyname: _resolver_service_pb2.GetservbynameResponse
    getservbyport: _resolver_service_pb2.GetservbyportResponse
    getprotobyname: _resolver_service_pb2.GetprotobynameResponse
    if_nameindex: _interface_service_pb2.IfNameindexResponse
    if_nametoindex: _interface_service_pb2.IfNametoindexResponse
    if_indextoname: _interface_service_pb2.IfIndextonameResponse
    gethostname: _host_service_pb2.GethostnameResponse
    sethostname: _host_service_pb2.SethostnameResponse
    has_ipv6: _host_service_pb2.HasIpv6Response
    get_constants: _host_service_pb2.GetConstantsResponse
    ntohl: _conversion_service_pb2.NtohlResponse
    ntohs: _conversion_service_pb2.NtohsResponse
    htonl: _conversion_service_pb2.HtonlResponse
    htons: _conversion_service_pb2.HtonsResponse
    inet_aton: _conversion_service_pb2.InetAtonResponse
    inet_ntoa: _conversion_service_pb2.InetNtoaResponse
    inet_pton: _conversion_service_pb2.InetPtonResponse
    inet_ntop: _conversion_service_pb2.InetNtopResponse
    cmsg_len: _conversion_service_pb2.CmsgLenResponse
    cmsg_space: _conversion_service_pb2.CmsgSpaceResponse
    explain_policy: _policy_service_pb2.ExplainPolicyResponse
    get_effective_policy: _policy_service_pb2.GetEffectivePolicyResponse
    def __init__(self, op_id: _Optional[int] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., renew_session: _Optional[_Union[RenewSessionResponse, _Mapping]] = ..., close_session: _Optional[_Union[CloseSessionResponse, _Mapping]] = ..., get_session: _Optional[_Union[GetSessionResponse, _Mapping]] = ..., who_am_i: _Optional[_Union[WhoAmIResponse, _Mapping]] = ..., socket: _Optional[_Union[_socket_service_pb2.SocketResponse, _Mapping]] = ..., socketpair: _Optional[_Union[_socket_service_pb2.SocketpairResponse, _Mapping]] = ..., create_connection: _Optional[_Union[_socket_service_pb2.CreateConnectionResponse, _Mapping]] = ..., create_server: _Optional[_Union[_socket_service_pb2.CreateServerResponse, _Mapping]] = ..., has_dualstack_ipv6: _Optional[_Union[_socket_service_pb2.HasDualstackIpv6Response, _Mapping]] = ..., fromfd: _Optional[_Union[_socket_service_pb2.FromfdResponse, _Mapping]] = ..., dup: _Optional[_Union[_socket_service_pb2.DupResponse, _Mapping]] = ..., bind: _Optional[_Union[_socket_service_pb2.BindResponse, _Mapping]] = ..., listen: _Optional[_Union[_socket_service_pb2.ListenResponse, _Mapping]] = ..., accept: _Optional[_Union[_socket_service_pb2.AcceptResponse, _Mapping]] = ..., connect_to: _Optional[_Union[_socket_service_pb2.ConnectToResponse, _Mapping]] = ..., connect_ex: _Optional[_Union[_socket_service_pb2.ConnectExResponse, _Mapping]] = ..., shutdown: _Optional[_Union[_socket_service_pb2.ShutdownResponse, _Mapping]] = ..., close: _Optional[_Union[_socket_service_pb2.CloseResponse, _Mapping]] = ..., detach: _Optional[_Union[_socket_service_pb2.DetachResponse, _Mapping]] = ..., fileno: _Optional[_Union[_socket_service_pb2.FilenoResponse, _Mapping]] = ..., getsockname: _Optional[_Union[_socket_service_pb2.GetsocknameResponse, _Mapping]] = ..., getpeername: _Optional[_Union[_socket_service_pb2.GetpeernameResponse, _Mapping]] = ..., getsockopt: _Optional[_Union[_socket_service_pb2.GetsockoptResponse, _Mapping]] = ..., setsockopt: _Optional[_Union[_socket_service_pb2.SetsockoptResponse, _Mapping]] = ..., settimeout: _Optional[_Union[_socket_service_pb2.SettimeoutResponse, _Mapping]] = ..., gettimeout: _Optional[_Union[_socket_service_pb2.GettimeoutResponse, _Mapping]] = ..., setblocking: _Optional[_Union[_socket_service_pb2.SetblockingResponse, _Mapping]] = ..., getblocking: _Optional[_Union[_socket_service_pb2.GetblockingResponse, _Mapping]] = ..., recv: _Optional[_Union[_socket_service_pb2.RecvResponse, _Mapping]] = ..., recvfrom: _Optional[_Union[_socket_service_pb2.RecvfromResponse, _Mapping]] = ..., recvmsg: _Optional[_Union[_socket_service_pb2.RecvmsgResponse, _Mapping]] = ..., send: _Optional[_Union[_socket_service_pb2.SendResponse, _Mapping]] = ..., sendall: _Optional[_Union[_socket_service_pb2.SendallResponse, _Mapping]] = ..., sendto: _Optional[_Union[_socket_service_pb2.SendtoResponse, _Mapping]] = ..., sendmsg: _Optional[_Union[_socket_service_pb2.SendmsgResponse, _Mapping]] = ..., sendmsg_afalg: _Optional[_Union[_socket_service_pb2.SendmsgAfalgResponse, _Mapping]] = ..., sendfile: _Optional[_Union[_socket_service_pb2.SendfileResponse, _Mapping]] = ..., send_fds: _Optional[_Union[_socket_service_pb2.SendFdsResponse, _Mapping]] = ..., recv_fds: _Optional[_Union[_socket_service_pb2.RecvFdsResponse, _Mapping]] = ..., ioctl: _Optional[_Union[_socket_service_pb2.IoctlResponse, _Mapping]] = ..., get_inheritable: _Optional[_Union[_socket_service_pb2.GetInheritableResponse, _Mapping]] = ..., set_inheritable: _Optional[_Union[_socket_service_pb2.SetInheritableResponse, _Mapping]] = ..., share: _Optional[_Union[_socket_service_pb2.ShareResponse, _Mapping]] = ..., fromshare: _Optional[_Union[_socket_service_pb2.FromshareResponse, _Mapping]] = ..., getdefaulttimeout: _Optional[_Union[_socket_service_pb2.GetdefaulttimeoutResponse, _Mapping]] = ..., setdefaulttimeout: _Optional[_Union[_socket_service_pb2.SetdefaulttimeoutResponse, _Mapping]] = ..., push_back: _Optional[_Union[_socket_service_pb2.PushBackResponse, _Mapping]] = ..., getaddrinfo: _Optional[_Union[_resolver_service_pb2.GetaddrinfoResponse, _Mapping]] = ..., getnameinfo: _Optional[_Union[_resolver_service_pb2.GetnameinfoResponse, _Mapping]] = ..., gethostbyname: _Optional[_Union[_resolver_service_pb2.GethostbynameResponse, _Mapping]] = ..., gethostbyname_ex: _Optional[_Union[_resolver_service_pb2.GethostbynameExResponse, _Mapping]] = ..., gethostbyaddr: _Optional[_Union[_resolver_service_pb2.GethostbyaddrResponse, _Mapping]] = ..., getfqdn: _Optional[_Union[_resolver_service_pb2.GetfqdnResponse, _Mapping]] = ..., getservbyname: _Optional[_Union[_resolver_service_pb2.GetservbynameResponse, _Mapping]] = ..., getservbyport: _Optional[_Union[_resolver_service_pb2.GetservbyportResponse, _Mapping]] = ..., getprotobyname: _Optional[_Union[_resolver_service_pb2.GetprotobynameResponse, _Mapping]] = ..., if_nameindex: _Optional[_Union[_interface_service_pb2.IfNameindexResponse, _Mapping]] = ..., if_nametoindex: _Optional[_Union[_interface_service_pb2.IfNametoindexResponse, _Mapping]] = ..., if_indextoname: _Optional[_Union[_interface_service_pb2.IfIndextonameResponse, _Mapping]] = ..., gethostname: _Optional[_Union[_host_service_pb2.GethostnameResponse, _Mapping]] = ..., sethostname: _Optional[_Union[_host_service_pb2.SethostnameResponse, _Mapping]] = ..., has_ipv6: _Optional[_Union[_host_service_pb2.HasIpv6Response, _Mapping]] = ..., get_constants: _Optional[_Union[_host_service_pb2.GetConstantsResponse, _Mapping]] = ..., ntohl: _Optional[_Union[_conversion_service_pb2.NtohlResponse, _Mapping]] = ..., ntohs: _Optional[_Union[_conversion_service_pb2.NtohsResponse, _Mapping]] = ..., htonl: _Optional[_Union[_conversion_service_pb2.HtonlResponse, _Mapping]] = ..., htons: _Optional[_Union[_conversion_service_pb2.HtonsResponse, _Mapping]] = ..., inet_aton: _Optional[_Union[_conversion_service_pb2.InetAtonResponse, _Mapping]] = ..., inet_ntoa: _Optional[_Union[_conversion_service_pb2.InetNtoaResponse, _Mapping]] = ..., inet_pton: _Optional[_Union[_conversion_service_pb2.InetPtonResponse, _Mapping]] = ..., inet_ntop: _Optional[_Union[_conversion_service_pb2.InetNtopResponse, _Mapping]] = ..., cmsg_len: _Optional[_Union[_conversion_service_pb2.CmsgLenResponse, _Mapping]] = ..., cmsg_space: _Optional[_Union[_conversion_service_pb2.CmsgSpaceResponse, _Mapping]] = ..., explain_policy: _Optional[_Union[_policy_service_pb2.ExplainPolicyResponse, _Mapping]] = ..., get_effective_policy: _Optional[_Union[_policy_service_pb2.GetEffectivePolicyResponse, _Mapping]] = ...) -> None: ...
