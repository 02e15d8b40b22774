"""sockbroker.aio: streams and servers."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket as stdlib
import struct

import pytest

import sockbroker.aio

from aio_loop import connect, connected, digest, echo, handle_count, on_a_loop, pieces
from certificates import Certificates


@on_a_loop
async def test_large_transfers_in_both_directions_at_once_arrive_completely():
    to_server, to_client = pieces(64, 1 << 18), pieces(63, 1 << 18)
    received = []

    async def send(writer, data):
        for piece in data:
            writer.write(piece)
            await writer.drain()
        writer.write_eof()

    async def receive(reader):
        data = []
        while piece := await reader.read(1 << 17):
            data.append(piece)
        return digest(data)

    async def serve(reader, writer):
        digests = await asyncio.gather(receive(reader), send(writer, to_client))
        received.append(digests[0])
        writer.close()

    async with connect() as broker, await broker.start_server(serve, "127.0.0.1", 0) as server:
        reader, writer = await broker.open_connection(*server.sockname)
        assert writer.get_extra_info("peername") == server.sockname
        assert writer.get_extra_info("sockname")[0] == "127.0.0.1"
        from_server, _ = await asyncio.gather(receive(reader), send(writer, to_server))
        writer.close()
        await writer.wait_closed()
    assert from_server == digest(to_client) and received == [digest(to_server)]


@on_a_loop
async def test_a_half_closed_stream_continues_in_the_other_direction():
    answer = pieces(10, 1 << 20)

    async def serve(reader, writer):
        request = await reader.read()
        writer.writelines([request, *answer])
        await writer.drain()
        writer.close()

    async with connect() as broker, await broker.start_server(serve, "127.0.0.1", 0) as server:
        reader, writer = await broker.open_connection(*server.sockname)
        writer.write(b"request")
        assert writer.can_write_eof()
        writer.write_eof()
        with pytest.raises(RuntimeError):
            writer.write(b"more")
        received = await reader.read()
        assert received[:7] == b"request" and digest([received[7:]]) == digest(answer)
        writer.close()
        await writer.wait_closed()


@on_a_loop
async def test_a_reset_is_not_the_end_of_data():
    async def serve(reader, writer):
        await reader.readexactly(1)
        sock = writer.get_extra_info("socket")
        await sock.setsockopt(stdlib.SOL_SOCKET, stdlib.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    async with connect() as broker, await broker.start_server(serve, "127.0.0.1", 0) as server:
        reader, writer = await broker.open_connection(*server.sockname)
        writer.write(b"x")
        with pytest.raises(ConnectionResetError) as caught:
            await reader.read()
        assert not isinstance(caught.value, sockbroker.ConnectionLost) and caught.value.errno == errno.ECONNRESET
        with pytest.raises(ConnectionResetError):
            await writer.wait_closed()


@on_a_loop
async def test_a_peer_that_does_not_read_blocks_its_writer():
    piece, written = bytes(range(256)) * 256, 0
    async with connect() as broker, connected(broker) as (client, accepted):
        _, writer = await broker.open_connection(sock=client)

        async def produce():
            nonlocal written
            while written < 1 << 28:
                writer.write(piece)
                written += len(piece)
                await writer.drain()
            raise AssertionError("nothing held it up")

        producer = asyncio.ensure_future(produce())
        transport = writer.transport
        # The data in transit grows until every buffer on the way is full; then no more is accepted.
        seen = -1
        while seen != written or transport.get_write_buffer_size() < transport.get_write_buffer_limits()[1]:
            seen = written
            for _ in range(200):
                await handle_count(broker)
        assert not producer.done() and written < 1 << 26
        producer.cancel()
        await asyncio.wait([producer])
        writer.close()
        received = 0
        while data := await accepted.recv(1 << 20):
            assert data == (piece * 17)[received % 256 :][: len(data)]
            received += len(data)
        assert received == written
        await writer.wait_closed()


@on_a_loop
async def test_a_reader_that_does_not_read_blocks_its_peer():
    total = 0
    async with connect() as broker, connected(broker) as (client, accepted):
        reader, writer = await broker.open_connection(sock=client)
        with contextlib.suppress(BlockingIOError):
            while total < 1 << 28:
                # Several times, since data in transit makes room for more.
                for attempt in range(100):
                    try:
                        total += await accepted.send(bytes(1 << 18), stdlib.MSG_DONTWAIT)
                        break
                    except BlockingIOError:
                        await handle_count(broker)
                        if attempt == 99:
                            raise
        assert 0 < total < 1 << 26 and not writer.transport.is_reading()
        await accepted.shutdown(stdlib.SHUT_WR)
        received = 0
        while data := await reader.read(1 << 18):
            received += len(data)
        assert received == total
        writer.close()
        await writer.wait_closed()


@on_a_loop
async def test_peers_outside_see_an_ordinary_connection():
    """The other ends are real sockets of asyncio."""
    async with connect() as broker:
        local = await asyncio.start_server(echo, "127.0.0.1", 0)
        async with local:
            reader, writer = await broker.open_connection(*local.sockets[0].getsockname())
            writer.write(b"through the broker")
            writer.write_eof()
            assert await reader.read() == b"through the broker"
            writer.close()
            await writer.wait_closed()
        async with await broker.start_server(echo, "127.0.0.1", 0) as server:
            reader, writer = await asyncio.open_connection(*server.sockname)
            writer.write(b"to the broker")
            writer.write_eof()
            assert await reader.read() == b"to the broker"
            writer.close()
            await writer.wait_closed()


@on_a_loop
async def test_written_data_is_sent_before_the_broker_is_closed():
    data, received = pieces(4, 1 << 20), asyncio.get_running_loop().create_future()

    async def serve(reader, writer):
        received.set_result(await reader.read())
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as local:
        async with connect() as broker:
            _, writer = await broker.open_connection(*local.sockets[0].getsockname())
            writer.writelines(data)
        assert digest([await received]) == digest(data)


@on_a_loop
async def test_five_hundred_connections_at_once_each_get_their_own_echo():
    everyone = asyncio.Event()
    arrived = 0

    async def talk(broker, address, index):
        nonlocal arrived
        reader, writer = await broker.open_connection(*address)
        arrived += 1
        if arrived == 500:
            everyone.set()
        await everyone.wait()
        for turn in range(3):
            said = f"{index} {turn}".encode() * (1 + index % 50)
            writer.write(said)
            assert await reader.readexactly(len(said)) == said
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()

    async with connect() as broker:
        before = await handle_count(broker)
        async with await broker.start_server(echo, "127.0.0.1", 0, backlog=500) as server:
            await asyncio.gather(*(talk(broker, server.sockname, index) for index in range(500)))
        assert await handle_count(broker) == before


@on_a_loop
async def test_more_streams_than_a_connection_to_the_daemon_allows():
    async with connect() as broker, contextlib.AsyncExitStack() as stack:
        receivers = [await stack.enter_async_context(await broker.open_datagram(("127.0.0.1", 0))) for _ in range(1100)]
        async with await broker.open_datagram() as sender:
            for index, receiver in enumerate(receivers):
                await sender.send(b"%d" % index, receiver.sockname)
            messages = await asyncio.gather(*(receiver.receive() for receiver in receivers))
        assert [message.data for message in messages] == [b"%d" % index for index in range(1100)]


@on_a_loop
async def test_a_server_serves_until_it_is_closed():
    async with connect() as broker:
        server = await broker.start_server(echo, "127.0.0.1", 0, start_serving=False)
        assert not server.is_serving() and len(server.sockets) == 1
        forever = asyncio.ensure_future(server.serve_forever())
        while not server.is_serving() or server.sockname is None:
            await asyncio.sleep(0)
        reader, writer = await broker.open_connection(*server.sockname)
        with pytest.raises(OSError) as caught:
            await broker.start_server(echo, *server.sockname)
        assert caught.value.errno == errno.EADDRINUSE
        address = server.sockname
        server.close()
        assert not server.is_serving() and server.sockets == ()
        # Connections remain, and waiting for the end of all includes them.
        writer.write(b"still")
        assert await reader.readexactly(5) == b"still"
        closed = asyncio.ensure_future(server.wait_closed())
        await handle_count(broker)
        assert not closed.done() and not forever.done()
        writer.close()
        await closed
        await asyncio.wait([forever])
        assert forever.cancelled()
        with pytest.raises(ConnectionRefusedError):
            await broker.open_connection(*address)


@on_a_loop
async def test_unix_streams_and_both_ip_versions(tmp_path):
    async with connect() as broker:
        path = str(tmp_path / "server")
        async with await broker.start_unix_server(echo, path) as server:
            reader, writer = await broker.open_unix_connection(path)
            assert writer.get_extra_info("peername") == path
            writer.write(b"unix")
            assert await reader.readexactly(4) == b"unix"
            writer.close()
        async with await broker.start_server(echo, ["127.0.0.1", "::1"], 0) as server:
            assert {int(each.family) for each in server.sockets} == {stdlib.AF_INET, stdlib.AF_INET6}
            for each in server.sockets:
                host, port = (await each.getsockname())[:2]
                reader, writer = await broker.open_connection(host, port, family=int(each.family))
                writer.write(b"ip")
                assert await reader.readexactly(2) == b"ip"
                writer.close()
                await writer.wait_closed()


@on_a_loop
async def test_tls_needs_no_descriptor(tmp_path):
    import ssl

    certificates = Certificates(str(tmp_path))
    serving, trusting = certificates.server_context(), certificates.client_context()
    trusting.set_alpn_protocols(["test"])
    serving.set_alpn_protocols(["test"])
    data = b"".join(pieces(3, 1 << 20))

    async with connect() as broker, await broker.start_server(echo, "127.0.0.1", 0, ssl=serving) as server:
        address = server.sockname
        reader, writer = await broker.open_connection(*address, ssl=trusting, server_hostname="localhost")
        assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == "test"
        writer.write(data)
        assert digest([await reader.readexactly(len(data))]) == digest([data])
        writer.close()
        await writer.wait_closed()
        with pytest.raises(ssl.SSLCertVerificationError):
            await broker.open_connection(*address, ssl=trusting, server_hostname="elsewhere")
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda *_: None)  # The server reports clients with which it could not agree.
        reader, writer = await broker.open_connection(*address)
        writer.write(b"no handshake")
        assert await reader.read() is not None
        writer.close()
