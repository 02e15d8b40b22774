"""sockbroker.aio: a cancelled operation has no effect, or its result is kept."""

from __future__ import annotations

import asyncio
import random
import socket as stdlib
import sys

import pytest

from aio_loop import connect, connected, echo, handle_count, on_a_loop


async def some_turns(number):
    for _ in range(number):
        await asyncio.sleep(0)


async def outcome(task):
    """Returns the result of a task, or None if it was cancelled."""
    try:
        return await task
    except asyncio.CancelledError:
        return None


@on_a_loop
async def test_a_receive_that_completed_before_its_cancellation_is_kept():
    async with connect() as broker:
        one, two = await broker.socketpair()
        core = broker._session._connection.operations._core
        async with one, two:
            for size in (10, 4, 100):
                await two.sendall(b"0123456789")
                task = asyncio.ensure_future(one.recv(size))
                # Until it has been sent: the data is available, so the daemon performs it immediately.
                while not core._pending.keys() - core._unsent.keys():
                    await asyncio.sleep(0)
                task.cancel()
                assert await outcome(task) is None
                received = await one.recv(4)
                while len(received) < 10:
                    received += await one.recv(100)
                assert received == b"0123456789"


@on_a_loop
async def test_what_a_cancelled_receive_left_goes_with_the_socket():
    async def duplicate(broker, socket):
        return await socket.dup()

    async def send(broker, socket):
        near, far = await broker.socketpair()
        async with near, far:
            await near.send_fds([b"x"], [socket])
            _, (other,), _, _ = await far.recv_fds(1, 1)
            return other

    for hand_on in (duplicate, send):
        async with connect() as broker:
            one, two = await broker.socketpair()
            core = broker._session._connection.operations._core
            async with one, two:
                await two.sendall(b"0123456789")
                task = asyncio.ensure_future(one.recv(4))
                while not core._pending.keys() - core._unsent.keys():
                    await asyncio.sleep(0)
                task.cancel()
                assert await outcome(task) is None
                async with await hand_on(broker, one) as other:
                    assert await other.recv(10, stdlib.MSG_WAITALL) == b"0123456789"


@on_a_loop
async def test_racing_cancellations_lose_no_byte_of_a_stream():
    generator = random.Random(1)
    async with connect() as broker:
        one, two = await broker.socketpair()
        received = b""
        async with two:
            for index in range(800):
                task = asyncio.ensure_future(two.recv(generator.choice((1, 3, 5, 100))))
                await some_turns(generator.randrange(4))
                sending = asyncio.ensure_future(one.sendall(b"%05d" % index))
                await some_turns(generator.randrange(12))
                task.cancel()
                received += await outcome(task) or b""
                await sending
            await one.close()
            while piece := await two.recv(1000):
                received += piece
        assert received == b"".join(b"%05d" % index for index in range(800))


@on_a_loop
async def test_racing_cancellations_lose_no_message_of_concurrent_receivers():
    """Several tasks at a time, which receive and iterate."""
    generator = random.Random(2)
    received = []
    async with connect() as broker:
        one, two = await broker.socketpair(stdlib.AF_UNIX, stdlib.SOCK_SEQPACKET)

        async def receive(way):
            if way == 0:
                data = await two.recv(100)
            elif way == 1:
                data = (await two.recvmsg(100, 100))[0]
            else:
                data = (await two.__anext__()).data
            received.append(data)

        async with one, two:
            for index in range(500):
                sending = asyncio.ensure_future(one.send(b"%d" % index))
                tasks = [asyncio.ensure_future(receive(generator.randrange(3))) for _ in range(generator.randrange(1, 4))]
                await some_turns(generator.randrange(20))
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)
                await sending
            while len(received) < 500:
                received.append(await two.recv(100))
        assert received == [b"%d" % index for index in range(500)]


@on_a_loop
async def test_racing_cancellations_lose_no_connection():
    generator = random.Random(3)
    async with connect() as broker:
        async with await broker.socket() as listener:
            await listener.bind(("127.0.0.1", 0))
            await listener.listen(400)
            address = await listener.getsockname()
            clients, accepted = [], []
            for _ in range(300):
                task = asyncio.ensure_future(listener.accept())
                client = await broker.socket()
                clients.append(client)
                connecting = asyncio.ensure_future(client.connect(address))
                await some_turns(generator.randrange(15))
                task.cancel()
                accepted.append(await outcome(task))
                await connecting
            accepted = [each for each in accepted if each is not None]
            while len(accepted) < 300:
                accepted.append(await listener.accept())
            assert await handle_count(broker) == 601
            assert {peer for _, peer in accepted} == {await client.getsockname() for client in clients}
            for each in (*clients, *(sock for sock, _ in accepted)):
                await each.close()


@on_a_loop
async def test_cancelled_openings_leave_nothing_open():
    generator = random.Random(4)
    async with connect() as broker:
        async with await broker.start_server(echo, "127.0.0.1", 0) as server:
            before = await handle_count(broker)
            for index in range(200):
                opening = (
                    lambda: broker.open_connection(*server.sockname),
                    lambda: broker.socketpair(),
                    lambda: broker.socket(),
                    lambda: broker.open_datagram(("127.0.0.1", 0)),
                )[index % 4]
                task = asyncio.ensure_future(opening())
                await some_turns(generator.randrange(25))
                task.cancel()
                opened = await outcome(task)
                if isinstance(opened, tuple) and isinstance(opened[1], asyncio.StreamWriter):
                    opened[1].close()
                    await opened[1].wait_closed()
                elif isinstance(opened, tuple):
                    await opened[0].close()
                    await opened[1].close()
                elif opened is not None:
                    await opened.close()
            while await handle_count(broker) != before:  # The server's ends are closed later.
                await asyncio.sleep(0)


@on_a_loop
async def test_timeouts_end_each_waiting_operation_and_lose_nothing():
    async with connect() as broker, connected(broker) as (client, accepted):
        listener = await broker.socket()
        await listener.bind(("127.0.0.1", 0))
        await listener.listen()
        reader, writer = await broker.open_connection(sock=client)
        datagram = await broker.open_datagram(("127.0.0.1", 0))
        waits = [lambda: reader.read(1), lambda: accepted.recv(1), listener.accept, datagram.receive]
        for wait in waits:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(wait(), 0.01)
            if sys.version_info >= (3, 11):
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.01):
                        await wait()
        writer.write(b"x")
        await accepted.send(b"y")
        await datagram.send(b"z", datagram.sockname)
        assert (await reader.read(1), await accepted.recv(1)) == (b"y", b"x")
        assert (await datagram.receive()).data == b"z"
        for each in (listener, datagram):
            await each.close()
        writer.close()
        await writer.wait_closed()
