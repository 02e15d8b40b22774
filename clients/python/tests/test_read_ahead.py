"""Large transfers: data that was read ahead must be received as if it had not been."""

from __future__ import annotations

import errno
import fcntl
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
import termios
import threading
import time

import pytest

import sockbroker
import sockbroker.socket as socket
from sockbroker import _bulk, _descriptors, _session

MEGABYTES = 24


@pytest.fixture
def pair():
    """Both ends of a TCP connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        one = socket.create_connection(server.getsockname())
        two, _ = server.accept()
        with one, two:
            yield one, two


def is_read_ahead(end) -> bool:
    return _descriptors.find(end.fileno()).receiving is not None


def sender(end, data: bytes) -> threading.Thread:
    def send() -> None:
        end.sendall(data)
        end.shutdown(socket.SHUT_WR)

    thread = threading.Thread(target=send)
    thread.start()
    return thread


def begin_read_ahead(end) -> bytes:
    """Receives until a read-ahead is open."""
    taken = b""
    while not is_read_ahead(end):
        piece = end.recv(4096)
        assert piece, "the data ended before a read-ahead was opened"
        taken += piece
    return taken


def received(end, size: int = 65536) -> bytes:
    pieces = []
    while piece := end.recv(size):
        pieces.append(piece)
    return b"".join(pieces)


@pytest.mark.parametrize("timeout", [None, 30.0])
def test_data_is_read_ahead_in_both_directions_at_once(pair, timeout):
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
def test_nothing_is_lost_by_operations_in_between(pair, between):
    one, two = pair
    data = random.Random(between.__name__).randbytes(4 << 20)
    thread = sender(one, data)
    taken = begin_read_ahead(two)
    for _ in range(3):
        taken += between(two)
        taken += two.recv(1500)
    taken += received(two)
    thread.join()
    assert taken == data


def test_read_ahead_data_is_reported_by_an_epoll_that_watched_before(pair):
    one, two = pair
    with select.epoll() as poller:
        poller.register(two, select.EPOLLIN)
        assert poller.poll(0) == []
        data = os.urandom(1 << 20)
        thread = sender(one, data)
        taken = begin_read_ahead(two)
        while len(taken) < len(data):
            # The kernel may have nothing left: the data read ahead is all that remains.
            assert poller.poll(30) == [(two.fileno(), select.EPOLLIN)]
            assert poller.poll(0) == [(two.fileno(), select.EPOLLIN)]
            taken += two.recv(65536)
        thread.join()
        assert taken == data


def test_read_ahead_data_is_reported_once_to_a_one_shot_epoll(pair):
    one, two = pair
    thread = sender(one, os.urandom(1 << 20))
    begin_read_ahead(two)
    with select.epoll() as poller:
        poller.register(two, select.EPOLLIN | select.EPOLLONESHOT)
        assert poller.poll(30) == [(two.fileno(), select.EPOLLIN)]
        assert poller.poll(0) == []
        poller.modify(two, select.EPOLLIN | select.EPOLLONESHOT)
        assert poller.poll(30) == [(two.fileno(), select.EPOLLIN)]
    received(two)
    thread.join()


def test_read_ahead_data_is_available_to_a_forked_child(pair):
    one, two = pair
    data = os.urandom(4 << 20)
    thread = sender(one, data)
    taken = begin_read_ahead(two)
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


def _begin_receiving(module, one, two, data: bytes) -> int:
    """Sends all, and receives the beginning; of a brokered socket until data was read ahead. Returns how much."""
    one.sendall(data)
    one.shutdown(socket.SHUT_WR)
    if module is socket:
        return len(begin_read_ahead(two))
    return len(two.recv(4096))


def _send_descriptor(module, end):
    """Sends a socket over another one, closes it, and returns what was received."""
    near, far = module.socketpair()
    with near, far:
        assert module.send_fds(near, [b"x"], [end.fileno()]) == 1
        end.close()
        _, (number,), _, _ = module.recv_fds(far, 1, 1)
        return module.socket(fileno=number)


def _duplicate_and_close(module, end):
    duplicate = end.dup()
    end.close()
    return duplicate


def _duplicate_twice(module, end):
    first = end.dup()
    second = first.dup()
    end.close()
    first.close()
    return second


@pytest.mark.parametrize("module", [plain_socket, socket], ids=["cpython", "brokered"])
@pytest.mark.parametrize("hand_on", [_send_descriptor, _duplicate_and_close, _duplicate_twice])
def test_a_socket_is_handed_on_with_its_unread_data(module, hand_on):
    one, two = connected(module)
    data = os.urandom(600_000)
    with one:
        done = _begin_receiving(module, one, two, data)
        with hand_on(module, two) as other:
            assert other.recv(1000, socket.MSG_PEEK) == data[done : done + 1000]
            unread = struct.unpack("i", fcntl.ioctl(other, termios.FIONREAD, bytes(4)))[0]
            assert 0 < unread <= len(data) - done
            assert select.select([other], [], [], 60)[0] == [other]
            assert other.recv(len(data), socket.MSG_WAITALL) == data[done:]
            assert other.recv(1) == b""


@pytest.mark.parametrize("module", [plain_socket, socket], ids=["cpython", "brokered"])
def test_two_duplicates_share_the_data_that_was_read_ahead(module):
    one, two = connected(module)
    data = os.urandom(600_000)
    with one, two:
        done = _begin_receiving(module, one, two, data)
        with _sent_to_itself(module, two) as other:
            taken = []
            for index in range(20):
                taken.append((two, other)[index % 2].recv(1000, socket.MSG_WAITALL))
            rest = len(data) - done - 20_000
            taken.append(other.recv(rest, socket.MSG_WAITALL))
            assert b"".join(taken) == data[done:]
            assert two.recv(1) == b""


def _sent_to_itself(module, end):
    near, far = module.socketpair()
    with near, far:
        module.send_fds(near, [b"x"], [end.fileno()])
        _, (number,), _, _ = module.recv_fds(far, 1, 1)
        return module.socket(fileno=number)


@pytest.mark.parametrize("module", [plain_socket, socket], ids=["cpython", "brokered"])
def test_parent_and_child_share_the_data_that_was_read_ahead(module):
    one, two = connected(module)
    data = os.urandom(600_000)
    with one, two:
        done = _begin_receiving(module, one, two, data)
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.write(write, hashlib.sha256(two.recv(50_000, socket.MSG_WAITALL)).digest())
            finally:
                os._exit(0)
        os.close(write)
        with os.fdopen(read, "rb") as answer:
            first = answer.read()
        os.waitpid(child, 0)
        # What the child has received is gone, and nothing else is.
        assert two.recv(len(data), socket.MSG_WAITALL) == data[done + 50_000 :]
        assert first == hashlib.sha256(data[done : done + 50_000]).digest()


@pytest.mark.parametrize("module", [plain_socket, socket], ids=["cpython", "brokered"])
def test_a_duplicate_gets_the_error_after_data_that_was_read_ahead(module):
    one, two = connected(module)
    data = os.urandom(100_000)
    with two:
        one.sendall(data)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if module is socket:
            done = len(begin_read_ahead(two))
            ahead = _descriptors.find(two.fileno()).receiving
            with ahead._changed:
                assert ahead._changed.wait_for(lambda: done + ahead._ahead == len(data), 60)
            one.close()
            with ahead._changed:
                assert ahead._changed.wait_for(lambda: ahead._error is not None, 60)
        else:
            while len(two.recv(len(data), socket.MSG_PEEK)) < len(data):
                pass
            done = len(two.recv(4096))
            one.close()
            poll = select.poll()
            poll.register(two, 0)
            assert poll.poll(60_000)
        with _send_descriptor(module, two) as other:
            assert other.recv(len(data), socket.MSG_WAITALL) == data[done:]
            assert outcomes(*[lambda: other.recv(1)] * 2) == [errno.ECONNRESET, b""]


def test_an_interrupted_hand_over_loses_nothing(pair, monkeypatch):
    one, two = pair
    data = os.urandom(600_000)
    done = _begin_receiving(socket, one, two, data)
    call = _session.Session.call

    def interrupted(self, verb, request, kept=None):
        if verb == "push_back" and len(calls) == 1:
            raise KeyboardInterrupt
        calls.append(verb)
        return call(self, verb, request, kept)

    calls: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr(_session.Session, "call", interrupted)
        with pytest.raises(KeyboardInterrupt):
            two.dup()
    assert calls == ["push_back"]
    assert two.recv(len(data), socket.MSG_WAITALL) == data[done:]


@pytest.mark.parametrize("others", [0, 2], ids=["one thread", "three threads"])
def test_a_thread_that_receives_during_a_hand_over_gets_everything_in_order(pair, monkeypatch, others):
    one, two = pair
    data = os.urandom(1_200_000)
    done = _begin_receiving(socket, one, two, data)
    call = _session.Session.call

    def slow(self, verb, request, kept=None):
        if verb == "push_back":
            pushing.set()
            time.sleep(0.05)
        return call(self, verb, request, kept)

    pushing = threading.Event()
    duplicates: list[socket.socket] = []
    duplicating = [threading.Thread(target=lambda: duplicates.append(two.dup())) for _ in range(others + 1)]
    with monkeypatch.context() as patch:
        patch.setattr(_session.Session, "call", slow)
        for thread in duplicating:
            thread.start()
        assert pushing.wait(60)
        taken = received(two)
        for thread in duplicating:
            thread.join()
    assert len(duplicates) == others + 1
    assert taken == data[done:]
    for duplicate in duplicates:
        duplicate.close()


def test_a_duplicate_that_is_made_while_a_read_ahead_is_opened_receives_all_data(pair, monkeypatch):
    one, two = pair
    data = os.urandom(600_000)
    one.sendall(data)
    one.shutdown(socket.SHUT_WR)
    duplicates: list[socket.socket] = []

    def late(*arguments):
        duplicates.append(two.dup())
        return read_ahead(*arguments)

    read_ahead = _bulk.ReadAhead
    monkeypatch.setattr(_bulk, "ReadAhead", late)
    taken = b""
    while not duplicates:
        taken += two.recv(4096)
    with duplicates[0] as duplicate:
        taken += duplicate.recv(len(data) - len(taken), socket.MSG_WAITALL)
        assert taken == data
        assert not is_read_ahead(two)


def test_a_receive_during_read_ahead_times_out_and_the_next_succeeds(pair):
    one, two = pair
    data = os.urandom(1 << 20)
    one.sendall(data)
    taken = begin_read_ahead(two)
    two.settimeout(0.2)
    with pytest.raises(socket.timeout, match="^timed out$"):
        while True:
            taken += two.recv(65536)
    assert taken == data
    one.sendall(b"more")
    assert two.recv(10) == b"more"


def test_closing_ends_a_receive_during_read_ahead(pair):
    one, two = pair
    one.sendall(bytes(1 << 20))
    total = len(begin_read_ahead(two))
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
def test_closing_ends_a_read_ahead_that_nobody_receives_from(pair, collected):
    one, two = pair
    one.settimeout(1)
    with pytest.raises(socket.timeout):  # Exceeds the capacity of every buffer on the way.
        one.sendall(bytes(64 << 20))
    received = two.recv(65536)
    while not is_read_ahead(two):
        received = two.recv(65536)
    assert received
    before = [thread for thread in threading.enumerate() if thread.name == "sockbroker-bulk"]
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


def test_a_reset_ends_a_read_ahead_like_a_receive(pair):
    one, two = pair
    one.sendall(bytes(1 << 20))
    begin_read_ahead(two)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    one.close()
    with pytest.raises(ConnectionResetError, match="Connection reset by peer"):
        received(two)
    assert two.recv(1) == b""


def test_a_large_send_to_a_closed_peer_is_an_error(pair):
    one, two = pair
    two.close()
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        for _ in range(2):
            one.sendall(bytes(8 << 20))


def test_data_sent_before_a_timeout_is_a_prefix(pair):
    one, two = pair
    data = os.urandom(32 << 20)
    one.settimeout(0.3)
    with pytest.raises(socket.timeout, match="^timed out$"):
        one.sendall(data)
    one.close()
    taken = received(two)
    assert 0 < len(taken) < len(data) and data.startswith(taken)


def test_large_sends_of_several_threads_do_not_mix(pair):
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
def test_control_c_ends_a_waiting_read_ahead(direction):
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
def test_a_killed_daemon_ends_a_read_ahead_immediately(own_daemon, direction):
    with sockbroker.connect(own_daemon.endpoint) as broker:
        server = broker.create_server(("127.0.0.1", 0))
        one = broker.create_connection(server.getsockname())
        two, _ = server.accept()
        one.sendall(bytes(1 << 20))
        total = len(begin_read_ahead(two))
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
    """Returns the result of each call, or the errno of its error."""
    answers: list[object] = []
    for call in calls:
        try:
            answers.append(call())
        except OSError as error:
            answers.append(error.errno)
    return answers


def receive_all_but(left: int, one, two) -> None:
    """Sends much from one end to the other, which receives it but for `left` bytes."""
    data = b"z" * (3 << 20)
    thread = threading.Thread(target=one.sendall, args=(data,))
    thread.start()
    rest = len(data)
    while rest > left:
        rest -= len(two.recv(min(65536, rest - left)))
    thread.join()


def reset_behind_bulk(module, *calls) -> list[object]:
    """Receives most of the data, waits until the connection is reset behind it, and makes the calls."""
    one, two = connected(module)
    with one, two:
        receive_all_but(10, one, two)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.close()
        if module is socket:
            assert is_read_ahead(two)
            ahead = _descriptors.find(two.fileno()).receiving
            with ahead._changed:
                assert ahead._changed.wait_for(lambda: ahead._error is not None, 60)
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
def test_a_reset_after_read_ahead_data_is_reported_once_whichever_call_is_first(first):
    calls = (first, *[lambda end: end.recv(100)] * 4)
    assert reset_behind_bulk(socket, *calls) == reset_behind_bulk(plain_socket, *calls)


def peer_of_unread(module, close) -> list[object]:
    """Returns what the peer sees of a connection that was closed with unread data after much was read."""
    one, two = connected(module)
    with one:
        receive_all_but(100_000, one, two)
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
