"""select, poll and epoll on brokered sockets, compared with the interpreter's own."""

from __future__ import annotations

import pytest

from programs import both, run

WAYS = {
    "select": "lambda sock: bool(select.select([sock], [], [], 0)[0])",
    "poll": "polled",
    "epoll": "epolled",
    "DefaultSelector": "selected",
}


@pytest.mark.parametrize("way", WAYS)
def test_a_poll_that_does_not_wait_reports_what_is_ready(way: str) -> None:
    program = f"""
        import select, selectors, socket

        one, two = socket.socketpair()
        poller, epoller, selector = select.poll(), select.epoll(), selectors.DefaultSelector()
        poller.register(one, select.POLLIN)
        epoller.register(one, select.EPOLLIN)
        selector.register(one, selectors.EVENT_READ)
        polled = lambda sock: bool(poller.poll(0))
        epolled = lambda sock: bool(epoller.poll(0))
        selected = lambda sock: bool(selector.select(0))
        ready = {WAYS[way]}
        for _ in range(100):
            assert not ready(one)
            two.send(b"x")
            assert ready(one)
            assert one.recv(1) == b"x"
        two.shutdown(socket.SHUT_WR)
        assert ready(one)
        print("done")
    """
    assert both(program) == ["done"]


# Each leaves `one` in some state, with the objects that keep it so.
STATES = {
    "a fresh pair": "one, kept = socket.socketpair()",
    "data": "one, kept = socket.socketpair(); kept.send(b'x')",
    "a peer that shut down": "one, kept = socket.socketpair(); kept.shutdown(socket.SHUT_WR)",
    "a peer that closed": "one, kept = socket.socketpair(); kept.close()",
    "shut down": "one, kept = socket.socketpair(); one.shutdown(socket.SHUT_RDWR)",
    "full": "one, kept = socket.socketpair(); fill(one)",
    "unconnected": "one = socket.socket()",
    "listening": "one = socket.create_server(('127.0.0.1', 0))",
    "with a connection": "one = socket.create_server(('127.0.0.1', 0)); kept = socket.create_connection(one.getsockname())",
    "TCP": "one, kept = tcp()",
    "TCP, urgent data": "one, kept = tcp(); kept.send(b'x', socket.MSG_OOB); settle(one)",
    "TCP, a peer that shut down": "one, kept = tcp(); kept.shutdown(socket.SHUT_WR); settle(one)",
    "TCP, a peer that closed": "one, kept = tcp(); kept.close(); settle(one)",
    "TCP, both shut down": "one, kept = tcp(); kept.shutdown(1); settle(one); one.shutdown(1)",
    "TCP, reset": "one, kept = tcp(); linger(kept); kept.close(); settle(one)",
    "UDP": "one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
    "UDP, refused": "one = refused()",
    "seqpacket, a peer that closed": "one, kept = socket.socketpair(type=socket.SOCK_SEQPACKET); kept.close()",
}

HELPERS = """
import select, selectors, socket, struct, sys

def tcp():
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        return server.accept()[0], client

def settle(sock):
    poller = select.poll()
    poller.register(sock, select.POLLIN | select.POLLPRI)
    assert poller.poll()

def fill(sock):
    sock.setblocking(False)
    try:
        while True:
            sock.send(bytes(65536))
    except BlockingIOError:
        sock.setblocking(True)

def linger(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

def refused():
    closed = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    closed.bind(("127.0.0.1", 0))
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.connect(closed.getsockname())
    closed.close()
    sock.send(b"x")
    return sock
"""


@pytest.mark.parametrize("state", STATES)
def test_the_events_of_a_socket_are_the_kernels(state: str) -> None:
    program = f"""{HELPERS}
{STATES[state]}
masks = [1 << bit for bit in (0, 1, 2, 6, 7, 8, 9, 13)]
masks += [0, sum(masks), select.POLLIN | select.POLLRDHUP, select.POLLOUT | select.POLLRDHUP]
poller, epoller = select.poll(), select.epoll()
poller.register(one, 0)
epoller.register(one, 0)
for mask in masks:
    poller.modify(one, mask)
    epoller.modify(one, mask)
    print(mask, [events for _, events in poller.poll(0)], [events for _, events in epoller.poll(0)])
print([len(part) for part in select.select([one], [one], [one], 0)])
"""
    both(program)


@pytest.mark.parametrize("kind", ["poll", "epoll"])
def test_a_wait_for_the_peers_half_close_ends_with_it(kind: str) -> None:
    program = f"""{HELPERS}
import threading
one, two = tcp()
poller = select.{kind}()
poller.register(one, select.POLLRDHUP)
print(poller.poll(0))
two.send(b"x")
settle(one)
print(poller.poll(0))
thread = threading.Thread(target=two.shutdown, args=(socket.SHUT_WR,))
thread.start()
print([events for _, events in poller.poll()])
thread.join()
"""
    assert both(program) == ["[]", "[]", "[8192]"]


def test_a_description_is_registered_until_its_last_descriptor_is_closed() -> None:
    program = """
        import select, socket
        one, two = socket.socketpair()
        epoller = select.epoll()
        number = one.fileno()
        epoller.register(number, select.EPOLLIN)
        print(epoller.poll(0))
        duplicate, another = one.dup(), one.dup()
        one.close()
        two.send(b"x")
        print([(got == number, events) for got, events in epoller.poll()])
        print([(got == number, events) for got, events in epoller.poll(0)])
        print(duplicate.recv(1), epoller.poll(0))
        duplicate.close()
        two.send(b"y")
        print([(got == number, events) for got, events in epoller.poll()])
        try:
            epoller.modify(number, select.EPOLLOUT)
        except OSError as error:
            print(error.errno)
        another.close()
        print(epoller.poll(0), epoller.poll(0.01))
    """
    assert both(program)[-1] == "[] []"


def test_a_duplicate_keeps_a_waiting_epoll_waiting() -> None:
    program = """
        import select, socket, threading
        one, two = socket.socketpair()
        duplicate = one.dup()
        epoller = select.epoll()
        number = one.fileno()
        epoller.register(number, select.EPOLLIN)
        print(epoller.poll(0))
        one.close()
        thread = threading.Timer(0.05, two.send, (b"x",))
        thread.start()
        print([(got == number, events) for got, events in epoller.poll()])
        thread.join()
    """
    assert both(program) == ["[]", "[(True, 1)]"]


def test_one_shot_interests_are_reported_once() -> None:
    program = """
        import select, socket
        one, two = socket.socketpair()
        epoller = select.epoll()
        epoller.register(one, select.EPOLLIN | select.EPOLLOUT | select.EPOLLONESHOT)
        print(epoller.poll(0)[0][1], epoller.poll(0))
        two.send(b"x")
        print(epoller.poll(0))
        epoller.modify(one, select.EPOLLIN | select.EPOLLONESHOT)
        print(epoller.poll(0)[0][1], epoller.poll(0))
        two.close()
        print(epoller.poll(0))
        epoller.modify(one, select.EPOLLRDHUP | select.EPOLLONESHOT)
        print(epoller.poll(0)[0][1], epoller.poll(0))
    """
    both(program)


def test_arguments_are_validated_like_the_originals() -> None:
    program = """
        import select, socket
        one, two = socket.socketpair()
        two.send(b"x")

        def attempt(function, *arguments, **keywords):
            try:
                result = function(*arguments, **keywords)
                print([events for _, events in result] if result else result)
            except Exception as error:
                print(type(error).__name__, getattr(error, "errno", None))

        epoller, poller = select.epoll(), select.poll()
        attempt(epoller.register, one, -1)
        attempt(epoller.register, two, 1 << 32)
        attempt(epoller.register, one, "x")
        attempt(epoller.register, one, select.EPOLLEXCLUSIVE | select.EPOLLPRI)
        attempt(epoller.register, one, select.EPOLLIN)
        attempt(epoller.register, one, select.EPOLLIN)
        attempt(epoller.modify, one, select.EPOLLEXCLUSIVE | select.EPOLLIN)
        for arguments in ((0, 0), (0, -2), (0, 1), (-1, 5), (None,), (0.0001,), ("x",), (1e30,), (float("nan"),), (0, "x"), (0, 1.5)):
            attempt(epoller.poll, *arguments)
        attempt(epoller.poll, timeout=0, maxevents=3)
        attempt(poller.register, one, -1)
        attempt(poller.register, one, 1 << 16)
        attempt(poller.register, one, "x")
        attempt(poller.register, one, select.POLLIN)
        for arguments in ((0,), (-1,), (None,), (0.5,), ("x",), (1e30,), (1 << 40,), (0, 0), (float("nan"),)):
            attempt(poller.poll, *arguments)
        attempt(poller.unregister, two)
        attempt(poller.modify, two, 1)
        for arguments in (([one], [], [], "x"), ([one], [], [], -1), ([one], [], [], None), ([one], []), ([one], [], [], 0, 0)):
            try:
                print([len(part) for part in select.select(*arguments)])
            except Exception as error:
                print(type(error).__name__, getattr(error, "errno", None))
    """
    both(program)


@pytest.mark.parametrize("way", ["select.select([one], [], [], 0)", "poller.poll(0)", "epoller.poll(0)"])
def test_a_lack_of_descriptors_is_an_error_and_not_readiness(way: str) -> None:
    program = f"""
        import os, resource, select, socket
        one, two = socket.socketpair()
        poller, epoller = select.poll(), select.epoll()
        poller.register(one, select.POLLIN)
        epoller.register(one, select.EPOLLIN)
        held = []
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        try:
            while True:
                held.append(os.open("/dev/null", os.O_RDONLY))
        except OSError:
            pass
        try:
            print({way})
        except OSError as error:
            print(error.errno)
        for number in held:
            os.close(number)
        print({way} in ([], ([], [], [])))
    """
    assert run(program) == ["24", "True"]


@pytest.mark.parametrize("mask", ["select.EPOLLIN", "select.EPOLLIN | select.EPOLLONESHOT"])
@pytest.mark.parametrize("kinds", ["ssss", "sspp", "psps"])
def test_an_epoll_with_a_small_maxevents_alternates_and_loses_nothing(mask: str, kinds: str) -> None:
    # s: a socket, p: a pipe, which is a local descriptor.
    program = f"""
        import os, select, socket

        numbers, kept = [], []
        for kind in {kinds!r}:
            if kind == "p":
                reader, writer = os.pipe()
                os.write(writer, b"x")
                numbers.append(reader)
            else:
                one, two = socket.socketpair()
                two.send(b"x")
                numbers.append(one.fileno())
                kept += one, two
        epoller = select.epoll()
        for number in numbers:
            epoller.register(number, {mask})
        told = []
        for _ in range(8):
            told.extend(numbers.index(number) for number, _ in epoller.poll(0.1 if len(set(told)) == 4 else 60, 1))
        print(sorted(set(told)), len(told))
    """
    assert both(program) == [f"[0, 1, 2, 3] {4 if 'ONESHOT' in mask else 8}"]


def test_a_one_shot_interest_beyond_maxevents_is_reported_by_the_next_poll() -> None:
    program = """
        import select, socket

        pairs = [socket.socketpair() for _ in range(3)]
        epoller = select.epoll()
        for one, two in pairs:
            epoller.register(one, select.EPOLLIN | select.EPOLLONESHOT)
            two.send(b"x")
        told = [len(epoller.poll(1, 2)), len(epoller.poll(1, 2)), len(epoller.poll(0, 2))]
        for one, two in pairs:
            two.close()
        print(told, epoller.poll(0))
        for one, _ in pairs:
            epoller.modify(one, select.EPOLLIN | select.EPOLLONESHOT)
        print(len(epoller.poll(1)))
    """
    assert both(program) == ["[2, 1, 0] []", "3"]
