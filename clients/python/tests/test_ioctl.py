"""ioctl and fcntl on brokered sockets, compared with the interpreter's own on the same interfaces."""

from __future__ import annotations

import array
import ctypes
import errno
import fcntl
import os
import socket as stdlib
import struct
import subprocess
import termios

import pytest

import sockbroker.socket as socket

from aio_loop import connect, connected, on_a_loop

SIOCGIFCONF = 0x8912
SIOCGIFFLAGS = 0x8913
SIOCGIFADDR = 0x8915
SIOCGIFMTU = 0x8921
SIOCGIFHWADDR = 0x8927
SIOCGIFINDEX = 0x8933
SIOCETHTOOL = 0x8946
SIOCGPGRP = 0x8904
FIOGETOWN = 0x8903
FIONREAD = 0x541B
OF_INTERFACES = (SIOCGIFFLAGS, SIOCGIFADDR, SIOCGIFMTU, SIOCGIFHWADDR, SIOCGIFINDEX)

ETHTOOL_GDRVINFO = 0x03
ETHTOOL_SCOALESCE = 0x0F
# For each command that only reads: its struct's size in bytes, and what a caller puts after the command.
READS = [
    *((command, 8, b"") for command in (0x07, 0x0A, 0x14, 0x16, 0x18, 0x1E, 0x21, 0x23, 0x25, 0x27, 0x2B)),
    *((command, size, b"") for command, size in ((0x01, 44), (ETHTOOL_GDRVINFO, 196), (0x0E, 92), (0x10, 36), (0x12, 16))),
    *((command, size, b"") for command, size in ((0x2D, 192), (0x3C, 36), (0x41, 44), (0x44, 40), (0x50, 16))),
    *((0x1B, 8000, struct.pack("II", which, count)) for which in (0, 1, 4, 8) for count in (0, 64)),
    *((0x1D, 800, struct.pack("I", count)) for count in (0, 10)),
    *((0x20, 64, struct.pack("I", size)) for size in (0, 5, 6, 32)),
    *((0x37, 96, struct.pack("IQ", 0, mask)) for mask in (0, 1, 0x12, 0xFFFF)),
    *((0x3A, 200, struct.pack("I", blocks)) for blocks in (0, 1, 2, 8)),
    *((0x4C, 200, bytes(15) + struct.pack("b", words)) for words in (0, 2, 3, 4, 5)),
]


@pytest.fixture(params=[socket, stdlib], ids=["brokered", "local"])
def either(request):
    """A socket of each kind; the results must equal those of the interpreter's own."""
    with request.param.socket(type=stdlib.SOCK_DGRAM) as one:
        yield one


@pytest.fixture
def both():
    with socket.socket(type=stdlib.SOCK_DGRAM) as brokered, stdlib.socket(type=stdlib.SOCK_DGRAM) as local:
        yield brokered, local


def outcome(function, *arguments):
    """Returns the result of a call, or the class and text of its exception."""
    try:
        return function(*arguments)
    except Exception as error:
        return type(error), str(error)


def same(both, *arguments):
    brokered, local = (outcome(fcntl.ioctl, one, *arguments) for one in both)
    assert brokered == local
    return local


@pytest.mark.parametrize("size", [2, 16, 20, 32, 40, 41, 64, 256, 1024, 1025, 4096])
def test_an_argument_of_any_length(both, size):
    for request in OF_INTERFACES:
        answer = same(both, request, struct.pack(f"{size}s", b"lo"))
        assert size > 1024 or len(answer) == size


@pytest.mark.parametrize("size", [40, 41, 256, 1024, 1025, 5000])
def test_a_buffer_is_changed_where_the_kernel_changes_it(both, size):
    changed = []
    for one in both:
        for make in (bytearray, lambda data: array.array("B", data), lambda data: memoryview(bytearray(data))):
            buffer = make(b"lo".ljust(size - 1, b"\0") + b"\x07")
            assert fcntl.ioctl(one, SIOCGIFADDR, buffer, True) == 0
            changed.append(bytes(buffer))
    assert len(set(changed)) == 1 and changed[0][20:24] == bytes([127, 0, 0, 1]) and changed[0][-1] == 7
    same(both, SIOCGIFADDR, bytearray(changed[0]), False)


def test_wrong_arguments(both):
    wrong = [(), (0,), (5,), (-1,), (1 << 40,), (None,), (1.5,), (b"", True, 1, 2)]
    for argument in (*wrong, ("lo" + "\0" * 38,), (b"nope".ljust(40, b"\0"),)):
        for request in (SIOCGIFMTU, FIONREAD):
            same(both, request, *argument)
    assert same(both, FIONREAD, 0) == (OSError, "[Errno 14] Bad address")


def test_a_closed_socket_has_none(both):
    numbers = [one.fileno() for one in both]
    for one in both:
        one.close()
    for request, argument in ((FIONREAD, bytes(4)), (termios.FIONBIO, bytes(4)), (termios.FIOCLEX, 0), (SIOCGIFMTU, 1)):
        assert {outcome(fcntl.ioctl, number, request, argument) for number in numbers} == {
            (OSError, "[Errno 9] Bad file descriptor")
        }


def test_fionread_counts_data_that_was_read_ahead():
    data = os.urandom(1 << 20)
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        accepted, _ = server.accept()
    with client, accepted:
        accepted.settimeout(60)
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        # Enough full buffers that data is read ahead.
        received = b"".join(accepted.recv(1024) for _ in range(200))
        (unread,) = struct.unpack("i", fcntl.ioctl(accepted, FIONREAD, bytes(4)))
        rest = bytearray()
        while len(rest) < unread:
            rest += accepted.recv(unread - len(rest), socket.MSG_DONTWAIT)
        received += bytes(rest)
        while piece := accepted.recv(65536):
            received += piece
        assert received == data


def test_fionread_of_datagrams_is_the_size_of_the_next_one(either):
    either.bind(("127.0.0.1", 0))
    with stdlib.socket(type=stdlib.SOCK_DGRAM) as sender:
        for data in (b"12345", b"123"):
            sender.sendto(data, either.getsockname())
    assert struct.unpack("i", fcntl.ioctl(either, FIONREAD, bytes(4))) == (5,)
    assert fcntl.ioctl(either, FIONREAD, b"\0") == b"\x05"


def test_blocking_by_ioctl(either):
    either.bind(("127.0.0.1", 0))
    assert fcntl.ioctl(either, termios.FIONBIO, struct.pack("i", 1)) == struct.pack("i", 1)
    assert not os.get_blocking(either.fileno()) and either.gettimeout() is None
    with pytest.raises(BlockingIOError):
        either.recv(1)
    assert fcntl.ioctl(either, termios.FIONBIO, bytearray(4)) == 0 and os.get_blocking(either.fileno())
    assert fcntl.ioctl(either, termios.FIONBIO, array.array("i", [256])) == 0 and not os.get_blocking(either.fileno())
    assert outcome(fcntl.ioctl, either, termios.FIONBIO, 1) == (OSError, "[Errno 14] Bad address")


def test_inheriting_by_ioctl(either):
    assert fcntl.ioctl(either, termios.FIONCLEX) == 0 and either.get_inheritable()
    assert fcntl.ioctl(either, termios.FIOCLEX, 0) == 0 and not either.get_inheritable()
    assert fcntl.ioctl(either, termios.FIONCLEX, b"xy") == b"xy" and either.get_inheritable()


def test_nobody_owns_a_socket(either):
    assert fcntl.fcntl(either, fcntl.F_GETOWN) == 0
    assert fcntl.fcntl(either, fcntl.F_SETOWN, 0) == 0
    for request in (SIOCGPGRP, FIOGETOWN):
        assert fcntl.ioctl(either, request, bytes(4)) == bytes(4)


def test_signals_of_sockets_are_refused_with_a_reason():
    with socket.socket() as one:
        for attempt in (
            lambda: fcntl.fcntl(one, fcntl.F_SETOWN, os.getpid()),
            lambda: fcntl.fcntl(one, fcntl.F_SETFL, os.O_ASYNC),
            lambda: fcntl.ioctl(one, termios.FIOASYNC, struct.pack("i", 1)),
        ):
            with pytest.raises(OSError, match="a brokered socket sends no signals") as caught:
                attempt()
            assert caught.value.errno == errno.EOPNOTSUPP
        assert fcntl.fcntl(one, fcntl.F_SETFL, os.O_NONBLOCK) == 0
        assert fcntl.fcntl(one, fcntl.F_GETFL) == os.O_RDWR | os.O_NONBLOCK


# Structs that point to others
# -------------------------------------------------------------------------------------------


def test_all_interfaces(both):
    for size in (4096, 80, 70, 40, 39, 0, -1):
        lists = []
        for one in both:
            names = array.array("B", b"\xee" * 4096)
            address = names.buffer_info()[0]
            answer = fcntl.ioctl(one, SIOCGIFCONF, struct.pack("iP", size, address) + b"behind")
            assert answer[8:] == struct.pack("P", address) + b"behind"
            lists.append((struct.unpack_from("i", answer), names.tobytes()))
        assert lists[0] == lists[1]
    same(both, SIOCGIFCONF, struct.pack("iP", 0, 0))
    same(both, SIOCGIFCONF, struct.pack("iP", 4096, 0))
    assert same(both, SIOCGIFCONF, struct.pack("iP", 4096, 1)) == (OSError, "[Errno 14] Bad address")


def ethtool(one, interface, command, size, given):
    """Performs a command. Returns its result and the memory's contents afterwards."""
    memory = ctypes.create_string_buffer(struct.pack("I", command) + given, size + 16)
    request = struct.pack("16sP16x", interface, ctypes.addressof(memory))
    answer = outcome(fcntl.ioctl, one, SIOCETHTOOL, request)
    return answer == request or answer, memory.raw


def test_reading_ethtool_commands_on_the_loopback(both):
    for read in READS:
        brokered, local = (ethtool(one, b"lo", *read) for one in both)
        assert brokered == local, read


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to make an interface")
def test_reading_ethtool_commands_on_another_interface(both):
    if [name for _, name in stdlib.if_nameindex()] != ["lo"]:
        pytest.skip("needs a network namespace of its own")
    subprocess.run(["ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1"], check=True)
    try:
        answered = 0
        for read in READS:
            brokered, local = (ethtool(one, b"v0", *read) for one in both)
            assert brokered == local, read
            answered += local[0] is True
        assert answered > 10
        assert b"veth" in ethtool(both[0], b"v0", ETHTOOL_GDRVINFO, 196, b"")[1]
    finally:
        subprocess.run(["ip", "link", "del", "v0"], check=True)


def test_wrong_addresses(both):
    for address in (0, 1, 1 << 63):
        request = struct.pack("16sP16x", b"lo", address)
        assert same(both, SIOCETHTOOL, request) == (OSError, "[Errno 14] Bad address")
    assert ethtool(both[0], b"nope", 0x0A, 8, b"") == ethtool(both[1], b"nope", 0x0A, 8, b"")


def test_changing_ethtool_commands_are_refused_with_a_reason():
    with socket.socket() as one:
        for command in (ETHTOOL_SCOALESCE, 0x02, 0xFFFF):
            answer, _ = ethtool(one, b"lo", command, 92, b"")
            assert answer[0] is OSError and f"ethtool's command 0x{command:x} is refused" in answer[1]


def test_an_unknown_request_is_refused_with_a_reason():
    with socket.socket() as one:
        with pytest.raises(OSError, match="ioctl 0x89f0 is unknown to the broker") as caught:
            fcntl.ioctl(one, 0x89F0, bytes(40))
        assert caught.value.errno == errno.EOPNOTSUPP


@on_a_loop
async def test_ioctl_with_aio():
    async with connect() as broker, connected(broker) as (client, accepted):
        assert len(await client.ioctl(SIOCGIFADDR, struct.pack("256s", b"lo"))) == 256
        memory = array.array("B", bytes(4096))
        answer = await client.ioctl(SIOCGIFCONF, struct.pack("iP", 4096, memory.buffer_info()[0]))
        assert struct.unpack_from("i", answer)[0] >= 40 and memory.tobytes().startswith(b"lo\0")
        with pytest.raises(OSError) as caught:
            await client.ioctl(FIONREAD)
        assert caught.value.errno == errno.EFAULT
