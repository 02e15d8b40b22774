"""A client that uses only generated stubs and gRPC, and no code of this package.

usage: stub_client.py STUBS SOCKET

STUBS is a directory with the output of grpc_tools.protoc for proto/. Each function below is a check. Prints a line of
JSON for each: its name, and its error or null.
"""

import inspect
import json
import socket
import sys
import threading
import traceback

sys.path.insert(0, sys.argv[1])

import grpc  # noqa: E402
from google.rpc import status_pb2  # noqa: E402
from sockbroker.v1 import (  # noqa: E402
    address_pb2,
    ancillary_pb2,
    error_pb2,
    resolver_service_pb2,
    resolver_service_pb2_grpc,
    session_service_pb2,
    session_service_pb2_grpc,
    socket_pb2,
    socket_service_pb2,
    socket_service_pb2_grpc,
    stream_service_pb2,
    stream_service_pb2_grpc,
)

channel = grpc.insecure_channel("unix:" + sys.argv[2])
sockets = socket_service_pb2_grpc.SocketServiceStub(channel)
sessions = session_service_pb2_grpc.SessionServiceStub(channel)
streams = stream_service_pb2_grpc.StreamServiceStub(channel)
resolver = resolver_service_pb2_grpc.ResolverServiceStub(channel)
pb = socket_service_pb2

INET = address_pb2.ADDRESS_FAMILY_INET
UNIX = address_pb2.ADDRESS_FAMILY_UNIX
STREAM = address_pb2.SOCKET_TYPE_STREAM
DGRAM = address_pb2.SOCKET_TYPE_DGRAM


def inet(host="127.0.0.1", port=0):
    return address_pb2.SocketAddress(inet=address_pb2.InetAddress(host=host, port=port))


def make_socket(family=INET, kind=STREAM):
    return sockets.Socket(pb.SocketRequest(family=family, type=kind)).socket.handle


def connected():
    """Two handles of one TCP connection, created by socket, bind, listen, connect and accept."""
    listener = make_socket()
    bound = sockets.Bind(pb.BindRequest(handle=listener, address=inet()))
    port = bound.local_address.inet.port
    assert port > 0
    sockets.Listen(pb.ListenRequest(handle=listener, backlog=1))
    client = make_socket()
    done = sockets.ConnectTo(pb.ConnectToRequest(handle=client, address=inet(port=port)))
    accepted = sockets.Accept(pb.AcceptRequest(handle=listener)).socket
    assert accepted.peer_address == done.local_address, (accepted, done)
    assert accepted.local_address == done.peer_address, (accepted, done)
    sockets.Close(pb.CloseRequest(handle=listener))
    return client, accepted.handle


def error_of(call, request):
    """Returns the typed detail of the error that a call ends with."""
    try:
        call(request)
    except grpc.RpcError as error:
        (raw,) = (value for key, value in error.trailing_metadata() if key == "grpc-status-details-bin")
        status = status_pb2.Status.FromString(raw)
        assert status.code == error.code().value[0], status
        (detail,) = status.details
        kind = detail.type_url.rsplit(".", 1)[-1]
        message = getattr(error_pb2, kind)()
        assert detail.Unpack(message)
        return message
    raise AssertionError("no error")


def check_who_am_i():
    who = sessions.WhoAmI(session_service_pb2.WhoAmIRequest())
    assert who.principal.startswith("uid:"), who
    assert who.limits.max_handles > 0, who


def check_connect_and_accept_and_send_and_recv():
    one, other = connected()
    assert sockets.Send(pb.SendRequest(handle=one, data=b"hello")).sent_bytes == 5
    assert sockets.Recv(pb.RecvRequest(handle=other, max_bytes=100)).data == b"hello"
    sockets.Shutdown(pb.ShutdownRequest(handle=one, how=socket.SHUT_WR))
    assert sockets.Recv(pb.RecvRequest(handle=other, max_bytes=100)).data == b""
    sockets.Sendall(pb.SendallRequest(handle=other, data=b"x" * 100_000))
    got = b""
    while len(got) < 100_000:
        got += sockets.Recv(pb.RecvRequest(handle=one, max_bytes=65_536)).data
    for handle in (one, other):
        sockets.Close(pb.CloseRequest(handle=handle))
    error = error_of(sockets.Close, pb.CloseRequest(handle=one))
    assert error.code == error_pb2.BrokerError.CODE_HANDLE_NOT_FOUND, error


def check_datagrams():
    receiver = make_socket(kind=DGRAM)
    port = sockets.Bind(pb.BindRequest(handle=receiver, address=inet())).local_address.inet.port
    sender = make_socket(kind=DGRAM)
    sockets.Sendto(pb.SendtoRequest(handle=sender, data=b"datagram", address=inet(port=port)))
    got = sockets.Recvfrom(pb.RecvfromRequest(handle=receiver, max_bytes=4))
    assert got.data == b"data" and got.address.inet.host == "127.0.0.1", got


def check_recvmsg_with_handles():
    pair = sockets.Socketpair(pb.SocketpairRequest(family=UNIX, type=STREAM))
    passed, kept = connected()
    rights = ancillary_pb2.ControlMessage(
        level=socket.SOL_SOCKET,
        type=socket.SCM_RIGHTS,
        rights=ancillary_pb2.HandleList(handles=[passed]),
    )
    sent = sockets.Sendmsg(
        pb.SendmsgRequest(handle=pair.first.handle, buffers=[b"here ", b"it is"], ancillary_data=[rights])
    )
    assert sent.sent_bytes == 10, sent
    sockets.Close(pb.CloseRequest(handle=passed))
    got = sockets.Recvmsg(
        pb.RecvmsgRequest(handle=pair.second.handle, max_bytes=100, max_ancillary_bytes=socket.CMSG_SPACE(4))
    )
    assert got.data == b"here it is", got
    (control,) = got.ancillary_data
    assert (control.level, control.type) == (socket.SOL_SOCKET, socket.SCM_RIGHTS), control
    (copy,) = control.rights.handles
    assert copy not in (passed, kept), copy
    # The received handle has the same connection, although the handle that was sent is closed.
    sockets.Sendall(pb.SendallRequest(handle=copy, data=b"through it"))
    assert sockets.Recv(pb.RecvRequest(handle=kept, max_bytes=100)).data == b"through it"


def check_options():
    handle = make_socket()
    value = socket_pb2.OptionValue(integer=1)
    request = dict(handle=handle, level=socket.SOL_SOCKET, name=socket.SO_KEEPALIVE)
    assert sockets.Getsockopt(pb.GetsockoptRequest(**request)).value.integer == 0
    sockets.Setsockopt(pb.SetsockoptRequest(value=value, **request))
    assert sockets.Getsockopt(pb.GetsockoptRequest(**request)).value.integer == 1
    request["name"] = socket.SO_LINGER
    linger = socket_pb2.OptionValue(linger=socket_pb2.Linger(on=True, seconds=3))
    sockets.Setsockopt(pb.SetsockoptRequest(value=linger, **request))
    got = sockets.Getsockopt(pb.GetsockoptRequest(format=socket_pb2.OPTION_FORMAT_LINGER, **request))
    assert got.value.linger == linger.linger, got
    wrong = socket_pb2.OptionValue(data=b"x")
    error = error_of(sockets.Setsockopt, pb.SetsockoptRequest(value=wrong, **request))
    assert error.symbol == "EINVAL" and error.error_number == 22 and error.os == "linux", error


def check_getaddrinfo():
    request = resolver_service_pb2.GetaddrinfoRequest
    answer = resolver.Getaddrinfo(request(host="127.0.0.1", type=STREAM))
    families = {entry.address.WhichOneof("address") for entry in answer.results}
    assert families == {"inet"}, answer
    assert all(entry.address.inet.host == "127.0.0.1" for entry in answer.results), answer
    error = error_of(resolver.Getaddrinfo, request(host="name.invalid"))
    assert error.symbol in ("EAI_NONAME", "EAI_AGAIN"), error


def check_errors_are_typed():
    handle = make_socket()
    error = error_of(sockets.ConnectTo, pb.ConnectToRequest(handle=handle, address=inet(port=1)))
    assert (error.symbol, error.error_number, error.syscall) == ("ECONNREFUSED", 111, "connect"), error
    timeout = socket_pb2.Timeout()
    timeout.duration.nanos = 1_000_000
    one, _ = connected()
    error = error_of(sockets.Recv, pb.RecvRequest(handle=one, max_bytes=1, timeout=timeout))
    assert isinstance(error, error_pb2.TimeoutError) and error.operation == "recv", error
    error = error_of(sockets.Bind, pb.BindRequest(handle=handle, address=inet(port=65_536)))
    assert error.kind == error_pb2.ArgumentError.KIND_OVERFLOW, error


def check_attach():
    one, other = connected()
    frames = Frames()
    answers = streams.Attach(frames)
    frames.send(attach=stream_service_pb2.AttachStart(handle=one))
    assert next(answers).attached.socket.handle == one
    frames.send(data=b"request")
    frames.send(shutdown=stream_service_pb2.ShutdownFrame(how=socket.SHUT_WR))
    frames.send(sync=stream_service_pb2.SyncFrame(id=1))
    assert next(answers).synced.sent_bytes == 7
    assert sockets.Recv(pb.RecvRequest(handle=other, max_bytes=100)).data == b"request"
    assert sockets.Recv(pb.RecvRequest(handle=other, max_bytes=100)).data == b""
    sent = bytes(range(256)) * 4_000

    def reply():
        sockets.Sendall(pb.SendallRequest(handle=other, data=sent))
        sockets.Close(pb.CloseRequest(handle=other))

    thread = threading.Thread(target=reply)
    thread.start()
    got = b""
    for frame in answers:
        if frame.WhichOneof("frame") != "data":
            break
        got += frame.data
    assert frame.WhichOneof("frame") == "end_of_data", frame
    assert got == sent
    thread.join()
    frames.send(close=stream_service_pb2.CloseFrame())
    assert list(answers) == []


def check_attach_to_a_listener():
    listener = sockets.CreateServer(pb.CreateServerRequest(address=inet())).socket
    frames = Frames()
    answers = streams.Attach(frames)
    frames.send(attach=stream_service_pb2.AttachStart(handle=listener.handle))
    assert next(answers).attached.listening
    with socket.create_connection(("127.0.0.1", listener.local_address.inet.port)) as peer:
        accepted = next(answers).accepted.socket
        assert accepted.peer_address.inet.port == peer.getsockname()[1]
        sockets.Sendall(pb.SendallRequest(handle=accepted.handle, data=b"welcome"))
        assert peer.recv(100) == b"welcome"
    frames.end()
    assert next(answers).WhichOneof("frame") == "detached"


def check_operations_on_the_session_stream():
    requests = Queue()
    answers = sessions.Session(iter(requests))
    batch = session_service_pb2.SessionRequest()
    batch.operations.add(op_id=1).socketpair.SetInParent()
    requests.put(batch)
    (made,) = next(answers).results
    first, second = made.socketpair.first.handle, made.socketpair.second.handle
    batch = session_service_pb2.SessionRequest()
    for i in range(100):
        batch.operations.add(op_id=10 + i, recv=pb.RecvRequest(handle=second, max_bytes=1))
    for i in range(100):
        batch.operations.add(op_id=200 + i, send=pb.SendRequest(handle=first, data=bytes([i])))
    requests.put(batch)
    data = {}
    while len(data) < 100:
        for result in next(answers).results:
            assert result.WhichOneof("outcome") in ("send", "recv"), result
            if result.WhichOneof("outcome") == "recv":
                data[result.op_id - 10] = result.recv.data
    assert data == {i: bytes([i]) for i in range(100)}
    requests.put(None)
    assert list(answers) == []


def check_leased_session():
    opened = sessions.OpenSession(session_service_pb2.OpenSessionRequest(name="stubs"))
    token = (("sockbroker-session", opened.token),)
    pair = sockets.Socketpair(pb.SocketpairRequest(), metadata=token)
    error = error_of(sockets.Fileno, pb.FilenoRequest(handle=pair.first.handle + 1_000_000))
    assert error.code == error_pb2.BrokerError.CODE_HANDLE_NOT_FOUND
    with grpc.insecure_channel("unix:" + sys.argv[2], options=[("grpc.use_local_subchannel_pool", 1)]) as again:
        stub = socket_service_pb2_grpc.SocketServiceStub(again)
        stub.Sendall(pb.SendallRequest(handle=pair.first.handle, data=b"x"), metadata=token)
    assert sockets.Recv(pb.RecvRequest(handle=pair.second.handle, max_bytes=1), metadata=token).data == b"x"
    sessions.CloseSession(session_service_pb2.CloseSessionRequest(), metadata=token)


class Queue:
    """The iterator from which a stream takes its requests."""

    def __init__(self):
        self._items = []
        self._changed = threading.Condition()

    def put(self, item):
        with self._changed:
            self._items.append(item)
            self._changed.notify()

    def __iter__(self):
        return self

    def __next__(self):
        with self._changed:
            self._changed.wait_for(lambda: self._items)
            item = self._items.pop(0)
        if item is None:
            raise StopIteration
        return item


class Frames(Queue):
    def send(self, **frame):
        self.put(stream_service_pb2.ClientFrame(**frame))

    def end(self):
        self.put(None)


for name, check in inspect.getmembers(sys.modules[__name__], inspect.isfunction):
    if not name.startswith("check_"):
        continue
    try:
        check()
        problem = None
    except BaseException:  # noqa: BLE001
        problem = traceback.format_exc()
    print(json.dumps({"check": name[6:].replace("_", " "), "problem": problem}), flush=True)
channel.close()
