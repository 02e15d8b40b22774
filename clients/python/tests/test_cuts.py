"""Connections to the daemon that break while it runs: sockets, and calls on them."""

from __future__ import annotations

import gc
import hashlib
import os
import select
import socket as stdlib
import threading
import time

import pytest

import sockbroker
from sockbroker import _descriptors
from sockbroker._gen.v1 import session_service_pb2

from programs import WAIT_SECONDS, Program


def until(holds) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def cut(relay, broker) -> None:
    """Breaks the session's connections, and waits until it has reconnected."""
    before = broker._session._connection
    relay.cut()
    until(lambda: came_back(broker, before))


def came_back(broker, before) -> bool:
    now = broker._session._connection
    return now is not before and not now.operations.ended


def handle_count(broker) -> int:
    return broker._session.call("get_session", session_service_pb2.GetSessionRequest()).session.handle_count


def begun(broker, *calls):
    """Starts calls that wait in the daemon, each on a new thread. Returns a function that waits for their errors."""
    errors = [None] * len(calls)

    def perform(index, call):
        try:
            call()
        except Exception as error:
            errors[index] = error

    threads = [threading.Thread(target=perform, args=each) for each in enumerate(calls)]
    for thread in threads:
        thread.start()
    until(lambda: len(broker._session._connection.operations._core._pending) == len(calls))
    for _ in range(5):
        handle_count(broker)
    assert all(thread.is_alive() for thread in threads)

    def ended():
        for thread in threads:
            thread.join(WAIT_SECONDS)
        return errors

    return ended


def begin_read_ahead(end) -> bytes:
    taken = b""
    while _descriptors.find(end.fileno()).receiving is None:
        taken += end.recv(4096)
    return taken


def test_calls_in_progress_report_that_they_may_have_happened_and_sockets_continue(relay, broker, pair):
    client, accepted = pair
    one, two = broker.socketpair()
    full, unread = broker.socketpair()
    listener = broker.create_server(("127.0.0.1", 0))
    with one, two, full, unread, listener:
        ended = begun(
            broker, lambda: one.recv(10), listener.accept, lambda: client.recvmsg(10), lambda: full.sendall(bytes(250_000))
        )
        relay.cut()
        for error in ended():
            assert isinstance(error, sockbroker.ConnectionLost) and error.may_have_happened, error
        two.send(b"hello")
        assert one.recv(10) == b"hello"
        with stdlib.create_connection(listener.getsockname()):
            listener.accept()[0].close()
        accepted.sendall(b"hello")
        assert client.recv(10) == b"hello"


def test_a_session_reconnects_by_itself(relay, broker):
    one, two = broker.socketpair()
    with one, two:
        for _ in range(4):
            cut(relay, broker)
        two.send(b"x")
        assert one.recv(1) == b"x"


def test_a_session_reconnects_when_the_daemon_can_be_reached(relay, broker):
    one, two = broker.socketpair()
    with one, two:
        before = broker._session._connection
        relay.refuse()
        relay.cut()
        with pytest.raises(sockbroker.ConnectionLost):
            one.recv(1)
        with pytest.raises(sockbroker.ConnectionLost) as caught:
            two.send(b"x")
        assert not caught.value.may_have_happened
        relay.listen()
        until(lambda: came_back(broker, before))
        two.send(b"y")
        assert one.recv(1) == b"y"


def test_unsent_operations_are_sent_over_the_next_connection(relay, broker):
    one, two = broker.socketpair()
    with one, two:
        one.setblocking(False)
        relay.stall("up")
        # Exceeds the buffers on the way to the daemon, so that later operations wait here.
        operations = broker._session._connection.operations
        with sockbroker.Pipeline() as pipeline:
            large = [pipeline.submit(one.send, bytes(250_000)) for _ in range(40)]
            thread = threading.Thread(target=two.setsockopt, args=(stdlib.SOL_SOCKET, stdlib.SO_RCVLOWAT, 3))
            thread.start()
            until(lambda: len(operations._core._pending) == 41)
            relay.cut()
            relay.resume()
        thread.join()
        assert two.getsockopt(stdlib.SOL_SOCKET, stdlib.SO_RCVLOWAT) == 3
        certain = []
        for each in large:
            with pytest.raises(sockbroker.ConnectionLost) as caught:
                each.result()
            certain.append(not caught.value.may_have_happened)
        # The first ones were passed to the connection; the last one was certainly not performed.
        assert not certain[0] and certain[-1] and certain == sorted(certain)


def test_requests_without_a_connection_are_performed_after_the_reconnection(relay, broker):
    pairs = [broker.socketpair() for _ in range(10)]
    one, two = broker.socketpair()
    before = handle_count(broker)
    connection = broker._session._connection
    relay.refuse()
    relay.cut()
    until(lambda: broker._session._connection.operations.ended)
    for first, second in pairs:
        first.close()
        del first, second
    with pytest.warns(ResourceWarning):
        pairs.clear()
        gc.collect()
    relay.listen()
    until(lambda: came_back(broker, connection))
    until(lambda: handle_count(broker) == before - 20)
    with one, two:
        one.setblocking(False)
        with pytest.raises(BlockingIOError):
            one.recv(1)


def test_a_cut_read_ahead_reports_once_that_data_may_be_missing(relay, broker, pair):
    one, two = pair
    data = os.urandom(1 << 20)
    one.sendall(data)
    taken = begin_read_ahead(two)
    before = broker._session._connection
    relay.cut()
    with pytest.raises(sockbroker.ConnectionLost) as caught:
        while True:
            piece = two.recv(65536)
            assert piece
            taken += piece
    assert caught.value.may_have_happened
    assert data.startswith(taken)
    until(lambda: came_back(broker, before))
    one.sendall(b"behind")
    one.shutdown(stdlib.SHUT_WR)
    rest = b"".join(iter(lambda: two.recv(65536), b""))
    assert rest.endswith(b"behind") and data.endswith(rest[: -len(b"behind")])


@pytest.mark.parametrize("between", ["select", "dup", "peek"])
def test_a_cut_read_ahead_reports_it_whatever_ends_the_read_ahead(relay, broker, pair, between):
    one, two = pair
    data = os.urandom(1 << 20)
    one.sendall(data)
    taken = begin_read_ahead(two)
    ahead = _descriptors.find(two.fileno()).receiving
    relay.cut()
    ahead.wait()
    with pytest.raises(sockbroker.ConnectionLost):
        while True:
            if between == "select":
                assert select.select([two], [], [], 30)[0] == [two]
            elif between == "dup":
                two.dup().close()
            else:
                assert two.recv(1, stdlib.MSG_PEEK)
            taken += two.recv(65536)
    assert data.startswith(taken)


def test_a_large_send_reports_that_it_may_have_been_sent(relay, broker, pair):
    one, two = pair
    errors = []

    def send():
        try:
            one.sendall(bytes(64 << 20))
        except OSError as error:
            errors.append(error)

    thread = threading.Thread(target=send)
    thread.start()
    assert two.recv(1)
    before = broker._session._connection
    relay.cut()
    thread.join()
    assert isinstance(errors[0], sockbroker.ConnectionLost) and errors[0].may_have_happened
    until(lambda: came_back(broker, before))
    two.close()
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        for _ in range(3):
            one.sendall(bytes(8 << 20))


def test_an_ended_read_ahead_is_not_affected(relay, broker, pair):
    one, two = pair
    digest = hashlib.sha256()

    def send(count):
        thread = threading.Thread(target=one.sendall, args=(bytes([count]) * 2_000_000,))
        thread.start()
        received = bytearray(2_000_000)
        view = memoryview(received)
        while view:
            size = two.recv_into(view, min(len(view), 1000 * count))
            view = view[size:]
        thread.join()
        digest.update(received)

    send(1)
    cut(relay, broker)
    try:
        send(2)
    except sockbroker.ConnectionLost:  # The receiver's error: data may have been in transit.
        pytest.fail("two small receives at a time start no read-ahead")


@pytest.mark.parametrize("way", ["select", "poll", "epoll"])
def test_waiting_for_readiness_continues(relay, broker, way):
    one, two = broker.socketpair()
    with one, two:
        ready = []

        def wait():
            if way == "select":
                ready.append(select.select([one], [], [], WAIT_SECONDS)[0] == [one])
                return
            poll = select.poll() if way == "poll" else select.epoll()
            poll.register(one, select.POLLIN)
            ready.append(poll.poll(WAIT_SECONDS * (1000 if way == "poll" else 1)) == [(one.fileno(), select.POLLIN)])

        before = len(broker._session.streams)
        thread = threading.Thread(target=wait)
        thread.start()
        until(lambda: len(broker._session.streams) > before)
        handle_count(broker)
        for _ in range(3):
            cut(relay, broker)
            handle_count(broker)
        assert thread.is_alive() and not ready
        two.send(b"x")
        thread.join()
        assert ready == [True]


SERVER = """
    import asyncio

    async def echo(reader, writer):
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            print("lost", flush=True)
        writer.close()

    async def main():
        async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
            print("port", server.sockets[0].getsockname()[1], flush=True)
            await server.serve_forever()

    asyncio.run(main())
"""


def test_asyncio_on_its_own_loop_continues_to_serve(relay):
    with Program(SERVER, environment={"SOCKBROKER_ENDPOINT": relay.endpoint}) as program:
        port = int(program.says(r"^port (\d+)$").group(1))
        for count in range(2, 6):
            with stdlib.create_connection(("127.0.0.1", port), timeout=WAIT_SECONDS) as client:
                client.sendall(b"hello")
                assert client.recv(10) == b"hello"
            relay.cut()
            until(lambda count=count: relay.connections >= count)


def test_a_fork_after_the_connection_broke(relay, broker):
    one, two = broker.socketpair()
    with one, two:
        relay.cut()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                one.send(b"child")
                status = 0
            finally:
                os._exit(status)
        assert os.waitpid(child, 0)[1] == 0
        assert two.recv(10) == b"child"


def test_more_streams_than_one_connection_allows(relay, broker):
    ends = [broker.socketpair() for _ in range(1100)]
    with broker.create_server(("127.0.0.1", 0)) as server:
        one = broker.create_connection(server.getsockname())
        two, _ = server.accept()
    watchers = [_watcher(broker) for _ in range(1100)]
    with one, two:
        thread = threading.Thread(target=one.sendall, args=(bytes(2_000_000),))
        thread.start()
        total = 0
        while total < 2_000_000:
            total += len(two.recv(65536))
        thread.join()
    for watcher, (first, second) in zip(watchers, ends):
        watcher.arm([(_descriptors.lookup(first.fileno()).handle, select.POLLIN)])
        second.send(b"x")
    for watcher in watchers:
        poll = select.poll()
        poll.register(watcher.wake, select.POLLIN)
        assert poll.poll(WAIT_SECONDS * 1000)
        assert list(watcher.take().values()) == [select.POLLIN]
        watcher.close()
    assert relay.connections == 3
    for first, second in ends:
        first.close()
        second.close()


def _watcher(broker):
    from sockbroker._readiness import Watcher

    return Watcher(broker._session)
