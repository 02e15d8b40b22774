"""Programs that tests run: unchanged Python, with sockets in the daemon by `sockbroker run`, or with local ones."""

from __future__ import annotations

import itertools
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Mapping, Sequence
from typing import Optional

# Timeout of a whole program in seconds, not of one step.
WAIT_SECONDS = 120

_names = itertools.count(1)


def command_of(program: str, *options: str, brokered: bool = True) -> list[str]:
    """Returns the command for `program`: `-m module` with its arguments in one string, or the text of a script, which
    is written to a file.
    """
    words = program.split() if program.startswith("-m ") else [_script_file(program)]
    run = ["-m", "sockbroker", "run", *options, "--"] if brokered else []
    return [sys.executable, "-W", "ignore", "-X", "faulthandler", *run, *words]


def run(program: str, *options: str, brokered: bool = True, arguments: Sequence[object] = ()) -> list[str]:
    """Runs a program until it ends. Returns the lines that it printed. If it fails, fails with its output."""
    command = [*command_of(program, *options, brokered=brokered), *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            out, said = process.communicate(timeout=WAIT_SECONDS)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGABRT)  # It prints the stack of each of its threads.
            out, said = process.communicate()
    assert process.returncode == 0, f"{out}\n{said}"
    return out.splitlines()


def both(program: str, *arguments: object) -> list[str]:
    """Runs a program with local and with brokered sockets, and compares the output. Returns it."""
    expected = run(program, brokered=False, arguments=arguments)
    assert run(program, arguments=arguments) == expected
    return expected


class Program:
    """A program that runs beside the test; it is killed at the latest when the `with` block ends."""

    def __init__(
        self,
        program: str,
        *options: str,
        brokered: bool = True,
        arguments: Sequence[object] = (),
        environment: Optional[Mapping[str, str]] = None,
        through: Sequence[str] = (),
    ) -> None:
        command = [*through, *command_of(program, *options, brokered=brokered), *map(str, arguments)]
        self._said = b""
        # One pipe for both, so that a text is not awaited in the wrong one.
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
        )

    @property
    def pid(self) -> int:
        return self.process.pid

    def says(self, pattern: str) -> re.Match[str]:
        """Waits until the program's output contains a match of whole lines. Removes the match and returns it."""
        assert self.process.stdout is not None
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            lines = self._said[: self._said.rfind(b"\n") + 1].decode(errors="replace")
            match = re.search(pattern, lines, re.MULTILINE)
            if match is not None:
                rest = self._said[self._said.rfind(b"\n") + 1 :]
                self._said = (lines[: match.start()] + lines[match.end() :]).encode() + rest
                return match
            ready = select.select([self.process.stdout], [], [], max(deadline - time.monotonic(), 0))[0]
            piece = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            assert piece, f"{'ended' if ready else 'waits'} without saying {pattern!r}: {self._said.decode()}"
            self._said += piece

    def tell(self, line: str) -> None:
        """Writes a line to its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()

    def ended(self) -> int:
        """Closes its standard input and waits until it ends. Returns the exit status."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(WAIT_SECONDS)

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            stream.close()


def _script_file(text: str) -> str:
    path = os.path.join(_directory.name, f"program{next(_names)}.py")
    with open(path, "w", encoding="utf-8") as file:
        file.write(textwrap.dedent(text))
    return path


_directory = tempfile.TemporaryDirectory(prefix="sockbroker-programs-")
