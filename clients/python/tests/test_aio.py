"""sockbroker.aio: streams, servers, datagrams, raw and packet sockets on an event loop, and what cancels or ends them."""

from __future__ import annotations

import array
import asyncio
import contextlib
import errno
import functools
import gc
import hashlib
import os
import random
import socket as stdlib
import struct
import subprocess
import sys
import time
import warnings

import pytest

import sockbroker.aio
from sockbroker._gen.v1 import session_service_pb2

from certificates import Certificates
from programs import run

# Not in the socket module of every version.
IP_RECVTTL = 12
SO_MEMINFO = 55
ETH_P_ALL = 3
# Long enough for any of these on a busy machine; what hangs fails here.
HANG_SECONDS = 60


def on_a_loop(test):
    """Runs a test on an event loop of its own, on which no exception may go unnoticed."""

    @functools.wraps(test)
    def on_its_loop(*arguments, **keywords):
        unnoticed = []

        async def body():
            asyncio.get_running_loop().set_exception_handler(lambda _, context: unnoticed.append(context))
            await asyncio.wait_for(test(*arguments, **keywords), HANG_SECONDS)

        asyncio.run(body())
        gc.collect()
        assert not unnoticed

    return on_its_loop


def connect():
    return sockbroker.aio.connect(os.environ["SOCKBROKER_ENDPOINT"])


async def handle_count(broker):
    """How many sockets the daemon has for the broker, behind all that was begun before."""
    request = session_service_pb2.GetSessionRequest()
    return (await broker._session.perform("get_session", request)).session.handle_count


@contextlib.asynccontextmanager
async def connected(broker):
    """Two ends of a TCP connection, as sockets."""
    async with await broker.socket() as listener:
        await listener.bind(("127.0.0.1", 0))
        await listener.listen()
        async with await broker.socket() as client:
            await client.connect(await listener.getsockname())
            accepted, address = await listener.accept()
            async with accepted:
                assert address == await client.getsockname()
                yield client, accepted


async def echo(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


def pieces(count, size):
    """Data that repeats nowhere, in pieces."""
    generator = random.Random(count)
    return [generator.getrandbits(8 * size).to_bytes(size, "little") for _ in range(count)]


def digest(data):
    return hashlib.sha256(b"".join(data)).hexdigest()


# Streams --------------------------------------------------------------------------------------------------------------


@on_a_loop
async def test_large_transfers_both_ways_at_once_arrive_whole():
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
async def test_a_half_closed_stream_goes_on_in_the_other_direction():
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
async def test_a_reset_is_no_end_of_data():
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
async def test_a_peer_that_does_not_read_holds_up_its_writer():
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
        # What is under way grows until every buffer on the way is full; then no more of it is taken.
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
async def test_a_reader_that_does_not_read_holds_up_its_peer():
    total = 0
    async with connect() as broker, connected(broker) as (client, accepted):
        reader, writer = await broker.open_connection(sock=client)
        with contextlib.suppress(BlockingIOError):
            while total < 1 << 28:
                # Several times, for what is under way makes room behind it.
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
async def test_peers_of_this_process_see_a_usual_connection():
    """The other ends are real sockets of asyncio's own."""
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
async def test_what_was_written_goes_out_before_the_broker_ends():
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
async def test_more_streams_than_a_connection_to_the_daemon_may_have():
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
        # Connections stay, and waiting for the end of all is waiting for them.
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
async def test_unix_streams_and_both_kinds_of_ip(tmp_path):
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
        loop.set_exception_handler(lambda *_: None)  # The server says of whom it could not agree with.
        reader, writer = await broker.open_connection(*address)
        writer.write(b"no handshake")
        assert await reader.read() is not None
        writer.close()


# Datagrams, raw and packet sockets ------------------------------------------------------------------------------------


@on_a_loop
async def test_datagrams_keep_their_boundaries_senders_and_lengths():
    async with connect() as broker:
        async with await broker.open_datagram(("127.0.0.1", 0), max_bytes=10) as one, await broker.open_datagram(
            ("127.0.0.1", 0), one.sockname
        ) as two:
            assert two.peername == one.sockname and one.peername is None
            for data in (b"", b"short", b"much too long"):
                await two.send(data)
            received = [await one.receive() for _ in range(3)]
            assert [message.data for message in received] == [b"", b"short", b"much too l"]
            assert [message.length for message in received] == [0, 5, 13]
            assert [message.flags & stdlib.MSG_TRUNC for message in received] == [0, 0, stdlib.MSG_TRUNC]
            assert {message.address for message in received} == {two.sockname}
            assert received[0].timestamp_ns is None
            await one.send(b"back", two.sockname)
            async for message in two:
                assert (message.data, message.address) == (b"back", one.sockname)
                break


@on_a_loop
async def test_an_error_of_one_datagram_does_not_end_the_endpoint():
    async with connect() as broker:
        async with await broker.open_datagram(("127.0.0.1", 0)) as gone:
            address = gone.sockname
        async with await broker.open_datagram(None, address) as endpoint:
            receiving = asyncio.ensure_future(endpoint.receive())
            await endpoint.send(b"to nobody")
            with pytest.raises(ConnectionRefusedError):
                await receiving
            async with await broker.open_datagram(address) as back:
                await endpoint.send(b"to somebody")
                await back.send(b"answer", (await back.receive()).address)
                assert (await endpoint.receive()).data == b"answer"


@on_a_loop
async def test_every_datagram_is_received_or_counted_as_dropped():
    async with connect() as broker:
        async with await broker.socket(type=stdlib.SOCK_DGRAM) as sock, await broker.open_datagram() as sender:
            await sock.setsockopt(stdlib.SOL_SOCKET, stdlib.SO_RCVBUF, 1)
            await sock.bind(("127.0.0.1", 0))
            address = await sock.getsockname()
            async with sock.messages() as messages:
                for index in range(3000):
                    await sender.send(struct.pack("!I", index) + bytes(996), address)
                # The kernel's own count (SO_MEMINFO), of which the stream has told as much as came with its messages.
                dropped = struct.unpack("9I", await sock.getsockopt(stdlib.SOL_SOCKET, SO_MEMINFO, 36))[8]
                received = [await messages.receive() for _ in range(3000 - dropped)]
                await sender.send(b"behind them", address)
                received.append(await messages.receive())
            assert received[-1].data == b"behind them"
            assert 0 < dropped < 3000 and sum(message.dropped for message in received) == dropped
            numbers = [struct.unpack("!I", message.data[:4])[0] for message in received[:-1]]
            assert numbers == sorted(set(numbers)) and {len(message.data) for message in received[:-1]} == {1000}


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


async def raw_or_skip(broker, *kind):
    try:
        return await broker.socket(*kind)
    except PermissionError as error:
        pytest.skip(f"the daemon needs CAP_NET_RAW: {error}")


@on_a_loop
async def test_a_ping_and_its_capture_with_the_kernels_timestamps():
    async with connect() as broker:
        ping = await raw_or_skip(broker, stdlib.AF_INET, stdlib.SOCK_RAW, stdlib.IPPROTO_ICMP)
        capture = await raw_or_skip(broker, stdlib.AF_PACKET, stdlib.SOCK_RAW, stdlib.htons(ETH_P_ALL))
        async with ping, capture:
            await capture.bind(("lo", ETH_P_ALL))
            await ping.setsockopt(stdlib.IPPROTO_IP, IP_RECVTTL, 1)
            identifier = random.randrange(1 << 16)
            body = struct.pack("!HH", identifier, 7) + bytes(range(56))
            request = struct.pack("!BBH", 8, 0, checksum(b"\x08\x00\x00\x00" + body)) + body
            async with capture.messages(timestamps=True) as packets, ping.messages(
                timestamps=True, ancillary_bytes=64
            ) as replies:
                before = time.time_ns()
                await ping.sendto(request, ("127.0.0.1", 0))
                async for reply in replies:
                    if reply.data[20] == 0 and reply.data[24:26] == body[:2]:
                        break
                assert reply.data[24:] == body and reply.address == ("127.0.0.1", 0)
                assert before <= reply.timestamp_ns <= time.time_ns()
                ttls = [
                    struct.unpack("i", data)[0]
                    for level, kind, data in reply.ancillary
                    if (level, kind) == (stdlib.IPPROTO_IP, stdlib.IP_TTL)
                ]
                assert ttls == [64]
                seen = []
                async for packet in packets:
                    # Behind the Ethernet and the IP header: echo request, then echo reply, each going out and coming in.
                    icmp = packet.data[34:]
                    if icmp[4:6] == body[:2]:
                        # Until the kernel's own clock is on, which is a little after it was asked for, it stamps what is read.
                        assert packet.address[0] == "lo" and before <= packet.timestamp_ns <= time.time_ns()
                        seen.append((packet.address[2], icmp[0], icmp[4:]))
                    if len(seen) == 4:
                        break
            going_out, coming_in = stdlib.PACKET_OUTGOING, stdlib.PACKET_HOST
            assert sorted(seen) == sorted((way, kind, body) for way in (going_out, coming_in) for kind in (0, 8))


@on_a_loop
async def test_a_socket_is_iterated_over_and_received_from_by_turns():
    async with connect() as broker:
        one, two = await broker.socketpair(stdlib.AF_UNIX, stdlib.SOCK_DGRAM)
        async with one, two:
            received = []
            for index in range(300):
                await one.send(b"%d" % index)
                if index % 3 == 0:
                    received.append((await two.recvmsg(100))[0])
                elif index % 3 == 1:
                    async for message in two:
                        received.append(message.data)
                        break
            while len(received) < 300:
                received.append(await two.recv(100))
            assert received == [b"%d" % index for index in range(300)]
            assert await handle_count(broker) == 2


# Sockets --------------------------------------------------------------------------------------------------------------


@on_a_loop
async def test_rights_carry_brokered_sockets():
    async with connect() as broker:
        one, two = await broker.socketpair()
        kept, sent = await broker.socketpair()
        async with one, two, kept, sent:
            await one.send_fds([b"x"], [sent])
            data, sockets, flags, _ = await two.recv_fds(10, 3)
            assert data == b"x" and len(sockets) == 1 and flags & stdlib.MSG_CTRUNC == 0
            async with sockets[0] as received:
                await received.sendall(b"through")
                assert await kept.recv(10) == b"through"
            rights = array.array("i", [sent.fileno()])
            await one.sendmsg([b"y"], [(stdlib.SOL_SOCKET, stdlib.SCM_RIGHTS, rights)])
            data, [(level, kind, numbers)], _, _ = await two.recvmsg(10, stdlib.CMSG_SPACE(4))
            assert (data, level, kind) == (b"y", stdlib.SOL_SOCKET, stdlib.SCM_RIGHTS)
            async with await broker.socket(fileno=struct.unpack("i", numbers)[0]) as again:
                assert again.family == stdlib.AF_UNIX and again.type == stdlib.SOCK_STREAM
                await again.sendall(b"again")
                assert await kept.recv(10) == b"again"
            with open(os.devnull) as file, pytest.raises(OSError) as caught:
                await one.send_fds([b"z"], [file.fileno()])
            assert caught.value.errno == errno.EBADF
            with pytest.raises(OSError) as caught:
                await broker.socket(fileno=struct.unpack("i", numbers)[0])
            assert caught.value.errno == errno.EBADF
        assert await handle_count(broker) == 0


@on_a_loop
async def test_the_methods_of_a_socket(tmp_path):
    async with connect() as broker, connected(broker) as (client, accepted):
        assert await client.getpeername() == await accepted.getsockname()
        assert await client.send(b"0123456789") == 10
        buffer = bytearray(4)
        assert await accepted.recv_into(buffer) == 4 and buffer == b"0123"
        assert await accepted.recv(2, stdlib.MSG_PEEK) == b"45"
        assert await accepted.recvfrom_into(buffer, 2) == (2, None) and buffer == b"4523"
        count, ancillary, flags, address = await accepted.recvmsg_into([bytearray(1), buffer])
        assert (count, ancillary, address) == (4, [], None) and buffer == b"7893"
        with pytest.raises(BlockingIOError):
            await accepted.recv(1, stdlib.MSG_DONTWAIT)
        await client.setsockopt(stdlib.SOL_SOCKET, stdlib.SO_LINGER, struct.pack("ii", 1, 3))
        assert struct.unpack("ii", await client.getsockopt(stdlib.SOL_SOCKET, stdlib.SO_LINGER, 8)) == (1, 3)
        assert await client.getsockopt(stdlib.SOL_SOCKET, stdlib.SO_TYPE) == stdlib.SOCK_STREAM
        await client.sendmsg([b"ab", bytearray(b"cd"), memoryview(b"ef")])
        while struct.unpack("i", await accepted.ioctl(0x541B, bytes(4)))[0] < 6:
            pass
        assert await accepted.recv(6, stdlib.MSG_WAITALL) == b"abcdef"
        path = tmp_path / "file"
        path.write_bytes(b"0123456789" * 100_000)
        with open(path, "rb") as file:
            sending = asyncio.ensure_future(client.sendfile(file, 5, 900_000))
            assert await accepted.recv(900_000, stdlib.MSG_WAITALL) == path.read_bytes()[5:900_005]
            assert await sending == 900_000 and file.tell() == 900_005
        async with await client.dup() as duplicate:
            await duplicate.sendall(b"from the duplicate")
        assert await accepted.recv(100) == b"from the duplicate"
        assert await client.connect_ex(await accepted.getsockname()) == errno.EISCONN
        await client.shutdown(stdlib.SHUT_WR)
        assert await accepted.recv(1) == b""
        assert await client.recv(0) == b""
        waiting = asyncio.ensure_future(client.recv(1))
        await handle_count(broker)
        await client.close()
        with pytest.raises(OSError) as caught:
            await waiting
        assert caught.value.errno == errno.EBADF and client.fileno() == -1
        with pytest.raises(OSError) as caught:
            await client.send(b"")
        assert caught.value.errno == errno.EBADF
        await client.close()


@on_a_loop
async def test_names_are_those_of_the_daemons_host():
    async with connect() as broker:
        expected = stdlib.getaddrinfo("127.0.0.1", 80, type=stdlib.SOCK_STREAM)
        assert await broker.getaddrinfo("127.0.0.1", 80, type=stdlib.SOCK_STREAM) == expected
        assert await broker.getnameinfo(("127.0.0.1", 80), stdlib.NI_NUMERICHOST | stdlib.NI_NUMERICSERV) == (
            "127.0.0.1",
            "80",
        )
        assert await broker.gethostbyname("127.0.0.1") == "127.0.0.1"
        assert await broker.gethostname() == stdlib.gethostname()
        assert await broker.if_nameindex() == stdlib.if_nameindex()
        assert await broker.if_indextoname(await broker.if_nametoindex("lo")) == "lo"
        with pytest.raises(stdlib.gaierror) as caught:
            await broker.open_connection("no such host.invalid", 1)
        assert caught.value.errno in (stdlib.EAI_NONAME, stdlib.EAI_AGAIN)
        with pytest.raises(OSError):
            await broker.if_nametoindex("no such")


WRONG_ARGUMENTS = [
    ("recv", ("x",)),
    ("recv", (-1,)),
    ("recv", (1, "x")),
    ("recv_into", (b"read only",)),
    ("recv_into", (bytearray(1), 2)),
    ("recvmsg", (-1,)),
    ("recvmsg_into", (1,)),
    ("send", ("text",)),
    ("sendall", (1,)),
    ("sendto", (b"x", 1, 2)),
    ("sendto", (b"x", ("127.0.0.1", 65536))),
    ("bind", ("no tuple",)),
    ("bind", (("127.0.0.1", 65536),)),
    ("bind", (("127.0.0.1", -1),)),
    ("connect", (("a\0b", 1),)),
    ("connect_ex", ((1, 1),)),
    ("setsockopt", (1, 2, "x")),
    ("getsockopt", (1, 2, 5000)),
    ("getsockopt", ("x", 2)),
    ("shutdown", ("x",)),
    ("sendmsg", (1,)),
    ("sendmsg", (["x"],)),
    ("sendmsg", ([b"x"], [(1, 2)])),
    ("listen", (2**40,)),
]


@pytest.mark.parametrize(("method", "arguments"), WRONG_ARGUMENTS)
@on_a_loop
async def test_wrong_arguments_are_refused_in_the_interpreters_words(method, arguments):
    with stdlib.socket() as own, pytest.raises(Exception) as expected:
        getattr(own, method)(*arguments)
    async with connect() as broker, await broker.socket() as brokered:
        with pytest.raises(Exception) as caught:
            await getattr(brokered, method)(*arguments)
    assert (type(caught.value), str(caught.value)) == (type(expected.value), str(expected.value))


@on_a_loop
async def test_wrong_arguments_of_a_broker_are_refused():
    async with connect() as broker:
        for attempt in (
            lambda: broker.socket("inet"),
            lambda: broker.getaddrinfo(1, 2),
            lambda: broker.gethostbyname(1),
            lambda: broker.open_datagram(1),
            lambda: broker.if_nametoindex(1),
        ):
            with pytest.raises(TypeError):
                await attempt()
        with pytest.raises(OverflowError):
            await broker.socket(1 << 40)
        for attempt in (
            lambda: broker.open_connection(),
            lambda: broker.start_server(echo),
            lambda: broker.open_connection("127.0.0.1", 1, sock=object()),
        ):
            with pytest.raises(ValueError):
                await attempt()
        one, two = await broker.socketpair()
        async with two:
            _, writer = await broker.open_connection(sock=one)
            for data in ("text", 1, None):
                with pytest.raises(TypeError):
                    writer.write(data)
            writer.close()
            await writer.wait_closed()
        assert await handle_count(broker) == 0
    with pytest.raises(ValueError):
        sockbroker.aio.connect("http://example.org")


@on_a_loop
async def test_an_unclosed_socket_is_warned_of_and_closed():
    async with connect() as broker:
        one, two = await broker.socketpair()
        with pytest.warns(ResourceWarning, match="unclosed"):
            del one
        async with two:
            assert await two.recv(1) == b""


# Cancelling -----------------------------------------------------------------------------------------------------------


async def some_turns(number):
    for _ in range(number):
        await asyncio.sleep(0)


async def outcome(task):
    """The result of a task that was perhaps cancelled, or None."""
    try:
        return await task
    except asyncio.CancelledError:
        return None


@on_a_loop
async def test_a_receive_that_was_done_when_it_was_cancelled_is_kept():
    async with connect() as broker:
        one, two = await broker.socketpair()
        async with one, two:
            for size in (10, 4, 100):
                await two.sendall(b"0123456789")
                task = asyncio.ensure_future(one.recv(size))
                # Until it is on its way: the data is there, so the daemon does it as it comes.
                while not broker._session._connection.operations._sent:
                    await asyncio.sleep(0)
                task.cancel()
                assert await outcome(task) is None
                received = await one.recv(4)
                while len(received) < 10:
                    received += await one.recv(100)
                assert received == b"0123456789"


@on_a_loop
async def test_raced_cancels_lose_no_byte_of_a_stream():
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
async def test_raced_cancels_lose_no_message_whoever_receives():
    """Several tasks at a time, by receiving and by iterating."""
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
async def test_raced_cancels_lose_no_connection():
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
            while await handle_count(broker) != before:  # The server's ends follow.
                await asyncio.sleep(0)


@on_a_loop
async def test_timeouts_end_each_wait_and_lose_nothing():
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


# The end of a connection ----------------------------------------------------------------------------------------------


@on_a_loop
async def test_a_killed_daemon_ends_whatever_waits_at_once(own_daemon):
    async with sockbroker.aio.connect(own_daemon.endpoint) as broker:
        reports = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: reports.append(context["exception"]))
        one, two = await broker.socketpair()
        full, _unread = await broker.socketpair()
        client, stream_end = await broker.socketpair()
        blocked, blocked_end = await broker.socketpair()
        server = await broker.start_server(echo, "127.0.0.1", 0)
        listener = await broker.socket()
        await listener.bind(("127.0.0.1", 0))
        await listener.listen()
        datagram = await broker.open_datagram(("127.0.0.1", 0))
        packets = await broker.open_datagram(("127.0.0.1", 0))
        reader, writer = await broker.open_connection(sock=client)
        _, blocked_writer = await broker.open_connection(sock=blocked)
        blocked_writer.write(bytes(1 << 24))
        waits = {
            "recv": one.recv(1),
            "recvmsg": two.recvmsg(1, 100),
            "recv_into": stream_end.recv_into(bytearray(1)),
            "accept": listener.accept(),
            "sendall": full.sendall(bytes(1 << 24)),
            "message": datagram.receive(),
            "iteration": packets.__anext__(),
            "read": reader.read(),
            "drain": blocked_writer.drain(),
            "serve": server.serve_forever(),
        }
        tasks = {name: asyncio.ensure_future(wait) for name, wait in waits.items()}
        for _ in range(20):
            await handle_count(broker)
        assert not any(task.done() for task in tasks.values())
        own_daemon.kill()
        await asyncio.wait(tasks.values())
        outcomes = {name: task.exception() for name, task in tasks.items()}
        lost = {name for name, error in outcomes.items() if isinstance(error, sockbroker.ConnectionLost)}
        assert lost == set(tasks), outcomes
        assert {error.code for error in outcomes.values()} == {"CONNECTION_LOST"}
        assert reports and all(isinstance(error, sockbroker.ConnectionLost) for error in reports)
        with pytest.raises(sockbroker.ConnectionLost):
            await writer.wait_closed()
        with pytest.raises(sockbroker.BrokerError):
            await broker.socket()
    for each in (one, two, full, _unread, stream_end, blocked_end, listener, datagram, packets):
        await each.close()


def test_a_daemon_that_was_started_anew_knows_nothing_of_what_was(own_daemon):
    script = """
import asyncio, sys
import sockbroker.aio

async def lost(attempt):
    try:
        await attempt
        return "done"
    except sockbroker.ConnectionLost:
        return "lost"

async def main():
    async with sockbroker.aio.connect() as broker:
        one, two = await broker.socketpair()
        reader, writer = await broker.open_connection(sock=two)
        print("ready", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
        for attempt in (reader.read(), one.recv(1), broker.socketpair(), broker.open_connection("127.0.0.1", 1)):
            print(await lost(attempt))
        print(broker.closed)
        await one.close()
    async with sockbroker.aio.connect() as broker:
        one, two = await broker.socketpair()
        await one.send(b"anew")
        print((await two.recv(10)).decode())
        await one.close()
        await two.close()

asyncio.run(main())
"""
    program = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "SOCKBROKER_ENDPOINT": own_daemon.endpoint},
    )
    assert program.stdout is not None and program.stdout.readline() == "ready\n"
    own_daemon.kill()
    own_daemon.start()
    out, _ = program.communicate("\n", timeout=HANG_SECONDS)
    assert out.split() == ["lost"] * 4 + ["True", "anew"] and program.returncode == 0


@on_a_loop
async def test_closing_a_broker_ends_what_waits():
    broker = await connect()
    one, two = await broker.socketpair()
    waiting = asyncio.ensure_future(one.recv(1))
    iterating = asyncio.ensure_future(two.__anext__())
    await handle_count(broker)
    await broker.close()
    for task in (waiting, iterating):
        with pytest.raises(sockbroker.ConnectionLost):
            await task
    assert broker.closed
    with pytest.raises(sockbroker.BrokerError) as caught:
        await broker.socket()
    assert caught.value.code == "BROKER_CLOSED"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        await one.close()
        del two
    await broker.close()


@on_a_loop
async def test_no_daemon_is_said_at_once(tmp_path):
    with pytest.raises(sockbroker.BrokerError) as caught:
        await sockbroker.aio.connect(str(tmp_path / "none.sock"))
    assert caught.value.code == "ENDPOINT_NOT_FOUND" and caught.value.errno == errno.ENOENT
    path = str(tmp_path / "other.sock")
    with stdlib.socket(stdlib.AF_UNIX) as other:
        other.bind(path)
        with pytest.raises(sockbroker.BrokerError) as caught:
            await sockbroker.aio.connect(path)
    assert caught.value.code == "ENDPOINT_REFUSED"


def test_it_works_where_every_socket_is_a_brokered_one():
    script = """
import asyncio, socket
import sockbroker.aio

async def main():
    async with sockbroker.aio.connect() as broker:
        one, two = await broker.socketpair()
        async with one, two:
            await one.send(b"explicit")
            print((await two.recv(10)).decode())
        local, other = socket.socketpair()
        with local, other:
            local.setblocking(False)
            other.send(b"implicit")
            print((await asyncio.get_running_loop().sock_recv(local, 10)).decode(), local.fileno() >= 2**30)

asyncio.run(main())
"""
    assert run(script) == ["explicit", "implicit True"]


def test_a_loop_after_another():
    async def once():
        async with connect() as broker, await broker.socket() as sock:
            return sock.fileno()

    assert len({asyncio.run(once()) for _ in range(3)}) == 3
