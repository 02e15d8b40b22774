"""The examples of README.md: every program in it runs, and so does every command about one."""

from __future__ import annotations

import os
import pathlib
import re
import shlex
import subprocess
import sys
import urllib.request
from collections.abc import Iterator

import pytest

from daemon import Daemon

README = pathlib.Path(__file__).parent.parent / "README.md"
# The endpoint in the examples; here the daemon is elsewhere.
ENDPOINT = "unix:///run/sockbroker/sockbroker.sock"


def blocks(kind: str) -> Iterator[tuple[int, str]]:
    """Finds the fenced blocks of a language, and their first lines."""
    text = README.read_text(encoding="utf-8")
    for block in re.finditer(rf"^```{kind}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield text.count("\n", 0, block.start()) + 2, block[1]


PROGRAMS = dict(blocks("python"))
COMMANDS = [line for _, block in blocks("sh") for line in block.splitlines() if line.startswith("python -m sockbroker")]


def arguments(command: str, endpoint: str) -> list[str]:
    """Returns a command's words, for this interpreter and this daemon."""
    python, *words = shlex.split(command.replace(ENDPOINT, endpoint), comments=True)
    assert python == "python"
    return [sys.executable, *words]


def test_there_are_examples() -> None:
    assert len(PROGRAMS) >= 2
    assert [command.rpartition("-- ")[2].split()[0] for command in COMMANDS] == ["script.py", "-m"]


@pytest.mark.parametrize("line", PROGRAMS)
def test_program(line: int, daemon: Daemon, tmp_path: pathlib.Path) -> None:
    program = PROGRAMS[line].replace(ENDPOINT, daemon.endpoint)
    ended = subprocess.run(
        # An example need not close sockets that end with it.
        [sys.executable, "-W", "error", "-W", "ignore::ResourceWarning", "-c", program],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        timeout=60,
    )
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_run_a_script(daemon: Daemon, tmp_path: pathlib.Path) -> None:
    script = "import socket, sys; print(sys.argv[1:], socket.socket().fileno() >= 2**30)"
    (tmp_path / "script.py").write_text(script, encoding="utf-8")
    ended = subprocess.run(
        arguments(COMMANDS[0], daemon.endpoint), cwd=tmp_path, stdout=subprocess.PIPE, check=True, timeout=60
    )
    assert ended.stdout == b"['arguments'] True\n"


def test_run_a_module(daemon: Daemon, tmp_path: pathlib.Path) -> None:
    (tmp_path / "served.txt").write_bytes(b"served by a brokered socket")
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    server = subprocess.Popen(
        arguments(COMMANDS[1], daemon.endpoint),
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert server.stdout is not None
        address = re.search(rb"port (\d+)", server.stdout.readline())
        assert address is not None
        # Independent of a proxy in the environment.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://127.0.0.1:{int(address[1])}/served.txt", timeout=30) as response:
            assert response.read() == b"served by a brokered socket"
    finally:
        server.kill()
        server.wait()
        if server.stdout is not None:
            server.stdout.close()
