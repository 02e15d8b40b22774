"""Options whose value points into this process's memory: classic BPF programs."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import socket as stdlib
import struct

import pytest

import sockbroker
import sockbroker.aio
import sockbroker.socket as socket

from aio_loop import connect, on_a_loop

SO_ATTACH_FILTER = 26
SO_ATTACH_REUSEPORT_CBPF = 51
SO_LOCK_FILTER = 44
SOL_PACKET = 263
PACKET_FANOUT = 18
PACKET_FANOUT_DATA = 22
PACKET_FANOUT_CBPF = 6
ETH_P_ALL = 3


class Instruction(ctypes.Structure):
    _fields_ = [("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint)]


class Program(ctypes.Structure):
    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.POINTER(Instruction))]


# For UDP: the byte after the header must be "k", or the message is dropped.
KEEP = [(0x30, 0, 0, 8), (0x15, 0, 1, ord("k")), (0x06, 0, 0, 0xFFFF), (0x06, 0, 0, 0)]
INSTRUCTIONS = (Instruction * len(KEEP))(*(Instruction(*each) for each in KEEP))
RETURN_ZERO = (Instruction * 4097)(*(Instruction(0x06, 0, 0, 0) for _ in range(4097)))
VALUES = {
    "struct.pack": lambda: struct.pack("HP", len(KEEP), ctypes.addressof(INSTRUCTIONS)),
    "struct.pack without alignment": lambda: struct.pack("=H6xQ", len(KEEP), ctypes.addressof(INSTRUCTIONS)),
    "a ctypes structure": lambda: Program(len(KEEP), INSTRUCTIONS),
    "its bytes": lambda: bytes(Program(len(KEEP), INSTRUCTIONS)),
    "a bytearray": lambda: bytearray(Program(len(KEEP), INSTRUCTIONS)),
    "a memoryview": lambda: memoryview(bytes(Program(len(KEEP), INSTRUCTIONS))),
}


@pytest.fixture
def unreadable():
    """Returns the address of an unreadable page after a readable one."""
    pages = mmap.mmap(-1, 2 * mmap.PAGESIZE)
    address = ctypes.addressof(ctypes.c_char.from_buffer(pages)) + mmap.PAGESIZE
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    assert libc.mprotect(address, mmap.PAGESIZE, 0) == 0
    yield address
    assert libc.mprotect(address, mmap.PAGESIZE, mmap.PROT_READ | mmap.PROT_WRITE) == 0


@pytest.fixture
def receiver():
    with socket.socket(type=socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        one.settimeout(30)
        yield one


def keeps_only_what_it_should(receiver):
    with socket.socket(type=socket.SOCK_DGRAM) as sender:
        for data in (b"drop", b"keep"):
            sender.sendto(data, receiver.getsockname())
    return receiver.recv(10) == b"keep"


@pytest.mark.parametrize("value", VALUES)
def test_a_filter_is_read_from_the_callers_memory(receiver, value):
    receiver.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, VALUES[value]())
    assert keeps_only_what_it_should(receiver)


def test_a_filter_in_a_pipeline(receiver):
    with sockbroker.Pipeline() as pipeline:
        done = pipeline.submit(receiver.setsockopt, socket.SOL_SOCKET, SO_ATTACH_FILTER, VALUES["struct.pack"]())
    assert done.result() is None and keeps_only_what_it_should(receiver)


@on_a_loop
async def test_a_filter_with_aio():
    async with connect() as broker:
        async with await broker.socket(type=stdlib.SOCK_DGRAM) as receiver, await broker.socket(
            type=stdlib.SOCK_DGRAM
        ) as sender:
            await receiver.bind(("127.0.0.1", 0))
            await receiver.setsockopt(stdlib.SOL_SOCKET, SO_ATTACH_FILTER, VALUES["struct.pack"]())
            for data in (b"drop", b"keep"):
                await sender.sendto(data, await receiver.getsockname())
            assert await receiver.recv(10) == b"keep"
            with pytest.raises(OSError) as caught:
                await receiver.setsockopt(stdlib.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", 1, 1))
            assert caught.value.errno == errno.EFAULT


def outcomes(module, values, level=stdlib.SOL_SOCKET, name=SO_ATTACH_FILTER):
    """Returns the errno of setsockopt for each value, on separate sockets; None for success."""
    answers = []
    for value in values:
        with module.socket(type=stdlib.SOCK_DGRAM) as one:
            try:
                answers.append(one.setsockopt(level, name, *(value if isinstance(value, tuple) else (value,))))
            except OSError as error:
                answers.append(error.errno)
    return answers


def test_invalid_values_are_refused_as_by_the_kernel(unreadable):
    where = ctypes.addressof(RETURN_ZERO)
    wrong = [
        struct.pack("HP", count, address)
        for count, address in (
            (0, where),
            (1, 0),
            (4097, where),
            (1, 1),
            (1, unreadable),
            (2, unreadable - 8),
            (1, (1 << 64) - 4096),
            (1, 1 << 63),
        )
    ]
    wrong += [b"", bytes(15), wrong[0] + b"x", bytes(RETURN_ZERO)[:8], (None, 3), (None, 4), (None, 16), (None, 4096)]
    assert outcomes(socket, wrong) == outcomes(stdlib, wrong)
    # Everything is valid except the last bytes, which are unreadable.
    ctypes.memmove(unreadable - 16, bytes(RETURN_ZERO)[:16], 16)
    right = [struct.pack("HP", 2, unreadable - 16), struct.pack("HP", 4096, where)]
    assert outcomes(socket, right) == outcomes(stdlib, right) == [None, None]


def test_an_unreadable_program_does_not_replace_the_filter(receiver, unreadable):
    receiver.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, VALUES["struct.pack"]())
    with pytest.raises(OSError) as caught:
        receiver.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", 1, unreadable))
    assert caught.value.errno == errno.EFAULT and keeps_only_what_it_should(receiver)


def test_a_locked_filter_stays(receiver):
    receiver.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, VALUES["struct.pack"]())
    receiver.setsockopt(socket.SOL_SOCKET, SO_LOCK_FILTER, 1)
    with pytest.raises(PermissionError):
        receiver.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", 1, ctypes.addressof(RETURN_ZERO)))
    assert keeps_only_what_it_should(receiver)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 32, 1024])
def test_a_filter_is_returned_as_by_the_interpreter(size):
    """The kernel counts instructions where all other options count bytes."""

    def back(module):
        with module.socket(type=stdlib.SOCK_DGRAM) as one:
            program = (Instruction * 1)(Instruction(0x06, 0, 0, 0x1234))
            before = one.getsockopt(stdlib.SOL_SOCKET, SO_ATTACH_FILTER, size)
            one.setsockopt(stdlib.SOL_SOCKET, SO_ATTACH_FILTER, Program(1, program))
            return before, one.getsockopt(stdlib.SOL_SOCKET, SO_ATTACH_FILTER, size)

    # Below 8 the interpreter lets the kernel write past the end of its buffer.
    assert back(socket) == (back(stdlib) if size >= 8 else (b"", b"\x06"))


def test_a_program_selects_the_socket_of_a_group():
    second = (Instruction * 1)(Instruction(0x06, 0, 0, 1))
    with socket.socket(type=socket.SOCK_DGRAM) as one, socket.socket(type=socket.SOCK_DGRAM) as two:
        for each in (one, two):
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            each.bind(one.getsockname() if each is two else ("127.0.0.1", 0))
        one.setsockopt(socket.SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, Program(1, second))
        two.settimeout(30)
        for index in range(20):
            with socket.socket(type=socket.SOCK_DGRAM) as sender:
                sender.sendto(bytes([index]), one.getsockname())
                assert two.recv(10) == bytes([index])
        with pytest.raises(BlockingIOError):
            one.recv(10, socket.MSG_DONTWAIT)


needs_packets = pytest.mark.skipif(os.geteuid() != 0, reason="a packet socket needs root")


@needs_packets
def test_a_program_for_the_members_of_a_fanout():
    second = (Instruction * 1)(Instruction(0x06, 0, 0, 1))
    protocol = socket.htons(ETH_P_ALL)
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, protocol) as one:
        with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, protocol) as two:
            group = struct.pack("HH", os.getpid() & 0xFFFF, PACKET_FANOUT_CBPF)
            for each in (one, two):
                each.bind(("lo", ETH_P_ALL))
                each.setsockopt(SOL_PACKET, PACKET_FANOUT, group)
            one.setsockopt(SOL_PACKET, PACKET_FANOUT_DATA, Program(1, second))
            with pytest.raises(OSError) as caught:
                one.setsockopt(SOL_PACKET, PACKET_FANOUT_DATA, struct.pack("HP", 1, 1))
            assert caught.value.errno == errno.EFAULT
            with socket.socket(type=socket.SOCK_DGRAM) as sender:
                sender.sendto(b"to the second member", ("127.0.0.1", 9))
            two.settimeout(30)
            assert b"to the second member" in two.recv(1000)
            with pytest.raises(BlockingIOError):
                one.recv(1000, socket.MSG_DONTWAIT)


@needs_packets
def test_a_dhcp_client_receives_only_its_port():
    """As in dhclient and udhcpc: a packet socket, and a filter for UDP to port 68."""
    port_68 = [
        (0x30, 0, 0, 9),  # the protocol
        (0x15, 0, 6, 17),  # UDP
        (0x28, 0, 0, 6),  # the fragment offset
        (0x45, 4, 0, 0x1FFF),
        (0xB1, 0, 0, 0),  # the length of the header
        (0x48, 0, 0, 2),  # the destination port
        (0x15, 0, 1, 68),
        (0x06, 0, 0, 0xFFFF),
        (0x06, 0, 0, 0),
    ]
    instructions = (Instruction * len(port_68))(*(Instruction(*each) for each in port_68))
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0) as client:
        client.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, Program(len(port_68), instructions))
        client.bind(("lo", 0x0800))
        client.settimeout(30)
        with socket.socket(type=socket.SOCK_DGRAM) as sender:
            for port in (67, 69, 68):
                sender.sendto(b"to port %d" % port, ("127.0.0.1", port))
        assert client.recv(1000).endswith(b"to port 68")
