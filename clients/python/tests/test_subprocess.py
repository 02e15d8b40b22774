"""Brokered sockets as a child's stdin, stdout and stderr: what a real descriptor would do, over a bridge."""

from __future__ import annotations

import contextlib
import hashlib
import os
import struct
import subprocess
import sys
import threading

import pytest

import sockbroker
import sockbroker.socket as socket

from operator_view import OperatorView
from programs import Program, run

WAIT_SECONDS = 60
MEGABYTES = 64


@pytest.fixture
def pair():
    """Both ends of a TCP connection: the peer's, and the one that is passed to a child."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        peer = socket.create_connection(server.getsockname(), WAIT_SECONDS)
        end, _ = server.accept()
        with peer, end:
            yield peer, end


def python(script: str) -> list[str]:
    return [sys.executable, "-c", script]


def everything(end) -> bytes:
    pieces = []
    while piece := end.recv(1 << 16):
        pieces.append(piece)
    return b"".join(pieces)


def send_beside(end, data: bytes) -> threading.Thread:
    def send():
        end.sendall(data)
        end.shutdown(socket.SHUT_WR)

    thread = threading.Thread(target=send)
    thread.start()
    return thread


@pytest.mark.parametrize("form", ["object", "number", "file"])
def test_a_child_serves_a_connection_that_its_parent_has_closed(pair, form):
    peer, end = pair
    with contextlib.ExitStack() as stack:
        given = {"object": lambda: end, "number": end.fileno, "file": lambda: stack.enter_context(end.makefile("rb"))}
        stream = given[form]()
        child = subprocess.Popen(["cat"], stdin=stream, stdout=stream)
    end.close()
    with child:
        peer.sendall(b"hello")
        assert peer.recv(100) == b"hello"
        peer.shutdown(socket.SHUT_WR)
        assert peer.recv(100) == b""
        assert child.wait(WAIT_SECONDS) == 0


def test_much_data_in_both_directions(pair):
    peer, end = pair
    data = os.urandom(1 << 20) * MEGABYTES
    with subprocess.Popen(["cat"], stdin=end, stdout=end) as child:
        end.close()
        sender = send_beside(peer, data)
        digest, size = hashlib.sha256(), 0
        while piece := peer.recv(1 << 18):
            digest.update(piece)
            size += len(piece)
        sender.join()
        assert (size, digest.digest()) == (len(data), hashlib.sha256(data).digest())
        assert child.wait(WAIT_SECONDS) == 0


def test_stdin_only(pair):
    peer, end = pair
    data = os.urandom(5_000_000)
    with subprocess.Popen(["sha256sum"], stdin=end, stdout=subprocess.PIPE) as child:
        send_beside(peer, data).join()
        assert child.communicate()[0].split()[0].decode() == hashlib.sha256(data).hexdigest()
    # The parent still has the connection.
    end.sendall(b"thanks")
    assert peer.recv(100) == b"thanks"


def test_stdout_and_stderr(pair):
    peer, end = pair
    script = "import os; os.write(1, b'out '); os.write(2, b'err '); os.write(1, b'out')"
    subprocess.run(python(script), stdout=end, stderr=end, check=True)
    subprocess.run(python("import os; os.write(2, b' last')"), stderr=end, check=True)
    subprocess.run(python("import os; os.write(2, b' of all')"), stdout=end, stderr=subprocess.STDOUT, check=True)
    end.close()
    assert everything(peer) == b"out err out last of all"


def test_output_of_a_child_precedes_later_output_of_its_parent(pair):
    peer, end = pair
    data = os.urandom(300_000)
    reader: list[bytes] = []
    thread = threading.Thread(target=lambda: reader.append(everything(peer)))
    thread.start()
    for _ in range(10):
        # As much as the local socket holds, so that the child can end long before its parent has forwarded it.
        subprocess.run(python("import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())"), input=data, stdout=end)
        end.sendall(b"end of the child")
    end.shutdown(socket.SHUT_WR)
    thread.join()
    assert reader[0] == (data + b"end of the child") * 10


def test_waiting_for_output_of_a_child_has_a_timeout(pair):
    peer, end = pair
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    # More than the connection accepts while nobody receives, and less than that and the local socket accept together.
    size = 128 << 10
    with subprocess.Popen(python(f"import os; os.write(1, bytes({size}))"), stdout=end) as child:
        end.close()
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(1)
        assert child.poll() is None
        assert len(everything(peer)) == size
        assert child.wait(WAIT_SECONDS) == 0 and child.poll() == 0


def test_a_child_that_shuts_down_writing_and_continues_to_read(pair):
    peer, end = pair
    script = """
import socket
with socket.socket(fileno=0) as end:
    end.sendall(b"question")
    end.shutdown(socket.SHUT_WR)
    print(end.makefile().read())
"""
    with subprocess.Popen(python(script), stdin=end, stdout=subprocess.PIPE) as child:
        # The parent's own end is open, and yet the peer sees the end.
        assert everything(peer) == b"question"
        send_beside(peer, b"answer").join()
        assert child.communicate()[0] == b"answer\n"


@pytest.mark.parametrize("how", ["exits", "is killed"])
def test_a_child_that_ends_early(pair, how):
    peer, end = pair
    with subprocess.Popen(["true"] if how == "exits" else ["sleep", "1000"], stdin=end, stdout=end) as child:
        end.close()
        if how == "is killed":
            child.kill()
        child.wait(WAIT_SECONDS)
    assert peer.recv(100) == b""
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        while True:
            peer.sendall(bytes(1 << 16))


def test_a_broken_connection_is_not_the_end_of_data(pair):
    peer, end = pair
    script = """
import os
data = b""
try:
    while piece := os.read(0, 100):
        data += piece
    print(data, "end")
except OSError as error:
    print(data, type(error).__name__)
"""
    with subprocess.Popen(python(script), stdin=end, stdout=subprocess.PIPE) as child:
        end.close()
        peer.sendall(b"half of it")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close()
        said = child.communicate(timeout=WAIT_SECONDS)[0].decode()
    # Data in transit may be lost with the connection, as usual.
    assert said.endswith(" ConnectionResetError\n")


def test_a_child_that_writes_to_a_peer_that_is_gone(pair):
    peer, end = pair
    script = """
import os
try:
    while os.write(1, b"more"): pass
except OSError as error:
    os.write(2, type(error).__name__.encode())
"""
    with subprocess.Popen(python(script), stdout=end, stderr=subprocess.PIPE) as child:
        end.close()
        assert peer.recv(4) == b"more"
        peer.close()
        assert child.communicate(timeout=WAIT_SECONDS)[1] == b"BrokenPipeError"


def test_a_killed_daemon_breaks_the_connection(own_daemon):
    with sockbroker.connect(own_daemon.endpoint) as broker:
        one, two = broker.socketpair()
        script = "import os\ntry:\n  print(os.read(0, 1))\nexcept OSError as error: print(type(error).__name__)"
        with subprocess.Popen(python(script), stdin=one, stdout=subprocess.PIPE) as child:
            own_daemon.kill()
            assert child.communicate(timeout=WAIT_SECONDS)[0] == b"ConnectionResetError\n"
        for end in (one, two):
            with contextlib.suppress(OSError):
                end.close()


def test_a_non_blocking_socket_blocks_its_child(pair):
    peer, end = pair
    end.setblocking(False)
    with subprocess.Popen(["cat"], stdin=end, stdout=end) as child:
        peer.sendall(b"late")
        assert peer.recv(100) == b"late"
        peer.shutdown(socket.SHUT_WR)
        assert child.wait(WAIT_SECONDS) == 0
    assert end.gettimeout() == 0.0


def test_datagrams_keep_their_bounds():
    with socket.socket(type=socket.SOCK_DGRAM) as one, socket.socket(type=socket.SOCK_DGRAM) as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        one.connect(two.getsockname())
        two.connect(one.getsockname())
        two.settimeout(WAIT_SECONDS)
        script = "import os\nfor _ in range(3): os.write(1, os.read(0, 65536).upper())"
        with subprocess.Popen(python(script), stdin=one, stdout=one) as child:
            for message in (b"one", b"two", bytes(60_000)):
                two.send(message)
            assert [two.recv(65536) for _ in range(3)] == [b"ONE", b"TWO", bytes(60_000)]
            assert child.wait(WAIT_SECONDS) == 0


def test_sockets_that_cannot_be_passed_to_a_child(pair):
    peer, end = pair
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(OSError, match="listens"):
        subprocess.Popen(["true"], stdin=server)
    closed = end.fileno()
    end.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        subprocess.Popen(["true"], stdin=closed)
    one, two = socket.socketpair()
    with one, two:
        with pytest.raises(FileNotFoundError):
            subprocess.Popen(["/there/is/no/such/program"], stdin=one, stdout=two)
        one.sendall(b"still there")
        assert two.recv(100) == b"still there"


def test_the_parent_ends_when_its_child_has_closed_the_socket():
    script = """
        import socket, subprocess, sys
        end = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
        child = "import sys; sys.stdin.readline(); sys.stdout.write('x' * 1000000)"
        subprocess.Popen([sys.executable, "-c", child], stdin=end, stdout=end)
        print("leaves", flush=True)
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        with Program(script, arguments=[server.getsockname()[1]]) as program:
            program.says("leaves")
            with server.accept()[0] as peer:
                peer.settimeout(WAIT_SECONDS)
                peer.sendall(b"go\n")
                assert everything(peer) == b"x" * 1_000_000
            assert program.ended() == 0


def test_a_killed_parent_is_not_the_end_of_data():
    child = """
import os
try:
    print("received", os.read(0, 100), flush=True)
    print("ended", os.read(0, 100))
except OSError as error:
    print(type(error).__name__)
"""
    script = f"""
        import socket, subprocess, sys
        end = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
        subprocess.run([sys.executable, "-c", {child!r}], stdin=end)
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        with Program(script, arguments=[server.getsockname()[1]]) as program, server.accept()[0] as peer:
            peer.sendall(b"half of it")
            program.says("^received b'half of it'$")
            program.process.kill()
            program.says("^ConnectionResetError$")


def test_unchanged_programs():
    script = """
        import asyncio, socket, subprocess, sys
        with socket.create_server(("127.0.0.1", 0)) as server:
            with socket.create_connection(server.getsockname()) as peer:
                end, _ = server.accept()
                with end:
                    subprocess.run(["echo", "by run"], stdout=end, check=True)
                    subprocess.run("echo by a shell", shell=True, stdout=end.fileno(), check=True)
                    async def main():
                        child = await asyncio.create_subprocess_exec("echo", "by asyncio", stdout=end)
                        print(await child.wait())
                        piped = await asyncio.create_subprocess_exec("cat", stdin=-1, stdout=-1)
                        print((await piped.communicate(b"through pipes"))[0].decode())
                    asyncio.run(main())
                print(peer.makefile().read().split("\\n"))
    """
    assert run(script) == run(script, brokered=False)


def test_nothing_is_left_behind(own_daemon):
    view = OperatorView(own_daemon)
    with sockbroker.connect(own_daemon.endpoint) as broker:

        def play():
            one, two = broker.socketpair()
            with one, two:
                with subprocess.Popen(["cat"], stdin=one, stdout=one) as child:
                    two.sendall(b"hello")
                    assert two.recv(10) == b"hello"
                    two.shutdown(socket.SHUT_WR)
                    child.wait(WAIT_SECONDS)
                with pytest.raises(FileNotFoundError):
                    subprocess.Popen(["/there/is/no/such/program"], stdin=one)
                bridges = [each for each in threading.enumerate() if each.name.startswith("sockbroker-bridge")]
                for each in bridges:
                    each.join(WAIT_SECONDS)

        play()
        before = view.statistics().handles, len(os.listdir("/proc/self/fd")), threading.active_count()
        for _ in range(20):
            play()
        assert (view.statistics().handles, len(os.listdir("/proc/self/fd")), threading.active_count()) == before
    view.close()
