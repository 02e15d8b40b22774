"""sockbroker.aio: the methods of sockets, and their arguments."""

from __future__ import annotations

import array
import asyncio
import errno
import os
import socket as stdlib
import struct

import pytest

import sockbroker.aio

from sockbroker._received import Received

from aio_loop import connect, connected, echo, handle_count, on_a_loop


@on_a_loop
async def test_rights_transfer_brokered_sockets():
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
async def test_a_task_that_receives_during_a_hand_over_gets_everything_in_order():
    async with connect() as broker, connected(broker) as (client, accepted):
        data = os.urandom(200_000)
        sending = asyncio.ensure_future(client.sendall(data + b"later"))
        unread = await accepted.recv(len(data), stdlib.MSG_WAITALL)
        await sending
        # As after a receive that was cancelled when it had ended.
        accepted.give_back(Received(unread, len(unread), [], 0, None))
        one, two, first = await asyncio.gather(accepted.dup(), accepted.dup(), accepted.recv(1 << 20))
        async with one, two:
            taken = first
            while len(taken) < len(data) + 5:
                taken += await (one, two)[len(taken) % 2].recv(1 << 20)
            assert taken == data + b"later"


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
async def test_wrong_arguments_are_refused_with_the_interpreters_texts(method, arguments):
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
async def test_an_unclosed_socket_causes_a_warning_and_is_closed():
    async with connect() as broker:
        one, two = await broker.socketpair()
        with pytest.warns(ResourceWarning, match="unclosed"):
            del one
        async with two:
            assert await two.recv(1) == b""


@on_a_loop
async def test_a_length_from_a_truncated_receive_suffices_for_the_message():
    async with connect() as broker:
        for kind in (stdlib.SOCK_DGRAM, stdlib.SOCK_SEQPACKET):
            one, two = await broker.socketpair(stdlib.AF_UNIX, kind)
            async with one, two:
                await one.send(b"0123456789")
                assert await two.recv(1, stdlib.MSG_PEEK | stdlib.MSG_TRUNC) == b"0" + bytes(9)
                assert (await two.recvfrom(2, stdlib.MSG_PEEK | stdlib.MSG_TRUNC))[0] == b"01" + bytes(8)
                assert await two.recv_into(bytearray(3), 0, stdlib.MSG_PEEK | stdlib.MSG_TRUNC) == 10
                assert await two.recv(10) == b"0123456789"
