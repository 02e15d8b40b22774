"""A daemon for tests, in its own directory, which is removed with it."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import tempfile

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))


def daemon_command() -> list[str]:
    """Returns SOCKBROKER_DAEMON, or the repository's own build."""
    configured = os.environ.get("SOCKBROKER_DAEMON")
    return shlex.split(configured) if configured else ["node", os.path.join(REPOSITORY, "dist", "cli", "main.js")]


class Daemon:
    """A running daemon; `endpoint` is where it listens."""

    def __init__(self, *options: str) -> None:
        self._options = options
        self._directory = tempfile.TemporaryDirectory(prefix="sockbroker-")
        self.path = os.path.join(self._directory.name, "daemon.sock")
        self.endpoint = f"unix://{self.path}"
        self.process = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        """Starts it, and waits until it listens. Raises RuntimeError if it exits instead."""
        command = [*daemon_command(), "serve", "--endpoint", self.path, "--log-level", "info", *self._options]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        assert self.process.stderr is not None
        said = b""
        while b'"listening"' not in said:
            piece = os.read(self.process.stderr.fileno(), 65536)
            if not piece:
                raise RuntimeError(f"the daemon did not start: {said.decode()}")
            said += piece
        self._drain()
        return self.process

    def kill(self) -> None:
        """Kills it without warning."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def __enter__(self) -> Daemon:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.process.stderr is not None:
            self.process.stderr.close()
        self._directory.cleanup()

    def _drain(self) -> None:
        """Discards the log: a full pipe would block the daemon."""
        import threading

        stream = self.process.stderr
        assert stream is not None

        def read() -> None:
            try:
                while os.read(stream.fileno(), 65536):
                    pass
            except (OSError, ValueError):
                return

        threading.Thread(target=read, daemon=True).start()
