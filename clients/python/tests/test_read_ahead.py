"""Much data: what flows ahead of its callers must come out as if it had not."""

from __future__ import annotations

import errno
import functools
import hashlib
import os
import random
import select
import signal
import socket as plain_socket
import struct
import subprocess
import sys
import threading

import pytest

import sockbroker
import sockbroker.socket as socket
from sockbroker import _descriptors

MEGABYTES = 24


@pytest.fixture
def pair():
    """Two ends of a TCP connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        one = socket.create_connection(server.getsockname())
        two, _ = server.accept()
        with one, two:
            yield one, two


def flows(end) -> bool:
    return _descriptors.find(end.fileno()).receiving is not None


def sender(end, data: bytes) -> threading.Thread:
    def send() -> None:
        end.sendall(data)
        end.shutdown(socket.SHUT_WR)

    thread = threading.Thread(target=send)
    thread.start()
    return thread


def begin_flow(end) -> bytes:
    """Receives until a flow is open."""
    taken = b""
    while not flows(end):
        piece = end.recv(4096)
        assert piece, "the data ended before a flow was opened"
        taken += piece
    return taken


def received(end, size: int = 65536) -> bytes:
    pieces = []
    while piece := end.recv(size):
        pieces.append(piece)
    return b"".join(pieces)


@pytest.mark.parametrize("timeout", [None, 30.0])
def test_data_flows_both_ways_at_once(pair, timeout):
    one, two = pair
    data = [os.urandom(MEGABYTES << 20) for _ in range(2)]
    one.settimeout(timeout)
    two.settimeout(timeout)
    senders = [sender(end, piece) for end, piece in zip(pair, data)]
    got: dict[int, str] = {}

    def receive(index: int, end) -> None:
        digest = hashlib.sha256()
        buffer = bytearray(100_000)
        while size := end.recv_into(buffer):
            digest.update(memoryview(buffer)[:size])
        got[index] = digest.hexdigest()

    receivers = [threading.Thread(target=receive, args=(1 - index, end)) for index, end in enumerate(pair)]
    for thread in receivers:
        thread.start()
    for thread in [*senders, *receivers]:
        thread.join(120)
    assert got == {index: hashlib.sha256(piece).hexdigest() for index, piece in enumerate(data)}


def _peek(end):
    seen = end.recv(5000, socket.MSG_PEEK)
    assert end.recv(len(seen), socket.MSG_WAITALL) == seen
    return seen


def _wait_for_all(end):
    taken = end.recv(300_000, socket.MSG_WAITALL)
    assert len(taken) == 300_000
    return taken


def _select(end):
    assert select.select([end], [], [], 30)[0] == [end]
    return end.recv(10)


def _poll(end):
    poll = select.poll()
    poll.register(end, select.POLLIN)
    assert poll.poll(30_000)
    return b""


def _without_blocking(end):
    end.setblocking(False)
    taken = b""
    for _ in range(100):
        try:
            taken += end.recv(3000)
        except BlockingIOError:
            continue
    end.setblocking(True)
    return taken


def _recvmsg(end):
    return end.recvmsg(7000)[0]


def _recvfrom(end):
    return end.recvfrom(7000)[0]


def _dup(end):
    with end.dup() as other:
        return other.recv(1000) + end.recv(1000)


def _recv_into(end):
    buffer = bytearray(20_000)
    return bytes(buffer[: end.recv_into(buffer)])


def _recvmsg_into(end):
    first, second = bytearray(10), bytearray(5000)
    size = end.recvmsg_into([first, second])[0]
    return bytes(first + second)[:size]


def _file(end):
    with end.makefile("rb", buffering=0) as file:
        return file.read(1000)


def _thread(end):
    taken = []
    thread = threading.Thread(target=lambda: taken.append(end.recv(10_000)))
    thread.start()
    thread.join()
    return taken[0]


BETWEEN = [
    _peek, _wait_for_all, _select, _poll, _without_blocking, _recvmsg, _recvfrom, _dup, _recv_into, _recvmsg_into, _file, _thread,
]  # fmt: skip


@pytest.mark.parametrize("between", BETWEEN, ids=lambda between: between.__name__.strip("_"))
def test_nothing_is_lost_by_what_is_done_between(pair, between):
    one, two = pair
    data = random.Random(between.__name__).randbytes(4 << 20)
    thread = sender(one, data)
    taken = begin_flow(two)
    for _ in range(3):
        taken += between(two)
        taken += two.recv(1500)
    taken += received(two)
    thread.join()
    assert taken == data


def test_what_flowed_ahead_is_told_by_an_epoll_that_watched_before(pair):
    one, two = pair
    with select.epoll() as poller:
        poller.register(two, select.EPOLLIN)
        assert poller.poll(0) == []
        data = os.urandom(1 << 20)
        thread = sender(one, data)
        taken = begin_flow(two)
        while len(taken) < len(data):
            # The kernel may have nothing more: what is read ahead is all that there is.
            assert poller.poll(30) == [(two.fileno(), select.EPOLLIN)]
            assert poller.poll(0) == [(two.fileno(), select.EPOLLIN)]
            taken += two.recv(65536)
        thread.join()
        assert taken == data


def test_what_flowed_ahead_is_told_once_to_an_epoll_that_asks_for_once(pair):
    one, two = pair
    thread = sender(one, os.urandom(1 << 20))
    begin_flow(two)
    with select.epoll() as poller:
        poller.register(two, select.EPOLLIN | select.EPOLLONESHOT)
        assert poller.poll(30) == [(two.fileno(), select.EPOLLIN)]
        assert poller.poll(0) == []
        poller.modify(two, select.EPOLLIN | select.EPOLLONESHOT)
        assert poller.poll(30) == [(two.fileno(), select.EPOLLIN)]
    received(two)
    thread.join()


def test_what_flowed_ahead_is_there_for_a_forked_child(pair):
    one, two = pair
    data = os.urandom(4 << 20)
    thread = sender(one, data)
    taken = begin_flow(two)
    thread.join()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(write, hashlib.sha256(received(two)).digest())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as answer:
        assert answer.read() == hashlib.sha256(data[len(taken) :]).digest()
    os.waitpid(child, 0)


def test_a_socket_is_not_sent_away_from_its_data(pair):
    one, two = pair
    one.sendall(bytes(500_000))
    one.shutdown(socket.SHUT_WR)
    taken = begin_flow(two)
    near, far = socket.socketpair()
    with near, far:
        with pytest.raises(sockbroker.BrokerError) as caught:
            socket.send_fds(near, [b"x"], [two.fileno()])
        assert (caught.value.code, caught.value.errno) == ("DATA_AHEAD", errno.EBUSY)
        assert len(taken + received(two)) == 500_000
        assert socket.send_fds(near, [b"x"], [two.fileno()]) == 1


def test_a_receive_in_a_flow_times_out_and_goes_on(pair):
    one, two = pair
    data = os.urandom(1 << 20)
    one.sendall(data)
    taken = begin_flow(two)
    two.settimeout(0.2)
    with pytest.raises(socket.timeout, match="^timed out$"):
        while True:
            taken += two.recv(65536)
    assert taken == data
    one.sendall(b"more")
    assert two.recv(10) == b"more"


def test_closing_ends_a_receive_in_a_flow(pair):
    one, two = pair
    one.sendall(bytes(1 << 20))
    total = len(begin_flow(two))
    while total < 1 << 20:
        total += len(two.recv(65536))
    raised = []

    def receive() -> None:
        try:
            two.recv(1)
        except OSError as error:
            raised.append(error.errno)

    thread = threading.Thread(target=receive)
    thread.start()
    two.close()
    thread.join(30)
    assert raised == [errno.EBADF]


@pytest.mark.parametrize("collected", [False, True])
def test_closing_ends_a_flow_that_nobody_takes_from(pair, collected):
    one, two = pair
    one.settimeout(1)
    with pytest.raises(socket.timeout):  # More than every buffer on the way has room for.
        one.sendall(bytes(64 << 20))
    received = two.recv(65536)
    while not flows(two):
        received = two.recv(65536)
    assert received
    before = [thread for thread in threading.enumerate() if thread.name == "sockbroker-flow"]
    assert before
    if collected:
        other = socket.socket(fileno=two.detach())
        with pytest.warns(ResourceWarning):
            del other
    two.close()
    one.close()
    for thread in before:
        thread.join(10)
        assert not thread.is_alive()


def test_a_reset_ends_a_flow_as_it_ends_a_receive(pair):
    one, two = pair
    one.sendall(bytes(1 << 20))
    begin_flow(two)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    one.close()
    with pytest.raises(ConnectionResetError, match="Connection reset by peer"):
        received(two)
    assert two.recv(1) == b""


def test_sending_much_to_who_closed_is_an_error(pair):
    one, two = pair
    two.close()
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        for _ in range(2):
            one.sendall(bytes(8 << 20))


def test_what_was_sent_before_a_timeout_is_a_beginning(pair):
    one, two = pair
    data = os.urandom(32 << 20)
    one.settimeout(0.3)
    with pytest.raises(socket.timeout, match="^timed out$"):
        one.sendall(data)
    one.close()
    taken = received(two)
    assert 0 < len(taken) < len(data) and data.startswith(taken)


def test_threads_that_send_much_at_once_do_not_mix(pair):
    one, two = pair
    threads = [threading.Thread(target=one.sendall, args=(bytes([index]) * (3 << 20),)) for index in range(4)]
    for thread in threads:
        thread.start()
    counts = dict.fromkeys(range(4), 0)
    turns = []
    while sum(counts.values()) < 4 * (3 << 20):
        piece = two.recv(65536)
        for index in counts:
            counts[index] += piece.count(index)
        turns += [value for value in dict.fromkeys(piece) if turns[-1:] != [value]]
    for thread in threads:
        thread.join()
    assert set(counts.values()) == {3 << 20} and len(turns) == 4


@pytest.mark.parametrize("direction", ["receive", "send"])
def test_control_c_ends_a_flow_that_waits(direction):
    script = f"""
import os, signal, threading
import sockbroker.socket as socket
server = socket.create_server(("127.0.0.1", 0))
one = socket.create_connection(server.getsockname())
two, _ = server.accept()
data = os.urandom(32 << 20)
def interrupt(): os.kill(os.getpid(), signal.SIGINT)
if {direction!r} == "receive":
    one.sendall(data[:1 << 20])
    taken = b""
    while len(taken) < 1 << 20: taken += two.recv(4096)
    threading.Timer(0.2, interrupt).start()
    try:
        two.recv(10)
    except KeyboardInterrupt:
        one.sendall(b"more")
        print(taken == data[:1 << 20], two.recv(10))
else:
    threading.Timer(1, interrupt).start()
    try:
        one.sendall(data)
    except KeyboardInterrupt:
        one.close()
        taken = b"".join(iter(lambda: two.recv(65536), b""))
        print(data.startswith(taken) and 0 < len(taken) < len(data), b"more")
"""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout == "True b'more'\n", done.stderr


@pytest.mark.parametrize("direction", ["receive", "send"])
def test_a_killed_daemon_ends_a_flow_at_once(own_daemon, direction):
    with sockbroker.connect(own_daemon.endpoint) as broker:
        server = broker.create_server(("127.0.0.1", 0))
        one = broker.create_connection(server.getsockname())
        two, _ = server.accept()
        one.sendall(bytes(1 << 20))
        total = len(begin_flow(two))
        while direction == "receive" and total < 1 << 20:
            total += len(two.recv(65536))
        timer = threading.Timer(0.5, own_daemon.process.send_signal, (signal.SIGKILL,))
        timer.start()
        with pytest.raises(sockbroker.ConnectionLost):
            if direction == "receive":
                two.recv(1)
            else:
                one.sendall(bytes(64 << 20))
        timer.join()
        for each in (one, two, server):
            each.close()


def connected(module):
    with module.create_server(("127.0.0.1", 0)) as server:
        one = module.create_connection(server.getsockname())
        return one, server.accept()[0]


def outcomes(*calls) -> list[object]:
    """What each call answers, or the errno of its error."""
    answers: list[object] = []
    for call in calls:
        try:
            answers.append(call())
        except OSError as error:
            answers.append(error.errno)
    return answers


def reset_behind_bulk(module, *calls) -> list[object]:
    """Receives much but for the end of it, waits until the connection is reset behind that, and makes the calls."""
    one, two = connected(module)
    with one, two:
        data = b"z" * (3 << 20)
        thread = threading.Thread(target=one.sendall, args=(data,))
        thread.start()
        left = len(data)
        while left > 10:
            left -= len(two.recv(min(65536, left - 10)))
        thread.join()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.close()
        if module is socket:
            assert flows(two)
            flow = _descriptors.find(two.fileno()).receiving
            with flow._changed:
                assert flow._changed.wait_for(lambda: flow._error is not None, 60)
        else:
            poll = select.poll()
            poll.register(two, 0)
            assert poll.poll(60_000)
        return outcomes(*[functools.partial(call, two) for call in calls])


@pytest.mark.parametrize(
    "first",
    [
        lambda end: end.recv(4),
        lambda end: end.recv(4, socket.MSG_PEEK),
        lambda end: end.recv(100, socket.MSG_PEEK),
        lambda end: end.recv(100, socket.MSG_WAITALL),
        lambda end: end.recvmsg(100)[0],
        lambda end: end.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR),
        lambda end: end.send(b"x"),
        lambda end: end.sendall(b"x"),
    ],
)
def test_a_reset_behind_a_flow_is_told_once_whatever_is_done_first(first):
    calls = (first, *[lambda end: end.recv(100)] * 4)
    assert reset_behind_bulk(socket, *calls) == reset_behind_bulk(plain_socket, *calls)


def peer_of_unread(module, close) -> list[object]:
    """What the peer of a connection is told that was closed with unread data behind much that was read."""
    one, two = connected(module)
    with one:
        data = b"z" * (3 << 20)
        thread = threading.Thread(target=one.sendall, args=(data,))
        thread.start()
        left = len(data)
        while left > 100_000:
            left -= len(two.recv(min(65536, left - 100_000)))
        thread.join()
        close(two)
        del two
        one.settimeout(60)
        return outcomes(lambda: one.recv(1))


def _read_all_and_close(end) -> None:
    end.recv(100_000, socket.MSG_WAITALL)
    end.close()


def _close_but_for_a_duplicate(end) -> None:
    duplicate = end.dup()
    end.close()
    duplicate.recv(100_000, socket.MSG_WAITALL)
    duplicate.close()


def _shut_down_and_close(end) -> None:
    end.shutdown(socket.SHUT_WR)
    end.close()


def _peek_and_close(end) -> None:
    end.recv(3, socket.MSG_PEEK)
    end.close()


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize(
    "close",
    [
        lambda end: end.close(),
        lambda end: None,
        _read_all_and_close,
        _close_but_for_a_duplicate,
        _shut_down_and_close,
        _peek_and_close,
    ],
)
def test_closing_with_unread_data_resets_the_connection(close):
    assert peer_of_unread(socket, close) == peer_of_unread(plain_socket, close)
