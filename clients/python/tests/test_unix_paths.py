"""Relative paths of unix sockets, while the daemon has another working directory."""

from __future__ import annotations

import os
import threading

import pytest

import sockbroker.aio
import sockbroker.socket as socket

from aio_loop import connect, on_a_loop
from programs import run


@pytest.fixture
def deep(tmp_path, monkeypatch):
    """A working directory whose name alone exceeds the length of an address."""
    directory = tmp_path / ("x" * 100) / ("y" * 100)
    directory.mkdir(parents=True)
    (directory / "below").mkdir()
    monkeypatch.chdir(directory)
    return directory


@pytest.mark.parametrize("path", ["s", "below/s", "../s", "./below/../s", "n" * 80, b"bytes"])
def test_a_relative_path_that_fits_is_usable_from_a_deep_directory(deep, path):
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(path)
        server.listen()
        assert os.path.exists(path)
        assert server.getsockname() == os.fsdecode(path)
        client.connect(path)
        assert client.getpeername() == os.fsdecode(path)
        accepted, _ = server.accept()
        with accepted:
            assert accepted.getsockname() == os.fsdecode(path)
            client.sendall(b"hello")
            assert accepted.recv(10) == b"hello"
        with socket.socket(socket.AF_UNIX) as another:
            with pytest.raises(OSError, match="Address already in use"):
                another.bind(path)
    os.unlink(path)


def test_datagrams_are_answered_at_their_senders_address(deep):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server, socket.socket(
        socket.AF_UNIX, socket.SOCK_DGRAM
    ) as client:
        server.bind("server")
        client.bind("client")
        client.sendto(b"question", "server")
        question, sender = server.recvfrom(100)
        assert (question, sender) == (b"question", "client")
        server.sendmsg([b"answer"], [], 0, sender)
        assert client.recvfrom(100) == (b"answer", "server")


def test_another_process_can_answer_too(deep):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind("server")
        server.settimeout(60)
        script = """
            import os, socket, sys
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
                client.bind("client")
                client.sendto(b"question", "server")
                print(client.recv(100))
        """
        said = []
        asking = threading.Thread(target=lambda: said.extend(run(script)))
        asking.start()
        question, sender = server.recvfrom(100)
        server.sendto(question.upper(), sender)
        asking.join()
        assert said == ["b'QUESTION'"]


@on_a_loop
async def test_a_relative_path_with_aio(deep):
    async with connect() as broker:
        async with await broker.socket(socket.AF_UNIX) as server, await broker.socket(socket.AF_UNIX) as client:
            await server.bind("s")
            await server.listen()
            assert await server.getsockname() == "s"
            await client.connect("s")
            assert await client.getpeername() == "s"


def test_no_file_is_left(deep, tmp_path, monkeypatch):
    (tmp_path / "t").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "t"))
    script = """
        import os, socket
        for name in ("one", "two"):
            with socket.socket(socket.AF_UNIX) as server:
                server.bind(name)
        if os.fork() == 0:
            with socket.socket(socket.AF_UNIX) as server:
                server.bind("three")
            raise SystemExit
        os.wait()
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("four")
        print(sorted(os.listdir()), len(os.listdir(os.environ["TMPDIR"])))
    """
    assert run(script) == ["['below', 'four', 'one', 'three', 'two'] 1"]
    assert list((tmp_path / "t").iterdir()) == []


def test_a_name_that_does_not_fit_is_refused(deep):
    with socket.socket(socket.AF_UNIX) as server:
        with pytest.raises(OSError, match="AF_UNIX path too long"):
            server.bind("n" * 108)
