"""How streams to the daemon end: never by RST_STREAM, of which Node allows about a thousand for each connection."""

from __future__ import annotations

import asyncio
import os
import select
import threading

import pytest

import sockbroker.aio
from sockbroker import _descriptors

from aio_loop import HANG_SECONDS, handle_count

ROUNDS = 60


def begin_read_ahead(one, two) -> None:
    """Makes data be read ahead of the receiver."""
    thread = threading.Thread(target=one.sendall, args=(bytes(900_000),))
    thread.start()
    while _descriptors.find(two.fileno()).receiving is None:
        two.recv(4096)
    thread.join()


def test_read_aheads_that_end_because_the_socket_is_used_otherwise(relay, pair):
    one, two = pair
    for _ in range(ROUNDS):
        begin_read_ahead(one, two)
        assert select.select([two], [], [], 30)[0]
        _drain(two)
    assert relay.resets == 0


def _drain(end) -> None:
    end.setblocking(False)
    try:
        while end.recv(1 << 20):
            pass
    except BlockingIOError:
        pass
    end.setblocking(True)


@pytest.mark.parametrize("closed", ["receiver", "sender"])
def test_read_aheads_that_end_with_their_socket(relay, broker, closed):
    with broker.create_server(("127.0.0.1", 0)) as server:
        for _ in range(ROUNDS):
            one = broker.create_connection(server.getsockname())
            two, _ = server.accept()
            begin_read_ahead(one, two)
            thread = threading.Thread(target=one.sendall, args=(bytes(1_500_000),))
            thread.start()
            total = 0
            while total < 1_500_000:
                total += len(two.recv(65536))
            thread.join()
            for end in (two, one) if closed == "receiver" else (one, two):
                end.close()
    assert relay.resets == 0


def test_read_aheads_that_end_by_the_reset_of_their_peer(relay, broker):
    with broker.create_server(("127.0.0.1", 0)) as server:
        for _ in range(ROUNDS):
            one = broker.create_connection(server.getsockname())
            two, _ = server.accept()
            begin_read_ahead(one, two)
            one.setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")  # With this SO_LINGER, close sends a reset.
            one.close()
            with pytest.raises(ConnectionResetError):
                while two.recv(1 << 20):
                    pass
            two.close()
    assert relay.resets == 0


def test_forks_in_a_row(relay, broker):
    one, two = broker.socketpair()
    with one, two:
        for _ in range(20):
            child = os.fork()
            if child == 0:
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
        one.send(b"x")
        assert two.recv(1) == b"x"
    assert relay.resets == 0


def on_a_broker(test):
    """Runs a coroutine function with a relay and a broker behind it."""

    def on_its_loop(relay):
        async def body():
            async with sockbroker.aio.connect(relay.endpoint) as broker:
                await test(relay, broker)
                assert relay.resets == 0

        asyncio.run(asyncio.wait_for(body(), HANG_SECONDS))

    return on_its_loop


async def _answer(reader, writer):
    try:
        await reader.read(10)
        writer.write(b"ok")
        await writer.drain()
    except ConnectionError:
        pass
    writer.close()


@on_a_broker
async def test_asyncio_a_server_of_many_short_connections(relay, broker):
    connection = broker._session._connection
    async with await broker.start_server(_answer, "127.0.0.1", 0, backlog=200) as server:
        answered = 0

        async def ask():
            nonlocal answered
            reader, writer = await asyncio.open_connection(*server.sockname)
            writer.write(b"hi")
            said = await reader.read()
            answered += said == b"ok"
            writer.close()
            await writer.wait_closed()

        for _ in range(20):
            await asyncio.gather(*(ask() for _ in range(60)))
        assert answered == 1200
    # Further connections may exist for streams that the first one did not allow.
    assert broker._session._connection is connection


@on_a_broker
async def test_asyncio_a_server_whose_peers_reset(relay, broker):
    connection = broker._session._connection
    async with await broker.start_server(_answer, "127.0.0.1", 0, backlog=200) as server:
        for _ in range(1100):
            _, writer = await asyncio.open_connection(*server.sockname)
            writer.get_extra_info("socket").setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")
            writer.close()
        reader, writer = await asyncio.open_connection(*server.sockname)
        writer.write(b"hi")
        assert await reader.read() == b"ok"
        writer.close()
    # Further connections may exist for streams that the first one did not allow.
    assert broker._session._connection is connection


@on_a_broker
async def test_asyncio_connections_that_are_closed_or_aborted(relay, broker):
    for abort in (False, True):
        for _ in range(ROUNDS):
            one, two = await broker.socketpair()
            reader, writer = await broker.open_connection(sock=one)
            writer.write(bytes(100))
            assert len(await two.recv(100)) == 100
            if abort:
                writer.transport.abort()
            else:
                writer.close()
                await writer.wait_closed()
            assert await two.recv(1) == b""
            await two.close()


@on_a_broker
async def test_asyncio_streams_of_messages(relay, broker):
    for _ in range(ROUNDS):
        one, two = await broker.socketpair(type=2)
        async with one, two:
            await two.send(b"first")
            assert (await one.__anext__()).data == b"first"
            await two.send(b"second")
            assert await one.recv(10) == b"second"
            await two.send(b"third")
            assert (await one.__anext__()).data == b"third"


@on_a_broker
async def test_asyncio_tasks_that_are_cancelled(relay, broker):
    connection = broker._session._connection
    one, two = await broker.socketpair()
    async with one, two:
        for _ in range(1100):
            task = asyncio.ensure_future(one.recv(1))
            await asyncio.sleep(0)
            task.cancel()
        await two.send(b"x")
        assert await one.recv(1) == b"x"
    # Further connections may exist for streams that the first one did not allow.
    assert broker._session._connection is connection


@on_a_broker
async def test_asyncio_data_written_before_close_arrives_however_slow_the_peer_is(relay, broker):
    for size in (100, 300_000, 500_000, 3_000_000):
        one, two = await broker.socketpair()
        _, writer = await broker.open_connection(sock=one)
        writer.write(bytes(size))
        writer.close()
        for _ in range(20):  # The half-close arrives while the remainder waits for room.
            await handle_count(broker)
        total = 0
        while piece := await two.recv(20_000):
            total += len(piece)
        assert total == size
        await writer.wait_closed()
        await two.close()


@on_a_broker
async def test_asyncio_aborting_a_write_that_waits_for_room_ends_it_immediately(relay, broker):
    one, two = await broker.socketpair()
    _, writer = await broker.open_connection(sock=one)
    writer.write(bytes(30_000_000))
    assert await two.recv(1)
    writer.transport.abort()
    while await two.recv(1 << 20):
        pass
    await two.close()
    # The daemon's part of the data can be dropped in no other way.
    assert relay.resets <= 1
    relay.frames.clear()
