"""What ends a call, a connection or a process: signals, forks, threads, a killed daemon."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time

import grpc
import pytest

import sockbroker.socket as socket
from sockbroker import BrokerError
from sockbroker._call_threads import CallThreads
from sockbroker._channels import Channels

from programs import run


class Interrupted(Exception):
    pass


@pytest.fixture
def alarm():
    def interrupt(*_):
        raise Interrupted

    before = signal.signal(signal.SIGALRM, interrupt)
    yield lambda seconds: signal.setitimer(signal.ITIMER_REAL, seconds)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_two_hundred_threads_share_a_session():
    with socket.create_server(("127.0.0.1", 0), backlog=200) as server:
        failures = []

        def serve(accepted):
            with accepted:
                while data := accepted.recv(1000):
                    accepted.sendall(data)

        def accept():
            for _ in range(200):
                threading.Thread(target=serve, args=(server.accept()[0],)).start()

        def talk(index):
            with socket.create_connection(server.getsockname()) as client:
                for turn in range(5):
                    said = f"{index} {turn}".encode()
                    client.sendall(said)
                    if client.recv(1000) != said:
                        failures.append((index, turn))

        acceptor = threading.Thread(target=accept)
        talkers = [threading.Thread(target=talk, args=(index,)) for index in range(200)]
        for thread in (acceptor, *talkers):
            thread.start()
        for thread in (acceptor, *talkers):
            thread.join(60)
        assert not failures and not any(thread.is_alive() for thread in talkers)


def test_a_handler_that_raises_ends_a_wait_immediately(alarm):
    one, two = socket.socketpair()
    with one, two:
        started = time.monotonic()
        alarm(0.1)
        with pytest.raises(Interrupted):
            one.recv(10)
        assert time.monotonic() - started < 2
        two.sendall(b"still there")
        assert one.recv(100) == b"still there"


def test_a_handler_that_returns_does_not_end_a_wait():
    one, two = socket.socketpair()
    calls = []
    before = signal.signal(signal.SIGALRM, lambda *_: (calls.append(1), two.sendall(b"x")))
    try:
        with one, two:
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            assert one.recv(1) == b"x" and calls == [1]
    finally:
        signal.signal(signal.SIGALRM, before)


def test_interrupts_lose_no_data(alarm):
    def interrupt(_number, frame):
        # Elsewhere it could discard what recv has already returned, as with a local socket.
        if frame.f_code.co_name == "finish":
            raise Interrupted

    signal.signal(signal.SIGALRM, interrupt)
    one, two = socket.socketpair()
    received = b""
    with one:
        with two:
            for index in range(200):
                two.sendall(b"%05d" % index)
                try:
                    alarm(random.uniform(0.00005, 0.0005))
                    piece = one.recv(5)
                    alarm(0)
                    received += piece
                except Interrupted:
                    pass
        while piece := one.recv(1000):
            received += piece
    assert received == b"".join(b"%05d" % index for index in range(200))


def test_control_c_ends_each_blocking_call():
    script = """
import os, signal, sys, threading, time
import sockbroker.socket as socket
one, two = socket.socketpair()
server = socket.create_server(("127.0.0.1", 0))
udp = socket.socket(type=socket.SOCK_DGRAM); udp.bind(("127.0.0.1", 0))
calls = [lambda: one.recv(1), lambda: one.recvmsg(1), lambda: one.recv_into(bytearray(1)), server.accept,
         lambda: udp.recvfrom(1), lambda: two.sendall(bytes(1 << 24))]
for call in calls:
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
    try:
        call()
        print("ended")
    except KeyboardInterrupt:
        print("interrupted")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30)
    assert done.stdout.split() == ["interrupted"] * 6, done.stderr


def test_a_child_works_and_does_not_disturb_its_parent():
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        accepted, _ = server.accept()
        with client:
            child = os.fork()
            if child == 0:
                status = 1
                try:
                    accepted.sendall(b"child")
                    accepted.close()
                    with socket.create_connection(server.getsockname()) as own:
                        own.sendall(b"new")
                    status = 0
                finally:
                    os._exit(status)
            assert client.recv(10) == b"child"
            with server.accept()[0] as new:
                assert new.recv(10) == b"new"
            assert os.waitpid(child, 0)[1] == 0
            accepted.sendall(b"parent")
            assert client.recv(10) == b"parent"
            accepted.close()
            # The child's duplicate is closed too, otherwise there would be no end of data.
            assert client.recv(10) == b""


def test_a_child_that_is_killed_leaves_nothing_open():
    one, two = socket.socketpair()
    with two:
        child = os.fork()
        if child == 0:
            time.sleep(60)
            os._exit(1)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        one.close()
        two.settimeout(10)
        assert two.recv(1) == b""


def test_after_a_restart_old_sockets_remain_lost_and_new_ones_work(own_daemon):
    script = """
import sys
import sockbroker.socket as socket
one, two = socket.socketpair()
print("ready", flush=True)
sys.stdin.readline()
try:
    one.recv(1)
    print("received")
except ConnectionResetError:
    print("lost")
new, other = socket.socketpair()
new.sendall(b"x")
print(other.recv(1).decode())
try:
    two.send(b"x")
    print("sent")
except ConnectionResetError:
    print("lost")
"""
    environment = {**os.environ, "SOCKBROKER_ENDPOINT": own_daemon.endpoint}
    program = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", script],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    assert program.stdout is not None and program.stdout.readline() == "ready\n"
    own_daemon.kill()
    own_daemon.start()
    out, _ = program.communicate("\n", timeout=30)
    assert out.split() == ["lost", "x", "lost"]


def test_daemon_threads_end_with_the_program_silently() -> None:
    program = """
        import select, socket, sys, threading

        def forever(method, *arguments):
            while True:
                started.release()
                method(*arguments)

        server = socket.create_server(("127.0.0.1", 0))
        one, two = socket.socketpair()
        client = socket.create_connection(server.getsockname())
        accepted, _ = server.accept()
        started = threading.Semaphore(0)
        waits = [
            (server.accept,), (one.recv, 1), (select.select, [two], [], []), (client.recvmsg, 1), (accepted.makefile("rb").read,),
            (one.recv, 1, socket.MSG_PEEK), (one.sendall, bytes(1 << 16)), (socket.getaddrinfo, "127.0.0.1", 1),
        ]
        for wait in waits:
            threading.Thread(target=forever, args=wait, daemon=True).start()
        for _ in waits:
            started.acquire()
        threading.excepthook = lambda arguments: print(arguments.exc_type)
        print("end", flush=True)
    """
    for _ in range(5):
        assert run(program) == ["end"]


def test_closing_a_broker_ends_calls_of_other_threads_with_an_error() -> None:
    program = """
        import select, sockbroker, threading
        import sockbroker.socket  # noqa: F401, select is replaced with it

        def use(broker, one, two):
            try:
                while True:
                    two.send(b"x")
                    assert select.select([one], [], [])[0] == [one]
                    one.recv(1)
                    used.set()
                    broker.socketpair()
            except OSError:
                pass

        threading.excepthook = lambda arguments: print(arguments.exc_type, arguments.exc_value)
        for _ in range(20):
            broker = sockbroker.connect()
            pair = broker.socketpair()
            used = threading.Event()
            threads = [threading.Thread(target=use, args=(broker, *pair)) for _ in range(4)]
            for thread in threads:
                thread.start()
            used.wait()
            broker.close()
            for thread in threads:
                thread.join()
        print("done")
    """
    assert run(program, brokered=False) == ["done"]


def test_a_call_on_a_channel_that_another_thread_closed_is_a_broker_error() -> None:
    channel = grpc.insecure_channel("unix:///nowhere")
    method = channel.stream_stream("/sockbroker.v1.StreamService/Attach")
    channel.close()
    with pytest.raises(BrokerError) as error:
        CallThreads().begin(method, iter(()), ())
    assert error.value.code == "BROKER_CLOSED"

    channels = Channels(lambda: grpc.insecure_channel("unix:///nowhere"), lambda channel: channel.close())
    channels.borrow()
    for channel in channels.take_all():
        channel.close()
    for borrow in (channels.borrow, channels.borrow_new):
        with pytest.raises(BrokerError) as error:
            borrow()
        assert error.value.code == "BROKER_CLOSED"
