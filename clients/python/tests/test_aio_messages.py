"""sockbroker.aio: datagrams, raw and packet sockets."""

from __future__ import annotations

import asyncio
import random
import socket as stdlib
import struct
import time

import pytest

from aio_loop import connect, handle_count, on_a_loop

# Not in the socket module of every version.
IP_RECVTTL = 12
SO_MEMINFO = 55
ETH_P_ALL = 3


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
                # The kernel's own count (SO_MEMINFO); the stream has reported the drops before its messages.
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
                    # After the Ethernet and IP headers: echo request, then echo reply, each outgoing and incoming.
                    icmp = packet.data[34:]
                    if icmp[4:6] == body[:2]:
                        # The kernel enables its timestamps a little later than requested; until then it uses the time
                        # of the read.
                        assert packet.address[0] == "lo" and before <= packet.timestamp_ns <= time.time_ns()
                        seen.append((packet.address[2], icmp[0], icmp[4:]))
                    if len(seen) == 4:
                        break
            going_out, coming_in = stdlib.PACKET_OUTGOING, stdlib.PACKET_HOST
            assert sorted(seen) == sorted((way, kind, body) for way in (going_out, coming_in) for kind in (0, 8))


@on_a_loop
async def test_iteration_and_receives_alternate_on_a_socket():
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
