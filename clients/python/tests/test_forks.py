"""Forks next to threads that get responses all the time."""

from __future__ import annotations

import textwrap

import pytest

from programs import run

WORK = {
    "accept": """
        connection, _ = server.accept()
        connection.close()
    """,
    "poll": """
        assert poller.poll()
        connection, _ = server.accept()
        connection.close()
    """,
    "send and receive": """
        three.send(b"y")
        assert four.recv(1) == b"y"
    """,
}

PROGRAM = """
import os, select, socket, subprocess, sys, threading

server = socket.create_server(("127.0.0.1", 0))
poller = select.epoll()
poller.register(server, select.EPOLLIN)
one, two = socket.socketpair()
three, four = socket.socketpair()
# It has sockets of its own.
connect = 'import socket, sys\\nwhile True: socket.create_connection(("127.0.0.1", int(sys.argv[1]))).close()'
connecting = subprocess.Popen([sys.executable, "-c", connect, str(server.getsockname()[1])])

def busy():
    while True:
WORK

threading.Thread(target=busy, daemon=True).start()
for _ in range(60):
    child = os.fork()
    if child == 0:
        one.send(b"x")
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert two.recv(1) == b"x"
connecting.kill()
connecting.wait()
print("done", flush=True)
os._exit(0)
"""


@pytest.mark.parametrize("work", WORK)
def test_a_child_of_a_busy_process_uses_its_sockets(work: str) -> None:
    body = textwrap.indent(textwrap.dedent(WORK[work]), " " * 8)
    assert run(PROGRAM.replace("WORK", body)) == ["done"]
