"""Unchanged programs and parts of the standard library, by `python -m sockbroker run`."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest


def run(script: str, *options: str) -> list[str]:
    """Runs a program by `sockbroker run`, and answers the lines that it printed."""
    command = [sys.executable, "-W", "ignore", "-m", "sockbroker", "run", *options, "--", "-m", "program"]
    directory = os.environ["PYTEST_PROGRAMS"]
    with open(os.path.join(directory, "program.py"), "w", encoding="utf-8") as file:
        file.write(textwrap.dedent(script))
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=directory)
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:-1]


@pytest.fixture(autouse=True)
def _directory(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTEST_PROGRAMS", str(tmp_path))


def test_every_socket_is_brokered():
    script = """
        import socket, ssl, sys
        with socket.socket() as one:
            print(one.fileno() >= 2**30, socket.__name__, sys.argv[1:])
    """
    assert run(script) == ["True socket []"]


def test_families_that_are_not_named_stay_local():
    script = """
        import os, socket
        with socket.socket() as inet:
            one, two = socket.socketpair()
            with one, two:
                one.sendall(b"x")
                print(inet.fileno() >= 2**30, one.fileno() < 2**30, two.recv(1))
    """
    assert run(script, "--families", "inet") == ["True True b'x'"]


def test_http_server_and_client():
    script = """
        import hashlib, http.client, http.server, os, threading, urllib.request
        data = os.urandom(3_000_000)
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
            def log_message(self, *_): pass
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            connection = http.client.HTTPConnection(*server.server_address)
            connection.request("GET", "/")
            print(connection.getresponse().read() == data)
            with urllib.request.urlopen("http://127.0.0.1:%d/" % server.server_address[1]) as answer:
                print(answer.read() == data)
            connection.close()
            server.shutdown()
    """
    assert run(script) == ["True", "True"]


@pytest.mark.parametrize("form", ["ThreadingTCPServer", "ForkingTCPServer"])
def test_socketserver(form):
    script = f"""
        import socket, socketserver, threading
        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                self.wfile.write(self.rfile.readline().upper())
        with socketserver.{form}(("127.0.0.1", 0), Handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            for _ in range(3):
                with socket.create_connection(server.server_address) as client:
                    client.sendall(b"hello\\n")
                    print(client.makefile().readline().strip())
            server.shutdown()
    """
    assert run(script) == ["HELLO"] * 3


def test_asyncio_streams_on_the_default_loop():
    script = """
        import asyncio
        async def echo(reader, writer):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
            writer.close()
        async def talk(port, index):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            data = bytes([index]) * 10_000
            writer.write(data)
            writer.write_eof()
            answer = await reader.read()
            writer.close()
            return answer == data
        async def main():
            server = await asyncio.start_server(echo, "127.0.0.1", 0)
            port = server.sockets[0].getsockname()[1]
            print(all(await asyncio.gather(*(talk(port, index) for index in range(50)))))
            server.close()
        asyncio.run(main())
    """
    assert run(script) == ["True"]


def test_wrong_usage_is_said():
    done = subprocess.run(
        [sys.executable, "-m", "sockbroker", "run", "--nonsense", "x"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1 and "unknown option --nonsense" in done.stderr
