"""Operations that are begun without waiting for each."""

from __future__ import annotations

import errno
import threading
from concurrent.futures import CancelledError

import pytest

import sockbroker
import sockbroker.socket as socket


@pytest.fixture
def pair():
    one, two = socket.socketpair()
    with one, two:
        yield one, two


def test_results_are_those_of_the_methods(pair):
    one, two = pair
    with sockbroker.Pipeline() as pipeline:
        sent = [pipeline.submit(one.send, bytes([index]) * index) for index in range(1, 100)]
        received = [pipeline.submit(two.recv, index) for index in range(1, 100)]
        kind = pipeline.submit(one.getsockopt, socket.SOL_SOCKET, socket.SO_TYPE)
        raw = pipeline.submit(one.getsockopt, socket.SOL_SOCKET, socket.SO_TYPE, 4)
        ended = pipeline.submit(one.shutdown, socket.SHUT_WR)
        last = pipeline.submit(two.recv, 10)
    assert all(operation.done() for operation in (*sent, *received, kind, raw, ended, last))
    assert [size.result() for size in sent] == list(range(1, 100))
    assert [data.result() for data in received] == [bytes([index]) * index for index in range(1, 100)]
    assert (kind.result(), int.from_bytes(raw.result(), "little")) == (socket.SOCK_STREAM, socket.SOCK_STREAM)
    assert (ended.result(), last.result(), last.result()) == (None, b"", b"")


def test_a_listener_is_set_up_in_one_pipeline():
    with socket.socket() as server, socket.socket() as client, sockbroker.Pipeline() as pipeline:
        pipeline.submit(server.setsockopt, socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        pipeline.submit(server.bind, ("127.0.0.1", 0))
        pipeline.submit(server.listen, 5)
        pipeline.submit(client.connect, pipeline.submit(server.getsockname).result()).result()
        assert pipeline.submit(client.getpeername).result() == server.getsockname()


def test_datagrams_keep_their_senders():
    with socket.socket(type=socket.SOCK_DGRAM) as one, socket.socket(type=socket.SOCK_DGRAM) as two:
        for each in (one, two):
            each.bind(("127.0.0.1", 0))
        with sockbroker.Pipeline() as pipeline:
            pipeline.submit(one.sendto, b"first", two.getsockname())
            pipeline.submit(one.sendmsg, [b"sec", b"ond"], [], 0, two.getsockname())
            received = [pipeline.submit(two.recvfrom, 100) for _ in range(2)]
        assert [each.result() for each in received] == [
            (b"first", one.getsockname()),
            (b"second", one.getsockname()),
        ]


def test_an_error_belongs_to_its_operation(pair):
    one, two = pair
    two.close()
    one.setblocking(False)
    with sockbroker.Pipeline() as pipeline:
        broken = pipeline.submit(one.send, b"x")
        name = pipeline.submit(one.getsockname)
    with pytest.raises(BrokenPipeError):
        broken.result()
    with pytest.raises(BrokenPipeError):
        broken.result()
    assert name.result() == ""


def test_wrong_arguments_are_reported_immediately(pair):
    one, _ = pair
    pipeline = sockbroker.Pipeline()
    with pytest.raises(TypeError, match="a bytes-like object is required, not 'str'"):
        pipeline.submit(one.send, "text")
    for method in (one.close, one.sendall, print):
        with pytest.raises(TypeError, match="cannot be|can be begun without waiting"):
            pipeline.submit(method)
    one.close()
    with pytest.raises(OSError) as caught:
        pipeline.submit(one.send, b"x")
    assert caught.value.errno == errno.EBADF


def test_an_exception_in_the_block_cancels_waiting_operations(pair):
    one, two = pair
    with pytest.raises(KeyError):
        with sockbroker.Pipeline() as pipeline:
            waiting = pipeline.submit(two.recv, 10)
            raise KeyError
    with pytest.raises(CancelledError):
        waiting.result()
    one.send(b"not lost")
    assert two.recv(100) == b"not lost"


def test_a_receive_first_returns_data_that_was_read_ahead():
    with socket.create_server(("127.0.0.1", 0)) as server:
        one = socket.create_connection(server.getsockname())
        two, _ = server.accept()
        with one, two:
            data = bytes(range(256)) * 4096
            thread = threading.Thread(target=one.sendall, args=(data,))
            thread.start()
            taken = b"".join(two.recv(4096) for _ in range(40))
            with sockbroker.Pipeline() as pipeline:
                pieces = [pipeline.submit(two.recv, 1000) for _ in range(20)]
            thread.join()
            taken += b"".join(piece.result() for piece in pieces)
            assert data.startswith(taken) and len(taken) > 40_000


def test_threads_pipeline_on_their_own_sockets():
    def work(index: int) -> None:
        one, two = socket.socketpair()
        with one, two, sockbroker.Pipeline() as pipeline:
            results = []
            for turn in range(2000):
                pipeline.submit(one.send, b"%d %d;" % (index, turn))
                results.append(pipeline.submit(two.recv, len(b"%d %d;" % (index, turn))))
            got.append(b"".join(result.result() for result in results) == b"".join(b"%d %d;" % (index, n) for n in range(2000)))

    got: list[bool] = []
    threads = [threading.Thread(target=work, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [True] * 8


def test_a_lost_connection_ends_pipelined_operations(own_daemon):
    with sockbroker.connect(own_daemon.endpoint) as broker:
        one, two = broker.socketpair()
        pipeline = sockbroker.Pipeline()
        waiting = [pipeline.submit(two.recv, 1) for _ in range(10)]
        own_daemon.kill()
        for each in waiting:
            with pytest.raises(sockbroker.ConnectionLost):
                each.result()
        one.close()
        two.close()
