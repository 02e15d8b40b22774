"""Single sockets: values, errors, timeouts, files, control messages, readiness."""

from __future__ import annotations

import array
import errno
import os
import select
import selectors
import struct
import threading
import time
import warnings

import pytest

import sockbroker
import sockbroker.socket as socket


@pytest.fixture
def connected():
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        accepted, _ = server.accept()
    with client, accepted:
        yield client, accepted


def test_a_number_is_never_a_descriptor_of_this_process():
    with socket.socket() as one:
        assert 2**30 <= one.fileno() < 2**31
        assert one.fileno() not in map(int, os.listdir("/proc/self/fd"))


def test_exceptions_are_the_interpreters_own(connected):
    import socket as stdlib

    client, _ = connected
    assert socket.timeout is stdlib.timeout and socket.gaierror is stdlib.gaierror
    client.settimeout(0.02)
    with pytest.raises(stdlib.timeout) as caught:
        client.recv(1)
    assert caught.value.args == ("timed out",) and caught.value.errno is None
    client.setblocking(False)
    with pytest.raises(BlockingIOError) as again:
        client.recv(1)
    assert again.value.args == (errno.EAGAIN, os.strerror(errno.EAGAIN))


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("recv", ()),
        ("recv", ("x",)),
        ("recv", (-1,)),
        ("recv", (1, 2, 3)),
        ("recv_into", (b"read only",)),
        ("sendto", (b"x",)),
        ("sendto", (b"x", 1, 2, 3)),
        ("bind", ("no tuple",)),
        ("bind", (("127.0.0.1", 65536),)),
        ("bind", (("127.0.0.1", -1),)),
        ("connect", (("a\0b", 1),)),
        ("settimeout", (-1,)),
        ("settimeout", (float("nan"),)),
        ("settimeout", (1e20,)),
        ("setsockopt", (1, 2)),
        ("getsockopt", (1, 2, 5000)),
        ("shutdown", ("x",)),
        ("sendmsg", (1,)),
        ("sendmsg", ([b"x"], [(1, 2)])),
        ("listen", (2**40,)),
    ],
)
def test_wrong_arguments_are_refused_with_the_interpreters_texts(method, arguments):
    import socket as stdlib

    def outcome(module):
        with module.socket() as one:
            try:
                return getattr(one, method)(*arguments)
            except Exception as error:
                return type(error), str(error)

    assert outcome(socket) == outcome(stdlib)


def test_a_closed_socket_raises_ebadf(connected):
    client, _ = connected
    client.close()
    assert client.fileno() == -1
    for call in (lambda: client.recv(1), lambda: client.send(b""), client.getsockname, lambda: client.settimeout(1)):
        with pytest.raises(OSError) as caught:
            call()
        assert caught.value.errno == errno.EBADF


def test_an_unclosed_socket_causes_a_warning_and_is_closed():
    one, two = socket.socketpair()
    with pytest.warns(ResourceWarning, match="unclosed"):
        del one
    assert two.recv(1) == b""
    two.close()


def test_large_transfers_arrive_completely(connected):
    client, accepted = connected
    data = os.urandom(1 << 20) * 8
    sender = threading.Thread(target=lambda: (client.sendall(data), client.shutdown(socket.SHUT_WR)))
    sender.start()
    received = bytearray()
    buffer = bytearray(1 << 18)
    while count := accepted.recv_into(buffer):
        received += buffer[:count]
    sender.join()
    assert received == data


def test_makefile_and_sendfile(connected, tmp_path):
    client, accepted = connected
    with accepted.makefile("rw", encoding="utf-8") as file:
        client.sendall("grüß\n".encode())
        assert file.readline() == "grüß\n"
        file.write("back\n")
        file.flush()
    assert client.recv(100) == b"back\n"
    path = tmp_path / "file"
    path.write_bytes(b"0123456789" * 1000)
    with open(path, "rb") as file:
        assert client.sendfile(file, offset=5, count=20) == 20
    assert accepted.recv(100) == (b"0123456789" * 3)[5:25]


def test_relative_unix_paths_are_relative_to_this_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind("s")
        server.listen()
        assert (tmp_path / "s").is_socket() and server.getsockname() == "s"
        client.connect("s")
        assert client.getpeername() == "s"


def test_datagrams_keep_their_boundaries_and_senders():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one, socket.socket(type=socket.SOCK_DGRAM) as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        two.sendto(b"", one.getsockname())
        two.sendto(b"longer", one.getsockname())
        assert one.recvfrom(10) == (b"", two.getsockname())
        assert one.recvmsg(3)[0::2] == (b"lon", socket.MSG_TRUNC)


def test_rights_transfer_brokered_sockets():
    one, two = socket.socketpair()
    a, b = socket.socketpair()
    with one, two, a, b:
        socket.send_fds(one, [b"x"], [a.fileno()])
        data, numbers, _, _ = socket.recv_fds(two, 10, 5)
        assert data == b"x" and len(numbers) == 1 and numbers[0] != a.fileno()
        with socket.socket(fileno=numbers[0]) as received:
            received.sendall(b"through")
            assert b.recv(10) == b"through"
        with open(os.devnull) as file, pytest.raises(OSError) as caught:
            one.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [file.fileno()]))])
        assert caught.value.errno == errno.EBADF


def test_options_and_ioctl(connected):
    import fcntl

    client, accepted = connected
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 3))
    assert struct.unpack("ii", client.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8)) == (1, 3)
    client.sendall(b"12345")
    select.select([accepted], [], [])
    assert struct.unpack("i", fcntl.ioctl(accepted, 0x541B, bytes(4))) == (5,)


def test_select_poll_and_epoll_mix_brokered_and_local(connected):
    client, accepted = connected
    reader, writer = os.pipe()
    try:
        assert select.select([accepted, reader], [client], [], 0) == ([], [client], [])
        for kind in (selectors.SelectSelector, selectors.PollSelector, selectors.EpollSelector):
            with kind() as selector:
                selector.register(accepted, selectors.EVENT_READ, "brokered")
                selector.register(reader, selectors.EVENT_READ, "local")
                assert selector.select(0) == []
                os.write(writer, b"x")
                assert [key.data for key, _ in selector.select(5)] == ["local"]
                os.read(reader, 1)
                timer = threading.Timer(0.05, client.sendall, [b"y"])
                timer.start()
                assert [key.data for key, _ in selector.select(5)] == ["brokered"]
                assert [key.data for key, _ in selector.select(5)] == ["brokered"]  # Level-triggered.
                accepted.recv(1)
                assert selector.select(0) == []
                started = time.monotonic()
                assert selector.select(0.05) == [] and time.monotonic() - started >= 0.05
                timer.join()
    finally:
        os.close(reader)
        os.close(writer)


def test_brokers_do_not_share_sockets(daemon):
    with sockbroker.connect(daemon.endpoint) as one, sockbroker.connect(daemon.endpoint, name="two") as two:
        with one.create_server(("127.0.0.1", 0)) as server, two.create_connection(server.getsockname()) as client:
            accepted, _ = server.accept()
            with accepted, client.dup() as duplicate:
                duplicate.sendall(b"x")
                assert accepted.recv(1) == b"x"
        assert one.token != two.token
    assert one.closed and two.closed


def test_closing_a_broker_ends_waiting_calls(daemon):
    broker = sockbroker.connect(daemon.endpoint)
    one, _two = broker.socketpair()
    caught = []

    def receive():
        try:
            one.recv(1)
        except OSError as error:
            caught.append(error)

    thread = threading.Thread(target=receive)
    thread.start()
    time.sleep(0.05)
    broker.close()
    thread.join(5)
    assert len(caught) == 1
    with pytest.raises(OSError):
        one.recv(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        del one, _two


def test_a_missing_daemon_is_an_immediate_error(tmp_path):
    with pytest.raises(sockbroker.BrokerError) as caught:
        sockbroker.connect(str(tmp_path / "none.sock"))
    assert caught.value.code == "ENDPOINT_NOT_FOUND" and caught.value.errno == errno.ENOENT
    with pytest.raises(ValueError):
        sockbroker.connect("http://example.org")


@pytest.mark.parametrize("kind", ["unix datagram", "unix seqpacket", "udp", "tcp"])
@pytest.mark.parametrize("flags", [socket.MSG_TRUNC, socket.MSG_TRUNC | socket.MSG_PEEK])
def test_the_length_of_a_message_is_the_kernels(kind, flags):
    import socket as stdlib

    def lengths(module):
        """Returns the results of each way to receive ten bytes; of the data only the part that was received is defined.
        """
        one, two = _two_ends(module, kind)
        with one, two:
            received = []
            for receive in (
                lambda: two.recv(3, flags),
                lambda: two.recvfrom(3, flags)[0],
                lambda: two.recvmsg(3, 0, flags)[0],
                lambda: two.recv_into(bytearray(3), 0, flags),
                lambda: two.recvfrom_into(bytearray(3), 0, flags)[0],
            ):
                one.send(b"0123456789")
                answer = receive()
                # TCP does not write data that it discards, so the interpreter returns the former contents of the
                # buffer.
                counted = isinstance(answer, int)
                received.append(answer if counted else len(answer) if kind == "tcp" else (len(answer), answer[:3]))
            return received

    assert lengths(socket) == lengths(stdlib)


def test_a_length_from_a_truncated_receive_suffices_for_the_message():
    for kind in (socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
        one, two = socket.socketpair(socket.AF_UNIX, kind)
        with one, two:
            one.send(b"0123456789")
            assert two.recv(1, socket.MSG_PEEK | socket.MSG_TRUNC) == b"0" + bytes(9)
            with sockbroker.Pipeline() as pipeline:
                peeked = pipeline.submit(two.recv, 2, socket.MSG_PEEK | socket.MSG_TRUNC)
                named = pipeline.submit(two.recvfrom, 3, socket.MSG_PEEK | socket.MSG_TRUNC)
                whole = pipeline.submit(two.recv, 10)
            assert peeked.result() == b"01" + bytes(8)
            assert named.result()[0] == b"012" + bytes(7)
            assert whole.result() == b"0123456789"


def _two_ends(module, kind):
    if kind.startswith("unix"):
        return module.socketpair(
            module.AF_UNIX, module.SOCK_DGRAM if kind.endswith("datagram") else module.SOCK_SEQPACKET
        )
    if kind == "tcp":
        with module.create_server(("127.0.0.1", 0)) as server:
            one = module.create_connection(server.getsockname())
            return one, server.accept()[0]
    one, two = module.socket(type=module.SOCK_DGRAM), module.socket(type=module.SOCK_DGRAM)
    two.bind(("127.0.0.1", 0))
    one.connect(two.getsockname())
    return one, two
