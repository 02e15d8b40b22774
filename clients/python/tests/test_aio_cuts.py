"""sockbroker.aio: connections that break while the daemon runs."""

from __future__ import annotations

import asyncio
import functools
import socket as stdlib

import pytest

import sockbroker.aio

from aio_loop import HANG_SECONDS, connected, echo, handle_count


def through_a_relay(test):
    """Runs a coroutine function with a relay, a broker behind it, and the errors passed to the loop's exception
    handler.
    """

    @functools.wraps(test)
    def on_its_loop(relay):
        reports = []

        async def body():
            asyncio.get_running_loop().set_exception_handler(lambda _, context: reports.append(context))
            async with sockbroker.aio.connect(relay.endpoint) as broker:
                await test(relay, broker, reports)

        asyncio.run(asyncio.wait_for(body(), HANG_SECONDS))

    del on_its_loop.__wrapped__  # Otherwise pytest would use its parameters as fixtures.
    return on_its_loop


async def until(holds):
    while not holds():
        await asyncio.sleep(0.005)


async def begun(broker, *waits):
    """Waits until calls wait in the daemon."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    for _ in range(5):
        await handle_count(broker)
    assert not any(task.done() for task in tasks)
    return tasks


@through_a_relay
async def test_calls_in_progress_report_that_they_may_have_happened_and_sockets_continue(relay, broker, _):
    one, two = await broker.socketpair()
    listener = await broker.socket()
    full, unread = await broker.socketpair()
    async with one, two, full, unread, listener, connected(broker) as (client, _accepted):
        await listener.bind(("127.0.0.1", 0))
        await listener.listen()
        address = await listener.getsockname()
        tasks = await begun(broker, one.recv(10), listener.accept(), client.recvmsg(10), full.sendall(bytes(1 << 20)))
        relay.cut()
        await asyncio.wait(tasks)
        for task in tasks:
            error = task.exception()
            assert isinstance(error, sockbroker.ConnectionLost) and error.may_have_happened, error
        await two.send(b"hello")
        assert await one.recv(10) == b"hello"
        with stdlib.create_connection(address):
            peer, _address = await listener.accept()
            await peer.close()
        assert await unread.recv(1 << 20)
        await client.getsockopt(stdlib.SOL_SOCKET, stdlib.SO_TYPE)
    assert relay.connections == 2


@through_a_relay
async def test_a_broker_reconnects_by_itself(relay, broker, _):
    one, two = await broker.socketpair()
    async with one, two:
        for count in range(2, 6):
            relay.cut()
            await until(lambda count=count: relay.connections == count)
        await two.send(b"x")
        assert await one.recv(1) == b"x"


@through_a_relay
async def test_a_broker_reconnects_when_the_daemon_can_be_reached(relay, broker, _):
    one, two = await broker.socketpair()
    async with one, two:
        relay.refuse()
        relay.cut()
        with pytest.raises(sockbroker.ConnectionLost):
            await one.recv(1)
        with pytest.raises(sockbroker.ConnectionLost) as caught:
            await two.send(b"x")
        assert not caught.value.may_have_happened
        relay.listen()
        await until(lambda: relay.connections == 2)
        await two.send(b"y")
        assert await one.recv(1) == b"y"


@through_a_relay
async def test_unsent_operations_are_sent_over_the_next_connection(relay, broker, _):
    one, two = await broker.socketpair()
    async with one, two:
        relay.stall("up")
        # Exceeds the buffers on the way to the daemon, so that later operations wait here.
        large = [asyncio.ensure_future(one.sendall(bytes(250_000))) for _ in range(40)]
        last = asyncio.ensure_future(two.setsockopt(stdlib.SOL_SOCKET, stdlib.SO_RCVLOWAT, 3))
        await asyncio.sleep(0)
        core = broker._session._connection.operations._core
        while not core._pending.keys() - core._unsent.keys():
            await asyncio.sleep(0)
        relay.cut()
        relay.resume()
        await last
        assert await two.getsockopt(stdlib.SOL_SOCKET, stdlib.SO_RCVLOWAT) == 3
        for task in large:
            task.cancel()
        outcomes = await asyncio.gather(*large, return_exceptions=True)
        assert any(isinstance(error, sockbroker.ConnectionLost) and error.may_have_happened for error in outcomes)


@through_a_relay
async def test_abandoned_handles_are_closed_after_the_reconnection(relay, broker, _):
    pairs = [await broker.socketpair() for _ in range(10)]
    before = await handle_count(broker)
    relay.refuse()
    relay.cut()
    for one, two in pairs:
        await one.close()
        del two
    del one
    pairs.clear()
    relay.listen()
    await until(lambda: relay.connections == 2)
    while await handle_count(broker) != before - 20:
        pass


@through_a_relay
async def test_a_server_continues_to_listen(relay, broker, reports):
    async with await broker.start_server(echo, "127.0.0.1", 0) as server:
        serving = asyncio.ensure_future(server.serve_forever())
        for count in range(1, 4):
            reader, writer = await asyncio.open_connection(*server.sockname)
            writer.write(b"hello")
            assert await reader.readexactly(5) == b"hello"
            relay.cut()
            # Its stream was cut, and it is not known which data was lost.
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await reader.readexactly(1)
            writer.close()
            said = [context for context in reports if context["message"] == "Error while accepting connections"]
            assert len(said) == count and isinstance(said[-1]["exception"], sockbroker.ConnectionLost)
        reader, writer = await asyncio.open_connection(*server.sockname)
        writer.write(b"hello")
        assert await reader.readexactly(5) == b"hello"
        writer.close()
        await writer.wait_closed()
        assert not serving.done() and server.is_serving()
        serving.cancel()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(*said[0].get("sockname", ("127.0.0.1", 1)))


@through_a_relay
async def test_streams_are_notified_whether_they_are_read_or_not(relay, broker, _):
    async def stream():
        one, two = await broker.socketpair()
        return *await broker.open_connection(sock=one, limit=1000), two

    reading, writing, paused = [await stream() for _ in range(3)]
    await paused[2].sendall(bytes(100_000))
    await until(lambda: not paused[1].transport.is_reading())
    for _, writer, _peer in (writing, paused):
        writer.write(bytes(1 << 23))
    waits = await begun(broker, reading[0].read(1), writing[1].drain(), paused[1].drain())
    relay.cut()
    await asyncio.wait(waits)
    for task in waits:
        assert isinstance(task.exception(), sockbroker.ConnectionLost)
    for _, writer, peer in (reading, writing, paused):
        with pytest.raises(sockbroker.ConnectionLost):
            await writer.wait_closed()
        # The data that the daemon received arrives; then the end, since the socket is closed.
        while await peer.recv(1 << 20):
            pass
        await peer.close()


@through_a_relay
async def test_messages_continue_after_the_error(relay, broker, _):
    async with await broker.open_datagram(("127.0.0.1", 0)) as receiver:
        async with await broker.open_datagram(remote_address=receiver.sockname) as sender:
            for turn in range(3):
                await sender.send(b"%d" % turn)
                assert (await receiver.receive()).data == b"%d" % turn
                [waiting] = await begun(broker, receiver.receive())
                relay.cut()
                with pytest.raises(sockbroker.ConnectionLost):
                    await waiting
                await until(lambda: relay.connections == turn + 2)
            await sender.send(b"last")
            assert (await receiver.receive()).data == b"last"


@through_a_relay
async def test_a_writer_that_does_not_read_is_notified_that_the_peer_is_gone(relay, broker, _):
    for how in ("closed", "reset"):
        async with connected(broker) as (client, accepted):
            _reader, writer = await broker.open_connection(sock=client, limit=1000)
            await accepted.sendall(bytes(3_000_000))
            await until(lambda: not writer.transport.is_reading())
            if how == "reset":
                await accepted.setsockopt(stdlib.SOL_SOCKET, stdlib.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            await accepted.close()
            with pytest.raises((BrokenPipeError, ConnectionResetError)):
                while True:
                    writer.write(bytes(100_000))
                    await writer.drain()
            with pytest.raises((BrokenPipeError, ConnectionResetError)):
                await writer.wait_closed()
    assert relay.connections == 1


@through_a_relay
async def test_more_streams_than_one_connection_allows(relay, broker, _):
    pairs = await asyncio.gather(*(broker.socketpair() for _ in range(1100)))
    streams = await asyncio.gather(*(broker.open_connection(sock=one) for one, _ in pairs))
    await asyncio.gather(*(two.send(b"%d" % index) for index, (_, two) in enumerate(pairs)))
    read = await asyncio.gather(*(reader.read(10) for reader, _ in streams))
    assert read == [b"%d" % index for index in range(1100)]
    for _, writer in streams:
        writer.close()
    await asyncio.gather(*(writer.wait_closed() for _, writer in streams))
    assert relay.connections == 3 and relay.resets == 0
    await asyncio.gather(*(two.close() for _, two in pairs))
