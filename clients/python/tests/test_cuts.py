"""Connections to the daemon that break while it lives: sockets, and what is done with them."""

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

from programs import PATIENCE_SECONDS, Program


def until(holds) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def cut(relay, broker) -> None:
    """Breaks the session's connections, and waits until it has come back."""
    before = broker._session._connection
    relay.cut()
    until(lambda: came_back(broker, before))


def came_back(broker, before) -> bool:
    now = broker._session._connection
    return now is not before and not now.operations.ended


def handle_count(broker) -> int:
    return broker._session.call("get_session", session_service_pb2.GetSessionRequest()).session.handle_count


def begun(broker, *calls):
    """Starts calls that wait in the daemon, each in a new thread. Returns a function that waits for their errors."""
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
            thread.join(PATIENCE_SECONDS)
        return errors

    return ended


def begin_flow(end) -> bytes:
    taken = b""
    while _descriptors.find(end.fileno()).receiving is None:
        taken += end.recv(4096)
    return taken


def test_what_was_under_way_says_so_and_the_sockets_go_on(relay, broker, pair):
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


def test_a_session_comes_back_without_being_asked(relay, broker):
    one, two = broker.socketpair()
    with one, two:
        for _ in range(4):
            cut(relay, broker)
        two.send(b"x")
        assert one.recv(1) == b"x"


def test_a_session_comes_back_when_it_can(relay, broker):
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


def test_what_was_not_sent_is_sent_over_the_next_connection(relay, broker):
    one, two = broker.socketpair()
    with one, two:
        one.setblocking(False)
        relay.stall("up")
        # More than the way to the daemon has room for, so that what comes behind it waits here.
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
        # The first were given to the connection; of the last it is certain that they were not performed.
        assert not certain[0] and certain[-1] and certain == sorted(certain)


def test_what_was_said_while_there_was_no_connection_is_done_afterwards(relay, broker):
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


def test_a_flow_that_is_cut_says_once_that_something_may_be_missing(relay, broker, pair):
    one, two = pair
    data = os.urandom(1 << 20)
    one.sendall(data)
    taken = begin_flow(two)
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
def test_a_flow_that_is_cut_says_so_whatever_ends_it(relay, broker, pair, between):
    one, two = pair
    data = os.urandom(1 << 20)
    one.sendall(data)
    taken = begin_flow(two)
    flow = _descriptors.find(two.fileno()).receiving
    relay.cut()
    flow.wait()
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


def test_sending_much_says_that_it_may_have_been_sent(relay, broker, pair):
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


def test_a_flow_at_rest_does_not_notice(relay, broker, pair):
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
    except sockbroker.ConnectionLost:  # The receiver's: something may have been on its way.
        pytest.fail("two small receives at a time begin no flow")


@pytest.mark.parametrize("way", ["select", "poll", "epoll"])
def test_who_waits_for_readiness_goes_on_to_wait(relay, broker, way):
    one, two = broker.socketpair()
    with one, two:
        ready = []

        def wait():
            if way == "select":
                ready.append(select.select([one], [], [], PATIENCE_SECONDS)[0] == [one])
                return
            poll = select.poll() if way == "poll" else select.epoll()
            poll.register(one, select.POLLIN)
            ready.append(poll.poll(PATIENCE_SECONDS * (1000 if way == "poll" else 1)) == [(one.fileno(), select.POLLIN)])

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


def test_asyncio_on_its_own_loop_goes_on_to_serve(relay):
    with Program(SERVER, environment={"SOCKBROKER_ENDPOINT": relay.endpoint}) as program:
        port = int(program.says(r"^port (\d+)$").group(1))
        for count in range(2, 6):
            with stdlib.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as client:
                client.sendall(b"hello")
                assert client.recv(10) == b"hello"
            relay.cut()
            until(lambda count=count: relay.connections >= count)


def test_a_fork_behind_a_broken_connection(relay, broker):
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


def test_more_streams_than_a_connection_takes(relay, broker):
    ends = [broker.socketpair() for _ in range(1100)]
    with broker.create_server(("127.0.0.1", 0)) as server:
        one = broker.create_connection(server.getsockname())
        two, _ = server.accept()
    flows = [_watcher(broker) for _ in range(1100)]
    with one, two:
        thread = threading.Thread(target=one.sendall, args=(bytes(2_000_000),))
        thread.start()
        total = 0
        while total < 2_000_000:
            total += len(two.recv(65536))
        thread.join()
    for watcher, (first, second) in zip(flows, ends):
        watcher.arm([(_descriptors.lookup(first.fileno()).handle, select.POLLIN)])
        second.send(b"x")
    for watcher in flows:
        poll = select.poll()
        poll.register(watcher.wake, select.POLLIN)
        assert poll.poll(PATIENCE_SECONDS * 1000)
        assert list(watcher.take().values()) == [select.POLLIN]
        watcher.close()
    assert relay.connections == 3
    for first, second in ends:
        first.close()
        second.close()


def _watcher(broker):
    from sockbroker._readiness import Watcher

    return Watcher(broker._session)
