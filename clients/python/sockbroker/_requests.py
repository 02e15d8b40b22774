"""Builds all messages to the daemon, for sockets of threads and of event loops alike.

A function has the name of its verb. It takes the arguments of Python's method or function, after the interpreter has
validated them (`_validation`); functions of the resolver let the interpreter's own function refuse invalid arguments. The
handle may be omitted: it is set when the operation starts, because a descriptor's handle changes in a fork and by dup2.
"""

from __future__ import annotations

import contextlib
import operator
import os
from collections.abc import Iterable
from typing import Any, Optional, Union

from ._addresses import Address, address_to_wire
from ._arguments import bytes_of
from ._duration import duration
from ._gen.v1 import (
    ancillary_pb2,
    host_service_pb2,
    interface_service_pb2,
    resolver_service_pb2,
    session_service_pb2,
    socket_pb2,
    socket_service_pb2,
    stream_service_pb2,
)
from ._linux import SOL_SOCKET, SO_LINGER
from ._option_pointers import filter_program, holds_filter, option_size
from ._real import real

Limit = Optional[socket_pb2.Timeout]


# Timeouts -----------------------------------------------------------------------------------------------------------------


def within(seconds: float) -> socket_pb2.Timeout:
    """The timeout of an operation that may wait for `seconds`; 0: not at all."""
    return socket_pb2.Timeout(duration=duration(round(seconds * 1e9)))


FOREVER = socket_pb2.Timeout(unlimited=True)
AT_ONCE = within(0)
# How much data one request sends, in bytes: one message to the daemon has at most Limits.max_request_bytes.
PIECE_BYTES = 256 * 1024

# The session ------------------------------------------------------------------------------------------------------------


def open_session(lease_seconds: int, name: str) -> session_service_pb2.OpenSessionRequest:
    return session_service_pb2.OpenSessionRequest(lease=duration(lease_seconds * 1_000_000_000), name=name)


def who_am_i() -> session_service_pb2.WhoAmIRequest:
    return session_service_pb2.WhoAmIRequest()


def get_session() -> session_service_pb2.GetSessionRequest:
    return session_service_pb2.GetSessionRequest()


def close_session() -> session_service_pb2.CloseSessionRequest:
    return session_service_pb2.CloseSessionRequest()


# Sockets ------------------------------------------------------------------------------------------------------------------


def socket(
    family: Optional[int] = None,
    type: Optional[int] = None,
    protocol: Optional[int] = None,
    *,
    type_flags: int = 0,
    fileno: Optional[int] = None,
) -> socket_service_pb2.SocketRequest:
    """With `fileno`, which is a handle: asks what the socket is."""
    request = socket_service_pb2.SocketRequest(protocol=protocol, type_flags=type_flags, fileno=fileno)
    _set_kind(request, family, type)
    return request


def socketpair(
    family: Optional[int] = None, type: Optional[int] = None, protocol: Optional[int] = None, *, type_flags: int = 0
) -> socket_service_pb2.SocketpairRequest:
    request = socket_service_pb2.SocketpairRequest(protocol=protocol, type_flags=type_flags)
    _set_kind(request, family, type)
    return request


def _set_kind(request: Any, family: Optional[int], type: Optional[int]) -> None:
    # Any numbers, because the enums are open.
    if family is not None:
        request.family = family
    if type is not None:
        request.type = type


def dup(handle: int) -> socket_service_pb2.DupRequest:
    return socket_service_pb2.DupRequest(handle=handle)


def close(handle: int) -> socket_service_pb2.CloseRequest:
    return socket_service_pb2.CloseRequest(handle=handle)


def bind(address: Address) -> socket_service_pb2.BindRequest:
    return socket_service_pb2.BindRequest(address=address)


def listen(*backlog: Any) -> socket_service_pb2.ListenRequest:
    return socket_service_pb2.ListenRequest(backlog=max(operator.index(backlog[0]), 0) if backlog else None)


def accept(timeout: Limit) -> socket_service_pb2.AcceptRequest:
    return socket_service_pb2.AcceptRequest(timeout=timeout)


def connect_to(address: Address, timeout: Limit) -> socket_service_pb2.ConnectToRequest:
    return socket_service_pb2.ConnectToRequest(address=address, timeout=timeout)


def connect_ex(address: Address, timeout: Limit) -> socket_service_pb2.ConnectExRequest:
    return socket_service_pb2.ConnectExRequest(address=address, timeout=timeout)


def shutdown(how: Any) -> socket_service_pb2.ShutdownRequest:
    return socket_service_pb2.ShutdownRequest(how=operator.index(how))


def getsockname() -> socket_service_pb2.GetsocknameRequest:
    return socket_service_pb2.GetsocknameRequest()


def getpeername() -> socket_service_pb2.GetpeernameRequest:
    return socket_service_pb2.GetpeernameRequest()


def getsockopt(level: int, name: int, size: int = 0) -> socket_service_pb2.GetsockoptRequest:
    """An option as an int, or as up to `size` bytes as the interpreter requests them."""
    max_bytes = option_size(level, name, size) if size else None
    return socket_service_pb2.GetsockoptRequest(level=level, name=name, max_bytes=max_bytes)


def setsockopt(level: int, name: int, *value: Any) -> socket_service_pb2.SetsockoptRequest:
    """With an int, a buffer, or None and a length. Raises EFAULT for an invalid pointer."""
    return _setsockopt(level, name, _option_value(level, name, *value))


def reset_on_close(handle: int) -> socket_service_pb2.SetsockoptRequest:
    """A struct linger with a timeout of 0, with which close(2) resets the connection."""
    value = socket_pb2.OptionValue(linger=socket_pb2.Linger(on=True, seconds=0))
    return _setsockopt(SOL_SOCKET, SO_LINGER, value, handle)


def _setsockopt(
    level: int, name: int, value: socket_pb2.OptionValue, handle: int = 0
) -> socket_service_pb2.SetsockoptRequest:
    return socket_service_pb2.SetsockoptRequest(handle=handle, level=level, name=name, value=value)


def _option_value(level: int, name: int, value: Any, length: Any = 0) -> socket_pb2.OptionValue:
    """A struct that points into memory is replaced by what it points to."""
    option = socket_pb2.OptionValue()
    data = None
    if value is None:
        option.null_length = operator.index(length) & 0xFFFFFFFF
    elif hasattr(value, "__index__"):
        option.integer = operator.index(value)
    else:
        option.data = data = bytes_of(value)
    if holds_filter(level, name) and not hasattr(value, "__index__"):
        option.data = filter_program(data, option.null_length if data is None else len(data))
    return option


def getblocking(handle: int = 0) -> socket_service_pb2.GetblockingRequest:
    return socket_service_pb2.GetblockingRequest(handle=handle)


def setblocking(blocking: bool, handle: int = 0) -> socket_service_pb2.SetblockingRequest:
    return socket_service_pb2.SetblockingRequest(handle=handle, blocking=blocking)


def get_inheritable(handle: int = 0) -> socket_service_pb2.GetInheritableRequest:
    return socket_service_pb2.GetInheritableRequest(handle=handle)


def set_inheritable(inheritable: bool, handle: int = 0) -> socket_service_pb2.SetInheritableRequest:
    return socket_service_pb2.SetInheritableRequest(handle=handle, inheritable=inheritable)


def ioctl(request: int, data: bytes) -> socket_service_pb2.IoctlRequest:
    """With the argument in the daemon's form (`_ioctl`)."""
    return socket_service_pb2.IoctlRequest(request=request, data=data)


# Receiving ----------------------------------------------------------------------------------------------------------------


def recv(size: int, flags: int = 0, timeout: Limit = None) -> socket_service_pb2.RecvRequest:
    return socket_service_pb2.RecvRequest(max_bytes=size, flags=flags, timeout=timeout)


def push_back(data: bytes, error_number: int, handle: int) -> socket_service_pb2.PushBackRequest:
    """With the kernel's error that comes after all pushed-back data; 0: none."""
    return socket_service_pb2.PushBackRequest(handle=handle, data=data, error_number=error_number)


def recvfrom(size: int, flags: int = 0, timeout: Limit = None) -> socket_service_pb2.RecvfromRequest:
    return socket_service_pb2.RecvfromRequest(max_bytes=size, flags=flags, timeout=timeout)


def recvmsg(size: int, room: int, flags: int = 0, timeout: Limit = None) -> socket_service_pb2.RecvmsgRequest:
    """With `room` bytes for control messages."""
    return socket_service_pb2.RecvmsgRequest(max_bytes=size, max_ancillary_bytes=room, flags=flags, timeout=timeout)


def receive(verb: str, size: int, flags: int, room: int, timeout: Limit) -> Any:
    """The request of a verb that receives; without control messages there is no space for them."""
    if verb == "recv":
        return recv(size, flags, timeout)
    return recvfrom(size, flags, timeout) if verb == "recvfrom" else recvmsg(size, room, flags, timeout)


# Sending ------------------------------------------------------------------------------------------------------------------


def send(data: bytes, flags: int = 0, timeout: Limit = None) -> socket_service_pb2.SendRequest:
    return socket_service_pb2.SendRequest(data=data, flags=flags, timeout=timeout)


def sendall(data: bytes, flags: int = 0, timeout: Limit = None) -> socket_service_pb2.SendallRequest:
    return socket_service_pb2.SendallRequest(data=data, flags=flags, timeout=timeout)


def sendto(data: bytes, flags: int, address: Address, timeout: Limit) -> socket_service_pb2.SendtoRequest:
    return socket_service_pb2.SendtoRequest(data=data, flags=flags, address=address, timeout=timeout)


def sendmsg(
    buffers: Iterable[bytes],
    control_messages: Iterable[ancillary_pb2.ControlMessage],
    flags: int,
    address: Optional[Address],
    timeout: Limit,
) -> socket_service_pb2.SendmsgRequest:
    return socket_service_pb2.SendmsgRequest(
        buffers=buffers, ancillary_data=control_messages, flags=flags, address=address, timeout=timeout
    )


def sendmsg_afalg(
    buffers: Iterable[bytes], op: Any, iv: Any, assoclen: Any, flags: Any, timeout: Limit
) -> socket_service_pb2.SendmsgAfalgRequest:
    return socket_service_pb2.SendmsgAfalgRequest(
        buffers=buffers,
        op=operator.index(op),
        iv=None if iv is None else bytes_of(iv),
        assoclen=None if assoclen is None else operator.index(assoclen),
        flags=operator.index(flags),
        timeout=timeout,
    )


# The resolver -------------------------------------------------------------------------------------------------------------


def getaddrinfo(
    host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0
) -> resolver_service_pb2.GetaddrinfoRequest:
    """Raises the interpreter's exceptions for wrong arguments."""
    request = resolver_service_pb2.GetaddrinfoRequest(protocol=proto, flags=flags)
    _set_kind(request, family, type)
    if isinstance(host, str):
        request.host = _c_string(host.encode("idna")).decode("ascii")
    elif isinstance(host, bytes):
        _set_name(request, "host", _c_string(host))
    elif host is not None:
        real.getaddrinfo(host, port, family, type, proto, flags)
        raise TypeError("getaddrinfo() argument 1 must be string or None")
    if isinstance(port, int):
        if not -(1 << 63) <= port < 1 << 63:
            # Some interpreters refuse it; for others it is text, which the daemon's resolver then refuses.
            with contextlib.suppress(OSError):
                real.getaddrinfo(None, port, family, type, proto, flags)
        request.service = str(port)
    elif isinstance(port, (str, bytes)):
        # Text that is not valid UTF-8 names no service, and neither does its replacement.
        request.service = _c_string(port.encode("utf-8") if isinstance(port, str) else port).decode("utf-8", "replace")
    elif port is not None:
        raise OSError("Int or String expected")
    return request


def getnameinfo(sockaddr: Any, flags: Any) -> Union[resolver_service_pb2.GetnameinfoRequest, tuple[str, str]]:
    """Returns the request, or the result if the interpreter handles a number that is invalid for the daemon.

    Raises the interpreter's exceptions for wrong arguments.
    """
    well_formed = (
        isinstance(sockaddr, tuple)
        and 2 <= len(sockaddr) <= 4
        and isinstance(sockaddr[0], str)
        and all(isinstance(value, int) and -(1 << 31) <= value < 1 << 31 for value in (*sockaddr[1:], flags))
        and (len(sockaddr) < 3 or 0 <= sockaddr[2] <= 0xFFFFF)
    )
    if not well_formed:
        return real.getnameinfo(sockaddr, flags)  # type: ignore[no-any-return]
    if sockaddr[1] < 0:
        raise real.gaierror(real.EAI_SERVICE, "Servname not supported for ai_socktype")
    family = 10 if len(sockaddr) > 2 or ":" in sockaddr[0] else 2
    # getaddrinfo(3) takes a port modulo 2^16.
    address = address_to_wire(family, 0, (sockaddr[0], sockaddr[1] & 0xFFFF, *sockaddr[2:]))
    return resolver_service_pb2.GetnameinfoRequest(address=address, flags=operator.index(flags))


def gethostbyname(name: Any) -> resolver_service_pb2.GethostbynameRequest:
    request = resolver_service_pb2.GethostbynameRequest()
    _set_name(request, "hostname", _name_bytes("gethostbyname", name))
    return request


def gethostbyname_ex(name: Any) -> resolver_service_pb2.GethostbynameExRequest:
    request = resolver_service_pb2.GethostbynameExRequest()
    _set_name(request, "hostname", _name_bytes("gethostbyname_ex", name))
    return request


def gethostbyaddr(name: Any) -> resolver_service_pb2.GethostbyaddrRequest:
    request = resolver_service_pb2.GethostbyaddrRequest()
    _set_name(request, "address", _name_bytes("gethostbyaddr", name))
    return request


def getservbyname(service: str, protocol: Optional[str] = None) -> resolver_service_pb2.GetservbynameRequest:
    return resolver_service_pb2.GetservbynameRequest(service=service, protocol=protocol)


def getservbyport(port: int, protocol: Optional[str] = None) -> resolver_service_pb2.GetservbyportRequest:
    return resolver_service_pb2.GetservbyportRequest(port=port, protocol=protocol)


def getprotobyname(protocol: str) -> resolver_service_pb2.GetprotobynameRequest:
    return resolver_service_pb2.GetprotobynameRequest(protocol=protocol)


def _set_name(request: Any, field: str, name: bytes) -> None:
    """A name is sent as text, or as bytes if it is not valid UTF-8."""
    try:
        setattr(request, field, name.decode("utf-8"))
    except UnicodeDecodeError:
        setattr(request, f"raw_{field}", name)


def _name_bytes(function: str, name: Any) -> bytes:
    if isinstance(name, str) and "\0" not in name:
        return name.encode("idna")
    if isinstance(name, (bytes, bytearray)) and b"\0" not in name:
        return bytes(name)
    getattr(real, function)(name)
    raise TypeError(f"{function}() argument 1 must be str, bytes or bytearray")


def _c_string(text: bytes) -> bytes:
    """The text as getaddrinfo(3) sees it: up to the first NUL."""
    return text.split(b"\0")[0]


# The host -----------------------------------------------------------------------------------------------------------------


def gethostname() -> host_service_pb2.GethostnameRequest:
    return host_service_pb2.GethostnameRequest()


def sethostname(name: bytes) -> host_service_pb2.SethostnameRequest:
    request = host_service_pb2.SethostnameRequest()
    _set_name(request, "hostname", name)
    return request


def if_nameindex() -> interface_service_pb2.IfNameindexRequest:
    return interface_service_pb2.IfNameindexRequest()


def if_nametoindex(name: Union[str, bytes]) -> interface_service_pb2.IfNametoindexRequest:
    return interface_service_pb2.IfNametoindexRequest(name=os.fsdecode(name))


def if_indextoname(index: int) -> interface_service_pb2.IfIndextonameRequest:
    return interface_service_pb2.IfIndextonameRequest(index=index)


# Streams ------------------------------------------------------------------------------------------------------------------


def watch(interests: Iterable[tuple[int, int]], look_again: bool = False) -> stream_service_pb2.WatchRequest:
    """Pairs of a handle and POLL* events."""
    return stream_service_pb2.WatchRequest(
        interests=[stream_service_pb2.WatchInterest(handle=handle, events=events) for handle, events in interests],
        look_again=look_again,
    )


def attach(
    handle: int,
    *,
    receive_only: bool = False,
    send_only: bool = False,
    max_message_bytes: int = 0,
    max_ancillary_bytes: int = 0,
) -> stream_service_pb2.ClientFrame:
    """The first frame of an attach stream."""
    start = stream_service_pb2.AttachStart(
        handle=handle,
        receive_only=receive_only,
        send_only=send_only,
        max_message_bytes=max_message_bytes,
        max_ancillary_bytes=max_ancillary_bytes,
    )
    return _frame(attach=start)


def data_frame(data: bytes) -> stream_service_pb2.ClientFrame:
    return _frame(data=data)


def shutdown_frame(how: int) -> stream_service_pb2.ClientFrame:
    return _frame(shutdown=stream_service_pb2.ShutdownFrame(how=how))


def sync_frame(id: int) -> stream_service_pb2.ClientFrame:
    return _frame(sync=stream_service_pb2.SyncFrame(id=id))


def _frame(**kind: Any) -> stream_service_pb2.ClientFrame:
    return stream_service_pb2.ClientFrame(**kind)
