"""Brokered sockets that a brokered program inherits from the one that starts it."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
import urllib.request

import pytest

import sockbroker.socket as socket

from programs import Program

# Prints the endpoints of a child's descriptors, if they are sockets.
CHILD = """
    import socket, sys
    for number in map(int, sys.argv[1:]):
        try:
            print(socket.socket(fileno=number).getsockname())
        except OSError as error:
            print(error.strerror)
"""


def child(*numbers, code=CHILD, **options):
    """Runs a brokered child. Returns the lines that it prints."""
    command = [sys.executable, "-m", "sockbroker", "run", "-c", textwrap.dedent(code), *map(str, numbers)]
    return subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, timeout=60, **options).stdout.splitlines()


@pytest.fixture
def bound():
    with socket.socket() as one, socket.socket() as two:
        for each in (one, two):
            each.bind(("127.0.0.1", 0))
        yield one, two


def test_a_child_inherits_what_is_inheritable(bound):
    one, two = bound
    two.set_inheritable(True)
    said = child(one.fileno(), two.fileno(), close_fds=False)
    assert said == ["Bad file descriptor", str(two.getsockname())]


def test_a_child_inherits_the_descriptors_it_is_passed(bound):
    one, two = bound
    said = child(one.fileno(), two.fileno(), pass_fds=[one.fileno()])
    assert said == [str(one.getsockname()), "Bad file descriptor"]


def test_a_child_whose_descriptors_are_all_closed_inherits_nothing(bound):
    one, two = bound
    two.set_inheritable(True)
    assert child(one.fileno(), two.fileno()) == ["Bad file descriptor"] * 2


def test_local_descriptors_are_passed_with_brokered_ones(bound):
    reader, writer = os.pipe()
    try:
        code = """
            import os, socket, sys
            os.write(int(sys.argv[1]), b"told")
            print(socket.socket(fileno=int(sys.argv[2])).getsockname())
        """
        said = child(writer, bound[0].fileno(), code=code, pass_fds=[writer, bound[0].fileno()])
        assert said == [str(bound[0].getsockname())] and os.read(reader, 10) == b"told"
    finally:
        os.close(reader)
        os.close(writer)


def test_new_sockets_of_a_child_do_not_take_inherited_numbers(bound):
    code = """
        import socket, sys
        inherited = int(sys.argv[1])
        sockets = [socket.socket() for _ in range(10)]
        print(inherited in [each.fileno() for each in sockets], socket.socket(fileno=inherited).getsockname())
    """
    assert child(bound[1].fileno(), code=code, pass_fds=[bound[1].fileno()]) == [f"False {bound[1].getsockname()}"]


def test_a_child_continues_when_its_parent_has_closed():
    server = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(server.getsockname())
    accepted, _ = server.accept()
    server.close()
    code = """
        import socket, sys
        connection = socket.socket(fileno=int(sys.argv[1]))
        sys.stdin.readline()
        while data := connection.recv(100):
            connection.sendall(data.upper())
    """
    command = [sys.executable, "-m", "sockbroker", "run", "-c", textwrap.dedent(code), str(accepted.fileno())]
    with client:
        with subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[accepted.fileno()]) as process:
            accepted.close()
            process.stdin.write(b"\n")
            process.stdin.flush()
            client.sendall(b"hello")
            assert client.recv(100) == b"HELLO"
            client.shutdown(socket.SHUT_WR)
            assert process.wait(60) == 0
        assert client.recv(100) == b""


@pytest.mark.parametrize("command", ["brokered", "another program"])
def test_nothing_stays_open_after_a_child_ended(command):
    one, two = socket.socketpair()
    words = ["sleep", "1000"]
    if command == "brokered":
        code = "import socket, sys, time; print('has it', flush=True); time.sleep(1000)"
        words = [sys.executable, "-m", "sockbroker", "run", "-c", code]
    with one:
        with subprocess.Popen(words, stdout=subprocess.PIPE, pass_fds=[two.fileno()]) as process:
            two.close()
            if command == "brokered":
                assert process.stdout.readline() == b"has it\n"
            one.settimeout(0.1)
            with pytest.raises(socket.timeout):  # The child has it open.
                one.recv(1)
            process.kill()
            one.settimeout(60)
            assert one.recv(1) == b""


def test_a_descriptor_that_was_closed_in_between_is_not_read(bound):
    closing = "import os, sys; os.execv(sys.argv[1], sys.argv[1:])"
    inner = [sys.executable, "-m", "sockbroker", "run", "-c", textwrap.dedent(CHILD), str(bound[0].fileno())]
    # A Python that closes the descriptors of its children; the variable is in its environment.
    outer = [sys.executable, "-c", f"import subprocess, sys; subprocess.run({inner!r}, check=True)"]
    said = subprocess.run(outer, stdout=subprocess.PIPE, pass_fds=[bound[0].fileno()], check=True, timeout=60).stdout
    assert said == b"Bad file descriptor\n"
    # And one that does not.
    outer = [sys.executable, "-c", closing, *inner]
    said = subprocess.run(outer, stdout=subprocess.PIPE, pass_fds=[bound[0].fileno()], check=True, timeout=60).stdout
    assert said.decode() == f"{bound[0].getsockname()}\n"


def test_a_closed_socket_is_not_passed():
    with socket.socket() as one:
        number = one.fileno()
    with pytest.raises(OSError, match="Bad file descriptor"):
        subprocess.run(["true"], pass_fds=[number])


@pytest.mark.skipif(sys.version_info < (3, 10), reason="without sys.orig_argv Werkzeug does not know that it was run by sockbroker")
def test_the_reloader_of_flask(tmp_path, monkeypatch):
    pytest.importorskip("flask")
    application = tmp_path / "app.py"
    text = """
        import flask, os
        app = flask.Flask(__name__)
        @app.route("/")
        def page():
            return "{}"
        @app.route("/end")
        def end():
            os._exit(0)
    """
    application.write_text(textwrap.dedent(text).format("before"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with Program("-m flask run --debug --port 0") as server:
        port = server.says(r"Running on http://127\.0\.0\.1:(\d+)").group(1)
        server.says("Debugger is active")
        assert opener.open(f"http://127.0.0.1:{port}/", timeout=60).read() == b"before"
        application.write_text(textwrap.dedent(text).format("behind"))
        os.utime(application, (time.time() + 10, time.time() + 10))
        server.says("Restarting with")
        server.says("Debugger is active")
        assert opener.open(f"http://127.0.0.1:{port}/", timeout=60).read() == b"behind"
        with pytest.raises(OSError):
            opener.open(f"http://127.0.0.1:{port}/end", timeout=60)
        assert server.ended() == 0
